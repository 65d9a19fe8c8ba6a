"""What a patient is told of a row, and which span of time was asked for."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.errors import FieldError, Invalid
from app.trail.models import By, Look, SecurityEvent, Seen

_UNNAMED: Mapping[str, By] = {"clock": "cairn", "feed": "calendar", "console": "server"}
DATE = (
    r"^(ge|gt|le|lt|eq|sa|eb)?([0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2}))?)$"
)
_DATE = re.compile(DATE)
PATIENT = r"^(?:Patient/)?[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
_EXPECTED = "Expected a day or an instant, such as ge2026-03-03."
_DAY, _INSTANT = timedelta(days=1), timedelta(microseconds=1)

Span = tuple[datetime | None, datetime | None]


def look(seen: Seen, patient_id: UUID) -> Look:
    """One row as its patient reads it: who, as what, of which house, and what they did; never what it says of whom."""
    event, by = seen.event, by_whom(seen, patient_id)
    name, house = (seen.name, seen.organisation) if by == "staff" else (None, None)
    purposes = (event.purpose or "").split()
    return Look(event.id, event.at, by, name, event.actor_roles or [], house, event.action, event.category, purposes)


def by_whom(seen: Seen, patient_id: UUID) -> By:
    """Oneself, staff, the program's own clock, whoever has one's calendar address, or nobody whom we know."""
    event = seen.event
    if event.actor_id == patient_id:
        return "you"
    if event.actor_id is not None:
        return "staff"
    return _UNNAMED.get(event.duty, "somebody")


def security_event(seen: Seen) -> SecurityEvent:
    """One row about an account."""
    event = seen.event
    return SecurityEvent(
        event.id, event.at, event.about_id, event.actor_id, seen.name, event.action, event.category, event.detail
    )


def span(dates: Sequence[str]) -> Span:
    """The instants between which something was recorded, from FHIR's prefixes: the first is in it, the last is not.

    A day without a time is a day in UTC, as the instants of the audit are.
    """
    first: datetime | None = None
    last: datetime | None = None
    for one in dates:
        after, before = _bounds(one)
        first = after if first is None or (after is not None and after > first) else first
        last = before if last is None or (before is not None and before < last) else last
    return first, last


def _bounds(text: str) -> Span:
    found = _DATE.fullmatch(text)
    if found is None:
        raise Invalid(FieldError("/date", "invalid", _EXPECTED))
    begins, ends = _told(found[2])
    match found[1] or "eq":
        case "ge":
            return begins, None
        case "gt" | "sa":
            return ends, None
        case "le":
            return None, ends
        case "lt" | "eb":
            return None, begins
        case _:
            return begins, ends


def _told(text: str) -> tuple[datetime, datetime]:
    """The first instant that is meant, and the first that is not meant any more."""
    try:
        begins = datetime.fromisoformat(text)
        begins = begins if begins.tzinfo else begins.replace(tzinfo=UTC)
        return begins, begins + (_DAY if len(text) == 10 else _INSTANT)
    except (ValueError, OverflowError):
        raise Invalid(FieldError("/date", "no-such-day", _EXPECTED)) from None


def patient_of(reference: str | None) -> UUID | None:
    """The id in `Patient/ID`, or in the id alone; None where nobody was named."""
    if reference is None:
        return None
    try:
        return UUID(reference.removeprefix("Patient/"))
    except ValueError:
        raise Invalid(FieldError("/patient", "invalid", "Expected a UUID, or Patient/ and a UUID.")) from None
