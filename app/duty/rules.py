"""What a shift may be."""

from datetime import datetime, timedelta
from uuid import UUID

from app.duty.models import DutyShift, NewDutyShift
from app.errors import FieldError, Invalid, Refusal

LONGEST_SHIFT = timedelta(hours=24)
NEAR = timedelta(days=366)


class ShiftOverlaps(Refusal):
    """You are on duty at that time already."""


def check_shift(new: NewDutyShift, now: datetime) -> None:
    """A shift is near, and has an end after its start, within a day."""
    if abs(new.starts_at - now) > NEAR:
        raise Invalid(FieldError("/startsAt", "out-of-range", "Expected an instant within a year."))
    if not timedelta(0) < new.ends_at - new.starts_at <= LONGEST_SHIFT:
        raise Invalid(FieldError("/endsAt", "out-of-range", "Expected at most 24 hours after startsAt."))


def same(kept: DutyShift, staff_id: UUID, new: NewDutyShift) -> bool:
    """Whether what was kept under this id is what is asked for now."""
    return (kept.staff_id, kept.starts_at, kept.ends_at) == (staff_id, new.starts_at, new.ends_at)
