"""Thresholds as dated rows, an answer as they judge it, and what is known of the days before."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from app.wire import ClientId, Incoming, Instant, Line, Model

Rating = Annotated[int, Meta(ge=0, le=10, description="0 to 10; operational, not a validated scale.")]


Hours = Annotated[int, Meta(ge=0, le=24)]


class Thresholds(Struct, frozen=True):
    """From when on an answer worries a program: one dated row. Operational, not validated."""

    craving_high: int
    craving_above: int
    mood_low: int
    mood_below: int
    median_days: int
    together_craving: int
    together_mood: int
    together_sleep: int
    trend_points: int
    missed_days: int


class Day(Struct, frozen=True):
    """What was rated on a day, in its latest version."""

    day: date
    mood: int
    craving: int


class Answered(Struct, frozen=True):
    """An answer as the thresholds judge it: no words."""

    id: UUID
    date: date
    version: int
    mood: int
    craving: int
    wants_to_talk: bool
    in_danger: bool
    sleep_hours: int | None
    used: list[str] | None
    answered_at: datetime
    received_at: datetime


class Before(Struct, frozen=True):
    """What the days before an answer come to: medians of a fortnight, means of a week and of the fortnight before it.

    Null where too few days are known to say so.
    """

    craving_median: float | None
    mood_median: float | None
    craving_week: float | None
    mood_week: float | None
    craving_fortnight: float | None
    mood_fortnight: float | None


class Facts(Struct, frozen=True):
    """An answer and what is known of the days before: all that decides whether it worries somebody."""

    said: Answered
    before: Before
    days: int


class NewThresholds(Incoming, frozen=True):
    """From when on answers worry a program. No validated cut-off exists: whoever sets them says what they rest on."""

    id: ClientId
    valid_from: Instant
    craving_high: Annotated[int, Meta(ge=1, le=10)]
    craving_above: Annotated[int, Meta(ge=1, le=10, description="So far above one's own median of a fortnight.")]
    mood_low: Annotated[int, Meta(ge=0, le=9)]
    mood_below: Annotated[int, Meta(ge=1, le=10, description="So far below one's own median of a fortnight.")]
    median_days: Annotated[int, Meta(ge=1, le=14, description="So many days must be known for a median.")]
    together_craving: Rating
    together_mood: Rating
    together_sleep: Hours
    trend_points: Annotated[int, Meta(ge=1, le=10)]
    missed_days: Annotated[int, Meta(ge=1, le=14)]
    basis: Line = "operational, not validated"


class KeptThresholds(Model, frozen=True):
    """A dated row of them; the latest that is valid holds."""

    id: UUID
    own: Annotated[bool, Meta(description="The program's own, and not the default.")]
    valid_from: datetime
    craving_high: int
    craving_above: int
    mood_low: int
    mood_below: int
    median_days: int
    together_craving: int
    together_mood: int
    together_sleep: int
    trend_points: int
    missed_days: int
    basis: str


class ThresholdHistory(Model, frozen=True):
    """What holds, held and will hold, the newest first."""

    items: list[KeptThresholds]
