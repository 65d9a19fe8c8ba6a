"""Come on duty and go off it."""

from datetime import datetime
from uuid import UUID

from app.auth import Signed
from app.duty import queries, rules
from app.duty.models import DutyShift, DutyShifts, NewDutyShift
from app.errors import IdTaken, NotFound
from db import Connection


async def add(db: Connection, me: Signed, new: NewDutyShift, now: datetime) -> DutyShift:
    """Be on duty for that time; the same shift twice is one."""
    rules.check_shift(new, now)
    kept = await queries.add(db, me.id, new) or await queries.by_id(db, new.id)
    if kept is None:
        raise rules.ShiftOverlaps
    if not rules.same(kept, me.id, new):
        raise IdTaken
    return kept


async def upcoming(db: Connection, me: Signed, now: datetime) -> DutyShifts:
    """The caller's shifts that have not ended."""
    return DutyShifts(await queries.upcoming(db, me.id, now))


async def end(db: Connection, me: Signed, shift_id: UUID, now: datetime) -> None:
    """Go off duty; nobody asks why."""
    if not await queries.end(db, me.id, shift_id, now):
        raise NotFound
