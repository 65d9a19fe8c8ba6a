"""A device asks, another one answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from app.wire import Incoming, Model

State = Literal["asked", "approved", "refused", "expired"]
Number = Annotated[str, Meta(pattern="^[0-9]{2}$", min_length=2, max_length=2)]


class Asked(Model, frozen=True):
    """What the new device shows while it waits."""

    id: UUID
    number: Annotated[str, Meta(description="Two digits, to be typed in on the other device.")]
    expires_at: datetime


class Waiting(Model, frozen=True):
    """Somebody who came in as you on another device waits for you. The number is on its screen."""

    id: UUID
    asked_at: datetime
    expires_at: datetime


class Approvals(Model, frozen=True):
    """Everything of yours that waits."""

    items: list[Waiting]


class Answer(Model, frozen=True):
    """What has become of it."""

    id: UUID
    state: State


class Approve(Incoming, frozen=True):
    """The number that the new device shows."""

    number: Number


class Row(Struct, frozen=True):
    """An approval as it is kept."""

    id: UUID
    session_id: UUID
    number: str
    expires_at: datetime
    approved: bool | None
