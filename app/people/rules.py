"""What follows from where and when a person is."""

from datetime import date, datetime
from zoneinfo import ZoneInfo


def today(time_zone: str, now: datetime) -> date:
    """The date on that person's calendar."""
    return now.astimezone(ZoneInfo(time_zone)).date()
