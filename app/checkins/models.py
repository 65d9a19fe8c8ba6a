"""What a patient tells us, what is kept, and what they hear back."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, field

from app.crisis.models import CrisisCard
from app.disclosures.models import Disclosed, DisclosedPage
from app.questions.models import Asked, Slug
from app.thresholds.models import Day, Hours, Rating, Thresholds
from app.wire import ClientId, Incoming, Instant, Model, Prose

Substance = Literal["opioid", "alcohol", "stimulant", "benzodiazepine", "cannabis", "tobacco", "other", "unsaid"]
MedicationTaken = Literal["yes", "no", "none-due"]


class NewCheckIn(Incoming, frozen=True):
    """What a patient tells us today. Which of it a program asks, and what it needs, `getCheckInForm` tells."""

    id: ClientId
    date: Annotated[date, Meta(description="The patient's own date.")]
    mood: Rating
    craving: Rating
    answered_at: Instant
    wants_to_talk: bool = False
    in_danger: Annotated[bool, Meta(description='"I may overdose or hurt myself": a clinician is told at once.')] = (
        False
    )
    sleep_hours: Hours | None = None
    triggers: Annotated[list[Slug], Meta(max_length=20, description="Of the choices of the program.")] = field(
        default_factory=list
    )
    used: Annotated[
        list[Substance] | None,
        Meta(description="What was used since the last check-in; empty: nothing; null: not said."),
    ] = None
    medication_taken: MedicationTaken | None = None
    note: Prose = ""


class CheckIn(Model, frozen=True):
    """One answer, as it was given. A day that was amended has several versions; the highest holds."""

    id: UUID
    date: date
    version: int
    mood: int
    craving: int
    wants_to_talk: bool
    in_danger: bool
    sleep_hours: int | None
    triggers: list[str]
    used: Annotated[list[str] | None, Meta(description="Empty: nothing; null: not said.")]
    medication_taken: str | None
    note: str
    answered_at: datetime
    received_at: datetime


class HarmReduction(Model, frozen=True):
    """How to stay safer after using, and that the door is open; the words are a site's, by topic and language."""

    language: str
    lines: list[str]


class RecordedCheckIn(CheckIn, frozen=True, kw_only=True):
    """The answer as kept, and what happens now."""

    support: Annotated[str, Meta(description="What happens now, in one honest sentence.")]
    alert_id: UUID | None = None
    crisis: CrisisCard | None = None
    harm_reduction: HarmReduction | None = None


class Kept(Struct, frozen=True):
    """An answer as its row holds it: the words are sealed, and null where there are none."""

    id: UUID
    date: date
    version: int
    mood: int
    craving: int
    wants_to_talk: bool
    in_danger: bool
    sleep_hours: int | None
    triggers: list[str]
    used: list[str] | None
    medication_taken: str | None
    note_sealed: bytes | None
    answered_at: datetime
    received_at: datetime


class KeptWithDays(Kept, frozen=True):
    """The same, and what the rules must know: three weeks before it, how many days in all, and the program."""

    recent: list[Day]
    days: int
    thresholds: Thresholds
    asked: list[Asked]


class CheckIns(DisclosedPage, frozen=True, kw_only=True):
    """A patient's check-ins, the newest day first, each day in its latest version."""

    items: list[CheckIn]


class TrendDay(Model, frozen=True):
    """One day of a trend: levels only, no words."""

    date: date
    mood: int
    craving: int
    wants_to_talk: bool


class Trend(Disclosed, frozen=True):
    """The last days, oldest first, today being the last; with the means of the last 7 and of all that are shown."""

    days: list[TrendDay]
    mood_mean_7: float | None = field(name="moodMean7")
    mood_mean: float | None
    craving_mean_7: float | None = field(name="cravingMean7")
    craving_mean: float | None


class Streak(Model, frozen=True):
    """How many days somebody has checked in. A day without an answer takes nothing away."""

    days: Annotated[int, Meta(description="In all.")]
    of_last_7: int = field(name="ofLast7")
    of_last_30: int = field(name="ofLast30")
    longest: Annotated[int, Meta(description="The most days in a row.")]


class Today(Model, frozen=True):
    """The patient's own day: when it can be answered, whether it was, and how many days that makes."""

    date: date
    opens_at: datetime
    closes_at: datetime
    is_open: bool
    answered: CheckIn | None
    streak: Streak


class Window(Struct, frozen=True):
    """When a day opens and closes, by the wall clock; one that closes before it opens ends the day after."""

    opens_minute: int
    closes_minute: int


class Unanswered(Struct, frozen=True):
    """A patient whose last closed day has no answer, and for how many days there was none."""

    patient_id: UUID
    organisation_id: UUID
    day: date
    days: int
    already_raised: bool
    missed_days: int
