"""Verbs of a working week, in one's own zone."""

from datetime import datetime
from uuid import UUID

from app import versions
from app.appointments import queries, rules
from app.appointments.models import NewWorkingException, NewWorkingHours, WorkingException, WorkingHours
from app.auth import Signed
from app.errors import IdTaken, NotFound
from db import Connection


async def read(db: Connection, me: Signed, now: datetime) -> WorkingHours:
    """The caller's own week."""
    found = await queries.hours(db, me.id, now)
    if found is None:
        raise NotFound
    return found


async def replace(db: Connection, me: Signed, new: NewWorkingHours, seen: str, now: datetime) -> WorkingHours:
    """A new week in place of the one that was seen; appointments that are booked already stay."""
    rules.check_hours(new)
    await queries.lock_hours(db, me.id)
    versions.check(seen, (await read(db, me, now)).version)
    await queries.replace_hours(db, me.id, new.blocks, now)
    return await read(db, me, now)


async def add_exception(db: Connection, me: Signed, new: NewWorkingException, now: datetime) -> WorkingException:
    """A day that is not like the week; the same twice is once."""
    rules.check_exception(new, now)
    await queries.add_exception(db, me.id, new)
    kept = await queries.exception(db, me.id, new.id)
    if kept is None or (kept.day, kept.starts, kept.ends) != (new.day, new.starts, new.ends):
        raise IdTaken
    return kept


async def remove_exception(db: Connection, me: Signed, exception_id: UUID) -> None:
    """That day is like the week again."""
    if not await queries.remove_exception(db, me.id, exception_id):
        raise NotFound
