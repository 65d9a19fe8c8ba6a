"""Zones whose clocks change, and when: found by walking through a year, without the arithmetic that is under test."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

# A year in which each zone's clocks went forward and back; the steps are 30, 60 and 120 minutes and a whole day.
YEARS = {
    "America/New_York": 2026,
    "America/Los_Angeles": 2026,
    "America/Sao_Paulo": 2018,  # at midnight
    "America/Santiago": 2024,  # at midnight
    "America/Havana": 2026,  # at midnight
    "Europe/Berlin": 2026,
    "Europe/Dublin": 2026,  # winter is the exception there
    "Africa/Cairo": 2024,  # at midnight
    "Africa/Casablanca": 2024,  # back for Ramadan
    "Asia/Kolkata": 1942,
    "Australia/Sydney": 2026,
    "Australia/Lord_Howe": 2026,  # half an hour
    "Antarctica/Troll": 2026,  # two hours
    "Pacific/Apia": 2011,  # and a day that did not happen
}
# Clocks that only ever went forward, by a quarter of an hour, and clocks that stand still.
ONE_WAY = {"Asia/Kathmandu": 1985, "Asia/Tokyo": 2026}


class Edge(Struct, frozen=True):
    """The instant at which a zone's clocks jump from one wall time to another."""

    zone: str
    at: datetime
    before: timedelta
    after: timedelta

    @property
    def skips(self) -> bool:
        return self.after > self.before

    def __str__(self) -> str:
        return f"{self.zone} {'forward' if self.skips else 'back'} {self.at:%Y-%m-%d}"

    @property
    def middle(self) -> datetime:
        """A wall time in the middle of what is skipped or shown twice."""
        return (self.at + (self.before + self.after) / 2).replace(tzinfo=None)


def offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def edges_of(name: str, year: int) -> Iterator[Edge]:
    """Every jump of that year."""
    zone = ZoneInfo(name)
    hour = datetime(year, 1, 1, tzinfo=UTC)
    while hour.year == year:
        if offset(zone, hour - HOUR) != offset(zone, hour):
            at = next(m for n in range(61) if offset(zone, m := hour - HOUR + n * MINUTE) != offset(zone, hour - HOUR))
            yield Edge(name, at, offset(zone, at - MINUTE), offset(zone, at))
        hour += HOUR


EDGES = [edge for name, year in (YEARS | ONE_WAY).items() for edge in edges_of(name, year)]


def shown(zone: str, at: datetime) -> datetime:
    """What the clocks show at that instant."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
