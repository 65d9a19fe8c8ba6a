"""The second wall alone: plain SQL without any WHERE, as everybody, sees and changes no row of a stranger's."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import asyncpg
import pytest

from app.demo.cast import (
    BEN,
    CAST,
    DANA,
    HARBOR,
    INES,
    KAI,
    LINDQVIST,
    MAYA,
    NED,
    NELL,
    NOAH,
    OKAFOR,
    ROSA,
    SAM,
    THEO,
    Person,
)
from db import CLOCK, DOOR, Principal, person
from tests.app.rows import BLUNT, CHANGES, OF_NOBODY, READS, WRITTEN_FOR_OTHERS, Row, all_of_it, nothing_of_it
from tests.app.scene import Scene, Seen


async def rows_of(seen: Seen, table: str) -> list[Row]:
    """Every row as the owner sees it, with its place in the table."""
    return [dict(row) for row in await seen.owner(f'SELECT t.ctid::text AS place, t.* FROM "{table}" t')]  # noqa: S608


async def places(seen: Seen, who: Principal, table: str) -> set[str]:
    """The rows that a principal sees without any WHERE; none where the table may not be read at all."""
    try:
        async with seen.transaction(who) as db:
            return set(await db.values(str, f'SELECT ctid::text FROM "{table}"'))  # noqa: S608
    except asyncpg.InsufficientPrivilegeError:
        return set()


async def wrongly_seen(scene: Scene, table: str) -> list[str]:
    """Who sees a row that they may not, or misses one that they may."""
    rows, wrong = await rows_of(scene.seen, table), []
    for actor in CAST:
        due = {row["place"] for row in rows if READS[table](actor, row, scene)}
        found = await places(scene.seen, person(actor.id), table)
        wrong += [f"{actor.handle} sees {len(found - due)} rows of {table} too many"] if found - due else []
        wrong += [f"{actor.handle} misses {len(due - found)} rows of {table}"] if due - found else []
    return wrong


def test_every_table_is_spoken_of(scene: Scene, tables: list[str]) -> None:
    assert set(tables) == set(READS) | OF_NOBODY


@pytest.fixture(scope="module")
async def tables(scene: Scene) -> list[str]:
    """Every table there is."""
    return await scene.seen.tables()


@pytest.mark.parametrize("table", sorted(READS))
async def test_everybody_sees_exactly_the_rows_that_concern_them(scene: Scene, table: str) -> None:
    assert await wrongly_seen(scene, table) == []


@pytest.mark.parametrize("table", sorted(READS))
async def test_nothing_of_a_stranger_can_be_changed_or_removed(scene: Scene, table: str) -> None:
    may = CHANGES.get(table, READS[table])
    updatable = await _granted(scene, table, "UPDATE")
    assert not updatable or table in BLUNT, f"say in BLUNT how {table} is changed bluntly"
    for statement in _blunt(table, updatable=updatable):
        for actor in CAST:
            async with scene.undone():
                before = await rows_of(scene.seen, table)
                await _tried(scene, person(actor.id), statement)
                after = {row["place"] for row in await rows_of(scene.seen, table)}
                touched = [row for row in before if row["place"] not in after]
            assert all(may(actor, row, scene) for row in touched), f"{actor.handle}: {statement}"


def _blunt(table: str, *, updatable: bool) -> list[str]:
    """Statements that change or remove everything they are let."""
    changes = [f'UPDATE "{table}" SET {BLUNT[table]}'] if updatable else []  # noqa: S608
    return [*changes, f'DELETE FROM "{table}"']  # noqa: S608


async def _granted(scene: Scene, table: str, right: str) -> bool:
    [row] = await scene.seen.owner("SELECT has_any_column_privilege('cairn_app', $1::text, $2)", table, right)
    return bool(row[0])


async def _tried(scene: Scene, who: Principal, statement: str, *args: object) -> bool:
    """Whether the statement ran; row-level security and missing rights refuse it."""
    try:
        async with scene.seen.transaction(who) as db:
            await db.run(statement, *args)
    except asyncpg.InsufficientPrivilegeError:
        return False
    return True


@pytest.mark.parametrize("table", sorted(set(READS) - WRITTEN_FOR_OTHERS))
async def test_nobody_writes_into_the_record_of_a_stranger(scene: Scene, table: str) -> None:
    """A copy of each of Maya's and of Dana's rows is refused for its rights, before any other reason."""
    rows = await _of_maya_and_dana(scene, table)
    assert rows, "a table without rows would be kept by any policy"
    for row in rows:
        for stranger in (NELL, NED, NOAH, KAI, LINDQVIST):
            async with scene.undone():
                assert not await _tried(
                    scene,
                    person(stranger.id),
                    f'INSERT INTO "{table}" OVERRIDING SYSTEM VALUE'
                    f' SELECT (jsonb_populate_record(NULL::"{table}", $1::text::jsonb)).*',
                    row,
                ), f"{stranger.handle} writes into {table}"


async def _of_maya_and_dana(scene: Scene, table: str) -> list[str]:
    """Their rows as JSON, with their program, and what names them by an alert, a push or a session; every link."""
    sessions = await scene.seen.owner("SELECT id FROM session WHERE person_id = ANY ($1)", [MAYA.id, DANA.id])
    theirs = {MAYA.id, DANA.id, HARBOR.id, scene.maya.alert, scene.maya.delivery, *(row["id"] for row in sessions)}
    found = await scene.seen.owner(f'SELECT to_jsonb(t)::text FROM "{table}" t')  # noqa: S608
    return [row[0] for row in found if table in OF_ALL or any(str(number) in row[0] for number in theirs)]


# Rows that name nobody, and of which each is as much theirs as anybody's.
OF_ALL = {"setup_link", "audit_anchor", "audit_head", "audit_link"}


BOOK = """
    INSERT INTO appointment (id, patient_id, staff_id, kind, during, booked_by, booked_at, moved_from)
    SELECT gen_random_uuid(), '{maya}', '{me}', 'counseling', '[2030-01-01, 2030-01-02)', '{me}', now(), {old}
