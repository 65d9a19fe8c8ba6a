"""The event table: who should look again, and at what."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.auth import Signed
from app.events.models import Horizon, Kept, Place
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


async def after(
    db: Connection, person_id: UUID, place: Place, *, heard: Sequence[int], limit: int | None
) -> list[Kept]:
    """What this person has not heard yet, by transaction and number; without a limit, all of it.

    A row of a restored database may be of a transaction that is still to come there; it is not read.
    """
    return await db.all(
        Kept,
        """
        SELECT xid::text::bigint AS xid, seq, topic, subject_id, at FROM event
        WHERE person_id = $1 AND (xid, seq) > ($2::text::xid8, $3) AND seq <> ALL ($4::bigint[])
          AND xid < pg_snapshot_xmax(pg_current_snapshot())
        ORDER BY event.xid, seq
        LIMIT $5
        """,
        person_id,
        str(place.xid),
        place.seq,
        list(heard),
        limit,
    )


async def horizon(db: Connection, me: Signed, now: datetime) -> Horizon:
    """Which transactions of the cluster are over. Asked before the rows: what it says of them stays true."""
    found = await db.one(
        Horizon,
        """
        SELECT pg_snapshot_xmin(now)::text::bigint AS oldest, pg_snapshot_xmax(now)::text::bigint AS next,
               session_holds($1, $2, $3) AS holds
        FROM pg_current_snapshot() AS now
        """,
        me.session_id,
        me.roles,
        now,
    )
    return found or Horizon(0, 0, holds=False)


async def forget(db: Connection, before: datetime) -> int:
    """Events that nobody can still be waiting for."""
    return await db.run("DELETE FROM event WHERE at < $1", before)
