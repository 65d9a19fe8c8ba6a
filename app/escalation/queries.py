"""The tables alert_step and alert_limit, and who of a program is there."""

from datetime import datetime
from uuid import UUID

from app.escalation.models import Hours, Step, Supporter
from db import Connection


async def plan(db: Connection, organisation_id: UUID, alert_class: str) -> list[Step]:
    """A site's own steps for that class, or else the default ones."""
    return await db.all(
        Step,
        """
        SELECT step, after, after_hours, audience FROM alert_step
        WHERE class = $2 AND organisation_id IS NOT DISTINCT FROM (
            SELECT organisation_id FROM alert_step WHERE class = $2 AND organisation_id = $1 LIMIT 1)
        ORDER BY step, audience
        """,
        organisation_id,
        alert_class,
    )


async def hours(db: Connection, organisation_id: UUID, alert_class: str) -> Hours | None:
    """When the program works, and the limits of that class."""
    return await db.one(
        Hours,
        """
        SELECT o.time_zone,
               (extract(hour FROM o.opens) * 60 + extract(minute FROM o.opens))::integer AS opens_minute,
               (extract(hour FROM o.closes) * 60 + extract(minute FROM o.closes))::integer AS closes_minute,
               l.lapses, l.repeats, l.unclosed
        FROM organisation o
        JOIN alert_limit l ON l.class = $2 AND (l.organisation_id = o.id OR l.organisation_id IS NULL)
        WHERE o.id = $1
        ORDER BY l.organisation_id NULLS LAST
        LIMIT 1
        """,
        organisation_id,
        alert_class,
    )


async def supporters(
    db: Connection, organisation_id: UUID, patient_id: UUID, alert_id: UUID, class_since: datetime, now: datetime
) -> list[Supporter]:
    """Everybody of the program who could be told, with what decides whether they are."""
    return await db.all(
        Supporter,
        """
        SELECT p.id, array_agg(DISTINCT r.role) AS roles,
               EXISTS (SELECT FROM duty_shift d WHERE d.staff_id = p.id AND d.during @> $5::timestamptz) AS on_duty,
               bool_or(t.id IS NOT NULL) AS on_team, coalesce(bool_or(t.lead), false) AS lead,
               EXISTS (SELECT FROM alert_told told
                       WHERE told.alert_id = $3 AND told.person_id = p.id AND told.told_at >= $4) AS told
        FROM person p
        JOIN staff_role r ON r.person_id = p.id
        LEFT JOIN care_team_member t ON t.staff_id = p.id AND t.patient_id = $2 AND t.left_at IS NULL
        WHERE p.organisation_id = $1 AND p.kind = 'staff'
        GROUP BY p.id
        ORDER BY bool_or(t.id IS NOT NULL) DESC, p.id
        """,
        organisation_id,
        patient_id,
        alert_id,
        class_since,
        now,
    )


async def wants_peer_beside(db: Connection, patient_id: UUID) -> bool:
    """Whether the patient has asked for a peer beside the clinician."""
    return await db.value(bool, "SELECT peer_beside FROM patient WHERE person_id = $1", patient_id) is True
