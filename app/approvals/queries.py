"""Approvals; the database itself sees that no session answers for itself."""

from datetime import datetime
from uuid import UUID

from app.approvals.models import Row, Waiting
from db import Connection


async def withdraw(db: Connection, session_id: UUID, now: datetime) -> None:
    """What this session asked for before is refused."""
    await db.run(
        "UPDATE approval SET answered_at = $2, approved = false WHERE session_id = $1 AND answered_at IS NULL",
        session_id,
        now,
    )


async def ask(
    db: Connection, number: UUID, me: UUID, session_id: UUID, digits: str, now: datetime, until: datetime
) -> None:
    """Keep that this session asks, and the number that it shows."""
    await db.run(
        """
        INSERT INTO approval (id, person_id, session_id, number, asked_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
        """,
        number,
        me,
        session_id,
        digits,
        now,
        until,
    )


async def waiting(db: Connection, me: UUID, session_id: UUID, now: datetime) -> list[Waiting]:
    """What other devices of the caller's ask."""
    return await db.all(
        Waiting,
        """
        SELECT id, asked_at, expires_at FROM approval
        WHERE person_id = $1 AND session_id <> $2 AND answered_at IS NULL AND expires_at > $3 ORDER BY asked_at, id
        """,
        me,
        session_id,
        now,
    )


async def one(db: Connection, me: UUID, approval_id: UUID) -> Row | None:
    """One of the caller's."""
    return await db.one(
        Row,
        "SELECT id, session_id, number, expires_at, approved FROM approval WHERE id = $1 AND person_id = $2",
        approval_id,
        me,
    )


async def answer(db: Connection, approval_id: UUID, session_id: UUID, now: datetime, *, approved: bool) -> bool:
    """Answer it from this session; False where somebody was first, or it is too late."""
    answered = await db.run(
        """
        UPDATE approval SET answered_at = $3, answered_in = $2, approved = $4
        WHERE id = $1 AND answered_at IS NULL AND expires_at > $3
        """,
        approval_id,
        session_id,
        now,
        approved,
    )
    return answered == 1
