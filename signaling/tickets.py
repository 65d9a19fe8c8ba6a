"""A signed ticket lets one person into one visit, once, for about a minute.

The API that knows who may enter writes it; the signaling process only checks it: they share a key and nothing else.
"""

import base64
import hashlib
import hmac
from datetime import datetime
from heapq import heappop, heappush
from typing import Final, Literal
from uuid import UUID

import msgspec
from msgspec import Struct

LONGEST: Final = 1024
SHORTEST_KEY: Final = 32
_PURPOSE: Final = b"visit.v1 ticket\n"


class Ticket(Struct, frozen=True):
    """Who may enter which visit, as what, and until when (unix seconds); a mirror has no other person in it.

    `session` is where its holder is signed in: a seat lasts no longer. `roll` lets in whoever asks who is there.
    Nothing that is lent on it lasts beyond `closes_at`, when the visit is over.
    """

    id: UUID
    visit: UUID
    person: UUID
    role: Literal["patient", "staff"]
    kind: Literal["visit", "mirror", "roll"]
    expires_at: int
    session: UUID | None = None
    closes_at: int | None = None


class BadTicket(Exception):
    """A ticket is not ours, was changed, is too old or was used before."""


def issue(key: bytes, ticket: Ticket) -> str:
    """The ticket as text that travels in JSON or a header; anyone may read it, nobody may change it."""
    body = _text(msgspec.json.encode(ticket))
    return f"{body}.{_signature(key, body)}"


def read(key: bytes, text: str, now: datetime) -> Ticket:
    """The ticket that we signed, as long as it is good."""
    ticket = _signed(key, text)
    if now.timestamp() >= ticket.expires_at:
        raise BadTicket
    return ticket


class Spent:
    """Remembers the tickets that were used until they expire, so that each opens one socket in this process."""

    def __init__(self) -> None:
        self._ids: set[UUID] = set()
        self._by_expiry: list[tuple[int, UUID]] = []

    def __len__(self) -> int:
        return len(self._ids)

    def spend(self, ticket: Ticket, now: datetime) -> None:
        """Use a ticket; the second time is a BadTicket."""
        self._forget(now)
        if ticket.id in self._ids:
            raise BadTicket
        self._ids.add(ticket.id)
        heappush(self._by_expiry, (ticket.expires_at, ticket.id))

    def _forget(self, now: datetime) -> None:
        while self._by_expiry and self._by_expiry[0][0] <= now.timestamp():
            self._ids.discard(heappop(self._by_expiry)[1])


def _signed(key: bytes, text: str) -> Ticket:
    body, dot, signature = text.partition(".")
    if len(text) > LONGEST or not dot or not text.isascii():
        raise BadTicket
    if not hmac.compare_digest(signature, _signature(key, body)):
        raise BadTicket
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)), type=Ticket)
    except ValueError:
        raise BadTicket from None


def _signature(key: bytes, body: str) -> str:
    if len(key) < SHORTEST_KEY:
        raise ValueError("The key of tickets has fewer than 32 bytes.")
    return _text(hmac.digest(key, _PURPOSE + body.encode(), hashlib.sha256))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
