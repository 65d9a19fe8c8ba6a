"""The disclosure table: written by one function of the database, read by those whom it concerns."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.disclosures.models import Disclosure, Written
from db import Connection


async def write(db: Connection, category: str, patients: Sequence[UUID]) -> list[Written]:
    """A row for each patient of another organisation, or behind a broken glass; unwritten where nothing covers one."""
    return await db.all(
        Written,
        """
        SELECT patient_id, across, consent_id, break_glass_id, purpose, categories, expires_at, expires_with,
               statement, version, language
        FROM disclose($1, $2)
        """,
        category,
        list(patients),
    )


async def accounting(
    db: Connection, patient_id: UUID | None, *, since: datetime, before: tuple[datetime, UUID], limit: int
) -> list[Disclosure]:
    """What was shown since then, the latest first: of one patient, or of all whose accounting the caller may read."""
    return await db.all(
        Disclosure,
        """
        SELECT id, patient_id, disclosed_at, discloser, recipient, recipient_organisation, category, purpose,
               consent_id, break_glass_id
        FROM disclosure
        WHERE ($1::uuid IS NULL OR patient_id = $1) AND disclosed_at >= $2 AND (disclosed_at, id) < ($3, $4)
        ORDER BY disclosed_at DESC, id DESC
        LIMIT $5
        """,
        patient_id,
        since,
        *before,
        limit,
    )
