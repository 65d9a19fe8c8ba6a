"""Each clause of what holds people apart, taken out for a moment: somebody sees, changes or writes something else.

A relation is a branch of a function, a policy a condition of a table; each is put back before the next is tried.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import asyncpg
import pytest
from msgspec import Struct

from app.demo.cast import BEN, CAST, DANA, HARBOR, KAI, LEO, MAYA, NOAH, OKAFOR, ROSA, SAM, THEO
from db import CLOCK, DOOR, Principal, person
from tests.app.doorstep import ASKING
from tests.app.rows import BLUNT
from tests.app.scene import PAST_CRISIS, Scene
from tests.app.standing import WAYS, WHO, Standing, stood
from tests.app.test_relations import due, reached

# What says what a relation is, and the ways of standing that each of its branches tells apart.
RELATIONS_OF = (
    "reach", "of_the_program", "patients_for", "patients_unlocked_for", "alerts_for", "patients_once_for",
    "patients_once_unlocked_for", "granted",
)  # fmt: skip
SEARCHED: Mapping[str, str] = {
    "coverage": "cover", "appointment": "visit|booked", "alert": "claim|alert", "shares_doses": "shared|switch",
    "t.lead": "lead", "left_at": "team|former|left|back", "p.kind": "nothing|program",
}  # fmt: skip


ROLE_FOR: Mapping[str, str] = {
    "'shared'": "peer", "'supervised'": "supervisor", "'coordinated'": "coordinator", "of_the_program": "supervisor",
}  # fmt: skip
# What changes nothing that anybody could see, and why.
ALIKE: Mapping[str, str] = {
    "AND me() IS NOT NULL": "nobody at all is nobody's id",
    'told ON "alert_told": USING without (person_id = me())': "who was told sees the alert",
    'told ON "alert_told": USING without on_the_clock()': "the clock sees every alert",
    'own ON "appointment": USING without (patient_id = me())': "a patient's own cells say the same",
    'own_settled ON "appointment": USING without (patient_id = me())': "the same",
    'own_booked ON "appointment": WITH CHECK without (patient_id = me())': "the same",
    'own ON "regimen": gone': "the same",
    'own ON "alert": gone': "the same",
    'told ON "alert_event": USING without on_the_clock()': "the clock sees every alert",
    'own ON "patient": WITH CHECK true': "whose row it is may not be changed at all",
    'own ON "person": WITH CHECK true': "the same",
    'taken_back ON "closure": WITH CHECK without (patient_id = me())': "the same",
    'ended ON "legal_hold": WITH CHECK without oversees(patient_id)': "the same",
    "patients_by_relation ON \"person\": USING without (kind = 'patient'::text)": "staff are known anyhow",
}


class Mutant(Struct, frozen=True):
    """A statement that leaves something out, and what that is."""

    out: str
    statement: str
    near: str = ""


ENDS = re.compile(r"\b(AND|OR|THEN|ORDER BY|GROUP BY|UNION|JOIN|CROSS|WHERE|RETURNING)\b|;|\)")


def conjuncts(body: str) -> Iterator[tuple[int, int]]:
    """Where each condition that is joined by AND begins and ends, with its AND."""
    for found in re.finditer(r"\bAND\b", body):
        begin, depth, end = found.start(), 0, found.end()
        if re.search(r"BETWEEN\s+\S+\s+$", body[:begin]):
            continue
        while end < len(body):
            rest = body[end:]
            if depth == 0 and re.match(
                r"\b(AND|OR|THEN|ORDER BY|GROUP BY|UNION|JOIN|CROSS|WHERE|RETURNING)\b|;|\)", rest
            ):
                break
            depth += {"(": 1, ")": -1}.get(body[end], 0)
            end += 1
        yield begin, end


def without(definition: str) -> Iterator[Mutant]:
    """The function without each of its conditions in turn."""
    start = definition.index("AS $")
    for begin, end in conjuncts(definition[start:]):
        cut = slice(start + begin, start + end)
        out = " ".join(definition[cut].split())
        line = definition.rfind("IF '", 0, cut.start), cut.stop
        near = definition[max(line[0], 0) : cut.stop]
        if out in ALIKE:
            continue
        yield Mutant(out, definition[: cut.start] + " " + definition[cut.stop :], near)


def ordered(mutant: Mutant) -> list[str]:
    """All ways, those that the clause speaks of first."""
    words = "|".join(way for word, way in SEARCHED.items() if word in mutant.out) or "|".join(
        way for word, way in SEARCHED.items() if word in mutant.near
    )
    return sorted(WAYS, key=lambda name: not (words and re.search(words, name)))


def asked_as(mutant: Mutant) -> str:
    """A role that has a cell for the relation whose clause it is."""
    if "r.role" in mutant.out:
        return "prescriber"
    return next((role for word, role in ROLE_FOR.items() if word in mutant.near), "prescriber")


async def _found_by_ways(scene: Scene, mutant: Mutant) -> bool:
    """Whether somebody who stands in some way reaches somebody else then."""
    for name in ordered(mutant):
        standing = Standing(asked_as(mutant), name)
        async with stood(scene, standing):
            await scene.seen.owner(mutant.statement)
            if await reached(scene) != due(standing):
                return True
    return False


async def test_each_condition_of_a_relation_is_needed(scene: Scene, whole: bool) -> None:
    """A third of them each time that are spread over all functions; with `--whole` all."""
    mutants = []
    for name in RELATIONS_OF:
        [[definition]] = await scene.seen.owner("SELECT pg_get_functiondef($1::regproc)", name)
        mutants += list(without(definition))
    assert len(mutants) > 20
    unseen = [one.out for one in mutants[:: 1 if whole else 3] if not await _found_by_ways(scene, one)]
    assert unseen == [], "\n".join(unseen)


# Every table that has a policy.
WALLED = (
    "account_event", "address", "alert", "alert_event", "alert_review", "alert_told", "appointment", "approval",
    "audit_anchor", "audit_event", "audit_head", "break_glass", "break_glass_review", "calendar_feed",
    "care_team_member", "check_in", "closure", "code_challenge", "consent", "consent_revocation", "contact",
    "coverage", "delivery", "disclosure", "duty_shift", "event", "export", "invitation", "legal_hold", "letter",
    "message", "missed_check_in", "notification", "occurrence", "organisation", "passkey", "passkey_challenge",
    "passkey_owner", "patient", "person", "provider_attempt", "provider_link", "receipt", "recovery_code",
    "regimen", "session", "staff_role", "thread", "thread_mark", "totp", "vouch", "working_exception", "working_hours",
)  # fmt: skip
EVERYBODY: Mapping[str, Principal] = {p.handle: person(p.id) for p in CAST} | {"clock": CLOCK, "door": DOOR}
_POLICIES = """
    SELECT tablename AS on_table, policyname AS name, cmd, qual, with_check FROM pg_policies
    WHERE schemaname = 'public' AND tablename = ANY ($1) ORDER BY 1, 2
