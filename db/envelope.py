"""How text is closed so that only its place opens it. Pure, and the only door to the cipher: AES-256-GCM.

What is stored is one byte for the format, four for the version of the owner's data key, twelve that never repeat (the
nonce), then the text and its tag. The place is no part of it but has to be said again to open it: bytes that are moved
to another row, another column or another person open nothing.
"""

import secrets
from collections.abc import Mapping
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

FORMAT = 1
KEY_BYTES = 32
_NONCE = 12
HEAD = 5
_TAG = 16
_BODY = HEAD + _NONCE
_SHORTEST = _BODY + _TAG


class Place(Struct, frozen=True):
    """Where a sealed text stands: its table, its column and its row."""

    table: str
    column: str
    row: UUID


class Tampered(Exception):
    """The bytes are not what was sealed here: changed, cut, moved from another place, or closed with another key."""


class DataKey:
    """One person's key in one version, unwrapped. It says neither itself nor its owner when it is printed."""

    __slots__ = ("_bound", "_cipher", "_head", "owner", "version")

    def __init__(self, owner: UUID, version: int, key: bytes) -> None:
        self.owner, self.version, self._cipher = owner, version, AESGCM(key)
        self._head = bytes([FORMAT]) + version.to_bytes(4)
        # What is said of every row of a column is put together once.
        self._bound: dict[tuple[str, str], tuple[bytes, bytes]] = {}

    def seal(self, place: Place, text: str) -> bytes:
        """The text, closed at its place."""
        nonce = secrets.token_bytes(_NONCE)
        return self._head + nonce + self._cipher.encrypt(nonce, text.encode(), self._bound_to(place))

    def unseal(self, place: Place, sealed: bytes) -> str:
        """The text that was sealed at this place with this key; raises `Tampered`."""
        if sealed[:HEAD] != self._head or len(sealed) < _SHORTEST:
            raise Tampered
        try:
            return self._cipher.decrypt(sealed[HEAD:_BODY], sealed[_BODY:], self._bound_to(place)).decode()
        except InvalidTag:
            raise Tampered from None

    def _bound_to(self, place: Place) -> bytes:
        before, after = self._bound.get((place.table, place.column)) or self._around(place.table, place.column)
        return before + place.row.bytes + after

    def _around(self, table: str, column: str) -> tuple[bytes, bytes]:
        """What is bound before a row's id and after it, each part after its length."""
        before = joined(b"cairn sealed", bytes([FORMAT]), table.encode(), column.encode()) + (16).to_bytes(4)
        around = before, joined(self.owner.bytes, self.version.to_bytes(4))
        self._bound[table, column] = around
        return around

    def __repr__(self) -> str:
        return "DataKey(…)"


def version_of(sealed: bytes) -> int:
    """Which version of its owner's data key closed this; raises `Tampered` where it is nothing that we sealed."""
    if len(sealed) < _SHORTEST or sealed[0] != FORMAT:
        raise Tampered
    return int.from_bytes(sealed[1:HEAD])


def joined(*parts: bytes) -> bytes:
    """Parts as one, each after its length, so that no two lists of parts come to the same."""
    return b"".join(len(part).to_bytes(4) + part for part in parts)


def new_key() -> bytes:
    """A fresh key."""
    return AESGCM.generate_key(KEY_BYTES * 8)


def wrap(key: bytes, plain: bytes, context: Mapping[str, str]) -> bytes:
    """A key closed with another key, for one purpose: the context has to be said again to open it."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, _said(context))


def unwrap(key: bytes, wrapped: bytes, context: Mapping[str, str]) -> bytes:
    """The key that was wrapped for this context; raises `Tampered`."""
    try:
        return AESGCM(key).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], _said(context))
    except (InvalidTag, ValueError):
        raise Tampered from None


def _said(context: Mapping[str, str]) -> bytes:
    return joined(b"cairn wrapped", *(part.encode() for pair in sorted(context.items()) for part in pair))
