"""What a rotation may be, and its shifts: wall time made into instants, once, at each hand-over."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.errors import FieldError, Invalid
from app.rotations.models import KeptRotation, NewRotation, Rotation, Turn
from app.walltime import resolve
from app.wire import zone as known_zone

DAY = timedelta(days=1)
# What lies between the turn of a wall time's date and the instant that it stands for: zones, and days clocks skip.
SLACK = timedelta(days=3)
AHEAD = timedelta(days=28)
REFILL_BELOW = timedelta(days=27)
NEAR = timedelta(days=366)
SAID = [name for name in NewRotation.__struct_fields__ if name in KeptRotation.__struct_fields__]
Span = tuple[datetime, datetime]


def check_new(new: NewRotation, now: datetime) -> None:
    """It is planned for a zone that there is, and begins with a hand-over to come, within a year."""
    first = _at(new.starts_on, new.hands_over, known_zone(new.time_zone))
    if not now < first < now + NEAR:
        raise Invalid(FieldError("/startsOn", "out-of-range", "Expected a first hand-over to come, within a year."))


def check_members(*, fit: bool) -> None:
    """Everybody works here, as what is wanted."""
    if not fit:
        raise Invalid(FieldError("/members", "cannot-take-turns", "Expected people of this program who do that work."))


def same(kept: KeptRotation, new: NewRotation) -> bool:
    """Whether this was planned before."""
    return all(getattr(kept, name) == getattr(new, name) for name in SAID)


def shifts(rotation: Rotation, since: datetime, until: datetime) -> list[Turn]:
    """The shifts that start in that time, in order; asked for piece by piece they are the same as asked for at once.

    A turn ends at the very instant at which the next begins, so that a night on which the clocks change is an hour
    shorter or longer, and no minute of it is nobody's or two people's. Windows cut a turn, and a hand-over cuts a
    window.
    """
    made = [
        Turn(start, end, staff.staff_id)
        for staff in _turns(rotation, since, until)
        for start, end in _within(rotation, staff)
    ]
    return [one for one in made if since <= one.starts_at < until]


def _turns(rotation: Rotation, since: datetime, until: datetime) -> Iterator[Turn]:
    """Whose turn it is from hand-over to hand-over, of every turn that meets that time."""
    days = 1 if rotation.every == "day" else 7
    zone, first = ZoneInfo(rotation.time_zone), rotation.starts_on
    number = max(0, ((since - SLACK).date() - first).days // days - 1)
    while (opened := first + number * days * DAY) <= (until + SLACK).date():
        start = _at(opened, rotation.hands_over, zone)
        end = _at(opened + days * DAY, rotation.hands_over, zone)
        # A day that a zone has left out is nobody's turn.
        if start < end:
            yield Turn(start, end, rotation.members[number % len(rotation.members)])
        number += 1


def _within(rotation: Rotation, turn: Turn) -> list[Span]:
    """The parts of a turn that lie in a window."""
    if not rotation.windows:
        return [(turn.starts_at, turn.ends_at)]
    cut = [(max(start, turn.starts_at), min(end, turn.ends_at)) for start, end in _windows(rotation, turn)]
    return _joined(sorted((start, end) for start, end in cut if start < end))


def _windows(rotation: Rotation, turn: Turn) -> Iterator[Span]:
    """Every window that may meet a turn."""
    zone, day = ZoneInfo(rotation.time_zone), (turn.starts_at - SLACK).date()
    while day <= (turn.ends_at + SLACK).date():
        for window in rotation.windows:
            if window.weekday == day.isoweekday():
                ends_on = day if window.ends > window.starts else day + DAY
                yield _at(day, window.starts, zone), _at(ends_on, window.ends, zone)
        day += DAY


def _joined(spans: list[Span]) -> list[Span]:
    """The same time in as few spans as there can be."""
    joined: list[Span] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _at(day: date, wall: str, zone: ZoneInfo) -> datetime:
    return resolve(datetime.combine(day, time.fromisoformat(wall)), zone)
