"""Who looks at a broken glass afterwards."""

from app.auth import Signed
from app.emergency.models import BreakGlass
from app.errors import Refusal


class OwnGlass(Refusal):
    """You cannot review the glass that you broke. Somebody else who answers for privacy can."""

    status = 403


class AlreadyReviewed(Refusal):
    """Somebody has reviewed this already."""


def check_review(me: Signed, broken: BreakGlass) -> None:
    """Nobody judges themselves, and a judgement stays."""
    if broken.recipient_id == me.id:
        raise OwnGlass
