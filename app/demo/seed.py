"""Put the cast into a database, as its owner. Everything may be run again: what is there stays."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from app.demo import mark
from app.demo.cast import CAST, DANA, HARBOR, HOUSES, MAYA, NELL, OKAFOR, SAM, TEAMS, Person, known
from db import connect, new_id

JOINED = datetime.fromisoformat("2026-01-05T09:00:00-05:00")
WEEK = ((DANA, time(9), time(17)), (OKAFOR, time(8), time(12)), (SAM, time(10), time(18)), (NELL, time(9), time(16)))
# Demo timers are seconds, so that a visitor sees an alert move on; a real program counts in minutes.
DEMO_STEPS = (
    ("p0", 0, 0, "duty-clinicians"), ("p0", 0, 0, "supervisors"), ("p0", 1, 20, "clinicians"),
    ("p0", 2, 40, "program-leads"),
    ("p1", 0, 0, "team-clinicians"), ("p1", 0, 0, "duty-clinicians"), ("p1", 1, 40, "supervisors"),
    ("p2", 0, 0, "assigned-peer"), ("p2", 1, 15, "duty-peers"), ("p2", 2, 45, "team-clinicians"),
    ("p2", 2, 45, "duty-clinicians"),
)  # fmt: skip
# A claim lapses, an unanswered alert repeats, an answered one is brought up again.
DEMO_LIMITS = (("p0", 60, 60, 300), ("p1", 60, 120, 900), ("p2", 120, 120, 3600))
# Mood and craving of the days before today.
MONTH = (
    (3, 6), (4, 6), (3, 6), (4, 5), (4, 6), (5, 5), (4, 5), (5, 4), (5, 5), (4, 6), (5, 5), (5, 4), (6, 4), (5, 4),
    (5, 5), (6, 4), (6, 3), (5, 4), (6, 4), (7, 3), (6, 3), (6, 4), (7, 3),
    (7, 2), (6, 3), (7, 3), (7, 2), (8, 2), (7, 2),
)  # fmt: skip


class Owner(Protocol):
    """A connection as the schema's owner."""

    async def execute(self, query: str, /, *args: object) -> str:
        """Run one statement."""
        ...


async def everything(dsn: str, now: datetime) -> None:
    """All that a demo needs, in one transaction; raises `Misplaced` where the database has real people."""
    raw = await connect(dsn, "cairn demo data")
    try:
        async with raw.transaction():
            await mark.leave(raw, now)
            await people(raw)
            await duty(raw, now - timedelta(hours=1), now + timedelta(days=30))
            await timers(raw)
            await past_days(raw, now)
            await medicine(raw, now)
            await visit_now(raw, now)
    finally:
        await raw.close()


async def people(raw: Owner, cast: Sequence[Person] = CAST) -> None:
    """Organisations, people, roles, teams and the working week."""
    for house in HOUSES:
        await raw.execute(
            "INSERT INTO organisation (id, name, kind, part2, time_zone) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT DO NOTHING",
            house.id, house.name, house.kind, house.kind == "sud-program", house.time_zone,
        )  # fmt: skip
    for person in cast:
        await _person(raw, person)
    for patient, staff, lead in TEAMS:
        await raw.execute(
            "INSERT INTO care_team_member (id, patient_id, staff_id, lead, joined_at) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT DO NOTHING",
            known(f"{staff.handle} for {patient.handle}"), patient.id, staff.id, lead, JOINED,
        )  # fmt: skip
    for staff, starts, ends in WEEK:
        for weekday in range(1, 6):
            await raw.execute(
                "INSERT INTO working_hours (id, staff_id, weekday, starts, ends) VALUES ($1, $2, $3, $4, $5)"
                " ON CONFLICT DO NOTHING",
                known(f"{staff.handle} on {weekday}"), staff.id, weekday, starts, ends,
            )  # fmt: skip


