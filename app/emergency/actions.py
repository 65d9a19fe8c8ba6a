"""Break the glass, tell whom it concerns, and look at it afterwards."""

from datetime import datetime, timedelta
from uuid import UUID

import notifications
from app import audit
from app.auth import Signed
from app.emergency import queries, rules
from app.emergency.models import BreakGlass, BreakGlasses, NewBreakGlass, NewReview
from app.errors import NotFound
from app.events import actions as events
from app.wire import Instant, cursor_for, place_of
from db import Connection
from notifications import Kind

LAST = UUID(int=2**128 - 1)
TOLD_FOR = timedelta(days=3)


async def break_glass(db: Connection, patient_id: UUID, new: NewBreakGlass, now: datetime) -> BreakGlass:
    """Let the caller read this one patient's record for a while, with the four elements of § 2.51(c) kept.

    In the same transaction the patient and whoever answers for the program's privacy are told. The same twice is once.
    """
    if await queries.break_glass(db, patient_id, new) is None:
        raise NotFound
    broken = await queries.by_id(db, new.id)
    if broken is None:
        raise NotFound
    if broken.broken_at == now:
        await _tell(db, broken, now)
    await audit.record(db, "break-glass", "emergency", [patient_id], broken.id)
    return broken


async def _tell(db: Connection, broken: BreakGlass, now: datetime) -> None:
    told = [broken.patient_id, *await queries.answerable(db, broken.id)]
    told = [one for one in dict.fromkeys(told) if one != broken.recipient_id]
    await notifications.send(db, told, Kind.PRIVACY, broken.id, due_at=now, expires_at=now + TOLD_FOR, now=now)
    await events.publish(db, [*told, broken.recipient_id], "break-glass", broken.id, now)


async def listed(db: Connection, cursor: str | None, limit: int, now: datetime) -> BreakGlasses:
    """A page of those that concern the caller."""
    before = place_of(cursor, tuple[Instant, UUID]) if cursor else (now + timedelta(days=1), LAST)
    items = await queries.listed(db, before=before, limit=limit)
    await audit.record(db, "read", "emergency", [one.patient_id for one in items])
    more = cursor_for(items[-1].broken_at, items[-1].id) if len(items) == limit else None
    return BreakGlasses(items=items, next_cursor=more)


async def review(db: Connection, me: Signed, number: UUID, new: NewReview, now: datetime) -> BreakGlass:
    """Say afterwards whether it was right; once, and never by whoever broke it."""
    broken = await queries.by_id(db, number)
    if broken is None:
        raise NotFound
    rules.check_review(me, broken)
    if not await queries.review(db, number, me.id, new, now):
        raise rules.AlreadyReviewed
    await audit.record(db, "review", "emergency", [broken.patient_id], number)
    await events.publish(db, [broken.patient_id, me.id], "break-glass", number, now)
    reviewed = await queries.by_id(db, number)
    if reviewed is None:
        raise NotFound
    return reviewed
