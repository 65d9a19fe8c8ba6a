"""What the audit chain costs a transaction, and how fast a million rows of it are checked.

Three ways of writing the same row are taken in turns, each in a transaction of its own: chained when it commits, as it
is; not chained; and put at the end of a chain by the call itself, whose head is then locked for the rest of the
transaction. Checking is held against reading the same rows, and against a loop that does nothing but hash them.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from hashlib import sha256
from statistics import median
from uuid import UUID

from app.clock import system_clock
from app.demo.cast import THEO
from app.trail import chain, verifying
from app.trail.verifying import Kept
from db import Connection, Pool, connect, open_pool, person
from db.reading import Reading, reading
from tests.bench import Ratio, _database, _machine
from tests.bench._database import Database, Patient
from tests.bench._pairs import Turn, compared

PATIENTS, TIMES, WARM_UP = 200, 1500, 150
WRITERS, ROUNDS, EACH = 16, 7, 60
ROWS, PER_MINUTE = 1_000_000, 1_000_000

_CALL = "SELECT {name}('read', 'check-ins', ARRAY[$1::uuid], NULL)"
# The same function over tables beside: one without triggers, and one that locks a head in the call.
_OTHER_WAYS = """
    CREATE TABLE plain_event (LIKE audit_event INCLUDING ALL);
    CREATE TABLE plain_head (LIKE audit_head INCLUDING ALL);
    INSERT INTO plain_head SELECT * FROM audit_head;
    CREATE TABLE plain_link (LIKE audit_link INCLUDING ALL);
    CREATE FUNCTION chained_at_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $f$
    DECLARE event audit_event; kept bytea;
    BEGIN
        event := NEW;
        kept := audit_bytes(event);
        WITH head AS (
            UPDATE plain_head SET seq = seq + 1, hash = sha256(hash || kept) WHERE shard = pg_backend_pid() % 16
            RETURNING shard, seq, hash
        )
        INSERT INTO plain_link (seq, shard, event_id, bytes, hash) SELECT seq, shard, NEW.id, kept, hash FROM head;
        RETURN NULL;
    END $f$;
    CREATE TABLE at_once_event (LIKE audit_event INCLUDING ALL);
    CREATE TRIGGER chained AFTER INSERT ON at_once_event FOR EACH ROW EXECUTE FUNCTION chained_at_once();
"""


async def measure() -> list[Ratio]:
    """Writing first, then a million rows that are checked."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(_database.opened())
        _machine.told(database.version, ("asyncpg", "msgspec"))
        patients = await _database.patients(database, PATIENTS, system_clock())
        await _other_ways(database)
        one, many = await open_pool(database.app, size=1), await open_pool(database.app, size=WRITERS)
        for pool in (one, many):
            stack.push_async_callback(pool.close)
        plain = await compared(
            _writing(one, patients, "audit"), _writing(one, patients, "plain_audit"), times=TIMES, warm_up=WARM_UP
        )
        at_once = await compared(
            _writing(one, patients, "audit"), _writing(one, patients, "at_once_audit"), times=TIMES, warm_up=WARM_UP
        )
        crowd = await _crowds(many, patients)
        await _filled(database, patients, ROWS)
        checked = await _checking(database)
    return [
        Ratio("a transaction with its chained row, against a plain row", plain.second / plain.first, 0.6, plain.told),
        Ratio("the same, against a head locked by the call", at_once.second / at_once.first, 0.8, at_once.told),
        Ratio(
            f"{WRITERS} writers at once, against plain rows", crowd["audit"] / crowd["plain_audit"], 0.5,
            ", ".join(f"{name} {rate:.0f}/s" for name, rate in crowd.items()),
        ),
        *checked,
    ]  # fmt: skip


async def _other_ways(database: Database) -> None:
    """Beside the audit, the same function twice, writing elsewhere."""
    raw = await connect(database.owner)
    try:
        await raw.execute(_OTHER_WAYS)
        source: str = await raw.fetchval("SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = 'audit'")
        for name in ("plain", "at_once"):
            made = source.replace("public.audit(", f"public.{name}_audit(")
            await raw.execute(made.replace("INSERT INTO audit_event", f"INSERT INTO {name}_event"))
            await raw.execute(f"GRANT EXECUTE ON FUNCTION {name}_audit TO cairn_app")
    finally:
        await raw.close()


