"""Shifts as they come in and go out."""

from datetime import datetime
from uuid import UUID

from app.wire import ClientId, Incoming, Instant, Model


class NewDutyShift(Incoming, frozen=True):
    """When one is there to answer."""

    id: ClientId
    starts_at: Instant
    ends_at: Instant


class DutyShift(Model, frozen=True):
    """A time during which somebody answers alerts."""

    id: UUID
    staff_id: UUID
    starts_at: datetime
    ends_at: datetime


class DutyShifts(Model, frozen=True):
    """One's own shifts that have not ended."""

    items: list[DutyShift]