"""


def parts(condition: str, word: str) -> list[str]:
    """What stands between the outermost words of a condition."""
    inner = condition.strip()
    while inner.startswith("(") and _closes(inner) == len(inner) - 1:
        inner = inner[1:-1].strip()
    found, depth, last = [], 0, 0
    for at, sign in enumerate(inner):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth == 0 and re.match(rf"\b{word}\b", inner[at:]) and not re.match(r"\w", inner[at - 1]):
            found.append(inner[last:at])
            last = at + len(word)
    return [*found, inner[last:]] if found else []


def _closes(text: str) -> int:
    depth = 0
    for at, sign in enumerate(text):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth == 0:
            return at
    return len(text)


def changed(row: Mapping[str, Any]) -> Iterator[Mutant]:
    """A policy that is gone, one that holds nobody, and one without each part of its condition."""
    name = f'{row["name"]} ON "{row["on_table"]}"'
    yield Mutant(f"{name}: gone", f"DROP POLICY {name}", row["on_table"])
    for clause, said in (("USING", row["qual"]), ("WITH CHECK", row["with_check"])):
        if said is not None and said != "true":
            yield Mutant(f"{name}: {clause} true", f"ALTER POLICY {name} {clause} (true)", row["on_table"])
            for word in ("AND", "OR"):
                found = parts(said, word)
                for n, part in enumerate(found):
                    left = f" {word} ".join(found[:n] + found[n + 1 :])
                    out = f"{name}: {clause} without {' '.join(part.split())}"
                    yield Mutant(out, f"ALTER POLICY {name} {clause} ({left})", row["on_table"])


async def signature(scene: Scene, table: str) -> dict[str, object]:
    """Who sees which rows of a table, who changes how many, and whose copies of rows are taken."""
    found: dict[str, object] = {}
    copies = await scene.seen.owner(f'SELECT to_jsonb(t)::text FROM "{table}" t ORDER BY 1 LIMIT 6')  # noqa: S608
    for who, principal in EVERYBODY.items():
        found[f"{who} sees"] = await _told(scene, principal, f'SELECT count(*)::int FROM "{table}"', read=True)  # noqa: S608
        if table in BLUNT:
            found[f"{who} changes"] = await _told(scene, principal, f'UPDATE "{table}" SET {BLUNT[table]}')  # noqa: S608
        for n, copy in enumerate(copies):
            found[f"{who} writes {n}"] = await _told(scene, principal, _copied(table), copy[0])
    for n, (who, statement) in enumerate(TRIED.get(table, ())):
        principal = EVERYBODY[who if isinstance(who, str) else who.handle]
        found[f"tried {n}"] = await _told(scene, principal, _named(scene, statement, principal))
    return found


def _named(scene: Scene, statement: str, principal: Principal = CLOCK) -> str:
    """The statement with the ids of whom and what it speaks of."""
    record = scene.maya
    return statement.format(
        **{p.handle: p.id for p in CAST}, me=principal.person, harbor=HARBOR.id, asking=ASKING, glass=record.glass,
        consent=record.consent, crisis=PAST_CRISIS,
    )  # fmt: skip


def _copied(table: str) -> str:
    return (
        f'INSERT INTO "{table}" OVERRIDING SYSTEM VALUE'
        f' SELECT (jsonb_populate_record(NULL::"{table}", $1::text::jsonb)).*'
    )


async def _told(scene: Scene, who: Principal, statement: str, *args: object, read: bool = False) -> object:
    """How many rows, or why not; as if it had not been."""
    try:
        async with scene.seen.undone(), scene.seen.transaction(who) as db:
            return await db.value(int, statement, *args) if read else await db.run(statement, *args)
    except asyncpg.PostgresError as error:
        return error.sqlstate


_BOOK = """
    INSERT INTO appointment (id, patient_id, staff_id, kind, during, booked_by, booked_at)
    VALUES (gen_random_uuid(), '{whom}', '{{dana}}', 'peer', '[2030-01-01, 2030-01-02)', '{by}', now())
