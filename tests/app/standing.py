"""Somebody of any role in any relation to Maya: Grace, who is nothing to her by herself, is put there as the owner.

Each way says what Grace is to Maya then; those that are over, or have not begun, make her nothing at all.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager

from msgspec import Struct

from app.demo.cast import GRACE, LEO, LINDQVIST, MAYA, NORTHSIDE, SAM
from tests.app.may import STAFF
from tests.app.scene import Scene

WHO = GRACE


class Way(Struct, frozen=True):
    """How somebody comes into a relation: statements of the owner, and what they are then, apart from `program`."""

    statements: tuple[str, ...]
    relations: frozenset[str]


def way(*statements: str, relations: str = "") -> Way:
    """A way from its statements."""
    return Way(statements, frozenset(relations.split()))


_MEMBER = """
    INSERT INTO care_team_member (id, patient_id, staff_id, lead, joined_at, left_at)
    VALUES (gen_random_uuid(), '{maya}', '{who}', {lead}, '2026-01-01', {left})
"""
_COVERAGE = """
    INSERT INTO coverage (id, covered_id, covering_id, during, made_by, made_at, ended_by, ended_at)
    VALUES (gen_random_uuid(), '{sam}', '{who}',
            tstzrange('{now}'::timestamptz + '{since}', '{now}'::timestamptz + '{until}'), '{sam}', '{now}', {ended})
"""
_VISIT = """
    INSERT INTO appointment
        (id, patient_id, staff_id, kind, during, status, booked_by, booked_at, settled_by, settled_at)
    VALUES (gen_random_uuid(), '{maya}', '{who}', 'peer',
            tstzrange('{now}'::timestamptz + '{since}', '{now}'::timestamptz + '{since}' + interval '30 min'),
            '{status}', '{maya}', '{now}', {settled})
