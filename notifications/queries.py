"""What the tables of reaching people are asked and told; nobody else writes them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from db import Connection
from notifications.models import Kind


async def insert_notifications(
    db: Connection,
    *,
    ids: Sequence[UUID],
    people: Sequence[UUID],
    kind: Kind,
    subject: UUID,
    stage: str,
    urgent: bool,
    due_at: datetime,
    expires_at: datetime,
) -> None:
    """One pending notification for each person; those that exist already stay as they are.

    Nothing is returned and no conflict target is named, because the caller may not be able to read these rows.
    """
    await db.run(
        """
        INSERT INTO notification (id, person_id, kind, subject_id, stage, urgent, due_at, expires_at, next_at)
        SELECT made.id, made.person, $3, $4, $5, $6, $7, $8, $7
        FROM unnest($1::uuid[], $2::uuid[]) AS made (id, person)
        ON CONFLICT DO NOTHING
        """,
        ids,
        people,
        kind,
        subject,
        stage,
        urgent,
        due_at,
        expires_at,
    )


async def withdraw_notifications(db: Connection, kind: Kind, subject: UUID, now: datetime) -> int:
    """Withdraw what is pending or planned about a subject, and drop its queued deliveries; how many there were."""
    return await db.value(int, "SELECT withdraw_notifications($1, $2, $3)", kind, subject, now) or 0
