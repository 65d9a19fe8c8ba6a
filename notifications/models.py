"""The words that reaching people is spoken in: what is sent, where to, and how far it has come."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, field


class Kind(StrEnum):
    """What a notification is about; it never leaves the database for a push service."""

    ALERT = "alert"
    APPOINTMENT = "appointment"
    MEDICATION = "medication"
    MESSAGE = "message"
    PRIVACY = "privacy"
    ACCOUNT = "account"


class Lane(StrEnum):
    """Urgent deliveries never wait behind ordinary ones."""

    URGENT = "urgent"
    ORDINARY = "ordinary"

    @property
    def bell(self) -> str:
        """The name that is rung when something was committed to this lane."""
        return f"notifications.{self}"


Post = Literal["email", "sms"]
"""By which way a letter goes."""

LetterKind = Literal["code", "invitation"]
AddressKind = Literal["fcm-token", "fcm-fid"]
Platform = Literal["android", "ios", "web"]
Event = Literal["delivered", "opened", "acted"]
Token = Annotated[str, Meta(min_length=1, max_length=4096, pattern="^[!-~]+$")]
"""Printable ASCII, as Firebase makes it."""


class NewAddress(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a phone can be reached. The phone makes the id once for each sign-in and repeats it; the zone is known.

    What ends the session in which it was registered ends its pushes.
    """

    id: UUID
    kind: AddressKind
    value: Token
    platform: Platform
    time_zone: str
    session_id: UUID | None = None

    def __repr__(self) -> str:
        """The id only: a push token is a secret."""
        return f"NewAddress(id={self.id})"


class Address(Struct, frozen=True):
    """A phone that rings for its owner; its token is not shown again."""

    id: UUID
    kind: AddressKind
    platform: Platform
    time_zone: str
    registered_at: datetime


class Told(Struct, frozen=True):
    """What a push was about, for the phone that unlocked and asks."""

    delivery_id: UUID
    kind: Kind
    subject_id: UUID
    stage: str
    due_at: datetime


class Due(Struct, frozen=True):
    """A notification whose time has come. `reached`: a push of it is queued or was accepted already."""

    id: UUID
    urgent: bool
    expires_at: datetime
    reached: bool


class Route(Struct, frozen=True):
    """A notification and one phone of its person that it has not been planned for yet."""

    notification_id: UUID
    address_id: UUID


class Leased(Struct, frozen=True):
    """A delivery that is ours until the lease ends, with all that a push needs.

    `address` is what `token` was sealed from; None where its key is gone.
    """

    id: UUID
    notification_id: UUID
    person_id: UUID
    subject_id: UUID
    address_id: UUID
    kind: Kind
    language: str
    address_kind: AddressKind
    token: bytes
    token_index: bytes
    platform: Platform
    urgent: bool
    attempt: int
    not_after: datetime
    leased_until: datetime
    address: str | None = None

    def __repr__(self) -> str:
        """The id only: a push token is a secret."""
        return f"Leased(id={self.id})"


class Swept(Struct, frozen=True):
    """A delivery that will not be sent any more."""

    notification_id: UUID
    state: str


ClosedBecause = Literal["unregistered", "sender-mismatch"]


class Settlement(Struct, frozen=True):
    """What becomes of a leased delivery after a push. `close`: why its address is closed, if it is."""

    delivery: Leased
    state: Literal["queued", "sent", "dead", "expired"]
    next_at: datetime | None = None
    provider_id: str | None = None
    error: str | None = None
    close: ClosedBecause | None = None


class Settled(Struct, frozen=True):
    """What one pass did, for metrics.

    Of notifications: `planned`, `unreachable` (no phone is left to ring) and `lapsed` (nobody asked in time). Of
    deliveries: the rest, where `late` came back after their lease had gone to somebody else and changed nothing.
    """

    planned: int = 0
    unreachable: int = 0
    lapsed: int = 0
    sent: int = 0
    retried: int = 0
    dead: int = 0
    dropped: int = 0
    expired: int = 0
    late: int = 0
    errors: dict[str, int] = field(default_factory=dict)
