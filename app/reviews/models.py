"""The story of an alert, and a supervisor's word on it."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from app.alerts.models import AlertPatient, CauseKind, EventKind
from app.escalation.models import AlertClass
from app.wire import Incoming, Model, Page, Prose


class Told(Model, frozen=True):
    """Somebody of the program whose phone rang."""

    id: UUID
    name: str


class Hop(Model, frozen=True):
    """Something that happened to an alert, as it was written down at that moment."""

    at: datetime
    kind: EventKind
    step: int
    by: Annotated[Told | None, Meta(description="Who did it; null: the patient, or the clock.")]
    cause: Annotated[CauseKind | None, Meta(description="What opened it or joined it.")]
    told: Annotated[list[Told], Meta(description="Whose phones rang; of `nobody` there is nobody.")]


class Story(Model, frozen=True):
    """All that happened to an alert, the first thing first. It is never changed."""

    items: list[Hop]


Finding = Literal["as-it-should-be", "too-late", "not-as-planned", "change-the-plan"]


class ReviewAlert(Incoming, frozen=True):
    """What a supervisor found when they looked at how it went."""

    finding: Finding
    note: Prose = ""


class Unreviewed(Model, frozen=True):
    """A crisis or an urgent alert that was closed and that no supervisor has looked at yet."""

    id: UUID
    alert_class: AlertClass
    patient: AlertPatient
    opened_at: datetime
    claimed_at: datetime | None
    closed_at: datetime
    closed_by: Told
    outcome: str


class ReviewRow(Struct, frozen=True):
    """What decides whether somebody may review an alert: whether it is theirs, and whether others could."""

    alert_id: UUID
    patient_id: UUID
    alert_class: AlertClass
    closed: bool
    reviewed: bool
    own: bool
    others: bool


class ReviewQueue(Page, frozen=True, kw_only=True):
    """What is to be reviewed, the longest closed first."""

    items: list[Unreviewed]
