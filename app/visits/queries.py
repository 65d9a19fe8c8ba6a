"""Looks up the appointment behind a visit; appointments are written by their own slice."""

from datetime import datetime
from uuid import UUID

from app.visits.models import Booked, Visit
from db import Connection


async def booked(db: Connection, appointment_id: UUID, me: UUID) -> Booked | None:
    """The appointment, if the caller is one of its two people and may enter as that."""
    return await db.one(
        Booked,
        """
        SELECT id, patient_id, staff_id, status, lower(during) AS starts_at, upper(during) AS ends_at
        FROM appointment, granted('enter', 'visits') AS as_whom
        WHERE id = $1 AND (patient_id = $2 AND 'self' = ANY (as_whom) OR staff_id = $2 AND 'held' = ANY (as_whom))
        """,
        appointment_id,
        me,
    )


async def between(db: Connection, patient_id: UUID, ended_after: datetime, begin_before: datetime) -> list[Visit]:
    """A patient's booked visits of that time, the first one first."""
    return await db.all(
        Visit,
        """
        SELECT id AS appointment_id, lower(during) AS starts_at, upper(during) AS ends_at
        FROM appointment
        WHERE patient_id = $1 AND status = 'booked' AND upper(during) > $2 AND lower(during) <= $3
        ORDER BY lower(during), id
        LIMIT 100
        """,
        patient_id,
        ended_after,
        begin_before,
    )
