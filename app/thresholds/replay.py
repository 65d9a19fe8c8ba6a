"""What other thresholds would have raised on the check-ins that are there: numbers, and nobody's name."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from app.thresholds import rules
from app.thresholds.models import Answered, Day, Thresholds
from db.reading import Reading

BEFORE = timedelta(days=21)
CLASSES = ("p0", "p1", "p2", "p3")
NAMES = Thresholds.__struct_fields__


class CannotReplay(Exception):
    """What was asked for cannot be replayed; the message says why."""


class Told(Struct, frozen=True):
    """What an answer raised by the thresholds of its day, and what it would raise by others; empty: nothing."""

    then: str
    now: str
    reasons: tuple[str, ...]


class Report(Struct, frozen=True):
    """How many answers were looked at since when, and by class what they raised and would raise."""

    program: str
    since: date
    answers: int
    patients: int
    then: dict[str, int]
    now: dict[str, int]
    more: Counter[str]
    fewer: Counter[str]


class Program(Struct, frozen=True):
    """A program, with its thresholds as they came to hold, the latest first, its own before the default ones."""

    id: UUID
    name: str
    history: list[tuple[datetime, Thresholds]]


def changed(said: Sequence[str]) -> dict[str, int]:
    """`craving-high=6` for each threshold that would be another one."""
    found: dict[str, int] = {}
    for one in said:
        name, _, value = one.partition("=")
        field = name.replace("-", "_")
        if field not in NAMES or not value.isdecimal() or int(value) > 24:
            known = ", ".join(known.replace("_", "-") for known in NAMES)
            raise CannotReplay(f"Expected NAME=NUMBER, such as craving-high=6. Names: {known}.")
        found[field] = int(value)
    return found


async def programs(db: Reading) -> list[Program]:
    """Every program that treats, with its thresholds."""
    found = []
    for row in await db.all("SELECT id, name FROM organisation WHERE kind = 'sud-program' ORDER BY name"):
        held = await db.all(
            """
            SELECT * FROM check_in_threshold WHERE organisation_id = $1 OR organisation_id IS NULL
            ORDER BY organisation_id NULLS LAST, valid_from DESC
            """,
            row["id"],
        )
        history = [(one["valid_from"], Thresholds(**{name: one[name] for name in NAMES})) for one in held]
        found.append(Program(row["id"], row["name"], history))
    return found


async def replayed(db: Reading, program: Program, since: date, changes: Mapping[str, int]) -> Report:
    """All answers of a program from that day on, each with what was known when it came."""
    told, patients, mine, whose = list[Told](), set[UUID](), list[Answered](), UUID(int=0)
    parts = db.in_parts(
        """
        SELECT c.patient_id, c.id, c.day AS date, c.version, c.mood, c.craving, c.wants_to_talk, c.in_danger,
               c.sleep_hours, c.used, c.answered_at, c.received_at
        FROM check_in c JOIN person p ON p.id = c.patient_id
        WHERE p.organisation_id = $1 AND c.day >= $2
        ORDER BY c.patient_id, c.received_at, c.day, c.version
        """,
        program.id,
        since - BEFORE,
    )
    async for rows in parts:
        for row in rows:
            if row["patient_id"] != whose:
                mine, whose = [], row["patient_id"]
            answer = Answered(**{name: row[name] for name in Answered.__struct_fields__})
            if answer.date >= since:
                patients.add(whose)
                told.append(judged(answer, mine, program.history, changes))
            mine.append(answer)
    return report(program.name, since, len(patients), told)


def judged(
    answer: Answered,
    before: Sequence[Answered],
    history: Sequence[tuple[datetime, Thresholds]],
    changes: Mapping[str, int],
) -> Told:
    """An answer by the thresholds of its day, and by those that would be."""
    held = next(thresholds for since, thresholds in history if since <= answer.received_at)
    other = replace(held, **changes)
    recent = list(_days(answer, before))
    then, now = (rules.worry(rules.facts(answer, recent, 0, by), by) for by in (held, other))
    different = set(then.reasons if then else ()) ^ set(now.reasons if now else ())
    return Told(then.alert_class if then else "", now.alert_class if now else "", tuple(sorted(different)))


def _days(answer: Answered, before: Sequence[Answered]) -> Iterator[Day]:
    """The three weeks before it, each day in the version that was known when the answer came."""
    latest = {one.date: one for one in before if answer.date - BEFORE <= one.date < answer.date}
    return (Day(day, one.mood, one.craving) for day, one in sorted(latest.items()))


def report(program: str, since: date, patients: int, told: Sequence[Told]) -> Report:
    """What it comes to. A reason counts as more where it raises what was not raised, or not as urgently."""
    then, now = Counter(one.then for one in told if one.then), Counter(one.now for one in told if one.now)
    more = Counter(reason for one in told if _urgency(one.now) > _urgency(one.then) for reason in one.reasons)
    fewer = Counter(reason for one in told if _urgency(one.now) < _urgency(one.then) for reason in one.reasons)
    return Report(program, since, len(told), patients, dict(then), dict(now), more, fewer)


def _urgency(alert_class: str) -> int:
    return ("", "p3", "p2", "p1", "p0").index(alert_class)


def in_words(one: Report) -> str:
    """The report for a person."""
    lines = [
        f"{one.program}: {one.answers} check-ins of {one.patients} patients since {one.since}",
        "          raised   would raise",
    ]
    lines += [f"  {name.upper()}  {one.then.get(name, 0):8}  {one.now.get(name, 0):12}" for name in CLASSES]
    lines += [f"  more because of {reason}: {count}" for reason, count in one.more.most_common()]
    lines += [f"  fewer because of {reason}: {count}" for reason, count in one.fewer.most_common()]
    return "\n".join([*lines, "Operational, not validated. Milestones are not replayed; alerts that join count each."])
