"""Which of what the law lets vary soon holds no more."""

from collections.abc import Iterable
from datetime import date, timedelta

from app.legal.models import Lasting

WARNED = timedelta(days=30)


def running_out(found: Iterable[Lasting], today: date) -> list[Lasting]:
    """What holds no more in less than thirty days, or already does not, the first to end first."""
    ending = [(one.ends, one) for one in found if one.ends is not None and one.ends - today < WARNED]
    return [one for _, one in sorted(ending, key=lambda pair: (pair[0], pair[1].name))]


def told(one: Lasting, today: date) -> str:
    """How long it still holds, in a few words."""
    if one.ends is None or one.ends > today:
        return f"{one.name} until {one.ends}"
    return f"{one.name} since {one.ends} no more"
