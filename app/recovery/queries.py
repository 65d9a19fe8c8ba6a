"""Recovery codes, each its owner's alone."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.recovery.models import LeftRow
from db import Connection


async def replace(db: Connection, me: UUID, kept: Sequence[bytes], now: datetime) -> None:
    """Let these be the caller's, and no others."""
    await db.run("DELETE FROM recovery_code WHERE person_id = $1", me)
    await db.run(
        "INSERT INTO recovery_code (person_id, hmac, made_at) SELECT $1, unnest($2::bytea[]), $3", me, kept, now
    )


async def use(db: Connection, me: UUID, kept: bytes, now: datetime) -> bool:
    """Whether it was one of the caller's; it is not any more."""
    used = await db.run(
        "UPDATE recovery_code SET used_at = $3 WHERE person_id = $1 AND hmac = $2 AND used_at IS NULL", me, kept, now
    )
    return used == 1


async def left(db: Connection, me: UUID) -> LeftRow | None:
    """How many of the caller's have not been used."""
    return await db.one(
        LeftRow,
        """
        SELECT count(*) FILTER (WHERE used_at IS NULL) AS left, max(made_at) AS made_at
        FROM recovery_code WHERE person_id = $1
        """,
        me,
    )
