"""Which alerts are reviewed, and by whom."""

from app.errors import Refusal
from app.escalation.rules import CRISIS
from app.reviews.models import ReviewRow


class NotClosedYet(Refusal):
    """This alert is still open. It is reviewed when it has been closed."""


class NothingToReview(Refusal):
    """Only a crisis or an urgent alert is reviewed."""


class ReviewedAlready(Refusal):
    """A supervisor has reviewed this alert already."""


class OwnAnswer(Refusal):
    """You answered this alert yourself. Another supervisor of your program reviews it."""

    status = 403


def check(row: ReviewRow) -> None:
    """Each crisis and each urgent alert once, after its end, by somebody who did not answer it where there is one."""
    if row.alert_class not in CRISIS:
        raise NothingToReview
    if not row.closed:
        raise NotClosedYet
    if row.reviewed:
        raise ReviewedAlready
    if row.own and row.others:
        raise OwnAnswer