"""
_NOT_SETTLED, _SETTLED = "NULL, NULL", "'{maya}', '{now}'"
_TOLD = "INSERT INTO alert_told (alert_id, person_id, step, told_at) VALUES ('{alert}', '{who}', 0, '{now}')"
_CLAIM = "UPDATE alert SET claimed_by = '{who}', claimed_at = '{now}' WHERE id = '{alert}'"
_CLOSED = "UPDATE alert SET closed_by = '{who}', closed_at = '{now}', outcome = 'reached-safe' WHERE id = '{alert}'"
_ELSEWHERE = "UPDATE person SET organisation_id = '{northside}' WHERE id = '{who}'"
_WRITES = "UPDATE {table} SET staff_id = '{who}' WHERE patient_id = '{maya}'"
_ANYHOW = "SET LOCAL session_replication_role = 'replica'"


def _member(lead: str = "false", left: str = "NULL") -> str:
    return _MEMBER.replace("{lead}", lead).replace("{left}", left)


def _coverage(since: str, until: str, ended: str = "NULL, NULL") -> str:
    return _COVERAGE.replace("{since}", since).replace("{until}", until).replace("{ended}", ended)


def _visit(since: str, status: str = "booked") -> str:
    settled = _NOT_SETTLED if status == "booked" else _SETTLED
    return _VISIT.replace("{since}", since).replace("{status}", status).replace("{settled}", settled)


def _said(function: str) -> str:
    """A consent or a reason, as its own part of the schema will know it."""
    return f"""
        CREATE OR REPLACE FUNCTION {function} RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = public, pg_temp ROWS 1 AS $$ SELECT '{{maya}}'::uuid WHERE me() = '{{who}}' $$
    """


WAYS: Mapping[str, Way] = {
    "nothing": way(),
    "team": way(_member(), relations="team"),
    "lead": way(
        "UPDATE care_team_member SET lead = false WHERE patient_id = '{maya}'", _member("true"), relations="team lead"
    ),
    "covering": way(_coverage("-1 hour", "1 hour"), relations="covering"),
    "shared": way(
        _member(), "UPDATE patient SET shares_doses = true WHERE person_id = '{maya}'", relations="team shared"
    ),
    "told": way(_TOLD, relations="told"),
    "claimed": way(_TOLD, _CLAIM, relations="told claimed"),
    "booked": way(_visit("2 days"), relations="booked"),
    "held": way(
        "UPDATE appointment SET staff_id = '{who}' WHERE id = '{appointment}'", relations="held booked"
    ),
    "thread": way(
        _ANYHOW, _member(), "DELETE FROM thread_mark WHERE person_id = '{sam}'",
        *(_WRITES.replace("{table}", one) for one in ("thread", "message", "thread_mark")), relations="team thread",
    ),
    "former": way(_member(left="'2026-02-01'"), relations="former"),
    "consented": way(_said("consented(category text)"), relations="consented"),
    "break-glass": way(_said("broken_glass()"), relations="break-glass"),
    # The last moment of a time, the first after it, and what has not begun.
    "a visit in exactly seven days": way(_visit("7 days"), relations="booked"),
    "a visit in more than seven days": way(_visit("7 days 1 second")),
    "a visit that ended less than a day ago": way(_visit("-24 hours -29 min"), relations="booked"),
    "a visit that ended a day ago": way(_visit("-24 hours -30 min")),
    "a visit that took place": way(_visit("-1 hour", "fulfilled"), relations="booked"),
    "a visit that was cancelled": way(_visit("2 days", "cancelled")),
    "a coverage that begins now": way(_coverage("0", "1 hour"), relations="covering"),
    "a coverage that is to come": way(_coverage("1 second", "1 hour")),
    "a coverage that ends now": way(_coverage("-1 hour", "0"), relations="former"),
    "a coverage that was ended early": way(_coverage("-1 hour", "1 hour", "'{sam}', '{now}'"), relations="former"),
    "a coverage of somebody who has left": way(
        "UPDATE care_team_member SET left_at = '{now}' WHERE staff_id = '{sam}'", _coverage("-1 hour", "1 hour"),
        relations="former",
    ),
    "a visit in a window that does not hold yet": way(
        "INSERT INTO booked_window (holds_from, opens_before, closes_after) VALUES ('2026-04-01', '1 year', '1 year')",
        _visit("30 days"),
    ),
    "former, and on another team": way(
        _member(left="'2026-02-01'"), _member().replace("{maya}", "{leo}"), relations="former"
    ),
    "the lead of before": way(_member("true", "'2026-02-01'"), relations="former"),
    "a switch of before": way(
        _member(left="'2026-02-01'"), "UPDATE patient SET shares_doses = true WHERE person_id = '{maya}'",
        relations="former",
    ),
    "a coverage that was taken back before it began": way(_coverage("1 hour", "2 hours", "'{sam}', '{now}'")),
    "back on the team": way(_member(left="'2026-02-01'"), _member(), relations="team"),
    "an alert that they closed": way(_TOLD, _CLAIM, _CLOSED, relations="told"),
    # Rows that the schema refuses by now, from before it did: nothing of another program is anybody's.
    "a team elsewhere": way(_ANYHOW, _ELSEWHERE, _member()),
    "the lead elsewhere": way(
        _ANYHOW, _ELSEWHERE, "UPDATE care_team_member SET lead = false WHERE patient_id = '{maya}'", _member("true")
    ),
    "a coverage from elsewhere": way(_ANYHOW, _ELSEWHERE, _coverage("-1 hour", "1 hour")),
    "a switch elsewhere": way(
        _ANYHOW, _ELSEWHERE, _member(), "UPDATE patient SET shares_doses = true WHERE person_id = '{maya}'"
    ),
    "a claim from elsewhere": way(_ANYHOW, _ELSEWHERE, _CLAIM),
    "a visit elsewhere": way(_ANYHOW, _ELSEWHERE, _visit("2 days")),
    "a coverage of somebody elsewhere": way(_coverage("-1 hour", "1 hour").replace("{sam}", "{lindqvist}")),
    "a coverage among people elsewhere": way(
        _ANYHOW, _ELSEWHERE, _ELSEWHERE.replace("{who}", "{sam}"), _coverage("-1 hour", "1 hour")
    ),
    "a former team elsewhere": way(_ANYHOW, _ELSEWHERE, _member(left="'2026-02-01'")),
    "a former coverage elsewhere": way(_ANYHOW, _ELSEWHERE, _coverage("-2 hours", "-1 hour")),
}  # fmt: skip
ELSEWHERE = frozenset(name for name, one in WAYS.items() if _ELSEWHERE in one.statements)


class Standing(Struct, frozen=True):
    """A role, and a way to stand to Maya in it."""

    role: str
    way: str

    @property
    def relations(self) -> frozenset[str]:
        """All that Grace is to Maya then."""
        return WAYS[self.way].relations | ({"program"} if self.way not in ELSEWHERE else set())

    def __str__(self) -> str:
        return f"{self.role}, {self.way}"


def standings() -> Iterator[Standing]:
    """Every role in every relation, and at both ends of each time."""
    for role in STAFF:
        for name in WAYS:
            yield Standing(role, name)


@asynccontextmanager
async def stood(scene: Scene, standing: Standing) -> AsyncIterator[None]:
    """For a moment Grace has that role alone, and stands to Maya in that way."""
    places = {p.handle: p.id for p in (MAYA, LEO, SAM, LINDQVIST)} | {
        "who": WHO.id, "alert": scene.maya.alert, "appointment": scene.maya.appointment, "northside": NORTHSIDE.id,
    }  # fmt: skip
    async with scene.undone():
        await scene.seen.owner("DELETE FROM staff_role WHERE person_id = $1", WHO.id)
        await scene.seen.owner("INSERT INTO staff_role VALUES ($1, $2)", WHO.id, standing.role)
        for statement in WAYS[standing.way].statements:
            await scene.seen.owner(statement.format(**places, now=scene.now.isoformat()))
        await scene.seen.owner("SET LOCAL session_replication_role = 'origin'")
        yield
