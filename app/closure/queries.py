"""The closure and legal_hold tables."""

from datetime import datetime
from uuid import UUID

from app.closure.models import Asked, Closure, Kept, Leaving, SealedHold
from db import Connection


async def ask(db: Connection, patient_id: UUID, closure_id: UUID, now: datetime, due: datetime) -> Asked | None:
    """Ask for it; None where it was asked already, or the id is used."""
    return await db.one(
        Asked,
        """
        INSERT INTO closure (id, patient_id, asked_at, due_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
        RETURNING id, asked_at, due_at
        """,
        closure_id,
        patient_id,
        now,
        due,
    )


async def asked(db: Connection, patient_id: UUID) -> Asked | None:
    """What was asked and not taken back."""
    return await db.one(
        Asked,
        """
        SELECT id, asked_at, due_at FROM closure WHERE patient_id = $1 AND taken_back_at IS NULL
        """,
        patient_id,
    )


async def take_back(db: Connection, patient_id: UUID, now: datetime) -> bool:
    """Whether there was something to take back."""
    taken = await db.run(
        """
        UPDATE closure SET taken_back_at = $2 WHERE patient_id = $1 AND taken_back_at IS NULL AND closed_at IS NULL
        """,
        patient_id,
        now,
    )
    return taken == 1


async def kept(db: Connection, patient_id: UUID, now: datetime) -> Kept | None:
    """Why and until when the record would be kept; None of a stranger."""
    return await db.one(
        Kept, "SELECT years, source, keep_until, held, alert_open FROM would_be_kept($1, $2)", patient_id, now
    )


async def leaving(db: Connection, now: datetime) -> list[Leaving]:
    """Whose day has come, who asked first being first."""
    return await db.all(Leaving, "SELECT patient_id, is_closed FROM leaving($1)", now)


async def close(db: Connection, patient_id: UUID, now: datetime) -> bool:
    """Close the account, unless that is not yet to be."""
    return bool(await db.value(bool, "SELECT close_account($1, $2)", patient_id, now))


async def shred(db: Connection, patient_id: UUID, now: datetime) -> bool:
    """Destroy what nothing keeps any more, unless something does."""
    return bool(await db.value(bool, "SELECT shred_account($1, $2)", patient_id, now))


async def of_program(db: Connection, limit: int) -> list[Closure]:
    """Closures of the caller's program that were not taken back; none where they oversee nothing."""
    return await db.all(
        Closure,
        """
        SELECT c.patient_id, c.asked_at, c.due_at AS closes_at, c.closed_at, c.keep_until AS kept_until, c.shredded_at,
               EXISTS (SELECT FROM legal_hold h WHERE h.patient_id = c.patient_id AND h.ended_at IS NULL) AS held
        FROM closure c WHERE c.taken_back_at IS NULL AND oversees(c.patient_id) ORDER BY c.asked_at DESC, c.id LIMIT $1
        """,
        limit,
    )


async def oversees(db: Connection, patient_id: UUID) -> bool:
    """Whether the caller is a supervisor of this patient's program."""
    return bool(await db.value(bool, "SELECT oversees($1)", patient_id))


async def hold(
    db: Connection, hold_id: UUID, patient_id: UUID, reason: bytes, set_by: UUID, now: datetime
) -> SealedHold | None:
    """Keep this record; None where the id is used."""
    return await db.one(
        SealedHold,
        """
        INSERT INTO legal_hold (id, patient_id, reason_sealed, set_by, set_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING
        RETURNING id, patient_id, reason_sealed, set_by, set_at, ended_by, ended_at
        """,
        hold_id,
        patient_id,
        reason,
        set_by,
        now,
    )


async def held(db: Connection, hold_id: UUID) -> SealedHold | None:
    """One hold that the caller oversees."""
    return await db.one(
        SealedHold,
        """
        SELECT id, patient_id, reason_sealed, set_by, set_at, ended_by, ended_at FROM legal_hold WHERE id = $1
        """,
        hold_id,
    )


async def holds(db: Connection, patient_id: UUID) -> list[SealedHold]:
    """Every hold on this record, the newest first."""
    return await db.all(
        SealedHold,
        """
        SELECT id, patient_id, reason_sealed, set_by, set_at, ended_by, ended_at
        FROM legal_hold WHERE patient_id = $1 ORDER BY set_at DESC, id DESC
        """,
        patient_id,
    )


async def end_hold(db: Connection, hold_id: UUID, by: UUID, now: datetime) -> bool:
    """Whether it held until now."""
    ended = await db.run(
        "UPDATE legal_hold SET ended_by = $2, ended_at = $3 WHERE id = $1 AND ended_at IS NULL", hold_id, by, now
    )
    return ended == 1
