"""Working hours, slots and appointments, as they are kept and as they travel."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct
from msgspec.structs import force_setattr

from app import versions
from app.walltime import WallTime
from app.wire import ClientId, Incoming, Instant, Model, Page, Versioned

Kind = Literal["counseling", "medication", "peer"]
Status = Literal["booked", "fulfilled", "cancelled", "noshow"]
Weekday = Annotated[int, Meta(ge=1, le=7, description="ISO: Monday is 1.")]


class Block(Incoming, frozen=True):
    """Working hours of one weekday, without a break; `ends` at 00:00 is the midnight that ends the day."""

    weekday: Weekday
    starts: WallTime
    ends: WallTime


class NewWorkingHours(Incoming, frozen=True):
    """A whole week; what was there before is replaced."""

    blocks: Annotated[list[Block], Meta(max_length=70)]


class NewWorkingException(Incoming, frozen=True):
    """One day that is not like the week. Without times the day is closed."""

    id: ClientId
    day: date
    starts: WallTime | None = None
    ends: WallTime | None = None


class WorkingException(Model, frozen=True):
    """Replaces the week on that day; several of one day are its several blocks."""

    id: UUID
    day: date
    starts: WallTime | None
    ends: WallTime | None


class WorkingHours(Versioned, frozen=True):
    """A week as wall time in one's own zone, and the days to come that are not like it."""

    time_zone: str
    blocks: list[Block]
    exceptions: list[WorkingException]

    def __post_init__(self) -> None:
        force_setattr(self, "version", versions.of(self.blocks))


class Span(Model, frozen=True, order=True):
    """From one instant until just before another."""

    starts_at: datetime
    ends_at: datetime


class Calendar(Struct, frozen=True):
    """Somebody who offers a kind of appointment: when they work, and when they are taken."""

    staff_id: UUID
    staff_name: str
    time_zone: str
    on_your_team: bool
    blocks: list[Block]
    exceptions: list[WorkingException]
    busy: list[Span]


class Slot(Model, frozen=True):
    """A time that can be booked."""

    staff_id: UUID
    staff_name: str
    starts_at: datetime
    ends_at: datetime
    on_your_team: bool


class Slots(Page, frozen=True, kw_only=True):
    """Free times: the patient's own team first, then others of the program, each in order of time."""

    items: list[Slot]


class Search(Struct, frozen=True):
    """For whom a time is sought, of which kind, with whom and when."""

    kind: Kind
    patient_id: UUID | None = None
    staff_id: UUID | None = None
    begin: datetime | None = None
    end: datetime | None = None


class Bookable(Struct, frozen=True):
    """The patient for whom an appointment is sought, and when they are taken."""

    id: UUID
    busy: list[Span]


class NewAppointment(Incoming, frozen=True):
    """A slot to be kept for a patient: for oneself, or for a patient whom one supports."""

    id: ClientId
    staff_id: UUID
    starts_at: Instant
    kind: Kind
    patient_id: UUID | None = None


class Move(Incoming, frozen=True):
    """The slot to which an appointment moves, and the id that it has from then on."""

    id: ClientId
    starts_at: Instant


class Appointment(Model, frozen=True):
    """A time kept for one patient and one member of staff. A moved one is cancelled and says where it went."""

    id: UUID
    patient_id: UUID
    patient_name: str
    staff_id: UUID
    staff_name: str
    kind: Kind
    starts_at: datetime
    ends_at: datetime
    status: Annotated[Status, Meta(description="As in FHIR R4 Appointment.status.")]
    booked_at: datetime
    moved_from: UUID | None
    moved_to: UUID | None


class Appointments(Page, frozen=True, kw_only=True):
    """One's own appointments, the next one first."""

    items: list[Appointment]


class Booking(Struct, frozen=True):
    """An appointment about to be written."""

    id: UUID
    patient_id: UUID
    staff_id: UUID
    kind: Kind
    during: Span
    moved_from: UUID | None = None


class Reminder(Struct, frozen=True):
    """Who is reminded when; after `expires_at` it would only disturb."""

    stage: Literal["24h", "1h", "10m"]
    people: tuple[UUID, ...]
    due_at: datetime
    expires_at: datetime


class CalendarFeed(Model, frozen=True):
    """Where a calendar program finds one's appointments. The address is the key to it and is shown once."""

    url: str


class FeedEntry(Struct, frozen=True):
    """What a calendar may show of an appointment: when it is, and nothing else."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    patient_id: UUID
    changed_at: datetime


class FeedOwner(Struct, frozen=True):
    """Whose feed it is, and in which language its line is."""

    id: UUID
    language: str
    is_patient: bool


class Missed(Struct, frozen=True):
    """An appointment to which a patient did not come."""

    appointment_id: UUID
    patient_id: UUID
    organisation_id: UUID
