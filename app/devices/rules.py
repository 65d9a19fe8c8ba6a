"""What a phone may tell."""

from datetime import datetime, timedelta

from app.devices.models import NewReceipt
from app.errors import FieldError, Invalid

EARLIEST, LATEST = timedelta(days=60), timedelta(days=2)


def check_receipt(new: NewReceipt, now: datetime) -> None:
    """An instant far from now is that of a clock which is lost, and says nothing of when it was."""
    if not -EARLIEST <= new.at - now <= LATEST:
        raise Invalid(FieldError("/at", "out-of-range", "Expected an instant from 60 days ago to 2 days ahead."))
