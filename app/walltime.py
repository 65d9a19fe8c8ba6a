"""Wall time, and the one instant that it stands for: what recurs is kept as wall time in a zone."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from msgspec import Meta

from app.errors import FieldError, Invalid

WallTime = Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", description="A time on the wall, HH:MM.")]


def near(at: datetime | None, pointer: str, now: datetime, within: timedelta) -> datetime | None:
    """What somebody asks for in an address; refuses a time without an offset, and one that is not near.

    A body is decoded strictly; a parameter of an address is not, and a naive time there names no instant.
    """
    if at is not None and (at.utcoffset() is None or abs(at - now) > within):
        raise Invalid(FieldError(pointer, "out-of-range", "Expected an instant with an offset, not far from now."))
    return at


def resolve(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a wall time, RFC 5545 § 3.3.5; nothing else in this program makes one of the other.

    What the clocks skip comes as much later as they skip: 02:30 is 03:30. What they show twice is the first of the two.
    """
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def exists(local: datetime, zone: ZoneInfo) -> bool:
    """Whether the clocks of that zone ever show this wall time; they skip some in spring."""
    return resolve(local, zone).astimezone(zone).replace(tzinfo=None) == local
