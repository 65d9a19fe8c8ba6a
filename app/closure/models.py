"""What becomes of an account and of its record, and who holds that up."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from app.wire import VISIBLE, ClientId, Incoming, Model

Reason = Annotated[str, Meta(min_length=10, max_length=500, pattern=VISIBLE)]


class NewClosure(Incoming, frozen=True):
    """Ask for one's account to be closed."""

    id: ClientId


class Plan(Model, frozen=True):
    """What becomes of one's account and record: as it stands, or as it would be.

    `keptYears` counts from the last care. `held`: somebody answers for it that the record is kept longer.
    """

    asked_at: datetime | None
    closes_at: Annotated[datetime | None, Meta(description="Until then it can be taken back; null: not asked.")]
    grace_days: int
    kept_years: int
    kept_because: str
    kept_until: datetime
    held: bool
    waits_for_alert: Annotated[
        bool, Meta(description="An alert is open: somebody answers it before the account closes.")
    ]


class Asked(Struct, frozen=True):
    """A closure that was asked for and not taken back."""

    id: UUID
    asked_at: datetime
    due_at: datetime


class Kept(Struct, frozen=True):
    """Why and until when the record would be kept."""

    years: int
    source: str
    keep_until: datetime
    held: bool
    alert_open: bool


class Leaving(Struct, frozen=True):
    """Somebody whose day has come."""

    patient_id: UUID
    is_closed: bool


class Closure(Model, frozen=True):
    """An account that is being closed or is closed, for whoever oversees the program: ids and days."""

    patient_id: UUID
    asked_at: datetime
    closes_at: datetime
    closed_at: datetime | None
    kept_until: datetime | None
    shredded_at: datetime | None
    held: bool


class Closures(Model, frozen=True):
    """Those of the program, the newest first."""

    items: list[Closure]


class NewHold(Incoming, frozen=True):
    """Keep somebody's record, and say why."""

    id: ClientId
    reason: Reason

    def __repr__(self) -> str:
        """The id only."""
        return f"NewHold(id={self.id})"


class Hold(Model, frozen=True):
    """A record that is kept, by whom and why; the reason is null once it was shredded."""

    id: UUID
    patient_id: UUID
    reason: str | None
    set_by: UUID
    set_at: datetime
    ended_by: UUID | None
    ended_at: datetime | None


class Holds(Model, frozen=True):
    """Those of one patient, the newest first."""

    items: list[Hold]


class SealedHold(Struct, frozen=True):
    """A hold as its row has it."""

    id: UUID
    patient_id: UUID
    reason_sealed: bytes | None
    set_by: UUID
    set_at: datetime
    ended_by: UUID | None
    ended_at: datetime | None
