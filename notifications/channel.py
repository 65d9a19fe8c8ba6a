"""What a way to reach phones is: one promise, and the three answers it may give."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from msgspec import Struct

from notifications.models import AddressKind, ClosedBecause, Lane, Platform


class Push(Struct, frozen=True):
    """One message to one phone. `tag` is the collapse key: of all that carry the same one a screen shows the latest."""

    delivery: UUID
    tag: str
    address_kind: AddressKind
    address: str
    platform: Platform
    line: str
    lane: Lane
    expires_at: datetime
    ttl: timedelta

    def __repr__(self) -> str:
        """The id only: a push token is a secret."""
        return f"Push(delivery={self.delivery})"


class Accepted(Struct, frozen=True, tag=True):
    """The provider took it; that is not yet a phone that rang."""

    provider_id: str


class Transient(Struct, frozen=True, tag=True):
    """Not now. `retry_after`: seconds that the provider asked us to wait."""

    error: str
    retry_after: float | None = None


class Permanent(Struct, frozen=True, tag=True):
    """Never, for this message; with `close`, never for this address."""

    error: str
    close: ClosedBecause | None = None


Outcome = Accepted | Transient | Permanent


class Channel(Protocol):
    """A way to reach phones."""

    async def push(self, push: Push) -> Outcome:
        """Hand one message to the provider. Says what happened and does not raise; may be cancelled at any time."""


Keep = Callable[[str, str, dict[str, Any]], Awaitable[None]]
"""Where a demo puts what has arrived: its address, its name, and what it says."""
