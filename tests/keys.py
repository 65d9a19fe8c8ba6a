"""A key ring and people's secrets that live as long as a test, with the promises of the real ones."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from db import envelope
from db.keys import KeyLost, Keys, KeysUnavailable, Shredded, StillNeeded, Wrapped


class RingOfATest:
    """Keys by their ids in memory; it can be away, and counts how often it was asked to open."""

    def __init__(self) -> None:
        self.keys, self.newest = {"first": b"r" * 32}, "first"
        self.away, self.opened = False, 0

    async def current(self) -> str:
        return self.newest

    async def ids(self) -> list[str]:
        return list(self.keys)

    async def rotate(self, now: datetime) -> str:  # noqa: ARG002 - as the real ones
        self.newest = f"key {len(self.keys) + 1}"
        self.keys[self.newest] = envelope.new_key()
        return self.newest

    async def retire(self, ring_key: str) -> None:
        if ring_key == self.newest:
            raise StillNeeded
        del self.keys[ring_key]

    async def wrap(self, plain: bytes, context: Mapping[str, str]) -> Wrapped:
        if self.away:
            raise KeysUnavailable
        return Wrapped(self.newest, envelope.wrap(self.keys[self.newest], plain, context))

    async def unwrap(self, wrapped: Wrapped, context: Mapping[str, str]) -> bytes:
        if self.away:
            raise KeysUnavailable
        self.opened += 1
        if wrapped.ring_key not in self.keys:
            raise KeyLost
        return envelope.unwrap(self.keys[wrapped.ring_key], wrapped.sealed, context)


class SecretsOfATest:
    """Everybody's secret follows from their id, so that another process of the same test has the same ones."""

    def __init__(self) -> None:
        self.destroyed: set[UUID] = set()
        self.lost: set[UUID] = set()

    async def of(self, person: UUID) -> bytes:
        if person in self.destroyed:
            raise Shredded
        if person in self.lost:
            raise KeyLost
        return sha256(person.bytes).digest()

    async def make(self, person: UUID) -> bytes:
        return await self.of(person)

    async def destroy(self, person: UUID) -> None:
        self.destroyed.add(person)


def some_keys(ring: RingOfATest | None = None, secrets: SecretsOfATest | None = None) -> Keys:
    """The same for every test, in a memory of its own."""
    return Keys(ring or RingOfATest(), secrets or SecretsOfATest(), b"i" * 32)
