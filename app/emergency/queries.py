"""The tables break_glass and break_glass_review."""

from datetime import datetime
from uuid import UUID

from app.emergency.models import NewReview, Row
from db import Connection


async def may_break(db: Connection, patient_id: UUID) -> bool:
    """Whether the caller may break this patient's glass, and there is such a patient."""
    return await db.value(bool, "SELECT may_break_the_glass($1)", patient_id) is True


async def break_glass(db: Connection, patient_id: UUID, number: UUID, nature: bytes) -> UUID | None:
    """Let the caller read for a while, and keep the record of it; None where they may not, or the id is taken."""
    return await db.value(UUID, "SELECT id FROM break_the_glass($1, $2, $3)", number, patient_id, nature)


async def by_id(db: Connection, number: UUID, *, to_review: bool = False) -> Row | None:
    """One that the caller may see, with its review; or only if they may review it."""
    return await db.one(
        Row,
        """
        SELECT g.id, g.patient_id, g.patient, g.recipient_id, g.recipient, g.affiliation, g.discloser, g.broken_at,
               g.ends_at, CASE WHEN data_keys_live(g.patient_id) THEN g.nature_sealed END AS nature_sealed,
               r.reviewed_by, r.reviewed_at, r.finding,
               CASE WHEN data_keys_live(g.patient_id) THEN r.note_sealed END AS note_sealed
        FROM break_glass g LEFT JOIN break_glass_review r ON r.id = g.id
        WHERE g.id = $1 AND (NOT $2 OR g.patient_id IN (SELECT patients_for('review', 'emergency')))
        """,
        number,
        to_review,
    )


async def listed(db: Connection, *, before: tuple[datetime, UUID], limit: int) -> list[Row]:
    """Those that the caller may see: about them, by them, or of the program whose privacy they answer for."""
    return await db.all(
        Row,
        """
        SELECT g.id, g.patient_id, g.patient, g.recipient_id, g.recipient, g.affiliation, g.discloser, g.broken_at,
               g.ends_at, CASE WHEN data_keys_live(g.patient_id) THEN g.nature_sealed END AS nature_sealed,
               r.reviewed_by, r.reviewed_at, r.finding,
               CASE WHEN data_keys_live(g.patient_id) THEN r.note_sealed END AS note_sealed
        FROM break_glass g LEFT JOIN break_glass_review r ON r.id = g.id
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


async def review(db: Connection, broken: Row, me: UUID, new: NewReview, note: bytes | None, now: datetime) -> bool:
    """Keep what was found; False where somebody was first."""
    return (
        await db.run(
            """
            INSERT INTO break_glass_review (id, patient_id, reviewed_by, reviewed_at, finding, note_sealed)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
            """,
            broken.id,
            broken.patient_id,
            me,
            now,
            new.finding,
            note,
        )
        > 0
    )
