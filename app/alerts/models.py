"""Alerts as they are kept, and as each kind of reader may see them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from app.escalation.models import AlertClass, Standing
from app.wire import ClientId, Incoming, Model, Page

Outcome = Literal["reached-safe", "reached-follow-up", "handed-over", "not-reached", "emergency-services"]
EventKind = Literal[
    "opened", "joined", "told", "told-off-duty", "nobody", "escalated", "claimed", "contacted", "brought-up",
    "released", "lapsed", "raised", "closed", "reviewed",
]  # fmt: skip


class Worry(Struct, frozen=True):
    """What somebody's words call for, before anybody has been told; `numbers` are what the reasons rest on."""

    alert_class: AlertClass
    reasons: tuple[str, ...]
    late: bool = False
    numbers: Mapping[str, float] = {}


CauseKind = Literal["check-in", "response", "message", "missed", "no-show", "concern"]


class Cause(Struct, frozen=True):
    """What called for an answer, and its id: that it is known again when it comes twice."""

    kind: CauseKind
    id: UUID

    @property
    def check_in_id(self) -> UUID | None:
        """The check-in whose levels are shown beside the alert, where it is one."""
        return self.id if self.kind == "check-in" else None


class Opened(Struct, frozen=True):
    """What came of opening an alert: whether anybody on duty was told, and whether one was open already."""

    id: UUID
    alert_class: AlertClass
    on_duty: bool
    already_open: bool = False


class Alert(Standing, frozen=True):
    """One alert's own row."""

    id: UUID
    patient_id: UUID
    organisation_id: UUID
    class_since: datetime
    step: int
    reached_somebody: bool
    claimed_by: UUID | None
    contacted_at: datetime | None
    closed_at: datetime | None


class Lapsed(Alert, frozen=True):
    """An alert whose claim has just ended, and whose claim it was."""

    was_claimed_by: UUID


class Level(Model, frozen=True):
    """What was rated, without words."""

    mood: int
    craving: int
    wants_to_talk: bool


class AlertPatient(Model, frozen=True):
    """Whom an alert is about."""

    id: UUID
    name: str


class Numbers(Struct, frozen=True, rename="kebab"):
    """What the reasons of an alert rest on; absent where a reason did not ask for it."""

    craving: float | None = None
    craving_high: float | None = None
    craving_median: float | None = None
    craving_week: float | None = None
    craving_fortnight: float | None = None
    mood: float | None = None
    mood_low: float | None = None
    mood_median: float | None = None
    mood_week: float | None = None
    mood_fortnight: float | None = None
    sleep: float | None = None
    days: float | None = None
    missed: float | None = None


class AlertRow(Struct, frozen=True):
    """An alert with all that its reader's relation lets them know, before their role is looked at."""

    id: UUID
    alert_class: AlertClass
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
    numbers: Numbers
    patient: AlertPatient | None
    level: Level | None


class KnownPerson(Model, frozen=True):
    """Whom it is about, and no more: a peer on their team, while a clinician is on it."""

    patient: AlertPatient


class KnownWorry(Model, frozen=True):
    """What it is about, and not whom: a clinician who does not know the patient yet."""

    reasons: list[str]
    why: Annotated[str, Meta(description="Why it was raised, in one plain sentence, in the reader's language.")]


class KnownMatter(Model, frozen=True):
    """Whom and what it is about: for whoever treats them or answers them, and for a peer where peers are meant."""

    patient: AlertPatient
    reasons: list[str]
    why: Annotated[str, Meta(description="Why it was raised, in one plain sentence, in the reader's language.")]
    level: Annotated[Level | None, Meta(description="Null where no check-in opened it.")]


Sight = Literal["signal", "person", "worry", "matter"]


class AlertView(Model, frozen=True):
    """An alert as somebody who was told of it sees it.

    `kind` says how much that is, and the one object of that name is there: `person`, `worry` or `matter`; `signal` has
    none.
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
    kind: Sight
    person: KnownPerson | None = None
    worry: KnownWorry | None = None
    matter: KnownMatter | None = None


class Alerts(Page, frozen=True, kw_only=True):
    """Alerts of which the caller was told: those without an answer first, the most urgent and longest waiting first."""

    items: list[AlertView]


class CloseAlert(Incoming, frozen=True):
    """How it ended."""

    outcome: Outcome


class NewConcern(Incoming, frozen=True):
    """What somebody who stands beside a patient has seen or heard."""

    id: ClientId
    alert_class: Annotated[Literal["p0", "p1", "p2"], Meta(description="p0 danger now, p1 urgent, p2 a peer soon.")]
    heard: Annotated[
        Literal["in-person", "by-phone", "in-writing", "from-others"], Meta(description="How they came to know it.")
    ]


class RaiseAlert(Incoming, frozen=True):
    """How urgent it really is."""

    to: Literal["p0", "p1"]


class SupportState(Model, frozen=True):
    """What a patient may know of their own alert: whether somebody was told, and whether somebody answers."""

    state: Literal["none", "nobody", "told", "answering"]
    since: datetime | None = None
    answered_by: str | None = None
