"""Every row is a link of a chain as soon as it is committed, whatever happens around it, and nobody changes one."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from app import audit
from app.demo.cast import DANA, KAI, LEO, MAYA, NOAH, SAM, Person
from app.trail import verifying
from app.trail.verifying import Kept, Report
from db import CLOCK, Pool, Principal, embedded, feed, migrate, person
from db.reading import reading
from tests.conftest import copied
from tests.world import AS_IT_IS, World, a_check_in

WRITERS, TURNS = 16, 12


@pytest.fixture
async def owner(own_database: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    raw = await asyncpg.connect(as_owner(own_database))
    yield raw
    await raw.close()


def as_owner(dsn: str) -> str:
    return dsn.replace(migrate.APP_ROLE, "postgres")


async def report(dsn: str) -> Report:
    async with reading(as_owner(dsn)) as db:
        return await verifying.verify(db, Kept())


async def test_sixteen_writers_leave_whole_chains_and_never_wait_in_a_circle(
    own_database: str, real_pool: Pool, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async def writer(number: int) -> int:
        kept = 0
        for turn in range(TURNS):
            async with real_pool.transaction(person(DANA.id)) as db:
                await audit.record(db, "read", "check-ins", [MAYA.id], purpose=f"turn-{'abc'[turn % 3]}")
                if turn % 2:
                    await audit.record(db, "list", "identity", [LEO.id, MAYA.id][:: -1 if number % 2 else 1])
            kept += 1 + 2 * (turn % 2)
        return kept

    before = (await report(own_database)).rows
    written = sum(await asyncio.gather(*map(writer, range(WRITERS))))
    found = await report(own_database)
    assert (found.faults, found.rows) == ([], before + written)
    used = await owner.fetchval("SELECT count(*) FROM audit_head WHERE seq > 0")
    assert used > 4, "transactions at the same time go to different chains"


async def test_a_row_and_its_link_are_of_the_transaction_that_did_it(
    real_world: World, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    answer = await (await real_world.of(MAYA)).post("/v1/check-ins", json=a_check_in(real_world))
    together = await owner.fetch(
        """
        SELECT c.xmin = e.xmin AND e.xmin = l.xmin, e.session_id = s.id
        FROM check_in c JOIN audit_event e ON e.subject_id = c.id JOIN audit_link l ON l.event_id = e.id
        JOIN session s ON s.person_id = c.patient_id
        WHERE e.request_id = $1::text::uuid
        """,
        answer.headers["x-request-id"],
    )
    assert [tuple(row) for row in together] == [(True, True)]


async def test_what_is_taken_back_or_cut_off_leaves_no_gap(
    own_database: str, real_pool: Pool, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    raw = await asyncpg.connect(own_database)
    for end in ("ROLLBACK", "cut off"):
        await raw.execute(f"BEGIN; SET LOCAL cairn.person = '{DANA.id}'")
        await raw.execute("SELECT audit('read', 'check-ins', ARRAY[$1::uuid], NULL)", MAYA.id)
        # The link is made at once, so that its shard is locked and its sequence taken when the end comes.
        await raw.execute("SET CONSTRAINTS ALL IMMEDIATE")
        if end == "ROLLBACK":
            await raw.execute(end)
            continue
        await owner.execute("SELECT pg_terminate_backend($1)", raw.get_server_pid())
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)):
            await raw.execute("COMMIT")
    raw.terminate()

    async with real_pool.transaction(person(DANA.id)) as db:
        await audit.record(db, "read", "check-ins", [MAYA.id])
    found = await report(own_database)
    assert found.faults == []
    assert await owner.fetchval("SELECT count(*) FROM audit_event WHERE category = 'check-ins'") == 1


async def test_a_savepoint_that_is_undone_takes_its_row_with_it(
    own_database: str, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    raw = await asyncpg.connect(own_database)
    async with raw.transaction():
        await raw.execute(f"SET LOCAL cairn.person = '{DANA.id}'")
        for kept in (False, True):
            point = raw.transaction()
            await point.start()
            await raw.execute("SELECT audit('read', 'check-ins', ARRAY[$1::uuid], NULL)", MAYA.id)
            await raw.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
            await (point.commit() if kept else point.rollback())
    await raw.close()
    assert (await report(own_database)).faults == []
    assert await owner.fetchval("SELECT count(*) FROM audit_event WHERE category = 'check-ins'") == 1


async def test_where_the_chain_cannot_go_on_nothing_is_read_and_nothing_is_kept(
    real_world: World, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    maya, dana = await real_world.of(MAYA), await real_world.of(DANA)
    await owner.execute("SET session_replication_role = 'replica'; DELETE FROM audit_head")
    answers = [
        await maya.post("/v1/check-ins", json=a_check_in(real_world, note="canary")),
        await maya.get("/v1/check-ins"),
        await dana.get("/v1/patients"),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(500, "OurMistake")] * 3
    assert not any(word in answer.text for answer in answers for word in ("canary", MAYA.name, str(MAYA.id)))
    assert await owner.fetchval("SELECT count(*) FROM check_in") == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET actor_id = NULL",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "UPDATE audit_link SET hash = hash",
        "DELETE FROM audit_link",
        "TRUNCATE audit_link",
        "UPDATE audit_head SET seq = seq - 1 WHERE seq > 0",
        "DELETE FROM audit_head",
        "TRUNCATE audit_head",
        "TRUNCATE audit_anchor",
    ],
)
async def test_its_own_owner_changes_nothing_by_an_ordinary_statement(
    owner: "asyncpg.Connection[asyncpg.Record]", statement: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await owner.execute(statement)


async def _wrote(pool: Pool, who: Principal, *patients: Person) -> bool:
    try:
        async with pool.transaction(who) as db:
            await audit.record(db, "read", "check-ins", [one.id for one in patients])
    except asyncpg.InsufficientPrivilegeError:
        return False
    return True


@pytest.mark.parametrize(
    ("who", "about", "may"),
    [
        (person(MAYA.id), (MAYA,), True),
        (person(MAYA.id), (LEO,), False),
        (person(MAYA.id), (MAYA, LEO), False),
        (person(DANA.id), (MAYA,), True),
        (person(DANA.id), (MAYA, LEO), True),
        (person(DANA.id), (NOAH,), False),
        (person(DANA.id), (SAM,), False),
        (person(DANA.id), (MAYA, SAM), False),
        (feed(DANA.id), (MAYA,), True),
        (CLOCK, (MAYA, NOAH), True),
        (Principal(), (MAYA,), False),
    ],
)
async def test_nobody_writes_of_whom_they_cannot_have_touched(
    pool: Pool, who: Principal, about: tuple[Person, ...], *, may: bool
) -> None:
    assert await _wrote(pool, who, *about) == may


async def test_sessions_and_roles_leave_their_rows_by_themselves(
    real_world: World, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    kai = await real_world.of(KAI)
    given = await kai.put(f"/v1/staff/{SAM.id}/roles", json={"roles": ["peer", "peer-lead"]}, headers=AS_IT_IS)
    taken = await kai.put(f"/v1/staff/{SAM.id}/roles", json={"roles": ["peer"]}, headers=AS_IT_IS)
    out = await kai.delete("/v1/session")
    assert (given.status_code, taken.status_code, out.status_code) == (200, 200, 204)
    rows = await owner.fetch(
        """
        SELECT actor_id, about_id, action, category, detail, actor_roles FROM audit_event
        WHERE patient_id IS NULL AND (about_id = $2 AND actor_id = $1 OR about_id = $1 AND category = 'sessions')
        ORDER BY id
        """,
        KAI.id,
        SAM.id,
    )
    assert [(row["actor_id"], row["about_id"], row["action"], row["category"]) for row in rows] == [
        (None, KAI.id, "sign-in", "sessions"),
        (KAI.id, SAM.id, "give", "roles"),
        (KAI.id, SAM.id, "take", "roles"),
        (KAI.id, KAI.id, "sign-out", "sessions"),
    ]
    assert [(row["detail"], row["actor_roles"]) for row in rows] == [
        ("link", None),
        ("peer-lead", ["operator"]),
        ("peer-lead", ["operator"]),
        ("signed-out", None),
    ]


async def test_rows_of_before_are_the_beginning_of_the_chains(server: embedded.Server, tmp_path: Path) -> None:
    """A database that has been in use without chains is migrated, and all of it can be checked."""
    files = sorted(migrate.FOLDER.glob("*.sql"))
    for file in (one for one in files if one.name < "0023"):
        shutil.copy(file, tmp_path)
    async with copied(server, "template1", "before_the_chains") as name:
        await migrate.migrate(server.dsn(name), folder=tmp_path)
        raw = await asyncpg.connect(server.dsn(name))
        await raw.execute(
            """
            INSERT INTO audit_event (actor_id, duty, patient_id, action, category)
            SELECT gen_random_uuid(), '', gen_random_uuid(), 'read', 'check-ins' FROM generate_series(1, 100)
            """
        )
        await migrate.migrate(server.dsn(name))
        async with reading(server.dsn(name)) as db:
            found = await verifying.verify(db, Kept())
        await raw.close()
    assert (found.rows, found.faults) == (100, [])
