"""What row-level security costs a query: the app's own functions as the app's role, with policies and without.

The tables without policies are copies in a schema that comes first in the search path of a second pool: not a letter
of the SQL differs.
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import date, datetime

from app.checkins import queries
from app.checkins.models import NewCheckIn
from app.clock import system_clock
from app.demo.cast import HARBOR
from db import Pool, connect, new_id, open_pool, person
from tests.bench import Ratio, _database, _machine
from tests.bench._database import Database, Patient
from tests.bench._pairs import Pair, Turn, compared, timed

PATIENTS, TIMES, WARM_UP = 200, 2000, 200
ALLOWED = 0.08


async def measure() -> list[Ratio]:
    """A read of fifty days and a write, each in turns with and without policies."""
    now = system_clock()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(_database.opened())
        _machine.told(database.version, ("asyncpg", "msgspec"))
        patients = await _database.patients(database, PATIENTS, now)
        await _copied(database)
        held, free = await open_pool(database.app, size=1), await open_pool(without_policies(database.app), size=1)
        stack.push_async_callback(held.close)
        stack.push_async_callback(free.close)
        read = await _compared(_reading(held, patients), _reading(free, patients))
        written = await _compared(_writing(held, patients, now), _writing(free, patients, now))
    return [_cost("list of 50", read), _cost("write of a check-in", written)]


def _cost(what: str, pair: Pair) -> Ratio:
    name = f"cost of row-level security, {what}"
    return Ratio(name, pair.first / pair.second - 1, ALLOWED, pair.told, at_most=True)


async def _compared(held: Turn, free: Turn) -> Pair:
    return await compared(held, free, times=TIMES, warm_up=WARM_UP)


def without_policies(dsn: str) -> str:
    """The same database, where `check_in` means the copy."""
    return f"{dsn}&search_path=unguarded,public"


async def _copied(database: Database) -> None:
    """The same rows, indexes, checks and foreign keys; no policies."""
    raw = await connect(database.owner)
    try:
        await raw.execute(
            """
            CREATE SCHEMA unguarded;
            CREATE TABLE unguarded.check_in (LIKE public.check_in INCLUDING ALL);
            ALTER TABLE unguarded.check_in ADD FOREIGN KEY (patient_id) REFERENCES patient;
            INSERT INTO unguarded.check_in SELECT * FROM public.check_in;
            GRANT USAGE ON SCHEMA unguarded TO cairn_app;
            GRANT SELECT, INSERT ON unguarded.check_in TO cairn_app;
            """
        )
    finally:
        await raw.close()
    await _database.settle(database)


def _reading(pool: Pool, patients: Sequence[Patient]) -> Turn:
    async def turn(number: int) -> float:
        patient = patients[number % len(patients)].id
        async with pool.transaction(person(patient)) as db:
            return await timed(queries.history(db, patient, before=date.max, limit=50))

    return turn


def _writing(pool: Pool, patients: Sequence[Patient], now: datetime) -> Turn:
    async def turn(number: int) -> float:
        patient = patients[number % len(patients)].id
        new = NewCheckIn(new_id(now), now.date(), 6, 2, now, note="Slept well, went for a walk.")
        async with pool.transaction(person(patient)) as db:
            return await timed(queries.record(db, patient, HARBOR.id, new, b"sealed before" * 4, now))

    return turn
