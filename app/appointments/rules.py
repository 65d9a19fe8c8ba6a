"""When somebody has time, what may be booked, and when people are reminded of it."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import accumulate, pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from app.appointments.models import (
    Appointment,
    Block,
    Calendar,
    Kind,
    NewAppointment,
    NewWorkingException,
    NewWorkingHours,
    Reminder,
    Slot,
    Span,
    Status,
)
from app.errors import FieldError, Invalid, Refusal
from app.walltime import exists, near, resolve

LENGTHS: dict[Kind, timedelta] = {
    "counseling": timedelta(minutes=50),
    "medication": timedelta(minutes=20),
    "peer": timedelta(minutes=30),
}
OFFERED_BY: dict[Kind, str] = {"counseling": "counselor", "medication": "prescriber", "peer": "peer"}
ACTIONS: dict[Status, str] = {"cancelled": "cancel", "fulfilled": "complete", "noshow": "no-show"}
DAY = timedelta(days=1)
TEN_MINUTES = timedelta(minutes=10)
LONGEST_LOOK = timedelta(days=31)
USUAL_LOOK = timedelta(days=14)
AHEAD = timedelta(days=366)


class NotOffered(Refusal):
    """This time is not offered. Please choose one of the free times."""


class SlotTaken(Refusal):
    """Somebody else has just taken this time, or there is another appointment then. Please choose another one."""


class NotBooked(Refusal):
    """This appointment does not take place any more."""


class Moved(Refusal):
    """This appointment has been moved to another time. Please look at the new one."""


class NotWithYou(Refusal):
    """This appointment is with somebody else, who says what became of it."""

    status = 403


class NotBegun(Refusal):
    """This appointment has not begun yet."""


class Over(Refusal):
    """The time of this appointment has passed."""


def look(starts_at: datetime | None, ends_at: datetime | None, now: datetime) -> Span:
    """The time in which slots are sought: never the past, two weeks unless asked otherwise, at most 31 days."""
    begin = max(near(starts_at, "/from", now, AHEAD) or now, now)
    end = near(ends_at, "/to", now, AHEAD + LONGEST_LOOK) or begin + USUAL_LOOK
    if not timedelta(0) < end - begin <= LONGEST_LOOK:
        raise Invalid(FieldError("/to", "out-of-range", "Expected at most 31 days after from, and not in the past."))
    return Span(begin, end)


def since(asked: datetime | None, now: datetime) -> datetime:
    """From when on appointments are listed: those that have not ended, unless asked otherwise."""
    return near(asked, "/from", now, 100 * AHEAD) or now


def slots(calendars: Sequence[Calendar], kind: Kind, within: Span, taken: Sequence[Span], now: datetime) -> list[Slot]:
    """Every free time that begins in `within`: the patient's team first, then in order of time.

    `taken` is what the patient has already.
    """
    found = [
        Slot(one.staff_id, one.staff_name, span.starts_at, span.ends_at, one.on_your_team)
        for one in calendars
        for span in free(grid(one, LENGTHS[kind], within), [*one.busy, *taken])
        if span.starts_at > now
    ]
    return sorted(found, key=place)


def place(slot: Slot) -> tuple[bool, datetime, UUID]:
    """Where a slot stands in the list."""
    return not slot.on_your_team, slot.starts_at, slot.staff_id


def bookable(starts_at: datetime, now: datetime) -> bool:
    """Whether this is neither past nor further ahead than anybody plans."""
    return timedelta(0) < starts_at - now <= AHEAD


def offered(calendars: Sequence[Calendar], kind: Kind, starts_at: datetime) -> Span | None:
    """The slot in these working hours that begins then, taken or not; None where none begins then."""
    at_once = Span(starts_at, starts_at + timedelta(microseconds=1))
    found = [span for one in calendars for span in grid(one, LENGTHS[kind], at_once)]
    return found[0] if found else None


def grid(calendar: Calendar, length: timedelta, within: Span) -> list[Span]:
    """The times that working hours offer, in order: each block's from its start on, each as long as `length` really is.

    A wall time that the clocks skip offers nothing, and one that they show twice is the first of the two.
    """
    zone = ZoneInfo(calendar.time_zone)
    first, last = (instant.astimezone(zone).date() for instant in (within.starts_at, within.ends_at))
    days = [first + n * DAY for n in range((last - first).days + 1)]
    spans = [span for day in days for span in _of_day(blocks_on(calendar, day), day, length, zone)]
    return [span for span in spans if within.starts_at <= span.starts_at < within.ends_at]


def blocks_on(calendar: Calendar, day: date) -> list[Block]:
    """The working hours of a day: its exceptions, or else those of its weekday. Once closed, it is closed."""
    special = [e for e in calendar.exceptions if e.day == day]
    if any(e.starts is None for e in special):
        return []
    if special:
        return [Block(day.isoweekday(), e.starts, e.ends) for e in special if e.starts and e.ends]
    return [block for block in calendar.blocks if block.weekday == day.isoweekday()]


def _of_day(blocks: Sequence[Block], day: date, length: timedelta, zone: ZoneInfo) -> list[Span]:
    """The day's slots in order; one that would begin before the last has ended is left out."""
    spans: list[Span] = []
    for span in sorted(span for block in blocks for span in _of_block(block, day, length, zone)):
        if not spans or span.starts_at >= spans[-1].ends_at:
            spans.append(span)
    return spans


