"""When an answer worries somebody, and why.

No validated cut-off exists for single 0 to 10 ratings of craving or mood: thresholds are operational, dated rows of a
program (`db/migrations/0027b_what_is_asked.sql` has the defaults).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import fmean, median

from app.alerts.models import Worry
from app.alerts.rules import is_late
from app.errors import FieldError, Invalid, Refusal
from app.thresholds.models import Answered, Before, Day, Facts, KeptThresholds, NewThresholds, Thresholds

WEEK, FORTNIGHT = timedelta(days=7), timedelta(days=14)
CLOCKS_DIFFER, YEAR = timedelta(minutes=5), timedelta(days=366)
KNOWN_OF_A_WEEK = 4
MILESTONES = (7, 30, 90, 180, 365)
# What the medication for opioid use disorder is about; what somebody would rather not name may be that.
RETURN_TO_USE = {"opioid", "unsaid"}


class NotTheirTime(Refusal):
    """Other thresholds begin to hold at that very moment. Choose another one."""


def check_new(new: NewThresholds, now: datetime) -> None:
    """Thresholds hold from now on or later: what was raised by those of its day stays explained by them."""
    if not now - CLOCKS_DIFFER <= new.valid_from <= now + YEAR:
        raise Invalid(FieldError("/validFrom", "out-of-range", "Expected an instant from now to a year ahead."))


def same(kept: KeptThresholds, new: NewThresholds) -> bool:
    """Whether what was kept under this id is what is asked for now."""
    return all(getattr(kept, name) == getattr(new, name) for name in new.__struct_fields__)


def facts(said: Answered, recent: Sequence[Day], days: int, thresholds: Thresholds) -> Facts:
    """An answer, and what the days before it come to; of the same day an older version says nothing."""
    others = [one for one in recent if one.day != said.date]
    fortnight = [one for one in others if said.date - FORTNIGHT <= one.day < said.date]
    week = [one for one in others if said.date - WEEK < one.day < said.date]
    week.append(Day(said.date, said.mood, said.craving))
    earlier = [one for one in others if said.date - WEEK - FORTNIGHT < one.day <= said.date - WEEK]
    known, comparable = len(fortnight) >= thresholds.median_days, min(len(week), len(earlier)) >= KNOWN_OF_A_WEEK
    before = Before(
        craving_median=median(one.craving for one in fortnight) if known else None,
        mood_median=median(one.mood for one in fortnight) if known else None,
        craving_week=fmean(one.craving for one in week) if comparable else None,
        mood_week=fmean(one.mood for one in week) if comparable else None,
        craving_fortnight=fmean(one.craving for one in earlier) if comparable else None,
        mood_fortnight=fmean(one.mood for one in earlier) if comparable else None,
    )
    return Facts(said, before, days)


def worry(facts: Facts, thresholds: Thresholds, *, sure: bool = True) -> Worry | None:
    """What this answer calls for: a clinician at once, one soon, a peer soon, a look on another day, or nothing.

    An answer that arrives over an hour late is never called "right now": danger becomes a late urgent alert. Where it
    is not `sure` who is there, whoever answers is told so: it may be a stranger with the patient's telephone.
    """
    said, late = facts.said, is_late(facts.said.answered_at, facts.said.received_at)
    known = _known(facts, thresholds)
    if said.in_danger:
        reasons: tuple[str, ...] = ("in-danger",) if sure else ("in-danger", "not-sure-who")
        return Worry("p1" if late else "p0", reasons, late, known)
    soon = tuple(_peer_reasons(facts, thresholds))
    if RETURN_TO_USE & set(said.used or ()):
        return Worry("p1", ("return-to-use", *soon), late, known)
    if soon:
        return Worry("p2", soon, late, known)
    later = tuple(_later_reasons(facts, thresholds))
    return Worry("p3", later, late, known) if later else None


def _peer_reasons(facts: Facts, at: Thresholds) -> list[str]:
    said, before = facts.said, facts.before
    signs = {
        "wants-to-talk": said.wants_to_talk,
        "craving-high": said.craving >= at.craving_high,
        "craving-rising": before.craving_median is not None
        and said.craving - before.craving_median >= at.craving_above,
        "mood-low": said.mood <= at.mood_low,
        "mood-falling": before.mood_median is not None and before.mood_median - said.mood >= at.mood_below,
        "all-at-once": said.sleep_hours is not None
        and said.craving >= at.together_craving
        and said.mood <= at.together_mood
        and said.sleep_hours <= at.together_sleep,
    }
    return [reason for reason, holds in signs.items() if holds]


def _later_reasons(facts: Facts, at: Thresholds) -> list[str]:
    """What can wait for a day: a week that went worse than the fortnight before it, and what deserves a word."""
    before = facts.before
    signs = {
        "craving-worsening": _worse(before.craving_fortnight, before.craving_week, at.trend_points),
        "mood-worsening": _worse(before.mood_week, before.mood_fortnight, at.trend_points),
        "milestone": facts.said.version == 1 and facts.days in MILESTONES,
    }
    return [reason for reason, holds in signs.items() if holds]


def _worse(lower: float | None, higher: float | None, points: int) -> bool:
    return lower is not None and higher is not None and higher - lower >= points


def _known(facts: Facts, at: Thresholds) -> dict[str, float]:
    """The numbers behind a worry, for the sentence that says why it was raised."""
    said, before = facts.said, facts.before
    numbers: dict[str, float | None] = {
        "craving": said.craving, "mood": said.mood, "sleep": said.sleep_hours, "days": facts.days,
        "craving-median": before.craving_median, "mood-median": before.mood_median,
        "craving-week": before.craving_week, "mood-week": before.mood_week,
        "craving-fortnight": before.craving_fortnight, "mood-fortnight": before.mood_fortnight,
        "craving-high": at.craving_high, "mood-low": at.mood_low,
    }  # fmt: skip
    return {name: round(value, 1) for name, value in numbers.items() if value is not None}
