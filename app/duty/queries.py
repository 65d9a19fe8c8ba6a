"""The duty_shift table."""

from datetime import datetime
from uuid import UUID

from app.duty.models import DutyShift, NewDutyShift
from db import Connection


async def add(db: Connection, staff_id: UUID, new: NewDutyShift) -> DutyShift | None:
    """A new shift; None where the id is taken, another shift overlaps, or this is nobody who works here."""
    return await db.one(
        DutyShift,
        """
        INSERT INTO duty_shift (id, staff_id, during)
        SELECT $1, person.id, tstzrange($3, $4) FROM person WHERE person.id = $2 AND kind = 'staff'
        ON CONFLICT DO NOTHING
        RETURNING id, staff_id, lower(during) AS starts_at, upper(during) AS ends_at
        """,
        new.id,
        staff_id,
        new.starts_at,
        new.ends_at,
    )


async def by_id(db: Connection, shift_id: UUID) -> DutyShift | None:
    """One shift, whoever's: that somebody is on duty is no secret."""
    return await db.one(
        DutyShift,
        """
        SELECT id, staff_id, lower(during) AS starts_at, upper(during) AS ends_at
        FROM duty_shift WHERE id = $1
        """,
        shift_id,
    )


async def upcoming(db: Connection, staff_id: UUID, now: datetime) -> list[DutyShift]:
    """The caller's shifts that have not ended, the next one first."""
    return await db.all(
        DutyShift,
        """
        SELECT id, staff_id, lower(during) AS starts_at, upper(during) AS ends_at
        FROM duty_shift WHERE staff_id = $1 AND upper(during) > $2 ORDER BY during LIMIT 100
        """,
        staff_id,
        now,
    )


async def end(db: Connection, staff_id: UUID, shift_id: UUID, now: datetime) -> bool:
    """End a shift now, or take it back when it has not begun; False where it is not the caller's or is over."""
    removed = await db.run(
        "DELETE FROM duty_shift WHERE id = $1 AND staff_id = $2 AND lower(during) >= $3", shift_id, staff_id, now
    )
    ended = await db.run(
        """
        UPDATE duty_shift SET during = tstzrange(lower(during), $3)
        WHERE id = $1 AND staff_id = $2 AND lower(during) < $3 AND upper(during) > $3
        """,
        shift_id,
        staff_id,
        now,
    )
    return removed + ended == 1