"""
TELL = "INSERT INTO alert_told (alert_id, person_id, step, told_at) VALUES ('{alert}', '{whom}', 0, now())"
LOG = """
    INSERT INTO alert_event (id, alert_id, at, kind, step, by_person)
    VALUES (gen_random_uuid(), '{alert}', now(), 'closed', 0, {by})
"""
CLAIM_FOR = "UPDATE alert SET claimed_by = '{whom}', claimed_at = now() WHERE id = '{alert}'"
CLOSE_FOR = "UPDATE alert SET closed_by = {by}, closed_at = now(), outcome = 'reached-safe' WHERE id = '{alert}'"
OPEN_FOR = """
    INSERT INTO alert (id, patient_id, organisation_id, class, reasons, opened_at, counts_from, class_since, claimed_by,
                       claimed_at)
    VALUES (gen_random_uuid(), '{me}', '{harbor}', 'p3', '{{mood-low}}', now(), now(), now(), '{nell}', now())
"""
JOIN = """
    INSERT INTO care_team_member (id, patient_id, staff_id, joined_at)
    VALUES (gen_random_uuid(), '{maya}', '{me}', now())
"""
BRING_IN = """
    INSERT INTO person (id, organisation_id, kind, name, time_zone, created_at)
    SELECT gen_random_uuid(), organisation_id, 'patient', 'x', 'UTC', now() FROM person WHERE id = '{me}'
"""
LINK = """
    INSERT INTO sign_in_link (sha256, person_id, made_by, made_at, expires_at)
    VALUES (sha256('x'), '{maya}', '{me}', now(), '2030-01-01')