def _writing(pool: Pool, patients: Sequence[Patient], name: str) -> Turn:
    sql = _CALL.format(name=name)

    async def turn(number: int) -> float:
        return await _written(pool, patients[number % len(patients)].id, sql)

    return turn


async def _written(pool: Pool, patient: UUID, sql: str) -> float:
    """One transaction from its beginning to its commit."""
    started = time.perf_counter()
    async with pool.transaction(person(patient)) as db:
        await db.run(sql, patient)
    return time.perf_counter() - started


async def _crowds(pool: Pool, patients: Sequence[Patient]) -> dict[str, float]:
    """Transactions a second when everybody writes at once, each way in turns."""
    rates: dict[str, list[float]] = {"audit": [], "plain_audit": [], "at_once_audit": []}
    for turn in range(-1, ROUNDS):
        for name, found in rates.items():
            sql = _CALL.format(name=name)
            started = time.perf_counter()
            await asyncio.gather(*(_writes(pool, patients, number, sql) for number in range(WRITERS)))
            if turn >= 0:
                found.append(WRITERS * EACH / (time.perf_counter() - started))
    return {name: median(found) for name, found in rates.items()}


async def _writes(pool: Pool, patients: Sequence[Patient], number: int, sql: str) -> None:
    for turn in range(EACH):
        await _written(pool, patients[(number * EACH + turn) % len(patients)].id, sql)


async def _filled(database: Database, patients: Sequence[Patient], rows: int) -> None:
    """So many rows, by sixteen connections, each call about many patients, all of them chained."""
    ids = [patient.id for patient in patients]
    calls = rows // WRITERS // len(ids)
    pool = await open_pool(database.app, size=WRITERS)

    async def fill(db: Connection) -> None:
        for _ in range(25):
            await db.run("SELECT audit('list', 'identity', $1, NULL)", ids)

    async def writer() -> None:
        for _ in range(calls // 25 + 1):
            async with pool.transaction(person(THEO.id)) as db:
                await fill(db)

    await asyncio.gather(*(writer() for _ in range(WRITERS)))
    await pool.close()
    await _database.settle(database)


async def _checking(database: Database) -> list[Ratio]:
    async with reading(database.owner) as db:
        took = await _seconds_to_read(db)
        hashed, count = await _seconds_to_hash(db)
        started = time.perf_counter()
        report = await verifying.verify(db, Kept())
        checked = time.perf_counter() - started
    if report.faults or report.rows != count:
        raise ArithmeticError(f"{report.rows} of {count} rows were checked: {report.faults[:3]}")
    rate = report.rows / checked * 60
    return [
        Ratio("rows checked in a minute", rate, PER_MINUTE, f"{report.rows:,} rows in {checked:.1f} s"),
        Ratio("checking, against reading the same rows", took / checked, 0.3, f"{took:.1f} s to read"),
        Ratio("checking, against a loop that hashes them", hashed / checked, 0.2, f"{hashed:.1f} s to hash"),
    ]


async def _seconds_to_read(db: Reading) -> float:
    """Fetch what a check fetches, and look at nothing."""
    started = time.perf_counter()
    async for _ in db.in_parts(verifying.ROWS):
        pass
    return time.perf_counter() - started


async def _seconds_to_hash(db: Reading) -> tuple[float, int]:
    """What anybody would write in an afternoon: bytes and hashes alone, one chain after another."""
    started, count = time.perf_counter(), 0
    for shard in range(chain.SHARDS):
        before = chain.genesis(shard)
        async for part in db.in_parts("SELECT bytes, hash FROM audit_link WHERE shard = $1 ORDER BY seq", shard):
            for stored, digest in part:
                before = sha256(before + stored).digest()
                count += before == digest
    return time.perf_counter() - started, count