"""
_PRESCRIBE = """
    INSERT INTO regimen
    SELECT (jsonb_populate_record(r, jsonb_build_object('id', gen_random_uuid(), 'prescribed_by', '{by}'::uuid))).*
    FROM regimen r WHERE patient_id = '{{maya}}' LIMIT 1
"""
_MOVE = """
    INSERT INTO appointment (id, patient_id, staff_id, kind, during, booked_by, booked_at, moved_from)
    SELECT gen_random_uuid(), patient_id, staff_id, kind, '[2030-01-01, 2030-01-02)', staff_id, now(), id
    FROM appointment WHERE staff_id = '{ben}' AND patient_id = '{maya}'
"""
_COVER = """
    INSERT INTO coverage (id, covered_id, covering_id, during, made_by, made_at, ended_by, ended_at)
    VALUES (gen_random_uuid(), '{covered}', '{covering}', '[2026-03-03, 2026-03-04)', '{by}', now(), {ended})
"""
_OPEN = """
    INSERT INTO alert (id, patient_id, organisation_id, class, reasons, opened_at, counts_from, class_since, {names})
    VALUES (gen_random_uuid(), '{{maya}}', '{{harbor}}', 'p3', '{{{{mood-low}}}}', now(), now(), now(), {values})
"""
# What is asked for at the door, or of others: in whose name, and from which session.
_ASKED = """
    INSERT INTO approval (id, person_id, session_id, number, asked_at, expires_at)
    VALUES (gen_random_uuid(), '{whom}', {session}, '42', now(), now() + interval '1 min')
"""
_VOUCHED = """
    INSERT INTO vouch (id, patient_id, session_id, number, asked_at, expires_at)
    VALUES (gen_random_uuid(), '{whom}', {session}, '12345678', now(), now() + interval '1 min')
