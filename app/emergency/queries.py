"""The tables break_glass and break_glass_review."""

from datetime import datetime
from uuid import UUID

from app.emergency.models import BreakGlass, NewBreakGlass, NewReview
from db import Connection


async def break_glass(db: Connection, patient_id: UUID, new: NewBreakGlass) -> UUID | None:
    """Let the caller read for a while, and keep the record of it; None where they may not, or the id is taken."""
    return await db.value(UUID, "SELECT id FROM break_the_glass($1, $2, $3)", new.id, patient_id, new.nature)


async def by_id(db: Connection, number: UUID) -> BreakGlass | None:
    """One that the caller may see, with its review."""
    return await db.one(
        BreakGlass,
        """
        SELECT g.id, g.patient_id, g.patient, g.recipient_id, g.recipient, g.affiliation, g.discloser, g.broken_at,
               g.ends_at, g.nature, r.reviewed_by, r.reviewed_at, r.finding, r.note
        FROM break_glass g LEFT JOIN break_glass_review r ON r.break_glass_id = g.id
        WHERE g.id = $1
        """,
        number,
    )


async def listed(db: Connection, *, before: tuple[datetime, UUID], limit: int) -> list[BreakGlass]:
    """Those that the caller may see: about them, by them, or of the program whose privacy they answer for."""
    return await db.all(
        BreakGlass,
        """
        SELECT g.id, g.patient_id, g.patient, g.recipient_id, g.recipient, g.affiliation, g.discloser, g.broken_at,
               g.ends_at, g.nature, r.reviewed_by, r.reviewed_at, r.finding, r.note
        FROM break_glass g LEFT JOIN break_glass_review r ON r.break_glass_id = g.id
        WHERE (g.broken_at, g.id) < ($1, $2)
        ORDER BY g.broken_at DESC, g.id DESC
        LIMIT $3
        """,
        *before,
        limit,
    )


async def answerable(db: Connection, number: UUID) -> list[UUID]:
    """Whoever answers for privacy in the patient's program."""
    return await db.values(
        UUID,
        """
        SELECT DISTINCT p.id FROM break_glass g JOIN person p USING (organisation_id)
        JOIN staff_role r ON r.person_id = p.id
        WHERE g.id = $1 AND r.role IN ('privacy-officer', 'supervisor') AND p.kind = 'staff'
        """,
        number,
    )


async def review(db: Connection, number: UUID, me: UUID, new: NewReview, now: datetime) -> bool:
    """Keep what was found; False where somebody was first."""
    return (
        await db.run(
            """
            INSERT INTO break_glass_review (break_glass_id, reviewed_by, reviewed_at, finding, note)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
            """,
            number,
            me,
            now,
            new.finding,
            new.note,
        )
        > 0
    )
