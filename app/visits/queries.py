"""Looks up the appointment behind a visit; appointments are written by their own slice."""

from uuid import UUID

from app.visits.models import Booked
from db import Connection


async def booked(db: Connection, appointment_id: UUID, me: UUID) -> Booked | None:
    """The appointment, if the caller is one of its two people."""
    return await db.one(
        Booked,
        """
        SELECT id, patient_id, staff_id, status, lower(during) AS starts_at, upper(during) AS ends_at
        FROM appointment WHERE id = $1 AND $2 IN (patient_id, staff_id)
        """,
        appointment_id,
        me,
    )
