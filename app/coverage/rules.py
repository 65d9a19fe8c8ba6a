"""Who may let whom stand in, and for how long."""

from datetime import datetime, timedelta
from uuid import UUID

from app.coverage.models import Coverage, NewCoverage, Standing
from app.errors import FieldError, Invalid, Refusal
from app.walltime import near

LONGEST = timedelta(days=92)
AHEAD = timedelta(days=366)


class NotYourPatients(Refusal):
    """You can let a colleague stand in for yourself; whoever oversees the program can for others."""

    status = 403


class OwnCoverage(Refusal):
    """You cannot let yourself stand in for somebody else. They can, or somebody else who oversees the program."""

    status = 403


class AlreadyCovered(Refusal):
    """They stand in for each other at that time already."""


def check_times(new: NewCoverage, now: datetime) -> None:
    """It has not ended yet, and is no longer than a quarter of a year: for longer, the team is arranged anew."""
    near(new.starts_at, "/startsAt", now, AHEAD)
    near(new.ends_at, "/endsAt", now, AHEAD + LONGEST)
    if not (new.ends_at > now and timedelta(0) < new.ends_at - new.starts_at <= LONGEST):
        raise Invalid(
            FieldError("/endsAt", "out-of-range", "Expected a time to come, 92 days after the start at most.")
        )


def check(me: UUID, covered: UUID, covering: UUID, standing: Standing) -> None:
    """The one who is covered lets somebody in, or who oversees the program; both work here and do alike work."""
    if standing.allowed:
        return
    if covered != me and not standing.oversees:
        raise NotYourPatients
    if covered != me and covering == me:
        raise OwnCoverage
    raise Invalid(FieldError("/coveringId", "cannot-cover", "Expected two people of this program who do alike work."))


def same(kept: Coverage, covered: UUID, new: NewCoverage) -> bool:
    """Whether this was arranged before."""
    said = (covered, new.covering_id, new.starts_at, new.ends_at)
    return (kept.covered_id, kept.covering_id, kept.starts_at, kept.ends_at) == said
