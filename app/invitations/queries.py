"""Invitations; the database itself sees that a key is tried five times and a link used once."""

from datetime import datetime
from uuid import UUID

from app.invitations.models import Addressed, Tried, Used
from db import Connection


async def may_invite(db: Connection, patient_id: UUID) -> bool:
    """Whether the caller coordinates this patient's program, or leads their team."""
    return await db.value(bool, "SELECT may_invite($1)", patient_id) is True


async def invite(
    db: Connection,
    number: UUID,
    patient_id: UUID,
    seed: bytes,
    link_sha256: bytes,
    post: str | None,
    blind: bytes | None,
    letter: UUID,
    now: datetime,
    until: datetime,
) -> bool:
    """Open an invitation in place of the one before, with a letter where it is sent; False where the caller may not."""
    made = await db.value(
        bool,
        "SELECT invite($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        number,
        patient_id,
        seed,
        link_sha256,
        post,
        blind,
        letter,
        now,
        until,
    )
    return made is True


async def attempt(db: Connection, link_sha256: bytes, now: datetime) -> Tried | None:
    """Count one of five tries; None where there is none left, or nothing to try."""
    return await db.one(Tried, "SELECT id, seed FROM try_invitation($1, $2)", link_sha256, now)


async def use(db: Connection, number: UUID, now: datetime) -> Used | None:
    """End an invitation whose key was right; None where that has happened already."""
    return await db.one(Used, "SELECT person_id, again, post, blind FROM use_invitation($1, $2)", number, now)


async def contact(db: Connection, person_id: UUID, kind: str, index: bytes) -> UUID | None:
    """The open contact of theirs to which a link went; at the door only."""
    return await db.value(UUID, "SELECT invited_contact($1, $2, $3)", person_id, kind, index)


async def addressed(db: Connection, number: UUID, now: datetime) -> Addressed | None:
    """Whom the link of an open invitation goes to; None where that is nobody who is to be written to."""
    return await db.one(
        Addressed,
        """
        SELECT k.id AS contact_id, k.person_id, k.value_sealed, p.language, i.seed
        FROM invitation i
        JOIN contact k ON k.person_id = i.person_id AND k.kind = i.post AND k.value_index = i.blind
            AND k.closed_at IS NULL AND k.may_text
        JOIN person p ON p.id = k.person_id
        WHERE i.id = $1 AND i.ended_at IS NULL AND i.expires_at > $2 AND i.tries < 5
        """,
        number,
        now,
    )
