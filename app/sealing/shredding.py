"""Destroying somebody's keys is deleting what they wrote: here, in every copy, and in every backup that there is.

In the database it holds from the commit on. The secret that lies outside it is destroyed right after, by the clock,
again and again until it is: then the keys in an old dump, restored years later, open nothing either.
"""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from app.sealing import Tampered
from db import CLOCK, Connection, Pool
from db.keys import Kept, KeyLost, NoKeys, Shredded


class Looked(Struct, frozen=True):
    """What every data key came to: it opens; its person was destroyed and it has now been too; it is lost."""

    open: int
    shredded: int
    lost: int


async def destroy(db: Connection, person: UUID, now: datetime) -> None:
    """Nothing that this person wrote opens from the commit on. For the clock, and for nobody to take back."""
    await db.run("SELECT destroy_data_keys($1, $2)", person, now)


async def erase(pool: Pool, now: datetime) -> int:
    """Destroy outside the database what was destroyed in it; how many people that were. Safe to run again."""
    if pool.keys is None:
        raise NoKeys
    async with pool.transaction(CLOCK) as db:
        people = await db.values(UUID, "SELECT to_be_erased()")
    for person in people:
        await pool.keys.secrets.destroy(person)
        async with pool.transaction(CLOCK) as db:
            await db.run("SELECT data_keys_erased($1, $2)", person, now)
    return len(people)


async def look(pool: Pool, now: datetime) -> Looked:
    """Open every data key once. Those of people who were destroyed since this database was a backup go as well."""
    if pool.keys is None:
        raise NoKeys
    counts = dict.fromkeys(Looked.__struct_fields__, 0)
    async with pool.transaction(CLOCK) as db:
        rows = await db.all(
            Kept, "SELECT person_id, version, ring_key, wrapped FROM data_key WHERE wrapped IS NOT NULL"
        )
        for row in rows:
            try:
                await pool.keys.open(row)
                counts["open"] += 1
            except Shredded:
                await destroy(db, row.person_id, now)
                counts["shredded"] += 1
            except (KeyLost, Tampered):
                counts["lost"] += 1
    return Looked(**counts)
