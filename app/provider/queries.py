"""Links to a provider's accounts, and who is on the way there."""

from datetime import datetime
from uuid import UUID

from app.provider.models import Attempt, Linked, LinkRow, Purpose
from db import Connection


async def begin(
    db: Connection,
    attempt: Attempt,
    purpose: Purpose,
    browser_sha256: bytes,
    expires_at: datetime,
    *,
    person_id: UUID | None = None,
    session_id: UUID | None = None,
) -> None:
    """Somebody leaves for the provider; at the door nobody knows who."""
    await db.run(
        """
        INSERT INTO provider_attempt (id, purpose, state_sha256, browser_sha256, nonce, verifier, person_id, session_id,
                                      begun_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        attempt.id,
        purpose,
        attempt.state_sha256,
        browser_sha256,
        attempt.nonce,
        attempt.verifier,
        person_id,
        session_id,
        attempt.begun_at,
        expires_at,
    )


async def take(
    db: Connection, browser_sha256: bytes, purpose: Purpose, session_id: UUID, now: datetime
) -> Attempt | None:
    """Who left from this browser in this session for this; they are not on the way any more."""
    return await db.one(
        Attempt,
        """
        WITH taken AS (
            DELETE FROM provider_attempt WHERE browser_sha256 = $1 AND purpose = $2 AND session_id = $3
            RETURNING id, state_sha256, nonce, verifier, begun_at, expires_at
        )
        SELECT id, state_sha256, nonce, verifier, begun_at FROM taken WHERE expires_at > $4
        """,
        browser_sha256,
        purpose,
        session_id,
        now,
    )


async def take_at_the_door(db: Connection, browser_sha256: bytes, now: datetime) -> Attempt | None:
    """The same before anybody is known."""
    return await db.one(
        Attempt,
        "SELECT id, state_sha256, nonce, verifier, begun_at FROM take_door_attempt($1, $2)",
        browser_sha256,
        now,
    )


async def forget(db: Connection, now: datetime) -> int:
    """Drop those who have not come back in time."""
    return await db.run("DELETE FROM provider_attempt WHERE expires_at <= $1", now)


async def use_at_the_door(db: Connection, issuer: str, subject: str, now: datetime) -> Linked | None:
    """Whose subject this is; it was used just now."""
    return await db.one(Linked, "SELECT id, person_id FROM use_provider_link($1, $2, $3)", issuer, subject, now)


async def link_by_mail(
    db: Connection, link_id: UUID, person_id: UUID, issuer: str, subject: str, now: datetime
) -> bool:
    """Let this subject be somebody of the staff who has no factor yet; False where they have, or are a patient."""
    linked = await db.value(bool, "SELECT link_by_mail($1, $2, $3, $4, $5)", link_id, person_id, issuer, subject, now)
    return linked is True


async def begun_there(db: Connection, link_id: UUID, sid: str | None, access_sha256: bytes) -> None:
    """Let the session that has just been opened end with the provider's."""
    await db.value(bool, "SELECT begun_at_provider($1, $2, $3)", link_id, sid, access_sha256)


async def end_sessions(db: Connection, issuer: str, subject: str | None, sid: str | None, now: datetime) -> list[UUID]:
    """End what began in the provider's session, or in all of a subject's; whose those were."""
    return await db.values(UUID, "SELECT end_provider_sessions($1, $2, $3, $4)", issuer, subject, sid, now)


async def add(db: Connection, link_id: UUID, person_id: UUID, issuer: str, subject: str, now: datetime) -> bool:
    """Connect the caller's account there; False where it is somebody's, or they have another one."""
    return bool(
        await db.run(
            """
            INSERT INTO provider_link (id, person_id, issuer, subject, linked_at) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT DO NOTHING
            """,
            link_id,
            person_id,
            issuer,
            subject,
            now,
        )
    )


async def mine(db: Connection, person_id: UUID, issuer: str) -> list[LinkRow]:
    """The caller's account at this provider: none or one."""
    return await db.all(
        LinkRow,
        """
        SELECT id, linked_at, last_used_at FROM provider_link
        WHERE person_id = $1 AND issuer = $2 AND removed_at IS NULL
        """,
        person_id,
        issuer,
    )


async def use(db: Connection, person_id: UUID, issuer: str, subject: str, now: datetime) -> bool:
    """Whether this is the subject that the caller has connected; it was used just now."""
    return bool(
        await db.run(
            """
            UPDATE provider_link SET last_used_at = $4
            WHERE person_id = $1 AND issuer = $2 AND subject = $3 AND removed_at IS NULL
            """,
            person_id,
            issuer,
            subject,
            now,
        )
    )


async def remove(db: Connection, person_id: UUID, link_id: UUID, now: datetime) -> bool:
    """The caller's account there is nobody's here any more."""
    return bool(
        await db.run(
            "UPDATE provider_link SET removed_at = $3 WHERE id = $2 AND person_id = $1 AND removed_at IS NULL",
            person_id,
            link_id,
            now,
        )
    )
