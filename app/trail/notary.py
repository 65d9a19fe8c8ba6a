"""Who signs anchors: a key of this machine, or the one that was configured, and the file that they go to."""

import os
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct

from app import own_secret
from app.settings import BadSettings, Settings
from app.trail import anchors
from app.trail.models import Anchor, Head
from db.pool import connect

LOCK = 0x6175_6469_74  # "audit": one who signs at a time


class Notary(Struct, frozen=True):
    """The key, and where anchors are kept outside the database."""

    key: Ed25519PrivateKey
    log: Path

    def __repr__(self) -> str:
        """No key."""
        return f"Notary({self.log})"

    @property
    def public_key(self) -> str:
        """What an auditor is told once, by another way than this server."""
        return anchors.public_text(self.key.public_key())


def appointed(settings: Settings) -> Notary:
    """The configured key, or this machine's own, made at the first start."""
    pem = settings.anchor_key or own_secret.kept(key_file(settings), anchors.new_key)
    try:
        return Notary(anchors.read_key(pem), log_file(settings))
    except anchors.NoKey as error:
        where = "CAIRN_ANCHOR_KEY" if settings.anchor_key else str(key_file(settings))
        raise BadSettings(f"{where}: {error}") from None


def key_file(settings: Settings) -> Path:
    """Where a machine that was given no key keeps its own."""
    return Path(settings.state_dir) / "anchor-key.pem"


def log_file(settings: Settings) -> Path:
    """Where anchors go besides the database."""
    return Path(settings.anchor_log or Path(settings.state_dir) / "anchors.jsonl")


def succeed(path: Path, pem: str) -> None:
    """Put a new key in the place of the old one, which is gone with it; at no moment is there none."""
    half = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)


async def hand_on(owner_dsn: str, old: Notary, new: Ed25519PrivateKey, now: datetime) -> list[Anchor]:
    """Anchors in which the old key names the new one and the new one signs for the first time, kept as the owner.

    All anchors there are, for the file. Where none were signed yet, the old key introduces itself before.
    """
    raw = await connect(owner_dsn)
    try:
        async with raw.transaction():
            await raw.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            rows = [Anchor(*one) for one in await raw.fetch(_ANCHORS)]
            made = [] if rows else [anchors.first(old.key, now)]
            last = (rows + made)[-1]
            if anchors.signer_after(last) != anchors.key_id(old.public_key):
                raise BadSettings("The key that is set here is not the one that signed before.")
            made.append(anchors.handed_on(old.key, last, new.public_key(), now))
            heads = [Head(*one) for one in await raw.fetch(_HEADS)]
            made.append(anchors.over(new, made[-1], heads, now))
            await raw.executemany(_KEEP, [tuple(getattr(one, name) for name in _FIELDS) for one in made])
            await raw.execute("SELECT audit_security('rotate', 'keys', NULL, NULL, 'anchor')")
    finally:
        await raw.close()
    return rows + made


_FIELDS = Anchor.__struct_fields__
_ANCHORS = "SELECT number, at, kind, key_id, signed, signature FROM audit_anchor ORDER BY number"
_HEADS = "SELECT shard, seq, hash FROM audit_head ORDER BY shard"
_KEEP = """
    INSERT INTO audit_anchor (number, at, kind, key_id, signed, signature) VALUES ($1, $2, $3, $4, $5, $6)
"""
