"""What a shift may be."""

from datetime import timedelta

from app.duty.models import NewDutyShift
from app.errors import FieldError, Invalid, Refusal

LONGEST_SHIFT = timedelta(hours=24)


class ShiftOverlaps(Refusal):
    """You are on duty at that time already."""


def check_shift(new: NewDutyShift) -> None:
    """A shift has an end after its start, within a day."""
    if not timedelta(0) < new.ends_at - new.starts_at <= LONGEST_SHIFT:
        raise Invalid(FieldError("/endsAt", "out-of-range", "Expected at most 24 hours after startsAt."))
