"""Alerts as they are kept, and as each kind of reader may see them."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from app.wire import Incoming, Model

AlertClass = Literal["p0", "p1", "p2", "p3"]
Outcome = Literal["reached-safe", "reached-follow-up", "handed-over", "not-reached", "emergency-services"]
EventKind = Literal[
    "opened", "told", "nobody", "escalated", "claimed", "contacted", "released", "lapsed", "raised", "closed"
]


class Worry(Struct, frozen=True):
    """What somebody's words call for, before anybody has been told."""

    alert_class: AlertClass
    reasons: tuple[str, ...]
    late: bool = False


class Opened(Struct, frozen=True):
    """What came of opening an alert: whether anybody on duty was told, and whether one was open already."""

    id: UUID
    alert_class: AlertClass
    on_duty: bool
    already_open: bool = False


class Alert(Struct, frozen=True):
    """One alert's own row."""

    id: UUID
    patient_id: UUID
    organisation_id: UUID
    alert_class: AlertClass
    next_step: int
    reached_somebody: bool
    claimed_by: UUID | None
    closed_at: datetime | None


class Telling(Struct, frozen=True):
    """What a turn of the plan comes to: which step is told, to whom, and when it goes on."""

    step: int
    people: list[UUID]
    on_duty: bool
    next_step: int
    escalates_at: datetime | None


class Step(Struct, frozen=True):
    """Who is told after how long; rows of a site's own plan or of the default one."""

    step: int
    after: timedelta
    after_hours: timedelta | None
    audience: str


class Supporter(Struct, frozen=True):
    """Somebody of the program who might be told."""

    id: UUID
    roles: list[str]
    on_duty: bool
    on_team: bool
    lead: bool
    told: bool


class Hours(Struct, frozen=True):
    """When a program works, and how its alerts lapse and repeat."""

    time_zone: str
    opens_minute: int
    closes_minute: int
    lapses: timedelta
    repeats: timedelta | None


class Level(Model, frozen=True):
    """What was rated, without words."""

    mood: int
    craving: int
    wants_to_talk: bool


class AlertPatient(Model, frozen=True):
    """Whom an alert is about."""

    id: UUID
    name: str


class AlertView(Model, frozen=True):
    """An alert as somebody who was told of it sees it.

    `patient` and `level` are there for the patient's own team and for whoever has claimed it; a clinician's matter
    has no `reasons` for a peer.
    """

    id: UUID
    alert_class: Annotated[AlertClass, Meta(description="p0 crisis, p1 urgent, p2 peer, p3 follow-up.")]
    late: bool
    opened_at: datetime
    step: int
    claimed_by: UUID | None
    claimed_by_name: str | None
    claimed_at: datetime | None
    contacted_at: datetime | None
    closed_at: datetime | None
    outcome: str | None
    version: int
    reasons: list[str]
    patient: AlertPatient | None
    level: Level | None


class Alerts(Model, frozen=True):
    """Alerts of which the caller was told, those without an answer first."""

    items: list[AlertView]


class CloseAlert(Incoming, frozen=True):
    """How it ended."""

    outcome: Outcome


class RaiseAlert(Incoming, frozen=True):
    """How urgent it really is."""

    to: Literal["p0", "p1"]


class SupportState(Model, frozen=True):
    """What a patient may know of their own alert: whether somebody was told, and whether somebody answers."""

    state: Literal["none", "nobody", "told", "answering"]
    since: datetime | None = None
    answered_by: str | None = None