"""
_HERS, _MINE = "'{asking}'", "(SELECT id FROM session WHERE person_id = '{me}' LIMIT 1)"
_LEAVES = """
    INSERT INTO closure (id, patient_id, asked_at, due_at, {names})
    VALUES (gen_random_uuid(), '{{leo}}', now(), now() + interval '{days}', {values})
"""
_REVOKES = "INSERT INTO consent_revocation VALUES ('{{consent}}', now(), '{by}', '{how}')"
_REACHED_AT = """
    INSERT INTO contact (id, person_id, kind, added_by, added_at, value_sealed, value_index, closed_at, closed_because)
    VALUES (gen_random_uuid(), '{whom}', 'email', '{by}', now(), {value})
"""
_OPEN_CONTACT = "decode(repeat('00', 60), 'hex'), sha256('somewhere'), NULL, NULL"
_TAKES = "INSERT INTO export (id, patient_id, asked_at, next_at) VALUES (gen_random_uuid(), '{leo}', now(), now())"
_HOLDS = """
    INSERT INTO legal_hold (id, patient_id, set_by, set_at, ended_by, ended_at)
    VALUES (gen_random_uuid(), '{{maya}}', '{by}', now(), {ended})
"""
_CHALLENGE = """
    INSERT INTO passkey_challenge (id, purpose, challenge, expires_at)
    VALUES (gen_random_uuid(), 'sign-in', sha256('a'), now())
"""
_ATTEMPT = """
    INSERT INTO provider_attempt (id, purpose, state_sha256, browser_sha256, nonce, verifier, begun_at, expires_at)
    VALUES (gen_random_uuid(), 'sign-in', sha256('a'), sha256('b'), 'n', 'v', now(), now())
"""
_REVIEWS = """
    INSERT INTO alert_review VALUES (gen_random_uuid(), '{{crisis}}', '{{maya}}', '{by}', '2026-03-03', 'too-late')
"""
# Okafor, who has left Leo's team, has had a thread with him.
_ONCE = """
    INSERT INTO thread (id, patient_id, staff_id, opened_by, opened_at, last_at)
    VALUES ('{leo}', '{leo}', '{okafor}', '{okafor}', now(), now())
"""
_ONCE_SAID = """
    INSERT INTO message (id, thread_id, patient_id, staff_id, seq, kind, author_id, sent_at, received_at)
    SELECT gen_random_uuid(), '{{leo}}', '{{leo}}', '{{okafor}}', {seq}, '{kind}', {author}, now(), now()
"""
# A word of Sam's, which Maya did not say.
_SAM_SAID = """
    INSERT INTO message (id, thread_id, patient_id, staff_id, seq, kind, author_id, sent_at, received_at)
    SELECT gen_random_uuid(), id, patient_id, staff_id, 9, 'said', staff_id, now(), now()
    FROM thread WHERE staff_id = '{sam}'
"""
# A thread of two who may write to each other.
_WRITES_WITH = """
    INSERT INTO thread (id, patient_id, staff_id, opened_by, opened_at, last_at, blocked_at)
    VALUES (gen_random_uuid(), '{{maya}}', '{{dana}}', '{by}', now(), now(), {blocked})
