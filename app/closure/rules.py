"""How long it can be taken back, and what a patient is told."""

from datetime import timedelta

from app.closure.models import Asked, Hold, Kept, Plan, SealedHold
from app.errors import Refusal

GRACE = timedelta(days=14)


class ClosureAsked(Refusal):
    """Your account is going to be closed already. You can still take that back."""


class NothingToTakeBack(Refusal):
    """Your account is not going to be closed."""


class HoldEnded(Refusal):
    """This has been ended already."""


def plan(asked: Asked | None, kept: Kept) -> Plan:
    """As it stands, or as it would be."""
    return Plan(
        asked_at=asked.asked_at if asked else None,
        closes_at=asked.due_at if asked else None,
        grace_days=GRACE.days,
        kept_years=kept.years,
        kept_because=kept.source,
        kept_until=kept.keep_until,
        held=kept.held,
        waits_for_alert=kept.alert_open,
    )


def hold(row: SealedHold, reason: str | None) -> Hold:
    """With its reason."""
    return Hold(row.id, row.patient_id, reason, row.set_by, row.set_at, row.ended_by, row.ended_at)
