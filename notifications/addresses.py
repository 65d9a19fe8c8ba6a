"""Where people can be reached: their phones, which they register and close themselves."""

from datetime import datetime
from uuid import UUID

from db import Connection
from notifications import queries, rules
from notifications.models import Address, NewAddress


async def register(db: Connection, person_id: UUID, new: NewAddress, now: datetime) -> Address | None:
    """Let a phone ring for this person from now on, and for nobody else.

    The same id or the same token twice is one; a newer token of the same id replaces the older. A token that rang for
    somebody else has moved with the phone and is closed there. It rings at once for what this person could not be
    reached for and is still of use. None: the id is somebody else's, and nothing changed that the caller should commit.
    """
    await db.run("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", new.value)
    await db.run("SELECT close_address_elsewhere($1, $2, $3)", new.kind, new.value, now)
    kept = await _update(db, person_id, new) or await _insert(db, person_id, new, now)
    for urgent in await queries.reach_again(db, now):
        db.wake(rules.lane(urgent=urgent).bell)
    return kept


async def close(db: Connection, person_id: UUID, address_id: UUID, now: datetime) -> bool:
    """Let a phone ring no more, from the commit on; whether it was this person's. Twice is once."""
    closed = await db.run(
        """
        UPDATE address SET closed_at = coalesce(closed_at, $3), closed_because = coalesce(closed_because, 'signed-out')
        WHERE id = $1 AND person_id = $2
        """,
        address_id,
        person_id,
        now,
    )
    return closed == 1


async def mine(db: Connection, person_id: UUID) -> list[Address]:
    """The phones that ring for this person, the first one first."""
    return await db.all(
        Address,
        """
        SELECT id, kind, platform, time_zone, registered_at FROM address
        WHERE person_id = $1 AND closed_at IS NULL ORDER BY registered_at, id
        """,
        person_id,
    )


async def _update(db: Connection, person_id: UUID, new: NewAddress) -> Address | None:
    return await db.one(
        Address,
        """
        UPDATE address SET kind = $3, value = $4, platform = $5, time_zone = $6, closed_at = NULL, closed_because = NULL
        WHERE id = $1 AND person_id = $2
        RETURNING id, kind, platform, time_zone, registered_at
        """,
        new.id,
        person_id,
        new.kind,
        new.value,
        new.platform,
        new.time_zone,
    )


async def _insert(db: Connection, person_id: UUID, new: NewAddress, now: datetime) -> Address | None:
    return await db.one(
        Address,
        """
        INSERT INTO address (id, person_id, kind, value, platform, time_zone, registered_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT DO NOTHING
        RETURNING id, kind, platform, time_zone, registered_at
        """,
        new.id,
        person_id,
        new.kind,
        new.value,
        new.platform,
        new.time_zone,
        now,
    )
