"""Who signs anchors: a key of this machine, or the one that was configured, and the file that they go to."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct

from app import own_secret
from app.settings import BadSettings, Settings
from app.trail import anchors


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
