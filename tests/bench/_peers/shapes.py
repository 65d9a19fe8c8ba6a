"""The wire as pydantic models, for the FastAPI peers: the same limits and the same names as Cairn's Structs."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Rating = Annotated[int, Field(ge=0, le=10)]


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
    note: str
    answered_at: datetime
    received_at: datetime


class RecordedCheckIn(CheckIn):
    """The answer as kept, and what happens now."""

    support: str
    alert_id: UUID | None = None
    crisis: dict[str, Any] | None = None


class CheckIns(Model):
    """A page of days."""

    next_cursor: str | None = None
    items: list[CheckIn]


class Signed(Model):
    """Someone who has signed in."""

    id: UUID
    session_id: UUID
    language: str
    roles: list[str]
