"""Passkeys, the numbers of their owners, and what is to be signed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.passkeys.models import Kept, Known, Made, Passkey, Purpose
from db import Connection


async def ask(
    db: Connection,
    challenge_id: UUID,
    purpose: Purpose,
    challenge: bytes,
    expires_at: datetime,
    *,
    person_id: UUID | None = None,
    session_id: UUID | None = None,
) -> None:
    """Keep what is to be signed, for whom and in which session; at the door for nobody."""
    await db.run(
        """
        INSERT INTO passkey_challenge (id, purpose, challenge, person_id, session_id, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        challenge_id,
        purpose,
        challenge,
        person_id,
        session_id,
        expires_at,
    )


async def take(db: Connection, challenge_id: UUID, purpose: Purpose, session_id: UUID, now: datetime) -> bytes | None:
    """What was to be signed in this session for this purpose; it is gone. None where it was too old or never was."""
    return await db.value(
        bytes,
        """
        WITH taken AS (
            DELETE FROM passkey_challenge WHERE id = $1 AND purpose = $2 AND session_id = $3
            RETURNING challenge, expires_at
        )
        SELECT challenge FROM taken WHERE expires_at > $4
        """,
        challenge_id,
        purpose,
        session_id,
        now,
    )


async def take_at_the_door(db: Connection, challenge_id: UUID, now: datetime) -> bytes | None:
    """The same before anybody is known."""
    return await db.value(bytes, "SELECT take_door_challenge($1, $2)", challenge_id, now)


async def forget(db: Connection, now: datetime) -> int:
    """Drop what nobody has answered in time."""
    return await db.run("DELETE FROM passkey_challenge WHERE expires_at <= $1", now)


async def handle(db: Connection, person_id: UUID, fresh: bytes) -> bytes:
    """The caller's number for authenticators; it becomes the fresh one where they had none."""
    await db.run(
        "INSERT INTO passkey_owner (person_id, handle) VALUES ($1, $2) ON CONFLICT DO NOTHING", person_id, fresh
    )
    kept = await db.value(bytes, "SELECT handle FROM passkey_owner WHERE person_id = $1", person_id)
    return kept or fresh


async def known(db: Connection, person_id: UUID) -> list[Known]:
    """The caller's passkeys, for an authenticator; those that are suspended as well, so that none is made twice."""
    return await db.all(
        Known,
        """
        SELECT credential_id, transports FROM passkey WHERE person_id = $1 AND removed_at IS NULL ORDER BY added_at, id
        """,
        person_id,
    )


async def add(
    db: Connection,
    passkey_id: UUID,
    person_id: UUID,
    name: str,
    made: Made,
    transports: Sequence[str],
    now: datetime,
) -> Passkey | None:
    """Keep a passkey; None where it is there already, whoever's it is."""
    return await db.one(
        Passkey,
        """
        INSERT INTO passkey (id, person_id, name, credential_id, public_key, sign_count, synced, aaguid, transports,
                             added_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING
        RETURNING id, name, added_at, last_used_at, synced, suspended_at
        """,
        passkey_id,
        person_id,
        name,
        made.credential_id,
        made.public_key,
        made.sign_count,
        made.synced,
        made.aaguid,
        list(transports),
        now,
    )


async def mine(db: Connection, person_id: UUID) -> list[Passkey]:
    """The caller's passkeys, the oldest first."""
    return await db.all(
        Passkey,
        """
        SELECT id, name, added_at, last_used_at, synced, suspended_at FROM passkey
        WHERE person_id = $1 AND removed_at IS NULL ORDER BY added_at, id
        """,
        person_id,
    )


async def rename(db: Connection, person_id: UUID, passkey_id: UUID, name: str) -> Passkey | None:
    """Call one of the caller's passkeys something else."""
    return await db.one(
        Passkey,
        """
        UPDATE passkey SET name = $3 WHERE id = $2 AND person_id = $1 AND removed_at IS NULL
        RETURNING id, name, added_at, last_used_at, synced, suspended_at
        """,
        person_id,
        passkey_id,
        name,
    )


async def remove(db: Connection, person_id: UUID, passkey_id: UUID, now: datetime) -> bool:
    """Let one of the caller's passkeys open nothing any more."""
    return bool(
        await db.run(
            "UPDATE passkey SET removed_at = $3 WHERE id = $2 AND person_id = $1 AND removed_at IS NULL",
            person_id,
            passkey_id,
            now,
        )
    )


async def own(db: Connection, person_id: UUID, credential_id: bytes) -> Kept | None:
    """The caller's passkey by what an authenticator calls it."""
    return await db.one(
        Kept,
        """
        SELECT k.id, k.person_id, o.handle, k.public_key, k.sign_count, k.synced, k.suspended_at
        FROM passkey k JOIN passkey_owner o ON o.person_id = k.person_id
        WHERE k.person_id = $1 AND k.credential_id = $2 AND k.removed_at IS NULL
        """,
        person_id,
        credential_id,
    )


async def at_the_door(db: Connection, credential_id: bytes) -> Kept | None:
    """A passkey by what an authenticator calls it, whoever's it is."""
    return await db.one(
        Kept,
        """
        SELECT id, person_id, handle, public_key, sign_count, synced, suspended_at FROM passkey_at_the_door($1)
        """,
        credential_id,
    )


async def use(db: Connection, passkey_id: UUID, counted: int, now: datetime) -> bool:
    """Note that it was used; False where its counter did not go forward, or it opens nothing any more."""
    return await db.value(bool, "SELECT use_passkey($1, $2, $3)", passkey_id, counted, now) is True


async def suspend(db: Connection, passkey_id: UUID, event_id: UUID, now: datetime) -> UUID | None:
    """Let it open nothing any more, and note why in its owner's history; whose it is, None where it did not before."""
    return await db.value(UUID, "SELECT suspend_passkey($1, $2, $3)", passkey_id, event_id, now)