"""
TRIED: Mapping[str, tuple[tuple[Any, str], ...]] = {
    "alert_review": (
        (THEO, _REVIEWS.format(by="{dana}")), (DANA, _REVIEWS.format(by="{dana}")),
    ),
    "account_event": (
        (SAM, "INSERT INTO account_event VALUES (gen_random_uuid(), '{maya}', now(), 'a-thing', '{me}')"),
    ),
    "approval": (
        (SAM, _ASKED.format(whom="{maya}", session=_HERS)), (SAM, _ASKED.format(whom="{maya}", session=_MINE)),
        (SAM, _ASKED.format(whom="{sam}", session=_HERS)),
    ),
    "vouch": (
        (SAM, _VOUCHED.format(whom="{maya}", session=_HERS)), (SAM, _VOUCHED.format(whom="{maya}", session=_MINE)),
        (LEO, _VOUCHED.format(whom="{leo}", session=_HERS)),
    ),
    "break_glass_review": (
        (DANA, "INSERT INTO break_glass_review VALUES ('{glass}', '{maya}', '{me}', now(), 'justified')"),
    ),
    "closure": (
        (LEO, _LEAVES.format(days="8 days", names="taken_back_at", values="now()")),
        (LEO, _LEAVES.format(days="8 days", names="closed_at, keep_until", values="now(), now()")),
        (LEO, _LEAVES.format(days="1 hour", names="closed_at", values="NULL")),
        (NOAH, "UPDATE closure SET taken_back_at = now()"), (LEO, "UPDATE closure SET taken_back_at = NULL"),
    ),
    "consent_revocation": (
        (MAYA, _REVOKES.format(by="{sam}", how="in-app")), (SAM, _REVOKES.format(by="{sam}", how="by-word")),
    ),
    "contact": (
        (MAYA, _REACHED_AT.format(whom="{maya}", by="{maya}", value=_OPEN_CONTACT)),
        (SAM, _REACHED_AT.format(whom="{leo}", by="{sam}", value=_OPEN_CONTACT)),
        (MAYA, _REACHED_AT.format(whom="{maya}", by="{sam}", value=_OPEN_CONTACT)),
        (MAYA, _REACHED_AT.format(whom="{maya}", by="{maya}", value="NULL, NULL, now(), 'own'")),
    ),
    "export": ((LEO, _TAKES), (SAM, _TAKES)),
    "legal_hold": (
        (THEO, "UPDATE legal_hold SET ended_by = '{me}', ended_at = now()"),
        (THEO, "UPDATE legal_hold SET ended_by = '{rosa}', ended_at = now()"),
        (THEO, _HOLDS.format(by="{rosa}", ended="NULL, NULL")),
        (THEO, _HOLDS.format(by="{theo}", ended="'{theo}', now()")),
    ),
    "passkey_challenge": (
        ("clock", "DELETE FROM passkey_challenge"), (SAM, "DELETE FROM passkey_challenge"),
        ("door", _CHALLENGE), (SAM, _CHALLENGE),
    ),
    "provider_attempt": (
        ("clock", "DELETE FROM provider_attempt"), (SAM, "DELETE FROM provider_attempt"),
        ("door", _ATTEMPT), (SAM, _ATTEMPT),
    ),
    "alert": (
        (MAYA, _OPEN.format(names="claimed_by, claimed_at", values="'{sam}', now()")),
        (MAYA, _OPEN.format(names="closed_by, closed_at, outcome", values="'{sam}', now(), 'reached-safe'")),
        (MAYA, _OPEN.format(names="late", values="false")), (MAYA, _OPEN.format(names="opened_by", values="'{sam}'")),
        *((who, _OPEN.format(names="opened_by", values=f"'{{{by.handle}}}'"))
          for who, by in ((SAM, SAM), (SAM, DANA), (KAI, KAI), (DANA, DANA))),
        (SAM, _OPEN.format(names="opened_by, claimed_by, claimed_at", values="'{sam}', '{sam}', now()")),
        (SAM, _OPEN.format(names="opened_by, closed_by, closed_at, outcome",
                           values="'{sam}', '{sam}', now(), 'reached-safe'")),
    ),
    "appointment": (
        (SAM, _BOOK.format(whom="{maya}", by="{sam}")), (SAM, _BOOK.format(whom="{leo}", by="{sam}")),
        (MAYA, _BOOK.format(whom="{maya}", by="{maya}")), (BEN, _MOVE),
    ),
    "regimen": (
        (OKAFOR, _PRESCRIBE.format(by="{okafor}")), (OKAFOR, _PRESCRIBE.format(by="{dana}")),
        (DANA, _PRESCRIBE.format(by="{dana}")),
    ),
    "message": (
        (OKAFOR, _ONCE_SAID.format(seq=5, kind="said", author="'{okafor}'")),
        (LEO, _ONCE_SAID.format(seq=6, kind="notice", author="NULL")), (MAYA, _SAM_SAID.replace("9", "8")),
    ),
    "thread": (
        (DANA, _WRITES_WITH.format(by="{dana}", blocked="NULL")),
        (DANA, _WRITES_WITH.format(by="{maya}", blocked="NULL")),
        (MAYA, _WRITES_WITH.format(by="{maya}", blocked="now()")),
    ),
    "coverage": (
        (DANA, _COVER.format(covered="{dana}", covering="{okafor}", by="{dana}", ended="NULL, NULL")),
        (DANA, _COVER.format(covered="{dana}", covering="{okafor}", by="{rosa}", ended="NULL, NULL")),
        (DANA, _COVER.format(covered="{dana}", covering="{okafor}", by="{dana}", ended="'{dana}', now()")),
        (DANA, _COVER.format(covered="{sam}", covering="{ines}", by="{dana}", ended="NULL, NULL")),
        (ROSA, _COVER.format(covered="{sam}", covering="{ines}", by="{rosa}", ended="NULL, NULL")),
        (THEO, "UPDATE coverage SET ended_by = '{rosa}', ended_at = now()"),
    ),
}  # fmt: skip


# Rows without which a condition would have nothing to tell apart: Maya's alert is urgent; a peer has booked for her;
# Okafor has written only one of Leo's two regimens, and one of a stranger's.
PREPARED: Mapping[str, tuple[str, ...]] = {
    # An emergency that lasts; somebody who has left, and somebody who nearly did; a hold that has ended.
    "break_glass": (
        "SET LOCAL session_replication_role = 'replica'",
        "UPDATE break_glass SET ends_at = '2031-01-01' WHERE id = '{glass}'",
        "SET LOCAL session_replication_role = 'origin'",
    ),
    "closure": (
        "DELETE FROM closure WHERE patient_id IN ('{leo}', '{noah}')",
        """
        INSERT INTO closure (id, patient_id, asked_at, due_at, closed_at, keep_until)
        VALUES (gen_random_uuid(), '{noah}', now(), now() + interval '8 days', now(), now())
        """,
        """
        INSERT INTO closure (id, patient_id, asked_at, due_at, taken_back_at)
        VALUES (gen_random_uuid(), '{leo}', now(), now() + interval '8 days', now())
        """,
    ),
    "legal_hold": (
        "INSERT INTO legal_hold VALUES (gen_random_uuid(), '{leo}', NULL, '{theo}', now(), '{theo}', now())",
    ),
    "appointment": (
        "UPDATE appointment SET booked_by = '{sam}' WHERE patient_id = '{maya}' AND staff_id = '{dana}'",
    ),
    # Maya's alert is urgent; Grace was worried about Leo, and was told of nothing.
    "alert": (
        "UPDATE alert SET class = 'p1' WHERE patient_id = '{maya}' AND closed_at IS NULL",
        "UPDATE alert SET opened_by = '{grace}' WHERE patient_id = '{leo}' AND closed_at IS NULL",
    ),
    "thread": (_ONCE,),
    "message": (
        _ONCE, _ONCE_SAID.format(seq=1, kind="said", author="'{okafor}'"),
        _ONCE_SAID.format(seq=2, kind="notice", author="NULL"), _SAM_SAID,
    ),
    "thread_mark": (_ONCE, "INSERT INTO thread_mark VALUES ('{leo}', '{leo}', '{okafor}', '{okafor}', 0, 0)"),
    "regimen": (
        """
        INSERT INTO regimen
        SELECT (jsonb_populate_record(r, jsonb_build_object('id', gen_random_uuid(), 'prescribed_by', '{theo}'))).*
        FROM regimen r WHERE patient_id = '{leo}'
        """,
        "UPDATE regimen SET prescribed_by = '{okafor}' WHERE patient_id = '{noah}'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("table", WALLED)
async def test_each_part_of_each_policy_is_needed(scene: Scene, table: str, whole: bool) -> None:
    """A quarter of them each time; with `--whole` all."""
    rows = await scene.seen.owner(_POLICIES, [table])
    mutants = [mutant for row in rows for mutant in changed(row) if mutant.out not in ALIKE]
    assert mutants
    unseen = []
    async with scene.undone():
        for statement in PREPARED.get(table, ()):
            await scene.seen.owner(_named(scene, statement))
        usual = await signature(scene, table)
        for mutant in mutants[:: 1 if whole else 4]:
            async with scene.seen.undone():
                await scene.seen.owner(mutant.statement)
                if await signature(scene, table) == usual:
                    unseen.append(mutant.out)
    assert unseen == [], "\n".join(unseen)


async def test_every_table_that_has_a_policy_is_tried(scene: Scene) -> None:
    found = await scene.seen.owner("SELECT DISTINCT tablename FROM pg_policies WHERE schemaname = 'public'")
    assert {row[0] for row in found} == set(WALLED)


def test_somebody_stands_in_each_way() -> None:
    assert WHO in CAST
