"""Challenges; the database itself sees that they are tried five times and used once."""

from datetime import datetime
from uuid import UUID

from app.codes.models import Addressed, Owner, Purpose, Tried, Used
from db import Connection


async def ask(
    db: Connection,
    challenge: UUID,
    purpose: Purpose,
    kind: str,
    index: bytes,
    device: bytes | None,
    seed: bytes,
    letter: UUID,
    now: datetime,
    until: datetime,
) -> bool:
    """Open a challenge in place of the one before, with its letter; whose contact it is, is not looked up."""
    asked = await db.value(
        bool,
        "SELECT ask_for_code($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        challenge,
        purpose,
        kind,
        index,
        device,
        seed,
        letter,
        now,
        until,
    )
    return asked is True


async def attempt(db: Connection, challenge: UUID, purpose: Purpose, now: datetime) -> Tried | None:
    """Count one of five tries; None where there is none left, or nothing to try."""
    return await db.one(Tried, "SELECT seed, device FROM try_code($1, $2, $3)", challenge, purpose, now)


async def use(db: Connection, challenge: UUID, purpose: Purpose, now: datetime) -> Used | None:
    """End a challenge whose code was right; None where that has happened already."""
    return await db.one(Used, "SELECT post, blind FROM use_code($1, $2, $3)", challenge, purpose, now)


async def owner(db: Connection, kind: str, index: bytes) -> Owner | None:
    """The patient who reads there and may be written to; at the door only."""
    return await db.one(Owner, "SELECT person_id, shared FROM code_owner($1, $2)", kind, index)


async def knows_device(db: Connection, person_id: UUID, key: bytes | None) -> bool:
    """Whether this person was here on the device with this key, for sure."""
    return await db.value(bool, "SELECT knows_device($1, $2)", person_id, key) is True


async def is_second(db: Connection, session_id: UUID, kind: str, index: bytes) -> bool:
    """Whether it is a verified contact of the caller's, and not the one whose code began this session."""
    return await db.value(bool, "SELECT is_second_contact($1, $2, $3)", session_id, kind, index) is True


async def own_contact(db: Connection, me: UUID, kind: str, index: bytes) -> UUID | None:
    """The caller's own contact with that value, verified or not."""
    return await db.value(
        UUID,
        "SELECT id FROM contact WHERE person_id = $1 AND kind = $2 AND value_index = $3 AND closed_at IS NULL",
        me,
        kind,
        index,
    )


async def addressed(db: Connection, challenge: UUID, now: datetime) -> Addressed | None:
    """Whom the code of an open challenge goes to; None where that is nobody, or nobody who is to be written to."""
    return await db.one(
        Addressed,
        """
        SELECT k.id AS contact_id, k.person_id, k.value_sealed, p.language, c.seed
        FROM code_challenge c
        JOIN contact k ON k.kind = c.post AND k.value_index = c.blind AND k.closed_at IS NULL AND k.may_text
        JOIN person p ON p.id = k.person_id
        WHERE c.id = $1 AND c.ended_at IS NULL AND c.expires_at > $2 AND c.tries < 5
          AND CASE c.purpose
              WHEN 'sign-in' THEN k.verified_at IS NOT NULL AND p.kind = 'patient'
              WHEN 'contact' THEN k.person_id = c.person_id
              ELSE k.person_id = c.person_id AND k.verified_at IS NOT NULL END
        """,
        challenge,
        now,
    )


async def forget(db: Connection, before: datetime) -> int:
    """Drop challenges that were over before then."""
    return await db.run("DELETE FROM code_challenge WHERE expires_at < $1", before)
