"""The table alert_review; and what happened to alerts, which it reads."""

from datetime import datetime
from uuid import UUID

from app.reviews.models import Hop, ReviewRow, Unreviewed
from db import Connection


async def patient_of(db: Connection, alert_id: UUID, me: UUID) -> UUID | None:
    """Whose alert it is, for whoever was told of it or watches over the program."""
    return await db.value(
        UUID,
        """
        SELECT patient_id FROM alert a
        WHERE id = $1 AND (EXISTS (SELECT FROM alert_told t WHERE t.alert_id = a.id AND t.person_id = $2)
                           OR patient_id IN (SELECT patients_for('claim', 'alerts')))
        """,
        alert_id,
        me,
    )


async def story(db: Connection, alert_id: UUID) -> list[Hop]:
    """Everything that happened to an alert that the caller may see, in order; of patients no name."""
    return await db.all(
        Hop,
        """
        SELECT e.at, e.kind, e.step,
               CASE WHEN p.kind = 'staff' THEN json_build_object('id', p.id, 'name', p.name) END AS by,
               e.cause,
               coalesce((SELECT json_agg(json_build_object('id', t.id, 'name', t.name) ORDER BY t.name, t.id)
                         FROM person t WHERE t.id = ANY (e.told) AND t.kind = 'staff'), '[]') AS told
        FROM alert_event e LEFT JOIN person p ON p.id = e.by_person
        WHERE e.alert_id = $1 ORDER BY e.at, e.seq
        """,
        alert_id,
    )


async def to_review(db: Connection, *, after: tuple[datetime, UUID] | None, limit: int) -> list[Unreviewed]:
    """What no supervisor has looked at yet, of the patients whom the caller reviews."""
    since, last = after or (None, None)
    return await db.all(
        Unreviewed,
        """
        SELECT a.id, a.class AS alert_class, json_build_object('id', p.id, 'name', p.name) AS patient, a.opened_at,
               a.claimed_at, a.closed_at, json_build_object('id', c.id, 'name', c.name) AS closed_by, a.outcome
        FROM alert a JOIN person p ON p.id = a.patient_id JOIN person c ON c.id = a.closed_by
        WHERE a.class IN ('p0', 'p1') AND a.closed_at IS NOT NULL
          AND a.patient_id = ANY (ARRAY(SELECT patients_for('review', 'alerts')))
          AND NOT EXISTS (SELECT FROM alert_review r WHERE r.alert_id = a.id)
          AND ($1::timestamptz IS NULL OR (a.closed_at, a.id) > ($1, $2::uuid))
        ORDER BY a.closed_at, a.id
        LIMIT $3
        """,
        since,
        last,
        limit,
    )


async def reviewing(db: Connection, alert_id: UUID, me: UUID) -> ReviewRow | None:
    """What decides whether the caller may review this alert; of a patient whom they do not review it is not there."""
    return await db.one(
        ReviewRow,
        """
        SELECT a.id AS alert_id, a.patient_id, a.class AS alert_class, a.closed_at IS NOT NULL AS closed,
               EXISTS (SELECT FROM alert_review r WHERE r.alert_id = a.id) AS reviewed,
               $2 IN (a.claimed_by, a.closed_by)
                   OR EXISTS (SELECT FROM alert_event e
                              WHERE e.alert_id = a.id AND e.by_person = $2 AND e.kind = 'claimed') AS own,
               EXISTS (SELECT FROM person p JOIN staff_role r ON r.person_id = p.id
                       WHERE p.organisation_id = a.organisation_id AND r.role = 'supervisor' AND p.id <> $2) AS others
        FROM alert a WHERE a.id = $1 AND a.patient_id = ANY (ARRAY(SELECT patients_for('review', 'alerts')))
        """,
        alert_id,
        me,
    )


async def review(
    db: Connection, review_id: UUID, row: ReviewRow, me: UUID, finding: str, note: bytes | None, now: datetime
) -> bool:
    """Keep what was found; False where somebody was first."""
    kept = await db.run(
        """
        INSERT INTO alert_review (id, alert_id, patient_id, reviewed_by, reviewed_at, finding, note_sealed)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
        """,
        review_id,
        row.alert_id,
        row.patient_id,
        me,
        now,
        finding,
        note,
    )
    return kept == 1
