"""The keys that text is sealed with: whether they are here, closed to others, and all that this database needs."""

from typing import Any

from app.clock import system_clock
from app.doctor import storage
from app.doctor.findings import Finding, fail, ok, warn
from app.sealing import file_ring, opening
from app.settings import BadSettings, Settings
from db import unmigrated
from db.keys import KeyLost, KeysUnavailable

PUT_BACK = "Put back the key folder that belongs to this database, and set CAIRN_KEY_DIR to it."


async def keys(settings: Settings) -> Finding:
    """Every ring key with which something in the database is wrapped is in the ring; nothing is made here."""
    try:
        needed = await _needed(settings)
        if settings.key_manager_url is None and not (opening.key_folder(settings) / file_ring.NAME).exists():
            return _no_ring(needed)
        async with opening.ring_of(settings, system_clock()) as ring:
            held = await ring.ids()
    except storage.Unreachable:
        return ok("To be seen once the database answers.")
    except BadSettings as error:
        return fail("The key ring cannot be used.", str(error))
    except (KeysUnavailable, KeyLost):
        return fail(
            "The key manager does not answer, or knows no such key.",
            "See to it: what is known opens for an hour, and nobody new can write.",
        )
    return _judged(settings, needed, held)


def _no_ring(needed: list[str]) -> Finding:
    if needed:
        return fail("The database is sealed and the key ring is not here: nothing in it opens.", PUT_BACK)
    return ok("A key ring is made at the first start.")


def _judged(settings: Settings, needed: list[str], held: list[str]) -> Finding:
    missing = sorted(set(needed) - set(held))
    if missing:
        return fail(f"{len(missing)} ring keys are lost, such as {missing[0]}: what they wrap does not open.", PUT_BACK)
    told = f"{len(held)} in the ring, {len(needed)} in use."
    if settings.database and settings.key_dir is None and settings.key_manager_url is None:
        return warn(
            told,
            "CAIRN_KEY_DIR is not set: they lie in CAIRN_STATE_DIR. See that no backup of the database has them too.",
        )
    return ok(told)


async def _needed(settings: Settings) -> list[str]:
    place = storage.where(settings)
    if place is None:
        return []
    async with storage.connected(place.owner, place.owner_setting) as raw:
        return await _in_use(raw)


async def _in_use(raw: Any) -> list[str]:
    try:
        return [row["ring_key"] for row in await raw.fetch("SELECT ring_key FROM ring_keys_in_use()")]
    except Exception as error:
        if unmigrated(error):
            return []
        raise
