"""What it takes to enter a visit."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from app.wire import Model
from signaling.messages import Ice


class Booked(Struct, frozen=True):
    """The appointment behind a visit, and who the caller is in it."""

    id: UUID
    patient_id: UUID
    staff_id: UUID
    status: str
    starts_at: datetime
    ends_at: datetime


class Visit(Model, frozen=True):
    """When an appointment takes place; neither with whom nor why."""

    appointment_id: UUID
    starts_at: datetime
    ends_at: datetime


class Visits(Model, frozen=True):
    """What one can go to today, the next first."""

    items: list[Visit]


class Entry(Model, frozen=True):
    """Open `socket` and send `ticket` in the first message, within a minute and once."""

    socket: str
    ticket: str
    expires_at: datetime
    ice: Ice
