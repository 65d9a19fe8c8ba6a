"""Who may enter, and when."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from app.errors import Refusal
from app.visits.models import Booked

OPENS_BEFORE = timedelta(minutes=15)
CLOSES_AFTER = timedelta(minutes=30)
SOON = timedelta(hours=24)
TICKET_LASTS = timedelta(minutes=1)


class TooEarly(Refusal):
    """This visit opens fifteen minutes before it starts."""


class TooLate(Refusal):
    """This visit is over."""


class NotBooked(Refusal):
    """This appointment does not take place any more."""


def enter(booked: Booked, now: datetime) -> None:
    """Refuse a visit that is not booked, not open yet, or over."""
    if booked.status != "booked":
        raise NotBooked
    if now < booked.starts_at - OPENS_BEFORE:
        raise TooEarly
    if now >= booked.ends_at + CLOSES_AFTER:
        raise TooLate


def role(booked: Booked, me: UUID) -> Literal["patient", "staff"]:
    """As what the caller enters."""
    return "patient" if me == booked.patient_id else "staff"
