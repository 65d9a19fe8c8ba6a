"""A key ring in one file that only its user reads: several keys by their ids, of which one wraps from now on."""

import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from app.sealing import private
from app.settings import BadSettings
from db import envelope
from db.keys import KeyLost, StillNeeded, Wrapped

NAME = "ring.json"


class Ring(Struct, frozen=True, forbid_unknown_fields=True):
    """What stands in the file: keys in base64, and the one that blind indexes are made with."""

    current: str
    keys: dict[str, str]
    index: str

    def __repr__(self) -> str:
        """The id only."""
        return f"Ring({self.current})"


class FileRing:
    """The ring of a machine, or of several that share a folder. Another process's rotation is seen at the next use."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._seen: tuple[int, int] | None = None
        self._ring = self._read()

    @classmethod
    def opened(cls, folder: Path, now: datetime) -> "FileRing":
        """The ring in this folder; at the first start it is made there."""
        path = private.folder(folder) / NAME
        if not path.exists():
            first = _new_id(now)
            private.create(path, _encoded(Ring(first, {first: _new_key()}, _new_key())))
        return cls(folder)

    @property
    def index_key(self) -> bytes:
        """What blind indexes are made with."""
        return b64decode(self._read().index)

    async def current(self) -> str:
        """The id of the key that wraps from now on."""
        return self._read().current

    async def wrap(self, plain: bytes, context: Mapping[str, str]) -> Wrapped:
        """Close a key with the current one."""
        ring = self._read()
        return Wrapped(ring.current, envelope.wrap(b64decode(ring.keys[ring.current]), plain, context))

    async def unwrap(self, wrapped: Wrapped, context: Mapping[str, str]) -> bytes:
        """Open it with the one that closed it."""
        key = self._read().keys.get(wrapped.ring_key)
        if key is None:
            raise KeyLost
        return envelope.unwrap(b64decode(key), wrapped.sealed, context)

    async def ids(self) -> list[str]:
        """Every key of the ring, the oldest first."""
        return sorted(self._read().keys)

    async def rotate(self, now: datetime) -> str:
        """A new key that wraps from now on; the others go on to open."""
        ring, new = self._read(), _new_id(now)
        self._write(Ring(new, ring.keys | {new: _new_key()}, ring.index))
        return new

    async def retire(self, ring_key: str) -> None:
        """Throw a key away that nothing is wrapped with any more; whoever calls has seen to that."""
        ring = self._read()
        if ring_key == ring.current or ring_key not in ring.keys:
            raise StillNeeded(f"{ring_key} wraps from now on, or is not in the ring.")
        self._write(Ring(ring.current, {k: v for k, v in ring.keys.items() if k != ring_key}, ring.index))

    def _read(self) -> Ring:
        """The ring as the file has it now, read anew only where the file is another."""
        try:
            found = self._path.stat()
            if self._seen == (found.st_mtime_ns, found.st_ino):
                return self._ring
            private.check(self._path)
            self._ring = msgspec.json.decode(self._path.read_bytes(), type=Ring)
        except OSError as error:
            raise BadSettings(f"{self._path} cannot be read ({error.strerror}). Put the key ring back.") from None
        except msgspec.DecodeError:
            raise BadSettings(f"{self._path} is no key ring. Put the right one back; do not remove it.") from None
        self._seen = (found.st_mtime_ns, found.st_ino)
        return self._ring

    def _write(self, ring: Ring) -> None:
        private.replace(self._path, _encoded(ring))

    def __repr__(self) -> str:
        return f"FileRing({self._path})"


def _encoded(ring: Ring) -> bytes:
    return msgspec.json.format(msgspec.json.encode(ring)) + b"\n"


def _new_id(now: datetime) -> str:
    """Sorts by the time at which it was made."""
    return f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def _new_key() -> str:
    return b64encode(envelope.new_key()).decode()
