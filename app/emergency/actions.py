"""Break the glass, tell whom it concerns, and look at it afterwards."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import notifications
from app import audit, sealing
from app.auth import Signed
from app.emergency import queries, rules
from app.emergency.models import BreakGlass, BreakGlasses, NewBreakGlass, NewReview, Row
from app.errors import IdTaken, NotFound
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
    if not await queries.may_break(db, patient_id):
        raise NotFound
    nature = await sealing.seal(db, patient_id, _nature(new.id), new.nature)
    if await queries.break_glass(db, patient_id, new.id, nature) is None:
        raise IdTaken
    row = await _visible(db, new.id)
    if row.nature_sealed == nature:
        await _tell(db, row, now)
    [broken] = await _opened(db, [row])
    if broken.nature != new.nature:
        raise IdTaken
    await audit.record(db, "break-glass", "emergency", [patient_id], broken.id)
    return broken


async def _tell(db: Connection, broken: Row, now: datetime) -> None:
    told = [broken.patient_id, *await queries.answerable(db, broken.id)]
    told = [one for one in dict.fromkeys(told) if one != broken.recipient_id]
    await notifications.send(db, told, Kind.PRIVACY, broken.id, due_at=now, expires_at=now + TOLD_FOR, now=now)
    await events.publish(db, [*told, broken.recipient_id], "break-glass", broken.id, now)


async def listed(db: Connection, me: Signed, cursor: str | None, limit: int, now: datetime) -> BreakGlasses:
    """A page of those that concern the caller."""
    before = place_of(cursor, tuple[Instant, UUID]) if cursor else (now + timedelta(days=1), LAST)
    rows = await queries.listed(db, before=before, limit=limit)
    await audit.record(db, "read", "emergency", [me.id] if me.has("patient") else [row.patient_id for row in rows])
    more = cursor_for(rows[-1].broken_at, rows[-1].id) if len(rows) == limit else None
    return BreakGlasses(items=await _opened(db, rows), next_cursor=more)


async def review(db: Connection, me: Signed, number: UUID, new: NewReview, now: datetime) -> BreakGlass:
    """Say afterwards whether it was right; once, and never by whoever broke it."""
    row = await _visible(db, number, to_review=True)
    rules.check_review(me, row)
    note = await sealing.seal(db, row.patient_id, _note(number), new.note) if new.note else None
    if not await queries.review(db, row, me.id, new, note, now):
        raise rules.AlreadyReviewed
    await audit.record(db, "review", "emergency", [row.patient_id], number)
    await events.publish(db, [row.patient_id, me.id], "break-glass", number, now)
    [reviewed] = await _opened(db, [await _visible(db, number)])
    return reviewed


async def _visible(db: Connection, number: UUID, *, to_review: bool = False) -> Row:
    row = await queries.by_id(db, number, to_review=to_review)
    if row is None:
        raise NotFound
    return row


def _nature(number: UUID) -> sealing.Place:
    return sealing.Place("break_glass", "nature", number)


def _note(number: UUID) -> sealing.Place:
    return sealing.Place("break_glass_review", "note", number)


async def _opened(db: Connection, rows: Sequence[Row]) -> list[BreakGlass]:
    """With their words, all of them with one look at the keys; without where the keys were destroyed."""
    sealed = {_nature(row.id): (row.patient_id, row.nature_sealed) for row in rows if row.nature_sealed}
    sealed |= {_note(row.id): (row.patient_id, row.note_sealed) for row in rows if row.note_sealed}
    words = await sealing.unseal_all(db, [(owner, place, closed) for place, (owner, closed) in sealed.items()])
    said = dict(zip(sealed, words, strict=True))
    return [rules.told(row, said.get(_nature(row.id), ""), said.get(_note(row.id))) for row in rows]
