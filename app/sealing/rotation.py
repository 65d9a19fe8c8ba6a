"""New keys in place of old ones, while everybody goes on writing and reading.

Runs as the owner of the schema, in batches that each commit: cut off anywhere, the next run goes on. Both keys open
until nothing is left under the old one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from msgspec import Struct

from app.sealing.columns import COLUMNS, Column
from db import CLOCK, Connection, Pool, sealing
from db.envelope import DataKey, Place
from db.keys import KEPT_SECONDS, Kept, Keys, NoKeys

BATCH = 100
UNTIL_FORGOTTEN = KEPT_SECONDS + 30
"""After so many seconds no process seals with a key that was not the newest before, and none that did is unfinished."""


class Sealed(Struct, frozen=True):
    """One row's sealed text."""

    id: UUID
    sealed: bytes


class Resealed(Struct, frozen=True):
    """What changing data keys came to."""

    people: int
    rows: int
    removed: int


async def rewrap(pool: Pool) -> int:
    """Wrap every data key that lives with the ring's current key; how many there were. Rows stay as they are."""
    keys, done = _keys(pool), 0
    while True:
        async with pool.transaction(CLOCK) as db:
            rows = await _under_older(db, await keys.ring.current())
            await _keep(db, await asyncio.gather(*(keys.rewrapped(row) for row in rows)))
        if not rows:
            return done
        done += len(rows)


async def reseal(pool: Pool, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> Resealed:
    """A new data key for everybody, and all that they have written sealed with it; the older keys are gone then.

    Who writes meanwhile may use an older one for a minute more: what they wrote is found after it.
    """
    people = await _people(pool)
    newest = {person: await _next(pool, person) for person in people}
    rows = await _walk(pool, newest)
    await pause(UNTIL_FORGOTTEN)
    rows += await _walk(pool, newest)
    return Resealed(len(newest), rows, await _remove_older(pool))


async def _walk(pool: Pool, newest: dict[UUID, DataKey]) -> int:
    return sum([await _resealed(pool, key, column) for key in newest.values() for column in COLUMNS])


async def _people(pool: Pool) -> list[UUID]:
    async with pool.transaction(CLOCK) as db:
        return await db.values(
            UUID, "SELECT DISTINCT person_id FROM data_key WHERE wrapped IS NOT NULL ORDER BY person_id"
        )


async def _next(pool: Pool, person: UUID) -> DataKey:
    """The person's next data key, committed before anything is sealed with it."""
    async with pool.transaction(CLOCK) as db:
        version = await db.value(int, "SELECT max(version) FROM data_key WHERE person_id = $1", person) or 0
        kept, key = await _keys(pool).fresh(person, version + 1)
        await db.run("SELECT keep_data_key($1, $2, $3, $4)", person, kept.version, kept.wrapped, kept.ring_key)
    return key


async def _resealed(pool: Pool, key: DataKey, column: Column) -> int:
    """Seal anew whatever this person has in this column under an older key; a row that changes meanwhile is newer."""
    done = 0
    while True:
        async with pool.transaction(CLOCK) as db:
            rows = await _older(db, column, key)
            texts = await _opened(db, key.owner, column, rows)
            sealed = [key.seal(_place(column, row.id), text) for row, text in zip(rows, texts, strict=True)]
            await _put(db, column, rows, sealed)
        if not rows:
            return done
        done += len(rows)


async def _older(db: Connection, column: Column, key: DataKey) -> list[Sealed]:
    """The version stands in the bytes, the highest first, so that they compare as numbers do."""
    sql = f"""
        SELECT id, {column.name} AS sealed FROM {column.table}
        WHERE {column.owner} = $1 AND substring({column.name} FROM 2 FOR 4) < $2 ORDER BY id LIMIT $3 FOR UPDATE
        """  # noqa: S608 - names of our own
    return await db.all(Sealed, sql, key.owner, key.version.to_bytes(4), BATCH)


async def _put(db: Connection, column: Column, rows: list[Sealed], sealed: list[bytes]) -> None:
    sql = f"""
        UPDATE {column.table} t SET {column.name} = n.sealed FROM unnest($1::uuid[], $2::bytea[]) AS n (id, sealed)
        WHERE t.id = n.id
        """  # noqa: S608 - names of our own
    await db.run(sql, [row.id for row in rows], sealed)


async def _opened(db: Connection, owner: UUID, column: Column, rows: list[Sealed]) -> list[str]:
    return await sealing.unseal_all(db, [(owner, _place(column, row.id), row.sealed) for row in rows])


def _place(column: Column, row: UUID) -> Place:
    return Place(column.table, column.place, row)


async def _remove_older(pool: Pool) -> int:
    """Take away data keys that nothing is sealed with any more and nobody uses; how many there were."""
    async with pool.transaction(CLOCK) as db:
        rows = await db.all(
            Kept,
            """
            SELECT k.person_id, k.version, k.ring_key, k.wrapped FROM data_key k
            JOIN data_key newer ON newer.person_id = k.person_id AND newer.version = k.version + 1
            WHERE k.wrapped IS NOT NULL
            """,
        )
        unused = [row for row in rows if not [c for c in COLUMNS if await _is_used(db, c, row)]]
        for row in unused:
            await db.run("DELETE FROM data_key WHERE person_id = $1 AND version = $2", row.person_id, row.version)
    return len(unused)


async def _is_used(db: Connection, column: Column, key: Kept) -> bool:
    sql = f"""
        SELECT EXISTS (SELECT FROM {column.table}
                       WHERE {column.owner} = $1 AND substring({column.name} FROM 2 FOR 4) = $2)
        """  # noqa: S608 - names of our own
    return bool(await db.value(bool, sql, key.person_id, key.version.to_bytes(4)))


async def _under_older(db: Connection, current: str) -> list[Kept]:
    return await db.all(
        Kept,
        """
        SELECT person_id, version, ring_key, wrapped FROM data_key
        WHERE wrapped IS NOT NULL AND ring_key <> $1 ORDER BY person_id, version LIMIT $2 FOR UPDATE
        """,
        current,
        BATCH,
    )


async def _keep(db: Connection, rows: list[Kept]) -> None:
    await db.run(
        """
        UPDATE data_key k SET wrapped = n.wrapped, ring_key = n.ring_key
        FROM unnest($1::uuid[], $2::int[], $3::bytea[], $4::text[]) AS n (person_id, version, wrapped, ring_key)
        WHERE k.person_id = n.person_id AND k.version = n.version
        """,
        [row.person_id for row in rows],
        [row.version for row in rows],
        [row.wrapped for row in rows],
        [row.ring_key for row in rows],
    )


async def in_use(pool: Pool, ring_key: str) -> int:
    """How many data keys are wrapped with this key of the ring, whoever is writing one just now having finished."""
    async with pool.transaction(CLOCK) as db:
        await db.run("LOCK TABLE data_key IN SHARE MODE")
        return (
            await db.value(int, "SELECT count(*) FROM data_key WHERE ring_key = $1 AND wrapped IS NOT NULL", ring_key)
            or 0
        )


def _keys(pool: Pool) -> Keys:
    if pool.keys is None:
        raise NoKeys
    return pool.keys