def _of_block(block: Block, day: date, length: timedelta, zone: ZoneInfo) -> list[Span]:
    begins, ends = _walls(block, day)
    walls = [begins + n * length for n in range((ends - begins) // length)]
    spans = [Span(resolve(wall, zone), resolve(wall, zone) + length) for wall in walls if exists(wall, zone)]
    return [span for span in spans if span.ends_at <= resolve(ends, zone)]


def _walls(block: Block, day: date) -> tuple[datetime, datetime]:
    """A block's first and last wall time; it ends after it begins, at midnight at the latest."""
    begins, ends = (datetime.combine(day, time.fromisoformat(wall)) for wall in (block.starts, block.ends))
    return begins, ends if ends > begins else datetime.combine(day + DAY, time.min)


def free(spans: Sequence[Span], busy: Sequence[Span]) -> list[Span]:
    """The spans that nothing busy touches."""
    taken = sorted(busy)
    starts = [span.starts_at for span in taken]
    # The latest end of all that began by then: whoever begins earlier may still be there.
    until = list(accumulate((span.ends_at for span in taken), max))

    def touched(span: Span) -> bool:
        begun = bisect_left(starts, span.ends_at)
        return begun > 0 and until[begun - 1] > span.starts_at

    return [span for span in spans if not touched(span)]


def check_hours(new: NewWorkingHours) -> None:
    """Refuse a block that ends before it begins, and two of one day that overlap."""
    for n, block in enumerate(new.blocks):
        _check_order(block.starts, block.ends, f"/blocks/{n}/ends")
    spans = sorted((*_walls(block, date(2001, 1, block.weekday)), n) for n, block in enumerate(new.blocks))
    for (_, ends, _), (begins, _, n) in pairwise(spans):
        if begins < ends:
            raise Invalid(FieldError(f"/blocks/{n}/starts", "overlaps", "Overlaps another block of that day."))


def check_exception(new: NewWorkingException, now: datetime) -> None:
    """Refuse half a block, one that ends before it begins, and a day that is not near."""
    if abs(new.day - now.date()) > AHEAD:
        raise Invalid(FieldError("/day", "out-of-range", "Expected a day within a year."))
    if new.starts and new.ends:
        _check_order(new.starts, new.ends, "/ends")
    elif new.starts or new.ends:
        raise Invalid(FieldError("/ends", "missing", "Expected both starts and ends, or neither."))


def _check_order(starts: str, ends: str, pointer: str) -> None:
    if starts >= ends != "00:00":
        raise Invalid(FieldError(pointer, "out-of-range", "Expected a time after starts; 00:00 is midnight."))


def settles(appointment: Appointment, to: Status, now: datetime) -> bool:
    """Whether this changes anything: the same twice is once. Refuses what cannot become of it any more, or not yet.

    Whether somebody came may have been said by mistake, and is put right at any time.
    """
    if appointment.moved_to is not None:
        raise Moved
    if appointment.status == to:
        return False
    if {appointment.status, to} == {"fulfilled", "noshow"}:
        return True
    if appointment.status != "booked":
        raise NotBooked
    if to == "cancelled" and now >= appointment.ends_at:
        raise Over
    if to != "cancelled" and now < appointment.starts_at:
        raise NotBegun
    return True


def settled(appointment: Appointment, to: Status) -> Appointment:
    """The same appointment with its new status."""
    return msgspec.structs.replace(appointment, status=to)


def check_movable(appointment: Appointment, now: datetime) -> None:
    """Refuse to move what does not take place any more, or is over."""
    if not settles(appointment, "cancelled", now):
        raise NotBooked


def whom(patient_id: UUID | None, me: UUID, *, is_patient: bool) -> UUID:
    """The patient for whom somebody books: oneself, or the one whom staff must name."""
    if patient_id is None and not is_patient:
        raise Invalid(FieldError("/patientId", "missing", "Expected the patient for whom this is."))
    return patient_id or me


def same(kept: Appointment, patient_id: UUID, new: NewAppointment) -> bool:
    """Whether what was kept under this id is what is asked for now."""
    asked = (patient_id, new.staff_id, new.kind, new.starts_at)
    return (kept.patient_id, kept.staff_id, kept.kind, kept.starts_at) == asked


def reminders(appointment: Appointment, now: datetime) -> list[Reminder]:
    """The reminders still to come: the patient's a day, an hour and ten minutes before, the last one for both.

    Each is of use until the next one is due, so that after an outage they do not come all at once. The last is of use
    a little longer: somebody may be late.
    """
    starts_at, patient, staff = appointment.starts_at, appointment.patient_id, appointment.staff_id
    day, hour, ten = (starts_at - before for before in (timedelta(hours=24), timedelta(hours=1), TEN_MINUTES))
    planned = [
        Reminder("24h", (patient,), day, hour),
        Reminder("1h", (patient,), hour, ten),
        Reminder("10m", (patient, staff), ten, starts_at + TEN_MINUTES),
    ]
    return [reminder for reminder in planned if reminder.due_at > now]
