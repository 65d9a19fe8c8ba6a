"""What a patient tells us, what is kept, and what they hear back."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct, field

from app.crisis.models import CrisisCard
from app.disclosures.models import Disclosed, DisclosedPage
from app.wire import ClientId, Incoming, Instant, Model, Prose

Rating = Annotated[int, Meta(ge=0, le=10, description="0 to 10; operational, not a validated scale.")]


class NewCheckIn(Incoming, frozen=True):
    """What a patient tells us today."""

    id: ClientId
    date: Annotated[date, Meta(description="The patient's own date.")]
    mood: Rating
    craving: Rating
    answered_at: Instant
    wants_to_talk: bool = False
    in_danger: Annotated[bool, Meta(description='"I may overdose or hurt myself": a clinician is told at once.')] = (
        False
    )
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
    note: str
    answered_at: datetime
    received_at: datetime


class RecordedCheckIn(CheckIn, frozen=True, kw_only=True):
    """The answer as kept, and what happens now."""

    support: Annotated[str, Meta(description="What happens now, in one honest sentence.")]
    alert_id: UUID | None = None
    crisis: CrisisCard | None = None


class Kept(Struct, frozen=True):
    """An answer as its row holds it: the words are sealed, and null where there are none."""

    id: UUID
    date: date
    version: int
    mood: int
    craving: int
    wants_to_talk: bool
    in_danger: bool
    note_sealed: bytes | None
    answered_at: datetime
    received_at: datetime


class KeptWithDays(Kept, frozen=True):
    """The same, and what the rules must know of the days before."""

    median_craving: float | None


class CheckIns(DisclosedPage, frozen=True, kw_only=True):
    """A patient's check-ins, the newest day first, each day in its latest version."""

    items: list[CheckIn]


class Facts(CheckIn, frozen=True):
    """An answer as it was given, and what the rules must know of the days before."""

    median_craving: float | None


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
