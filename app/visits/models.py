"""What it takes to enter a visit."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from app.wire import Model


class Booked(Struct, frozen=True):
    """The appointment behind a visit, and who the caller is in it."""

    id: UUID
    patient_id: UUID
    staff_id: UUID
    status: str
    starts_at: datetime
    ends_at: datetime


class IceServer(Model, frozen=True):
    """A TURN server with credentials that last minutes."""

    urls: list[str]
    username: str
    credential: str


class Ice(Model, frozen=True):
    """Where media may pass. `relay`: through TURN only, so that nobody learns the other's address."""

    servers: list[IceServer]
    ttl: Annotated[int, Meta(description="Seconds for which the credentials are good.")]
    policy: Literal["all", "relay"]


class Entry(Model, frozen=True):
    """Open `socket` and send `ticket` in the first message, within a minute and once."""

    socket: str
    ticket: str
    expires_at: datetime
    ice: Ice
