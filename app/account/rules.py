"""When somebody has to show first that it is them."""

from datetime import datetime

from app.auth import Signed
from app.errors import Refusal, StepUpNeeded


class NoSuchCode(Refusal):
    """No colleague's screen shows this code just now, or it is not for you to vouch for them."""

    status = 404


class LastWayIn(Refusal):
    """This is the last thing by which you can show that it is you. Without it your operator has to let you in again."""


class NoRecovery(Refusal):
    """Nobody has made a way in for you that could be refused."""


def check_may_add(me: Signed, now: datetime, *, holds_factor: bool) -> None:
    """Whoever has a factor shows it before they add another; else a stolen session would become a way in for good.

    Without any there is nothing to show, and the session is all that is known of them.
    """
    if holds_factor and not me.is_fresh(now):
        raise StepUpNeeded


def check_leaves_a_way(*, staff: bool, holds_factor: bool, even_the_last: bool) -> None:
    """Staff give up their last factor knowingly or not at all; patients have their code."""
    if staff and not holds_factor and not even_the_last:
        raise LastWayIn
