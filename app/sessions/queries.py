"""Reads sessions, and has their tokens changed; `app.auth` opens and ends them."""

from datetime import datetime, timedelta
from uuid import UUID

from app.sessions.models import Kept, Refreshed
from db import Connection


async def device_key(db: Connection, family: bytes) -> bytes | None:
    """The key of the device that this family of tokens was given to."""
    return await db.value(bytes, "SELECT device_key_of($1)", family)


async def refresh(
    db: Connection,
    family: bytes,
    token: bytes,
    next_token: bytes,
    next_access: bytes,
    signed: datetime | None,
    now: datetime,
    access_lasts: timedelta,
) -> Refreshed | None:
    """Spend a refresh token, and make the next pair the one that holds; None where this is not the door."""
    return await db.one(
        Refreshed,
        """
        SELECT outcome, session_id, person_id, assurance, access_until, refresh_until
        FROM refresh_session($1, $2, $3, $4, $5, $6, $7)
        """,
        family,
        token,
        next_token,
        next_access,
        signed,
        now,
        access_lasts,
    )


async def mine(db: Connection, person_id: UUID, now: datetime) -> list[Kept]:
    """Where somebody is signed in, and what was ended in the last 30 days because a token of it was used twice."""
    return await db.all(
        Kept,
        """
        SELECT id, device_name AS device, signed_in_by, assurance, started_at, refreshed_at AS last_used_at,
               expires_at, ended_at, ended_because
        FROM session
        WHERE person_id = $1 AND (ended_at IS NULL AND expires_at > $2
                                  OR ended_because = 'reuse' AND ended_at > $2 - interval '30 days')
        ORDER BY ended_at IS NOT NULL, refreshed_at DESC, id
        LIMIT 100
        """,
        person_id,
        now,
    )


async def forget(db: Connection, before: datetime) -> int:
    """Drop the tokens of sessions that were over by then."""
    return await db.value(int, "SELECT forget_tokens($1)", before) or 0


async def over(db: Connection, sessions: list[UUID], now: datetime) -> list[UUID]:
    """Those of these sessions in which nobody is signed in any more."""
    return await db.values(UUID, "SELECT sessions_over($1::uuid[], $2)", sessions, now)
