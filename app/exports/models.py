"""An export on its way, and the record as it goes into one."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from app.wire import ClientId, Incoming, Model

State = Literal["waiting", "making", "ready", "failed", "gone"]


class NewExport(Incoming, frozen=True):
    """Ask for one's record."""

    id: ClientId


class Export(Model, frozen=True):
    """One's record on its way: `gone` when its week is over, or when it was downloaded often enough."""

    id: UUID
    asked_at: datetime
    state: State
    progress: Annotated[int, Meta(ge=0, le=100, description="Of a hundred.")]
    ready_at: datetime | None
    expires_at: datetime | None
    bytes: int | None
    downloads_left: int


class Exports(Model, frozen=True):
    """One's own, the newest first."""

    items: list[Export]


class Leased(Struct, frozen=True):
    """One that is being made."""

    id: UUID
    patient_id: UUID
    attempt: int


class Archive(Struct, frozen=True):
    """A made one, closed."""

    id: UUID
    archive_sealed: bytes


class Who(Struct, frozen=True):
    """The patient."""

    id: UUID
    name: str
    language: str
    time_zone: str
    created_at: datetime
    organisation_id: UUID
    organisation: str


class Member(Struct, frozen=True):
    """Somebody on the care team, now or before."""

    id: UUID
    staff_id: UUID
    name: str
    roles: list[str]
    lead: bool
    joined_at: datetime
    left_at: datetime | None


class Visit(Struct, frozen=True):
    """An appointment, whatever became of it."""

    id: UUID
    kind: str
    status: str
    starts_at: datetime
    ends_at: datetime
    booked_at: datetime
    staff_id: UUID
    staff: str


class SealedAnswer(Struct, frozen=True):
    """A check-in as its row holds it."""

    id: UUID
    day: date
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


class Answer(Struct, frozen=True):
    """A check-in, in one of the versions in which it was given."""

    id: UUID
    day: date
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


class SealedLine(Struct, frozen=True):
    """A message as its row holds it."""

    id: UUID
    staff_id: UUID
    staff: str
    by_patient: bool
    text_sealed: bytes | None
    sent_at: datetime
    received_at: datetime


class Line(Struct, frozen=True):
    """A message between the patient and somebody beside them."""

    id: UUID
    staff_id: UUID
    staff: str
    by_patient: bool
    text: str
    sent_at: datetime
    received_at: datetime


class Regimen(Struct, frozen=True):
    """A medicine and its times."""

    id: UUID
    medicine: str
    times: list[str]
    time_zone: str
    starts_on: date
    ends_on: date | None
    status: str
    created_at: datetime
    stopped_at: datetime | None
    prescriber_id: UUID
    prescriber: str


class Dose(Struct, frozen=True):
    """A dose that was answered."""

    id: UUID
    regimen_id: UUID
    medicine: str
    due_at: datetime
    state: str
    answered_at: datetime


class Alarm(Struct, frozen=True):
    """An alert about the patient."""

    id: UUID
    level: str
    reasons: list[str]
    opened_at: datetime
    closed_at: datetime | None
    outcome: str | None


class Look(Struct, frozen=True):
    """Who looked at the record or changed it: an entry of the audit."""

    id: int
    at: datetime
    action: str
    category: str
    actor_id: UUID | None
    actor: str | None


class Phone(Struct, frozen=True):
    """A phone that rings or rang."""

    id: UUID
    platform: str
    registered_at: datetime
    closed_at: datetime | None


class Reachable(Struct, frozen=True):
    """An address or a number."""

    kind: str
    value: str
    verified_at: datetime | None


class Record(Struct, frozen=True):
    """Everything that there is of one patient."""

    who: Who
    team: list[Member]
    visits: list[Visit]
    answers: list[Answer]
    lines: list[Line]
    regimens: list[Regimen]
    doses: list[Dose]
    alarms: list[Alarm]
    looks: list[Look]
    phones: list[Phone]
    contacts: list[Reachable]
    made_at: datetime
