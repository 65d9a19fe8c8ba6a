"""Who looks at a broken glass afterwards."""

from app.auth import Signed
from app.emergency.models import BreakGlass, Row
from app.errors import Refusal


class OwnGlass(Refusal):
    """You cannot review the glass that you broke. Somebody else who answers for privacy can."""

    status = 403


class AlreadyReviewed(Refusal):
    """Somebody has reviewed this already."""


def told(row: Row, nature: str, note: str | None) -> BreakGlass:
    """The record with its words."""
    return BreakGlass(
        row.id,
        row.patient_id,
        row.patient,
        row.recipient_id,
        row.recipient,
        row.affiliation,
        row.discloser,
        row.broken_at,
        row.ends_at,
        nature,
        row.reviewed_by,
        row.reviewed_at,
        row.finding,
        note,
    )


def check_review(me: Signed, broken: Row) -> None:
    """Nobody judges themselves, and a judgement stays."""
    if broken.recipient_id == me.id:
        raise OwnGlass
