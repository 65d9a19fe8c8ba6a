"""Files that only their own user reads, written whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path

from app.settings import BadSettings
from db import account

ELSEWHERE = "Set CAIRN_KEY_DIR to a folder that this user may write to, apart from the database and its backups."


def folder(path: Path) -> Path:
    """This folder, made where it is not there; refused where others may look into it."""
    try:
        if not path.exists():
            path.mkdir(parents=True, mode=0o700, exist_ok=True)  # another process may make it just now
            account.leave_to_owner(path)
    except OSError as error:
        raise BadSettings(f"{path} cannot be made ({error.strerror}). {ELSEWHERE}") from None
    check(path)
    return path


def check(path: Path) -> None:
    """Refuse what others than its owner may read or write: keys that others read are nobody's."""
    if path.stat().st_mode & 0o077:
        raise BadSettings(f"{path} holds keys and is open to others. Close it: chmod -R go= {path}")


def create(path: Path, content: bytes) -> bool:
    """Write a file that is not there yet; False where somebody else has written it first, and theirs stays."""
    half = _half(path, content)
    try:
        os.link(half, path)
    except FileExistsError:
        return False
    finally:
        half.unlink()
    _settle(path.parent)
    return True


def replace(path: Path, content: bytes) -> None:
    """Put another content in the place of what is there, in one step."""
    half = _half(path, content)
    half.replace(path)
    _settle(path.parent)


def overwrite(path: Path, length: int) -> None:
    """Write over what lies there, for disks that keep a file where it was."""
    with suppress(FileNotFoundError), path.open("r+b") as file:
        file.write(bytes(length))
        file.flush()
        os.fsync(file.fileno())


def _half(path: Path, content: bytes) -> Path:
    half = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    account.leave_to_owner(half)
    return half


def _settle(path: Path) -> None:
    """A name in a folder is a write of its own, and a power cut would lose it."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
