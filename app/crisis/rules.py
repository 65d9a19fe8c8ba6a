"""In which language somebody reads the card."""

import re

from app.wire import Language

_WISH = re.compile(r"^\s*(en|es)\b[^;]*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?$", re.IGNORECASE)


def preferred(accept_language: str) -> Language:
    """Of the languages that we have, the one that an Accept-Language header likes best; English where it names none."""
    wishes = [found for part in accept_language.split(",") if (found := _WISH.match(part)) and _weight(found) > 0]
    best = max(wishes, key=_weight, default=None)
    return "es" if best and best[1].lower() == "es" else "en"


def _weight(wish: re.Match[str]) -> float:
    return float(wish[2] or 1)
