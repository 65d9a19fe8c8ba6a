"""Vouches; who may say what is the database's own to see."""

from datetime import datetime
from uuid import UUID

from app.vouches.models import AskedRow, SaidRow, VouchState
from db import Connection


async def withdraw(db: Connection, me: UUID, session_id: UUID) -> None:
    """What this session asked for before is void."""
    await db.run("DELETE FROM vouch WHERE session_id = $1 AND patient_id = $2 AND used_at IS NULL", session_id, me)


async def ask(
    db: Connection, number: UUID, me: UUID, session_id: UUID, digits: str, now: datetime, until: datetime
) -> None:
    """Keep that this session asks, and the number that it shows."""
    await db.run(
        "INSERT INTO vouch (id, patient_id, session_id, number, asked_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
        number,
        me,
        session_id,
        digits,
        now,
        until,
    )


async def mine(db: Connection, me: UUID, session_id: UUID) -> VouchState | None:
    """What this session asks, and how far that has come."""
    return await db.one(
        VouchState,
        """
        SELECT id, (first_by IS NOT NULL)::int + (second_by IS NOT NULL)::int AS confirmed, expires_at
        FROM vouch WHERE session_id = $1 AND patient_id = $2 AND used_at IS NULL
        """,
        session_id,
        me,
    )


async def asked(db: Connection, digits: str, now: datetime) -> AskedRow | None:
    """Who asks with this number, of the caller's own program."""
    return await db.one(AskedRow, "SELECT patient_id, name, first_by, expires_at FROM vouch_asked($1, $2)", digits, now)


async def vouch(db: Connection, digits: str, how: str, now: datetime) -> SaidRow | None:
    """Vouch for whoever asks with this number; None where nobody does."""
    return await db.one(SaidRow, "SELECT patient_id, said FROM vouch_for($1, $2, $3)", digits, how, now)


async def use(db: Connection, session_id: UUID, now: datetime) -> bool:
    """Whether two have vouched for this session, in time, once."""
    return await db.value(bool, "SELECT use_vouch($1, $2)", session_id, now) is True
