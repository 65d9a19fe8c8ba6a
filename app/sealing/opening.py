"""The keys of this process, from its settings: a ring and a folder of people's secrets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from app.egress import Egress
from app.sealing.file_ring import FileRing
from app.sealing.folder import SecretsFolder
from app.sealing.transit import TransitRing
from app.settings import BadSettings, Settings
from db import Pool
from db.keys import Keys

Ring = FileRing | TransitRing
ANSWER_SECONDS = 2.0


class KeysMissing(Exception):
    """The database was sealed with keys that are not here; the message names them and what to do."""


def key_folder(settings: Settings) -> Path:
    """Where keys lie: beside the embedded database by default, and anywhere that its backups do not reach."""
    return Path(settings.key_dir) if settings.key_dir else Path(settings.state_dir) / "keys"


@asynccontextmanager
async def ring_of(settings: Settings, now: datetime) -> AsyncIterator[Ring]:
    """The ring of a key manager where one is named, or the one in the folder."""
    if settings.key_manager_url is None:
        yield FileRing.opened(key_folder(settings), now)
        return
    if settings.key_manager_token is None:
        raise BadSettings("CAIRN_KEY_MANAGER_URL needs CAIRN_KEY_MANAGER_TOKEN.")
    host = (urlsplit(settings.key_manager_url).hostname or "").lower()
    egress = Egress(frozenset({host}), loopback=True, inside=True, seconds=ANSWER_SECONDS)
    yield TransitRing(egress, settings.key_manager_url, settings.key_manager_key, settings.key_manager_token)


@asynccontextmanager
async def keys_of(settings: Settings, now: datetime) -> AsyncIterator[Keys]:
    """What this process seals and opens text with, for as long as the block runs."""
    async with ring_of(settings, now) as ring:
        index = ring.index_key if isinstance(ring, FileRing) else await ring.index_key()
        yield Keys(ring, SecretsFolder(key_folder(settings)), index)


async def check(pool: Pool) -> None:
    """Refuse to serve a database that was sealed with keys which this ring does not have: `KeysMissing`."""
    needed = await keys_in_use(pool)
    held = await pool.keys.ring.ids() if pool.keys else []
    missing = sorted(set(needed) - set(held))
    if missing:
        raise KeysMissing(
            f"The database was sealed with {len(missing)} ring keys that are not here, such as {missing[0]}. "
            "Put the key ring back that belongs to it: CAIRN_KEY_DIR names its folder."
        )


async def keys_in_use(pool: Pool) -> list[str]:
    """The ring keys with which some person's data key is wrapped."""
    async with pool.reading() as db:
        return await db.values(str, "SELECT ring_key FROM ring_keys_in_use()")
