"""Threads and messages, as they are kept and as they travel."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from litestar.params import QueryParameter
from msgspec import Meta, Struct

from app.crisis.models import CrisisCard
from app.wire import ClientId, Incoming, Instant, Model, Page, Words

LAST = 2_147_483_647
Seq = Annotated[int, Meta(ge=0, le=LAST, description="The number of a message in its thread: 1, 2, 3, without a gap.")]
After = Annotated[Seq | None, QueryParameter(ge=0, le=LAST, description="Only later messages, the oldest first.")]
MessageKind = Literal["said", "notice"]


class NewThread(Incoming, frozen=True):
    """With whom: somebody on one's care team, or a patient whom one stands beside."""

    id: ClientId
    with_id: UUID


class NewMessage(Incoming, frozen=True):
    """What somebody writes."""

    id: ClientId
    text: Words
    sent_at: Instant


class NewMarks(Incoming, frozen=True):
    """How far one has come: up to which message all have arrived on the phone, and up to which all were read."""

    delivered: Seq = 0
    read: Seq = 0


class Mark(Model, frozen=True):
    """How far one of the two has come."""

    delivered: int
    read: int


class Thread(Model, frozen=True):
    """One's own thread. `closed`: nothing can be written there now; what was written stays with the patient."""

    id: UUID
    patient_id: UUID
    staff_id: UUID
    with_name: str
    state: Literal["open", "closed"]
    blocked: Annotated[bool, Meta(description="You have blocked it. Always false for the other side.")]
    opened_at: datetime
    last_seq: int
    last_at: datetime
    unread: int
    yours: Mark
    theirs: Mark


class Threads(Page, frozen=True, kw_only=True):
    """One's own threads, the latest word first."""

    items: list[Thread]


class Message(Model, frozen=True):
    """Something that was written; or a notice, which nobody wrote, with the numbers that always answer."""

    id: UUID
    thread_id: UUID
    seq: int
    kind: MessageKind
    author_id: UUID | None
    text: str
    sent_at: datetime
    received_at: datetime
    crisis: CrisisCard | None = None


class Messages(Page, frozen=True, kw_only=True):
    """A page of a thread: the newest first, or after a number the oldest first."""

    items: list[Message]


class Pair(Struct, frozen=True):
    """Whose thread it is, and how far it has come."""

    id: UUID
    patient_id: UUID
    staff_id: UUID
    last_seq: int
    open: bool

    def other(self, person_id: UUID) -> UUID:
        """The one of the two who is not this one."""
        return self.staff_id if person_id == self.patient_id else self.patient_id


class Kept(Struct, frozen=True):
    """A message as its row holds it."""

    id: UUID
    thread_id: UUID
    patient_id: UUID
    seq: int
    kind: MessageKind
    author_id: UUID | None
    text_sealed: bytes | None
    sent_at: datetime
    received_at: datetime


class Flagged(Model, frozen=True):
    """What came of saying that somebody is in danger: the alert, and whether anybody on duty was told."""

    alert_id: UUID
    on_duty: bool


class Waiting(Struct, frozen=True):
    """The first message that somebody has not read, for which their phone has rung."""

    id: UUID
    received_at: datetime


class Presence(Struct, frozen=True):
    """Whether the one who is written to is at work now, and when a notice last said that they are not."""

    is_there: bool
    noticed_at: datetime | None
