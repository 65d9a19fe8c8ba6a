"""Where people can be reached: their phones, which they register and close themselves."""

from datetime import datetime
from uuid import UUID

from db import Connection, sealing
from db.envelope import Place
from notifications import queries, rules
from notifications.models import Address, NewAddress


async def register(db: Connection, person_id: UUID, new: NewAddress, now: datetime) -> Address | None:
    """Let a phone ring for this person from now on, and for nobody else.

    The same id or the same token twice is one; a newer token of the same id replaces the older. A token that rang for
    somebody else has moved with the phone and is closed there. It rings at once for what this person could not be
    reached for and is still of use. None: the id is somebody else's, and nothing changed that the caller should commit.
    """
    index = sealing.blind(db, f"push {new.kind}", new.value)
    token = await sealing.seal(db, person_id, place(new.id), new.value)
    await db.run("SELECT pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 0))", index)
    await db.run("SELECT close_address_elsewhere($1, $2, $3)", new.kind, index, now)
    kept = await _update(db, person_id, new, token, index) or await _insert(db, person_id, new, token, index, now)
    for urgent in await queries.reach_again(db, now):
        db.wake(rules.lane(urgent=urgent).bell)
    return kept


async def close(db: Connection, person_id: UUID, address_id: UUID, now: datetime) -> bool:
    """Let a phone ring no more, from the commit on; whether it was this person's. Twice is once."""
    closed = await db.run(
        """
        UPDATE address SET closed_at = coalesce(closed_at, $3), closed_because = coalesce(closed_because, 'signed-out'),
            value_sealed = NULL, value_index = NULL
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


def place(address_id: UUID) -> Place:
    """Where a phone's token is sealed."""
    return Place("address", "value", address_id)


async def _update(db: Connection, person_id: UUID, new: NewAddress, token: bytes, index: bytes) -> Address | None:
    return await db.one(
        Address,
        """
        UPDATE address SET kind = $3, value_sealed = $4, platform = $5, time_zone = $6, value_index = $7,
            session_id = $8, closed_at = NULL, closed_because = NULL
        WHERE id = $1 AND person_id = $2
        RETURNING id, kind, platform, time_zone, registered_at
        """,
        new.id,
        person_id,
        new.kind,
        token,
        new.platform,
        new.time_zone,
        index,
        new.session_id,
    )


async def _insert(
    db: Connection, person_id: UUID, new: NewAddress, token: bytes, index: bytes, now: datetime
) -> Address | None:
    return await db.one(
        Address,
        """
        INSERT INTO address
            (id, person_id, kind, value_sealed, platform, time_zone, registered_at, value_index, session_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT DO NOTHING
        RETURNING id, kind, platform, time_zone, registered_at
        """,
        new.id,
        person_id,
        new.kind,
        token,
        new.platform,
        new.time_zone,
        now,
        index,
        new.session_id,
    )
