"""Regimens and their doses, as they are kept and as they travel."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from app.disclosures.models import Disclosed, DisclosedPage
from app.walltime import WallTime
from app.wire import ClientId, Incoming, Line, Model, Page, ZoneName

Answer = Literal["taken", "skipped"]
State = Literal["pending", "taken", "skipped", "superseded"]


class NewRegimen(Incoming, frozen=True):
    """What is taken, and at which wall times a reminder is wanted."""

    id: ClientId
    medicine: Line
    times: Annotated[list[WallTime], Meta(min_length=1, max_length=12)]
    starts_on: date
    ends_on: Annotated[date | None, Meta(description="The last day, if there is one.")] = None
    time_zone: Annotated[ZoneName | None, Meta(description="The patient's own, unless given.")] = None


class Regimen(Model, frozen=True):
    """Reminders at the same wall times every day, in one zone."""

    id: UUID
    patient_id: UUID
    medicine: str
    times: list[str]
    time_zone: str
    starts_on: date
    ends_on: date | None
    version: int
    status: Literal["active", "stopped"]
    prescribed_by: UUID
    created_at: datetime
    stopped_at: datetime | None


class Regimens(DisclosedPage, frozen=True, kw_only=True):
    """A patient's regimens, the newest first."""

    items: list[Regimen]


class Occurrence(Model, frozen=True):
    """One dose on one day. `slot` is its wall time in `timeZone` and never changes; `dueAt` is the instant of it."""

    id: UUID
    regimen_id: UUID
    medicine: str
    slot: Annotated[str, Meta(description="Wall time, such as 2026-03-08T08:00.")]
    time_zone: str
    due_at: datetime
    state: State
    answered_at: datetime | None


class Occurrences(Page, frozen=True, kw_only=True):
    """One's own doses, the earliest first."""

    items: list[Occurrence]


class DoseDay(Model, frozen=True):
    """How many doses were due on one day, and what the patient said of them; not of what they are."""

    date: date
    due: int
    taken: int
    skipped: int


class DoseLog(Disclosed, frozen=True):
    """The last days with doses, the oldest first."""

    days: list[DoseDay]


class Plan(Struct, frozen=True):
    """All of a regimen that its doses follow from."""

    id: UUID
    patient_id: UUID
    version: int
    times: list[str]
    time_zone: str
    starts_on: date
    ends_on: date | None
    made_until: datetime


class Dose(Struct, frozen=True, order=True):
    """When a dose is due. Its name is the wall time: two names may share an instant, and one name never has two."""

    due_at: datetime
    slot: datetime


class Made(Struct, frozen=True):
    """A dose that has just got its row."""

    id: UUID
    due_at: datetime
