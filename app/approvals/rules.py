"""When an approval is one, and what is refused."""

from datetime import datetime, timedelta

from app.approvals.models import Row, State
from app.errors import Refusal

LASTS = timedelta(minutes=5)


class AlreadyAnswered(Refusal):
    """This has been answered, or is too old. If it was you, ask again on the other device."""


class WrongNumber(Refusal):
    """That is not the number on the other device, so it was refused. If it was you, ask again there."""

    status = 403


class SameDevice(Refusal):
    """This has to be answered on another device of yours."""

    status = 403


class AlreadyFull(Refusal):
    """We are sure that it is you. There is nothing to approve."""


def state(row: Row, now: datetime) -> State:
    """What has become of it."""
    if row.approved is not None:
        return "approved" if row.approved else "refused"
    return "asked" if now < row.expires_at else "expired"
