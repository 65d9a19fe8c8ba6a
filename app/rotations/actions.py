"""Plan whose turn it is, and make the shifts of it ahead of time."""

from datetime import datetime
from uuid import UUID

import msgspec

from app.auth import Signed
from app.errors import IdTaken, NotFound
from app.logs import log
from app.rotations import queries, rules
from app.rotations.models import KeptRotation, NewRotation, Rotations, Unmade
from app.wire import cursor_for, place_of
from db import CLOCK, Connection, Pool

BATCH = 50
BELL = "rotations"


async def add(db: Connection, me: Signed, new: NewRotation, now: datetime) -> KeptRotation:
    """Plan a rotation; its shifts are made right after. The same twice is once."""
    kept = await queries.by_id(db, me.organisation_id, new.id)
    if kept is None:
        rules.check_new(new, now)
        rules.check_members(fit=await queries.fit(db, me.organisation_id, new))
        await queries.add(db, new, now)
        db.wake(BELL)
        kept = await queries.by_id(db, me.organisation_id, new.id)
    if kept is None or not rules.same(kept, new):
        raise IdTaken
    return kept


async def listed(db: Connection, me: Signed, cursor: str | None, limit: int) -> Rotations:
    """A page of those that go on."""
    after = place_of(cursor, tuple[UUID])[0] if cursor else None
    items = await queries.listed(db, me.organisation_id, after=after, limit=limit)
    return Rotations(items=items, next_cursor=cursor_for(items[-1].id) if len(items) == limit else None)


async def end(db: Connection, me: Signed, rotation_id: UUID, now: datetime) -> KeptRotation:
    """End a rotation; whoever is on duty by it stays so until their shift ends. Twice is once."""
    kept = await queries.by_id(db, me.organisation_id, rotation_id)
    if kept is None or await queries.end(db, rotation_id, now) is None:
        raise NotFound
    return kept if kept.ended_at else msgspec.structs.replace(kept, ended_at=now)


async def materialise(pool: Pool, now: datetime) -> int:
    """One tick: the shifts of each rotation up to four weeks ahead; how many were made.

    Each stretch of time is made once, however many workers ask: a shift that somebody has ended does not come back.
    Each rotation is a transaction of its own, so that one that fails holds up nobody else's.
    """
    async with pool.transaction(CLOCK) as db:
        unmade = await queries.unmade(db, below=now + rules.REFILL_BELOW, limit=BATCH)
    return sum([await _made(pool, rotation, now + rules.AHEAD) for rotation in unmade])


async def _made(pool: Pool, rotation: Unmade, until: datetime) -> int:
    try:
        async with pool.transaction(CLOCK) as db:
            return await queries.make(db, rotation, until, rules.shifts(rotation, rotation.made_until, until))
    except Exception as error:
        log().error("failed", reason="shifts were not made", rotation_id=str(rotation.id), error=error)
        return 0
