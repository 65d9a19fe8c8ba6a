"""The wire as pydantic models, for the FastAPI peers: the same limits and the same names as Cairn's Structs."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Rating = Annotated[int, Field(ge=0, le=10)]
Slug = Annotated[str, Field(min_length=1, max_length=40, pattern="^[a-z0-9-]*$")]
Substance = Literal["opioid", "alcohol", "stimulant", "benzodiazepine", "cannabis", "tobacco", "other", "unsaid"]


class Model(BaseModel):
    """camelCase on the wire."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)


class NewCheckIn(Model):
    """What a patient tells us today."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: UUID
    date: date
    mood: Rating
    craving: Rating
    answered_at: AwareDatetime
    wants_to_talk: bool = False
    in_danger: bool = False
    sleep_hours: Annotated[int, Field(ge=0, le=24)] | None = None
    triggers: Annotated[list[Slug], Field(max_length=20)] = []
    used: Annotated[list[Substance], Field(max_length=10)] | None = None
    medication_taken: Literal["yes", "no", "none-due"] | None = None
    note: Annotated[str, Field(max_length=2000, pattern="^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]*$")] = ""


class CheckIn(Model):
    """One answer, as it was given."""

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
    note: str
    answered_at: datetime
    received_at: datetime


class RecordedCheckIn(CheckIn):
    """The answer as kept, and what happens now."""

    support: str
    alert_id: UUID | None = None
    crisis: dict[str, Any] | None = None
    harm_reduction: dict[str, Any] | None = None


class CheckIns(Model):
    """A page of days."""

    next_cursor: str | None = None
    items: list[CheckIn]


class Signed(Model):
    """Someone who has signed in."""

    id: UUID
    organisation_id: UUID
    session_id: UUID
    language: str
    roles: list[str]
