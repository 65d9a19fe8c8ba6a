"""Double booking made impossible in storage: what that costs an insert, and how 200 who want one slot fare."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from statistics import median
from uuid import UUID

from app.appointments import queries
from app.appointments.models import Booking, Span
from app.clock import system_clock
from app.demo.cast import DANA, OKAFOR, ROSA, SAM, THEO
from db import Pool, connect, new_id, open_pool, person
from tests.bench import Ratio, _database, _machine
from tests.bench._database import Database, Patient
from tests.bench._pairs import Pair, Turn, compared, timed

PATIENTS, TIMES, WARM_UP = 200, 2000, 200
STAFF = (DANA.id, SAM.id, OKAFOR.id, ROSA.id, THEO.id)
ATTEMPTS, POOL, RUSHES = 200, 16, 9
LENGTH = timedelta(minutes=50)


SCHEMAS = ("public", "unconstrained")


class NotTheSame(Exception):
    """The two tables did not get the same bookings, so comparing them would say nothing."""


async def measure() -> list[Ratio]:
    """Inserts in turns with and without the exclusion constraints, then rushes on one slot each."""
    now = system_clock()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(_database.opened())
        _machine.told(database.version, ("asyncpg", "msgspec"))
        patients = await _database.patients(database, PATIENTS, now)
        await _copied(database)
        one, free = await open_pool(database.app, size=1), await open_pool(_unconstrained(database.app), size=1)
        many = await open_pool(database.app, size=POOL)
        for pool in (one, free, many):
            stack.push_async_callback(pool.close)
        inserts = await compared(_inserting(one, patients, now), _inserting(free, patients, now),
                                 times=TIMES, warm_up=WARM_UP)  # fmt: skip
        await _kept(database)
        rushes = [await _rush(many, patients, now + timedelta(days=900 + day), now) for day in range(RUSHES)]
    return [_insert(inserts), *_rushed(rushes)]


def _insert(pair: Pair) -> Ratio:
    return Ratio("booking with exclusion constraints against none", pair.second / pair.first, 0.6, pair.told)


def _rushed(rushes: Sequence[tuple[float, Counter[str]]]) -> list[Ratio]:
    """The first rush opens connections and prepares statements; the others are warm."""
    outcomes = [outcome for _, outcome in rushes]
    warm = [seconds * 1000 for seconds, _ in rushes[1:]]
    failed = sum(n for outcome in outcomes for name, n in outcome.items() if name not in ("won", "lost"))
    winners = max(abs(outcome["won"] - 1) for outcome in outcomes)
    detail = f"{len(rushes)} rushes of {ATTEMPTS} attempts, pool of {POOL}"
    told = f"the fastest warm rush; the middle one {median(warm):.0f}"
    return [
        Ratio("one slot: how far from one winner, at worst", winners, 0, detail, at_most=True),
        Ratio("one slot: exceptions", failed, 0, detail, at_most=True),
        Ratio("one slot: milliseconds until all have their answer", min(warm), 100, told, at_most=True),
    ]


async def _rush(pool: Pool, patients: Sequence[Patient], starts: datetime, now: datetime) -> tuple[float, Counter[str]]:
    """Everybody wants the same member of staff at the same instant, each in a transaction of their own."""

    async def attempt(number: int) -> str:
        patient = patients[number % len(patients)].id
        async with pool.transaction(person(patient)) as db:
            kept = await queries.book(db, _booking(patient, DANA.id, starts, now), patient, now)
        return "won" if kept else "lost"

    async def everybody() -> None:
        found = await asyncio.gather(*map(attempt, range(ATTEMPTS)), return_exceptions=True)
        outcome.update(type(one).__name__ if isinstance(one, BaseException) else one for one in found)

    outcome: Counter[str] = Counter()
    return await timed(everybody()), outcome


def _inserting(pool: Pool, patients: Sequence[Patient], now: datetime) -> Turn:
    """Every turn another free slot: staff, patients and hours go round."""

    async def turn(number: int) -> float:
        patient, staff = patients[number % len(patients)].id, STAFF[number % len(STAFF)]
        booking = _booking(patient, staff, now + timedelta(hours=number), now)
        async with pool.transaction(person(patient)) as db:
            return await timed(queries.book(db, booking, patient, now))

    return turn


def _booking(patient: UUID, staff: UUID, starts: datetime, now: datetime) -> Booking:
    return Booking(new_id(now), patient, staff, "counseling", Span(starts, starts + LENGTH))


def _unconstrained(dsn: str) -> str:
    """The same database, where `appointment` means the copy."""
    return f"{dsn}&search_path=unconstrained,public"


async def _copied(database: Database) -> None:
    """The same table with the same policies, but without the constraints that exclude."""
    raw = await connect(database.owner)
    try:
        await raw.execute(
            """
            CREATE SCHEMA unconstrained;
            CREATE TABLE unconstrained.appointment (LIKE public.appointment INCLUDING ALL);
            GRANT USAGE ON SCHEMA unconstrained TO cairn_app;
            GRANT SELECT, INSERT ON unconstrained.appointment TO cairn_app;
            ALTER TABLE unconstrained.appointment
                ADD FOREIGN KEY (patient_id) REFERENCES patient, ADD FOREIGN KEY (staff_id) REFERENCES person;
            CREATE CONSTRAINT TRIGGER appointment_one_program AFTER INSERT OR UPDATE OF patient_id, staff_id
                ON unconstrained.appointment FOR EACH ROW EXECUTE FUNCTION of_one_program();
            ALTER TABLE unconstrained.appointment ENABLE ROW LEVEL SECURITY;
            """
        )
        for statement in await raw.fetch(_DROPPED_AND_GUARDED):
            await raw.execute(statement[0])
    finally:
        await raw.close()


_DROPPED_AND_GUARDED = """
    SELECT format('ALTER TABLE unconstrained.appointment DROP CONSTRAINT %I', conname)
    FROM pg_constraint WHERE conrelid = 'unconstrained.appointment'::regclass AND contype = 'x'
    UNION ALL
    SELECT format('CREATE POLICY %I ON unconstrained.appointment FOR %s%s%s', policyname, cmd,
                  ' USING (' || qual || ')', ' WITH CHECK (' || with_check || ')')
    FROM pg_policies WHERE schemaname = 'public' AND tablename = 'appointment'
"""


async def _kept(database: Database) -> None:
    """Both tables hold every booking, and only one of them would have refused a second."""
    raw = await connect(database.owner)
    try:
        counts = [await raw.fetchval(f"SELECT count(*) FROM {schema}.appointment") for schema in SCHEMAS]  # noqa: S608
        excluding = "SELECT count(*) FROM pg_constraint WHERE contype = 'x' AND conrelid = $1::text::regclass"
        constraints = [await raw.fetchval(excluding, f"{schema}.appointment") for schema in SCHEMAS]
    finally:
        await raw.close()
    if counts != [TIMES + WARM_UP] * 2 or constraints != [2, 0]:
        raise NotTheSame(f"bookings are {counts}, constraints {constraints}")
