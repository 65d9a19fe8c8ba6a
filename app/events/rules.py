"""Where in the stream a client stands, and whether it can go on from there."""

import re
from datetime import UTC, datetime, timedelta

from app.events.models import Place

KEPT = timedelta(days=2)
# A row carries the instant of the request that wrote it, which is a little earlier than that of its commit.
MARGIN = timedelta(hours=1)

_PLACE = re.compile(r"([0-9]{1,19})-([0-9]{1,18})-([0-9]{1,10})")


def place(last_event_id: str) -> Place | None:
    """The place that a client names; None where it is none that we made."""
    found = _PLACE.fullmatch(last_event_id)
    return Place(int(found[1]), int(found[2]), datetime.fromtimestamp(int(found[3]), UTC)) if found else None


def name(place: Place) -> str:
    """The same place as a client keeps it."""
    return f"{place.xid}-{place.seq}-{int(place.at.timestamp())}"


def leads_on(place: Place, first_not_begun: int, now: datetime) -> bool:
    """Whether every row after that place is still there.

    Not so when rows of that age are forgotten, nor when the place is ahead of the database: then it is another one, or
    one that was restored.
    """
    return place.xid <= first_not_begun and now - place.at < KEPT - MARGIN


def settled(place: Place, oldest: int, now: datetime) -> Place:
    """The place once everything below the oldest running transaction was heard; it never goes back."""
    return Place(*max((place.xid, place.seq), (oldest, 0)), now)
