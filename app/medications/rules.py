"""Which doses there are, when each is due, and what may be said about one."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.errors import FieldError, Invalid, Refusal
from app.medications.models import Answer, Dose, Made, NewRegimen, Occurrence, Plan, Regimen
from app.walltime import near, resolve

DAY = timedelta(days=1)
AHEAD = timedelta(hours=48)
REFILL_BELOW = timedelta(hours=24)
REMINDER_LASTS = timedelta(hours=2)
NEAR = timedelta(days=366)
LOOK_BACK = timedelta(hours=24)
EARLY = timedelta(hours=12)


class AlreadyAnswered(Refusal):
    """You have answered this one already."""


class NoLongerPlanned(Refusal):
    """This one is no longer in your plan."""


class NotDueYet(Refusal):
    """It is early for this one. You can answer it from twelve hours before it is due."""


def check_new(new: NewRegimen, now: datetime) -> None:
    """Refuse the same time twice, an end before the start, and a start that is not near."""
    if len(set(new.times)) < len(new.times):
        raise Invalid(FieldError("/times", "duplicate", "Expected each time once."))
    if abs(new.starts_on - now.date()) > NEAR:
        raise Invalid(FieldError("/startsOn", "out-of-range", "Expected a day within a year."))
    if new.ends_on is not None and new.ends_on < new.starts_on:
        raise Invalid(FieldError("/endsOn", "out-of-range", "Expected a day not before startsOn."))


def doses(plan: Plan, until: datetime) -> list[Dose]:
    """Every dose due after `made_until` and not after `until`, in order.

    Each wall time has one instant, so periods that follow each other never lose a dose and never name one twice. Where
    the clocks skip a wall time, its dose is due as much later; where they show it twice, at the first of the two.
    """
    zone = ZoneInfo(plan.time_zone)
    first, last = plan.made_until.astimezone(zone).date() - DAY, until.astimezone(zone).date() + DAY
    days = [first + n * DAY for n in range((last - first).days + 1)]
    planned = [day for day in days if plan.starts_on <= day and (plan.ends_on is None or day <= plan.ends_on)]
    slots = [datetime.combine(day, time.fromisoformat(wall)) for day in planned for wall in plan.times]
    found = [Dose(resolve(slot, zone), slot) for slot in slots]
    return sorted(dose for dose in found if plan.made_until < dose.due_at <= until)


def reminded_until(made: Made, now: datetime) -> datetime | None:
    """When the reminder of a dose is of no use any more; None where it is that late already."""
    expires_at = made.due_at + REMINDER_LASTS
    return expires_at if expires_at > now else None


def answers(occurrence: Occurrence, answer: Answer, now: datetime) -> bool:
    """Whether this says something new: the same twice is once.

    Refuses another answer, a dose no longer planned, and one that is more than twelve hours away.
    """
    if occurrence.state == "superseded":
        raise NoLongerPlanned
    if occurrence.state not in ("pending", answer):
        raise AlreadyAnswered
    if occurrence.state == "pending" and now < occurrence.due_at - EARLY:
        raise NotDueYet
    return occurrence.state == "pending"


def same(kept: Regimen, new: NewRegimen, time_zone: str) -> bool:
    """Whether what was kept under this id is what is asked for now."""
    asked = (new.medicine, sorted(new.times), time_zone, new.starts_on, new.ends_on)
    return (kept.medicine, sorted(kept.times), kept.time_zone, kept.starts_on, kept.ends_on) == asked


def until(asked: datetime | None, now: datetime) -> datetime:
    """How far ahead doses are listed: 48 hours unless asked otherwise."""
    return near(asked, "/until", now, NEAR) or now + AHEAD
