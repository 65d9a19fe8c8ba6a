"""The keys that a process may use: a ring that wraps, one secret for each person, and what was unwrapped a moment ago.

A person's data key is wrapped twice, with that person's own secret and with the ring. The ring and the secrets are
kept apart from the database and from its backups: whoever has a dump has neither, and where a person's secret is
destroyed their data key opens no more in any dump, however old.
"""

import hmac
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from db.envelope import DataKey, joined, new_key, unwrap, wrap

KEPT_SECONDS = 60.0
KEPT_THROUGH_OUTAGE = 3600.0
"""How long a known key still opens while the ring does not answer: an alert has to find its phones all the same."""

KEPT_AT_MOST = 4096


class Wrapped(Struct, frozen=True):
    """A key as it may lie in a database, and the ring key that closed it."""

    ring_key: str
    sealed: bytes

    def __repr__(self) -> str:
        """The ring key only."""
        return f"Wrapped({self.ring_key})"


class Shredded(Exception):
    """The key to this was destroyed, and what was written with it is gone with it."""


class KeyLost(Exception):
    """A key is not where keys are kept, though nobody destroyed it: another folder, another ring, a restored one."""


class KeysUnavailable(Exception):
    """Whoever keeps the ring does not answer just now; nothing is lost, and later it may."""


class StillNeeded(Exception):
    """A key of the ring that is not to be taken away; the message says why."""


class NoKeys(Exception):
    """This process was given no keys, so it neither seals nor opens anything: a mistake in how it was started."""


class KeyRing(Protocol):
    """What wraps data keys, with one of several keys of its own. The context has to be the same again to unwrap.

    Raises `KeysUnavailable` where it cannot be asked and `KeyLost` where it does not have the key that is named.
    """

    async def current(self) -> str:
        """The id of the key that wraps from now on."""

    async def ids(self) -> list[str]:
        """Every key that still opens."""

    async def rotate(self, now: datetime) -> str:
        """A new key that wraps from now on; the others go on to open."""

    async def retire(self, ring_key: str) -> None:
        """Throw a key away that nothing is wrapped with; raises `StillNeeded`. Whoever calls has seen to the rest."""

    async def wrap(self, plain: bytes, context: Mapping[str, str]) -> Wrapped:
        """Close a key with the current one."""

    async def unwrap(self, wrapped: Wrapped, context: Mapping[str, str]) -> bytes:
        """Open it with the one that closed it."""


class PersonSecrets(Protocol):
    """One secret for each person, kept where no backup of the database is."""

    async def of(self, person: UUID) -> bytes:
        """This person's; raises `Shredded` where it was destroyed, `KeyLost` where it never was."""

    async def make(self, person: UUID) -> bytes:
        """The same, made where there is none yet; raises `Shredded` where it was destroyed: there is no second one."""

    async def destroy(self, person: UUID) -> None:
        """Never again, for whoever asks. Twice is once."""


class Kept(Struct, frozen=True):
    """A data key as its row holds it; `wrapped` is null where it was destroyed."""

    person_id: UUID
    version: int
    ring_key: str
    wrapped: bytes | None


class _Opened(Struct, frozen=True):
    wrapped: bytes
    key: DataKey
    at: float


class Keys:
    """What unwraps, and a bounded memory of what was unwrapped in the last minute.

    The memory saves the unwrapping and nothing else: whether a key still lives is read from its row each time, so a
    destroyed one opens nothing from the commit on.
    """

    def __init__(
        self, ring: KeyRing, secrets: PersonSecrets, index_key: bytes, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.ring, self.secrets = ring, secrets
        self._index_key, self._clock = index_key, clock
        self._opened: OrderedDict[tuple[UUID, int], _Opened] = OrderedDict()
        self._newest: dict[UUID, int] = {}

    def blind(self, purpose: str, text: str) -> bytes:
        """The same 32 bytes for the same text, by which it is found and from which it is not guessed."""
        return hmac.digest(self._index_key, joined(b"cairn index", purpose.encode(), text.encode()), sha256)

    async def fresh(self, person: UUID, version: int) -> tuple[Kept, DataKey]:
        """A new data key, and how its row is to hold it."""
        key, context = new_key(), context_of(person, version)
        wrapped = await self.ring.wrap(wrap(await self.secrets.make(person), key, context), context)
        return Kept(person, version, wrapped.ring_key, wrapped.sealed), DataKey(person, version, key)

    async def open(self, kept: Kept) -> DataKey:
        """The data key of a row that has just been read; raises `Shredded`, `KeyLost` and `KeysUnavailable`."""
        if kept.wrapped is None:
            raise Shredded
        known = self._opened.get((kept.person_id, kept.version))
        if known is not None and known.wrapped != kept.wrapped:
            known = None
        if known is not None and self._is_younger(known, KEPT_SECONDS):
            return known.key
        try:
            return await self._unwrapped(kept, kept.wrapped)
        except KeysUnavailable:
            if known is None or not self._is_younger(known, KEPT_THROUGH_OUTAGE):
                raise
            return known.key

    async def _unwrapped(self, kept: Kept, wrapped: bytes) -> DataKey:
        context = context_of(kept.person_id, kept.version)
        secret = await self.secrets.of(kept.person_id)
        inner = await self.ring.unwrap(Wrapped(kept.ring_key, wrapped), context)
        key = DataKey(kept.person_id, kept.version, unwrap(secret, inner, context))
        self._remember(wrapped, key)
        return key

    async def rewrapped(self, kept: Kept) -> Kept:
        """The same data key, closed with the ring's current key; the person's secret is not needed for it."""
        if kept.wrapped is None:
            raise Shredded
        context = context_of(kept.person_id, kept.version)
        inner = await self.ring.unwrap(Wrapped(kept.ring_key, kept.wrapped), context)
        wrapped = await self.ring.wrap(inner, context)
        return Kept(kept.person_id, kept.version, wrapped.ring_key, wrapped.sealed)

    def remembered(self, person: UUID, version: int | None = None) -> DataKey | None:
        """A data key that was unwrapped in the last minute: that version, or the newest that is known."""
        version = self._newest.get(person) if version is None else version
        found = None if version is None else self._opened.get((person, version))
        return found.key if found is not None and self._is_younger(found, KEPT_SECONDS) else None

    def writes_with(self, key: DataKey) -> None:
        """This one is the newest of its owner's, as has just been read: for a minute, text is sealed with it unasked.

        Never say so of a key whose row is not committed: what is sealed with it would be lost when that is undone.
        """
        self._newest[key.owner] = key.version

    def forget(self) -> None:
        """Unwrap anew whatever is asked for next."""
        self._opened.clear()
        self._newest.clear()

    def _is_younger(self, opened: _Opened, seconds: float) -> bool:
        return self._clock() - opened.at < seconds

    def _remember(self, wrapped: bytes, key: DataKey) -> None:
        place = key.owner, key.version
        self._opened.pop(place, None)
        self._opened[place] = _Opened(wrapped, key, self._clock())
        if len(self._opened) > KEPT_AT_MOST:
            (person, version), _ = self._opened.popitem(last=False)
            if self._newest.get(person) == version:
                del self._newest[person]


def context_of(person: UUID, version: int) -> dict[str, str]:
    """What a wrapped data key is for; a KMS shows this in its own log, so it says an id and no more."""
    return {"person": person.hex, "version": str(version)}