"""
ENTER = "INSERT INTO session (id, person_id, started_at) VALUES (gen_random_uuid(), '{maya}', now())"
BLAME = (
    "INSERT INTO audit_event (actor_id, patient_id, action, category) VALUES ('{kai}', '{maya}', 'read', 'identity')"
)

# Each would make a stranger somebody to Maya, or one patient's supporter another's.
TRICKS: Mapping[str, tuple[Person, str]] = {
    "book oneself with a stranger": (NELL, BOOK.replace("{old}", "NULL")),
    "say that a booking was moved": (NELL, BOOK.replace("{old}", "id") + " FROM appointment LIMIT 1"),
    "put another patient into one's appointment": (NELL, "UPDATE appointment SET patient_id = '{maya}'"),
    "hand an appointment to somebody else": (DANA, "UPDATE appointment SET staff_id = '{kai}'"),
    "say that one was told": (NELL, TELL.replace("{whom}", "{me}")),
    "say so inside the program": (KAI, TELL.replace("{whom}", "{me}")),
    "tell a friend": (INES, TELL.replace("{whom}", "{kai}")),
    "write into an alert's history": (NELL, LOG.replace("{by}", "NULL")),
    "write into it in another's name": (SAM, LOG.replace("{by}", "'{dana}'")),
    "hand one's alert to a stranger": (SAM, CLAIM_FOR.replace("{whom}", "{nell}")),
    "hand it to a colleague": (SAM, CLAIM_FOR.replace("{whom}", "{ines}")),
    "hand it on as a supervisor": (THEO, CLAIM_FOR.replace("{whom}", "{nell}")),
    "open an alert that a stranger answers": (MAYA, OPEN_FOR),
    "close an alert that nobody answers": (INES, CLOSE_FOR.replace("{by}", "'{me}'")),
    "close an alert in another's name": (SAM, CLOSE_FOR.replace("{by}", "'{dana}'")),
    "close an alert in nobody's name": (SAM, CLOSE_FOR.replace("{by}", "NULL")),
    "close it in another's name as a supervisor": (THEO, CLOSE_FOR.replace("{by}", "'{dana}'")),
    "go on with an alert that was closed": (INES, "UPDATE alert SET closed_at = NULL, outcome = NULL"),
    "put another patient into one's alert": (INES, "UPDATE alert SET patient_id = '{noah}', claimed_by = '{me}'"),
    "put another patient into a regimen": (OKAFOR, "UPDATE regimen SET patient_id = '{noah}'"),
    "give a session away": (KAI, "UPDATE session SET person_id = '{maya}'"),
    "open a session for somebody": (KAI, ENTER),
    "turn another's calendar into one's own": (NOAH, "UPDATE calendar_feed SET person_id = '{maya}'"),
    "join a team": (KAI, JOIN),
    "put somebody on a team as its lead": (DANA, JOIN.replace("{me}", "{kai}")),
    "leave a team so that nobody knows who was there": (DANA, "DELETE FROM care_team_member"),
    "turn a place on a team into another's": (DANA, "UPDATE care_team_member SET staff_id = '{kai}'"),
    "bring in a patient past the door": (DANA, BRING_IN),
    "move a person to another organisation": (MAYA, "UPDATE person SET organisation_id = organisation_id"),
    "become staff": (MAYA, "UPDATE person SET kind = 'staff'"),
    "take another's role": (KAI, "DELETE FROM staff_role WHERE person_id <> '{me}'"),
    "give a role to a friend": (KAI, "INSERT INTO staff_role VALUES ('{kai}', 'supervisor'), ('{noah}', 'peer')"),
    "make a link by hand": (KAI, LINK),
    "read links of people": (KAI, "SELECT * FROM sign_in_link"),
    "take a role": (KAI, "INSERT INTO staff_role VALUES ('{me}', 'supervisor')"),
    "let another's phone ring": (NOAH, "UPDATE address SET person_id = '{maya}'"),
    "write an audit row about somebody else": (DANA, BLAME),
    "erase an audit row": (MAYA, "DELETE FROM audit_event"),
    "change an audit row": (MAYA, "UPDATE audit_event SET actor_id = NULL"),
    "read tokens": (KAI, "SELECT * FROM access_token"),
    "read links": (KAI, "SELECT * FROM setup_link"),
    "switch the wall off": (KAI, "ALTER TABLE check_in DISABLE ROW LEVEL SECURITY"),
}


@pytest.mark.parametrize("trick", sorted(TRICKS))
async def test_no_trick_makes_a_relation(scene: Scene, trick: str) -> None:
    actor, statement = TRICKS[trick]
    told = statement.format(**{p.handle: p.id for p in CAST}, me=actor.id, alert=scene.maya.alert, harbor=HARBOR.id)
    async with scene.undone():
        assert not await _tried(scene, person(actor.id), told)


STAFF = "SELECT add_staff(gen_random_uuid(), 'x', 'UTC', 'en', '{{counselor}}', now())"
PATIENT = "SELECT add_patient(gen_random_uuid(), 'x', 'UTC', 'en', now())"
ROLES = "SELECT give_roles('{{{whom}}}', '{roles}')"
TEAM = "SELECT arrange_care_team('{{{whom}}}', ARRAY[{team}]::uuid[], {lead}, now())"
INVITE = "SELECT make_sign_in_link('{{{whom}}}', sha256('x'), now(), now() + interval '1 day')"


def roles(whom: str, *given: str) -> str:
    """Give somebody these roles."""
    return ROLES.format(whom=whom, roles="{{" + ",".join(given) + "}}")


def team(whom: str, lead: str, *others: str) -> str:
    """Put these beside a patient."""
    return TEAM.format(whom=whom, team=", ".join(f"'{{{one}}}'" for one in (lead, *others)), lead=f"'{{{lead}}}'")


# What the functions that bring people in answer with nothing, whoever knows how to call them.
CALLS: Mapping[str, tuple[Principal, str]] = {
    "add staff where one only coordinates": (person(ROSA.id), STAFF),
    "add staff at the door": (DOOR, STAFF),
    "make oneself a clinician": (person(KAI.id), roles("kai", "operator", "counselor")),
    "raise a colleague": (person(THEO.id), roles("ines", "peer", "supervisor")),
    "give a role to somebody elsewhere": (person(KAI.id), roles("ned", "peer", "peer-lead")),
    "give a role to a patient": (person(KAI.id), roles("maya", "peer")),
    "leave the program without an operator": (person(KAI.id), roles("kai")),
    "bring in a patient as a peer": (person(SAM.id), PATIENT),
    "bring in a patient as an operator": (person(KAI.id), PATIENT),
    "bring in a patient as a patient": (person(MAYA.id), PATIENT),
    "bring in a patient as the clock": (CLOCK, PATIENT),
    "take a team over": (person(OKAFOR.id), team("maya", "okafor", "dana")),
    "take a team over from elsewhere": (person(NELL.id), team("maya", "nell")),
    "arrange a team elsewhere": (person(THEO.id), team("noah", "theo")),
    "arrange one's own team": (person(MAYA.id), team("maya", "dana")),
    "put somebody beside a patient who stands beside nobody": (person(DANA.id), team("maya", "dana", "kai")),
    "put somebody of elsewhere beside a patient": (person(DANA.id), team("maya", "dana", "nell")),
    "put a patient beside another": (person(DANA.id), team("maya", "dana", "leo")),
    "let a peer lead": (person(DANA.id), team("maya", "sam", "dana")),
    "let somebody of elsewhere lead": (person(DANA.id), team("maya", "lindqvist", "dana")),
    "let somebody lead who is not there": (
        person(DANA.id),
        TEAM.format(whom="maya", team="'{sam}'", lead="'{dana}'"),
    ),
    "let nobody lead": (person(DANA.id), TEAM.format(whom="maya", team="'{dana}'", lead="NULL")),
    "let somebody in from elsewhere": (person(KAI.id), INVITE.format(whom="noah")),
    "let a colleague in as a coordinator": (person(ROSA.id), INVITE.format(whom="dana")),
    "let a patient in as their counselor": (person(DANA.id), INVITE.format(whom="maya")),
    "let oneself in": (person(NOAH.id), INVITE.format(whom="noah")),
    "let somebody in at the door": (DOOR, INVITE.format(whom="kai")),
}


@pytest.mark.parametrize("call", sorted(CALLS))
async def test_no_function_brings_anybody_where_the_caller_may_not(scene: Scene, call: str) -> None:
    who, statement = CALLS[call]
    async with scene.undone():
        before = await scene.seen.digest()
        async with scene.seen.transaction(who) as db:
            assert not any(await db.values(object, statement.format(**{one.handle: one.id for one in CAST})))
        assert await scene.seen.digest() == before


async def test_a_coordinator_who_is_a_peer_puts_themselves_on_no_team_and_a_supervisor_may(scene: Scene) -> None:
    async with scene.undone():
        await scene.seen.owner("INSERT INTO staff_role VALUES ($1, 'peer')", ROSA.id)
        for actor, joined in ((ROSA, False), (THEO, True)):
            async with scene.seen.transaction(person(actor.id)) as db:
                found = await db.values(
                    object, team("maya", "dana", actor.handle).format(**{one.handle: one.id for one in CAST})
                )
            assert bool(found) == joined


async def test_a_trick_that_works_would_be_seen(scene: Scene) -> None:
    """Sam may do what Nell may not."""
    async with scene.undone():
        assert await _tried(scene, person(SAM.id), "UPDATE alert SET version = 99")


async def test_what_the_tricks_do_for_another_one_may_do_for_oneself(scene: Scene) -> None:
    own = LOG.replace("{by}", "'{me}'"), CLAIM_FOR.replace("{whom}", "{me}"), CLOSE_FOR.replace("{by}", "'{me}'")
    async with scene.undone():
        for statement in own:
            assert await _tried(scene, person(SAM.id), statement.format(me=SAM.id, alert=scene.maya.alert))


async def test_nobody_takes_the_claim_of_another_and_a_supervisor_closes_it(scene: Scene) -> None:
    async with scene.undone():
        await scene.seen.owner("UPDATE alert SET claimed_by = $1, claimed_at = now() WHERE class = 'p2'", SAM.id)
        for actor in (INES, THEO):
            for whom in (f"'{actor.id}', claimed_at = now()", "NULL, claimed_at = NULL"):
                take = f"UPDATE alert SET claimed_by = {whom} WHERE id = '{scene.maya.alert}'"  # noqa: S608
                assert not await _tried(scene, person(actor.id), take), actor.handle
        close = CLOSE_FOR.replace("{by}", "'{me}'").format(me=THEO.id, alert=scene.maya.alert)
        assert await _tried(scene, person(THEO.id), close)


async def test_a_peer_changes_nothing_of_a_crisis_that_a_clinician_may_change(scene: Scene) -> None:
    async with scene.undone():
        await scene.seen.owner("UPDATE alert SET class = 'p1' WHERE id = $1", scene.records["leo"].alert)
        put_off = f"UPDATE alert SET escalates_at = NULL WHERE id = '{scene.records['leo'].alert}'"  # noqa: S608
        assert not await _tried(scene, person(SAM.id), put_off)
        assert await _tried(scene, person(DANA.id), put_off)


FOREIGN = {
    "claim": "UPDATE alert SET claimed_by = $1, claimed_at = now() WHERE patient_id = $2 AND closed_at IS NULL",
    "booking": """
        INSERT INTO appointment (id, patient_id, staff_id, kind, during, booked_by, booked_at)
        VALUES (gen_random_uuid(), $2, $1, 'counseling', '[2030-01-01, 2030-01-02)', $2, now())
    """,
    "place on the team": """
        INSERT INTO care_team_member (id, patient_id, staff_id, joined_at) VALUES (gen_random_uuid(), $2, $1, now())
    """,
}


@pytest.mark.parametrize("relation", sorted(FOREIGN))
async def test_no_relation_reaches_into_another_program_whoever_wrote_it(scene: Scene, relation: str) -> None:
    async with scene.undone():
        # The schema refuses some of these by itself by now; rows from before it did are what this is about.
        await scene.seen.owner("SET LOCAL session_replication_role = 'replica'")
        await scene.seen.owner(FOREIGN[relation], NELL.id, MAYA.id)
        await scene.seen.owner("SET LOCAL session_replication_role = 'origin'")
        for table in ("person", "patient", "care_team_member", "check_in", "regimen", "occurrence"):
            assert await wrongly_seen(scene, table) == []


# Those of which the app's role reads something, and not everything.
WALLED = sorted(t for t in READS if READS[t] not in (all_of_it, nothing_of_it))


@asynccontextmanager
async def broken(scene: Scene, statement: str) -> AsyncIterator[None]:
    """The schema with a mistake in it, for a moment."""
    async with scene.undone():
        # A table cannot be altered while something waits for the commit of what was written into it.
        await scene.seen.owner("SET CONSTRAINTS ALL IMMEDIATE")
        await scene.seen.owner(statement)
        yield


@pytest.mark.parametrize("table", WALLED)
async def test_a_table_without_its_wall_is_found(scene: Scene, table: str) -> None:
    async with broken(scene, f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY'):
        assert any("too many" in one for one in await wrongly_seen(scene, table))
        assert table in await unwalled(scene.seen)


async def test_a_policy_that_is_gone_is_found(scene: Scene) -> None:
    async with broken(scene, "DROP POLICY by_relation ON check_in"):
        assert "dana misses 2 rows of check_in" in await wrongly_seen(scene, "check_in")


async def test_a_policy_that_is_too_wide_is_found(scene: Scene) -> None:
    async with broken(scene, "CREATE POLICY wide ON check_in FOR SELECT USING (true)"):
        assert "nell sees 2 rows of check_in too many" in await wrongly_seen(scene, "check_in")


async def unwalled(seen: Seen) -> list[str]:
    """Tables that lead to a person and have no row-level security."""
    return [
        row[0]
        for row in await seen.owner(
            """
            WITH RECURSIVE named AS (
                SELECT attrelid AS oid FROM pg_attribute JOIN pg_class c ON c.oid = attrelid AND c.relkind IN ('r', 'p')
                WHERE c.relnamespace = 'public'::regnamespace AND NOT attisdropped
                  AND attname IN ('patient_id', 'person_id', 'staff_id', 'actor_id', 'by_person')
            ), leads AS (
                SELECT oid FROM named UNION SELECT 'person'::regclass UNION
                SELECT k.conrelid FROM pg_constraint k JOIN leads ON k.confrelid = leads.oid WHERE k.contype = 'f'
            )
            SELECT c.relname FROM leads JOIN pg_class c USING (oid) WHERE NOT c.relrowsecurity ORDER BY 1
            """
        )
    ]


async def test_every_table_that_leads_to_a_person_has_row_level_security(scene: Scene) -> None:
    assert await unwalled(scene.seen) == []


async def test_tables_of_nobody_lead_to_nobody(scene: Scene) -> None:
    rows = await scene.seen.owner(
        "SELECT column_name FROM information_schema.columns WHERE table_name = ANY ($1) AND data_type = 'uuid'",
        sorted(OF_NOBODY),
    )
    assert {row["column_name"] for row in rows} <= {"organisation_id", "id"}


async def test_nobody_at_all_sees_staff_and_what_is_of_nobody(scene: Scene) -> None:
    for table in READS:
        rows = await rows_of(scene.seen, table)
        due = {
            row["place"] for row in rows if READS[table] is all_of_it or (table == "person" and row["kind"] == "staff")
        }
        assert await places(scene.seen, Principal(), table) == due, table


async def test_the_clock_sees_no_words_and_the_door_no_record(scene: Scene) -> None:
    for table in ("check_in", "calendar_feed", "session", "audit_event", "access_token", "setup_link"):
        assert await places(scene.seen, CLOCK, table) == set(), table
    staff = {row["place"] for row in await rows_of(scene.seen, "person") if row["kind"] == "staff"}
    for table in READS:
        if READS[table] is not all_of_it:
            assert await places(scene.seen, DOOR, table) == (staff if table == "person" else set()), table


async def test_the_day_has_something_to_see_for_everybody_who_matters(scene: Scene) -> None:
    """An empty table would be kept by any policy."""
    for table in READS:
        assert await rows_of(scene.seen, table), table
    for actor in (MAYA, DANA, OKAFOR, THEO, BEN, ROSA):
        assert await places(scene.seen, person(actor.id), "person"), actor.handle
