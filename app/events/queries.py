"""The event table: who should look again, and at what."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.events.models import Event
from db import Connection


async def add(db: Connection, people: Sequence[UUID], topic: str, subject_id: UUID, now: datetime) -> None:
    """One row for each person."""
    await db.run(
        "INSERT INTO event (person_id, topic, subject_id, at) SELECT unnest($1::uuid[]), $2, $3, $4",
        list(people),
        topic,
        subject_id,
        now,
    )


async def after(db: Connection, person_id: UUID, *, xid: int, seq: int, limit: int) -> list[Event]:
    """What this person has not heard yet, in commit order.

    Only transactions older than every running one are read, so an event cannot appear before one already sent.
    """
    return await db.all(
        Event,
        """
        SELECT xid::text || '-' || seq AS cursor, topic, subject_id, at FROM event
        WHERE person_id = $1 AND (xid, seq) > ($2::text::xid8, $3)
          AND xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY xid, seq
        LIMIT $4
        """,
        person_id,
        str(xid),
        seq,
        limit,
    )


async def waiting(db: Connection, person_id: UUID, *, xid: int, seq: int) -> bool:
    """Whether something newer has committed that an older, still running transaction keeps from being read."""
    found = await db.value(
        bool,
        "SELECT EXISTS (SELECT FROM event WHERE person_id = $1 AND (xid, seq) > ($2::text::xid8, $3))",
        person_id,
        str(xid),
        seq,
    )
    return found is True


async def newest(db: Connection) -> str:
    """The place from which a new listener hears what comes."""
    found = await db.value(str, "SELECT pg_snapshot_xmin(pg_current_snapshot())::text || '-0'")
    return found or "0-0"


async def forget(db: Connection, before: datetime) -> int:
    """Events that nobody can still be waiting for."""
    return await db.run("DELETE FROM event WHERE at < $1", before)
