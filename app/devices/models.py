"""What a phone tells about itself."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from app.wire import ClientId, Incoming, Instant, Model, ZoneName


class NewDevice(Incoming, frozen=True):
    """A phone that wants to ring."""

    id: ClientId
    kind: Annotated[Literal["fcm-token", "fcm-fid"], Meta(description="What `token` is.")]
    token: Annotated[str, Meta(min_length=1, max_length=4096, pattern="^[!-~]+$")]
    platform: Literal["android", "ios", "web"]
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

    event: Literal["delivered", "opened", "acted"]
    at: Instant


class Notice(Model, frozen=True):
    """What a push was about, for the app that has been unlocked."""

    delivery_id: UUID
    kind: str
    subject_id: UUID
    stage: str
    due_at: datetime