async def _person(raw: Owner, person: Person) -> None:
    await raw.execute(
        "INSERT INTO person (id, organisation_id, kind, name, time_zone, language, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        person.id, person.house.id, "staff" if person.roles else "patient", person.name, person.time_zone,
        person.language, JOINED,
    )  # fmt: skip
    if not person.roles:
        await raw.execute("INSERT INTO patient (person_id) VALUES ($1) ON CONFLICT DO NOTHING", person.id)
    for role in person.roles:
        await raw.execute("INSERT INTO staff_role VALUES ($1, $2) ON CONFLICT DO NOTHING", person.id, role)


async def duty(raw: Owner, since: datetime, until: datetime) -> None:
    """Those of the cast who are on duty stay so; a shift they have ended themselves is not given back."""
    for person in CAST:
        if person.on_duty:
            await raw.execute(
                "INSERT INTO duty_shift (id, staff_id, during) VALUES ($1, $2, tstzrange($3, $4))"
                " ON CONFLICT DO NOTHING",
                new_id(since), person.id, since, until,
            )  # fmt: skip


async def timers(raw: Owner) -> None:
    """Harbor's own plan, in seconds."""
    for name, step, seconds, audience in DEMO_STEPS:
        await raw.execute(
            "INSERT INTO alert_step (organisation_id, class, step, after, audience) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT DO NOTHING",
            HARBOR.id, name, step, timedelta(seconds=seconds), audience,
        )  # fmt: skip
    for name, *limits in DEMO_LIMITS:
        await raw.execute(
            "INSERT INTO alert_limit (organisation_id, class, lapses, repeats, unclosed) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT DO NOTHING",
            HARBOR.id, name, *(timedelta(seconds=float(each)) for each in limits),
        )  # fmt: skip


async def past_days(raw: Owner, now: datetime) -> None:
    """A month of Maya's that slowly gets better, so that there is a trend to look at."""
    today = now.astimezone(ZoneInfo(MAYA.time_zone)).date()
    for back, (mood, craving) in zip(range(len(MONTH), 0, -1), MONTH, strict=True):
        day = today - timedelta(days=back)
        await raw.execute(
            "INSERT INTO check_in"
            " (id, patient_id, day, version, mood, craving, wants_to_talk, answered_at, received_at)"
            " VALUES ($1, $2, $3, 1, $4, $5, false, $6, $6) ON CONFLICT DO NOTHING",
            known(f"check-in {day}"), MAYA.id, day, mood, craving, _at(day, time(8, 30)),
        )  # fmt: skip


async def medicine(raw: Owner, now: datetime) -> None:
    """Maya's regimen, mornings and evenings; the worker makes its doses from now on."""
    await raw.execute(
        "INSERT INTO regimen"
        " (id, patient_id, prescribed_by, medicine, times, time_zone, starts_on, made_until, created_at)"
        " VALUES ($1, $2, $3, 'Buprenorphine-naloxone', $4, $5, $6, $7, $7) ON CONFLICT DO NOTHING",
        known("maya's regimen"), MAYA.id, OKAFOR.id, [time(8), time(20)], MAYA.time_zone,
        now.astimezone(ZoneInfo(MAYA.time_zone)).date(), now,
    )  # fmt: skip


async def visit_now(raw: Owner, now: datetime) -> UUID:
    """A visit of Maya and Dana that can be entered at once."""
    appointment, starts = new_id(now), now.replace(second=0, microsecond=0)
    await raw.execute(
        "INSERT INTO appointment (id, patient_id, staff_id, kind, during, booked_by, booked_at)"
        " VALUES ($1, $2, $3, 'counseling', tstzrange($4, $5), $2, $6) ON CONFLICT DO NOTHING",
        appointment, MAYA.id, DANA.id, starts, starts + timedelta(minutes=50), now,
    )  # fmt: skip
    return appointment


def _at(day: date, wall: time) -> datetime:
    return datetime.combine(day, wall, ZoneInfo(MAYA.time_zone))
