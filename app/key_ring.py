"""`python3 -m app keys`: what an operator does with the key ring, as the role that owns the schema."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app import database, stack, unusable
from app.clock import system_clock
from app.sealing import opening, rotation, shredding
from app.settings import Settings
from db import Pool, open_pool
from db.keys import KeyRing, StillNeeded


def run(settings: Settings, verb: str, ring_key: str | None, *, data: bool) -> int:
    """One verb; the exit status. 1 where `check` finds keys that are lost."""
    return asyncio.run(_run(settings, verb, ring_key, data=data))


async def _run(settings: Settings, verb: str, ring_key: str | None, *, data: bool) -> int:
    async with _opened(settings) as (pool, ring):
        match verb:
            case "rotate":
                await (_change_data_keys(pool) if data else _rotate(pool, ring))
            case "retire":
                await retire(pool, ring, ring_key or "")
                print(f"{ring_key} is gone. Let it go from the backups of the key folder as well.")
            case "check":
                return await _check(pool)
            case _:
                await _list(pool, ring)
    return 0


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[Pool, KeyRing]]:
    """A pool as the schema's owner, who alone changes data keys."""
    async with (
        database.opened(settings, stack.secret_of(settings)) as place,
        opening.keys_of(settings, system_clock()) as keys,
    ):
        with unusable.told(place.owner_setting):
            pool = await open_pool(place.owner, size=2, application="cairn keys", keys=keys)
            try:
                yield pool, keys.ring
            finally:
                await pool.close()


async def _rotate(pool: Pool, ring: KeyRing) -> None:
    new = await ring.rotate(system_clock())
    print(f"{new} wraps from now on.", flush=True)
    print(f"{await rotation.rewrap(pool)} data keys are wrapped with it. `keys list` says which keys nobody needs.")


async def _change_data_keys(pool: Pool) -> None:
    print(f"Sealing anew; it is looked once more after {rotation.UNTIL_FORGOTTEN:.0f} seconds …", flush=True)
    done = await rotation.reseal(pool)
    print(f"{done.people} people have a new key, {done.rows} texts are sealed anew, {done.removed} old keys are gone.")


async def retire(pool: Pool, ring: KeyRing, ring_key: str) -> None:
    """Throw a ring key away, once nothing is wrapped with it; raises `StillNeeded`.

    Whatever was wrapped a moment ago with the key before is seen too, since it is another one by then: an unfinished
    transaction is waited for, and what comes after it reads the ring anew.
    """
    if count := await rotation.in_use(pool, ring_key):
        raise StillNeeded(f"{count} data keys are wrapped with {ring_key}: run `python3 -m app keys rotate` first.")
    await ring.retire(ring_key)


async def _check(pool: Pool) -> int:
    found = await shredding.look(pool, system_clock())
    erased = await shredding.erase(pool, system_clock())
    print(f"{found.open} data keys open. {found.shredded} were of people whose secret is gone, and now are too.")
    print(f"{erased} secrets were still to be destroyed, and are now.")
    if found.lost:
        print(f"{found.lost} data keys do NOT open: put back the key folder that belongs to this database.")
    return 1 if found.lost else 0


async def _list(pool: Pool, ring: KeyRing) -> None:
    current = await ring.current()
    for one in await ring.ids():
        count = await rotation.in_use(pool, one)
        state = "wraps from now on" if one == current else "still opens" if count else "nobody needs it: keys retire"
        print(f"{one}  {count} data keys  {state}")
