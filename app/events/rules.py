"""Where in the stream a client stands."""

import re

_PLACE = re.compile(r"^(\d{1,19})-(\d{1,18})$")


def place(last_event_id: str | None) -> tuple[int, int] | None:
    """The transaction and number of the last event heard; None where there is none that we made."""
    found = _PLACE.match(last_event_id or "")
    return (int(found[1]), int(found[2])) if found else None


def name(place: tuple[int, int]) -> str:
    """The same place as a client keeps it."""
    return f"{place[0]}-{place[1]}"
