"""What a phone tells about itself."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from app.wire import ClientId, Incoming, Instant, Model, ZoneName
from notifications.models import AddressKind, Event, Platform, Token


class NewDevice(Incoming, frozen=True):
    """A phone that wants to ring."""

    id: ClientId
    kind: Annotated[AddressKind, Meta(description="What `token` is.")]
    token: Token
    platform: Platform
    time_zone: ZoneName


class Device(Model, frozen=True):
    """A phone that rings; its token is never shown again."""

    id: UUID
    kind: str
    platform: str
    time_zone: str
    registered_at: datetime


class Devices(Model, frozen=True):
    """One's own phones."""

    items: list[Device]


class NewReceipt(Incoming, frozen=True):
    """What became of a push, told by the phone."""

    event: Event
    at: Instant


class Notice(Model, frozen=True):
    """What a push was about, for the app that has been unlocked."""

    delivery_id: UUID
    kind: str
    subject_id: UUID
    stage: str
    due_at: datetime
