"""The one secret of a machine that was given none: made once, kept in a file that only its user can read."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from app.settings import BadSettings
from db import account

SHORTEST = 32
ELSEWHERE = "Set CAIRN_STATE_DIR to a folder that this user may write to."


def words() -> str:
    """A secret of no other kind than that nobody guesses it."""
    return secrets.token_urlsafe(48)


def kept(path: Path, new: Callable[[], str] = words) -> str:
    """The secret in that file; at the first start it is made there. What is no secret is never used as one."""
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                return _create(path, new())
    except OSError as error:
        raise BadSettings(f"{path.parent} cannot be written ({error.strerror}). {ELSEWHERE}") from None
    return _read(path)


def _read(path: Path) -> str:
    try:
        secret = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        secret = ""
    if len(secret) < SHORTEST:
        raise BadSettings(f"{path} cannot be read or holds no secret. Remove it, and the next start makes a new one.")
    return secret


def _create(path: Path, secret: str) -> str:
    half = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:  # noqa: PTH123
        file.write(secret.rstrip() + "\n")
        file.flush()
        os.fsync(file.fileno())  # a power cut after the link would otherwise leave an empty file by that name
    account.leave_to_owner(half)
    try:
        os.link(half, path)  # fails where another start was first, and its secret is the one
    finally:
        half.unlink()
    return secret
