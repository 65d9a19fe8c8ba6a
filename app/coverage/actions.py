"""Let a colleague stand in for somebody, and end it."""

from datetime import datetime
from uuid import UUID

import msgspec

from app import audit
from app.auth import Signed
from app.coverage import queries, rules
from app.coverage.models import Coverage, Coverages, NewCoverage
from app.errors import IdTaken, NotFound
from app.events import actions as events
from app.wire import Instant, cursor_for, place_of
from db import Connection


async def add(db: Connection, me: Signed, new: NewCoverage, now: datetime) -> Coverage:
    """Let a colleague stand in; the same twice is once. Each patient's audit tells of it."""
    rules.check_times(new, now)
    covered = new.covered_id or me.id
    standing = await queries.standing(db, covered, new.covering_id)
    if standing is None:
        raise NotFound
    rules.check(me.id, covered, new.covering_id, standing)
    if await queries.add(db, new, covered, me.id, now):
        return await _changed(db, await _known(db, me, new.id), "cover", now)
    kept = await queries.by_id(db, me.id, new.id)
    if kept is None:
        # The id is somebody else's, or these two are covered then by another one.
        raise rules.AlreadyCovered
    if not rules.same(kept, covered, new):
        raise IdTaken
    return kept


async def listed(db: Connection, me: Signed, cursor: str | None, limit: int, now: datetime) -> Coverages:
    """A page of those that hold or are to come."""
    after = place_of(cursor, tuple[Instant, UUID]) if cursor else None
    items = await queries.listed(db, me.id, now, after=after, limit=limit)
    more = cursor_for(items[-1].starts_at, items[-1].id) if len(items) == limit else None
    return Coverages(items=items, next_cursor=more)


async def end(db: Connection, me: Signed, coverage_id: UUID, now: datetime) -> Coverage:
    """End it now, or take it back before it begins; twice is once."""
    found = await _known(db, me, coverage_id)
    if not await queries.end(db, found.id, me.id, now):
        return found
    return await _changed(db, msgspec.structs.replace(found, ended_at=now), "uncover", now)


async def _known(db: Connection, me: Signed, coverage_id: UUID) -> Coverage:
    found = await queries.by_id(db, me.id, coverage_id)
    if found is None:
        raise NotFound
    return found


async def _changed(db: Connection, coverage: Coverage, action: str, now: datetime) -> Coverage:
    """Keep who did it in the audit of everybody whom it concerns, and let the two look again."""
    await audit.record(db, action, "care-team", await queries.patients_of(db, coverage.covered_id), coverage.id)
    await events.publish(db, [coverage.covered_id, coverage.covering_id], "coverage", coverage.id, now)
    return coverage
