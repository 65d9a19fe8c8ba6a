"""Open a thread, write into it, read it, say how far one has come, and close it to what one does not want."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import notifications
from app import audit, sealing
from app.alerts import actions as alerts
from app.alerts.models import Cause, Worry
from app.auth import Signed
from app.crisis import actions as crisis
from app.errors import IdTaken, NotFound
from app.events import actions as events
from app.messages import queries, rules
from app.messages.models import (
    Flagged,
    Kept,
    Message,
    Messages,
    NewMarks,
    NewMessage,
    NewThread,
    Pair,
    Thread,
    Threads,
)
from app.wire import Instant, cursor_for, place_of
from db import Connection, new_id
from notifications import Kind


async def open_with(db: Connection, me: Signed, new: NewThread, now: datetime) -> Thread:
    """Open the thread of a patient and somebody beside them; the two have one, and whoever asks again gets it."""
    patient_id, staff_id = (me.id, new.with_id) if me.has("patient") else (new.with_id, me.id)
    opened = await queries.open_one(db, new.id, patient_id, staff_id, me.id, now)
    thread_id = opened or await queries.between(db, patient_id, staff_id)
    if thread_id is None:
        raise await _why_not(db, new)
    await audit.record(db, "open", "threads", [patient_id], thread_id)
    if opened:
        await events.publish(db, [patient_id, staff_id], "thread", thread_id, now)
    return await _view(db, me, thread_id)


async def _why_not(db: Connection, new: NewThread) -> Exception:
    """A used id is told only where these two could have a thread."""
    return IdTaken() if await queries.may_write(db, new.with_id) else NotFound()


async def listed(db: Connection, me: Signed, cursor: str | None, limit: int) -> Threads:
    """A page of the caller's own threads."""
    before = place_of(cursor, tuple[Instant, UUID]) if cursor else None
    items = await queries.views(db, me.id, before=before, limit=limit)
    await audit.record(db, "list", "threads", [me.id] if me.has("patient") else [one.patient_id for one in items])
    more = cursor_for(items[-1].last_at, items[-1].id) if len(items) == limit else None
    return Threads(items=items, next_cursor=more)


async def one(db: Connection, me: Signed, thread_id: UUID) -> Thread:
    """One of the caller's own threads."""
    found = await _view(db, me, thread_id)
    await audit.record(db, "read", "threads", [found.patient_id], thread_id)
    return found


async def write(db: Connection, me: Signed, thread_id: UUID, new: NewMessage, now: datetime) -> Message:
    """Keep a message as the next of its thread, and let the other side know; the same id again is the same message.

    Where nobody is there to read what a patient wrote, the thread says so, with the numbers that always answer.
    """
    rules.check_sent(new, now)
    text = await sealing.seal(db, (await _pair(db, me, thread_id)).patient_id, place(new.id), new.text)
    thread = await queries.lock(db, thread_id, me.id)
    if thread is None:
        raise NotFound
    known = await queries.by_id(db, new.id)
    if known is not None:
        return await _again(db, me, thread, known, new)
    if not thread.open:
        raise rules.ThreadClosed
    kept = await queries.say(db, thread, new, me.id, text, now)
    if kept is None:
        raise IdTaken
    await audit.record(db, "write", "threads", [thread.patient_id], new.id)
    await _tell(db, thread, me, now)
    return rules.shown(kept, new.text, me.language, None)


async def _again(db: Connection, me: Signed, thread: Pair, known: Kept, new: NewMessage) -> Message:
    """The id was used already: by this very message, or by another one."""
    if (known.thread_id, known.author_id) != (thread.id, me.id):
        raise IdTaken
    [text] = await _texts(db, [known])
    if not rules.is_the_same(known, text, new):
        raise IdTaken
    await audit.record(db, "write", "threads", [thread.patient_id], known.id)
    return rules.shown(known, text, me.language, None)


async def _tell(db: Connection, thread: Pair, me: Signed, now: datetime) -> None:
    """Both sides look again. The other's phone rings once, until they have read what waits for them."""
    if me.id == thread.patient_id and rules.needs_notice(await queries.presence(db, thread, now), now):
        await queries.notice(db, thread, new_id(now), now)
    await events.publish(db, [thread.patient_id, thread.staff_id], "message", thread.id, now)
    other = thread.other(me.id)
    waiting = await queries.waiting(db, thread.id, other)
    if waiting is not None:
        await notifications.send(
            db, [other], Kind.MESSAGE, waiting.id,
            due_at=waiting.received_at, expires_at=waiting.received_at + rules.RINGS_FOR, now=now,
        )  # fmt: skip


async def page(
    db: Connection, me: Signed, thread_id: UUID, cursor: str | None, after: int | None, limit: int
) -> Messages:
    """A page of a thread of the caller's: the newest first, or what came after a number."""
    thread = await _pair(db, me, thread_id)
    before = place_of(cursor, tuple[int])[0] if cursor else None
    if after is None:
        kept = await queries.newest(db, thread.id, before=before, limit=limit)
    else:
        kept = await queries.after(db, thread.id, after, limit)
    await audit.record(db, "read", "threads", [thread.patient_id], thread.id)
    items = await _shown(db, me, kept)
    more = cursor_for(items[-1].seq) if after is None and len(items) == limit else None
    return Messages(items=items, next_cursor=more)


async def _shown(db: Connection, me: Signed, kept: Sequence[Kept]) -> list[Message]:
    noticed = any(row.kind == "notice" for row in kept)
    card = await crisis.card(db, me.organisation_id, me.language) if noticed else None
    texts = await _texts(db, kept)
    return [rules.shown(row, text, me.language, card) for row, text in zip(kept, texts, strict=True)]


async def _texts(db: Connection, kept: Sequence[Kept]) -> list[str]:
    sealed = [(row.patient_id, place(row.id), row.text_sealed) for row in kept if row.text_sealed]
    words = iter(await sealing.unseal_all(db, sealed))
    return [next(words) if row.text_sealed else "" for row in kept]


def place(message_id: UUID) -> sealing.Place:
    """Where a message's words are sealed, with the patient's key, whoever wrote it."""
    return sealing.Place("message", "text", message_id)


async def mark(db: Connection, me: Signed, thread_id: UUID, new: NewMarks, now: datetime) -> Thread:
    """Say how far one has come: never back. What rang for a message that is read now is taken back."""
    thread = await _pair(db, me, thread_id)
    waiting = await queries.waiting(db, thread_id, me.id)
    if await queries.mark(db, thread, me.id, new.delivered, new.read):
        if waiting and await queries.waiting(db, thread_id, me.id) != waiting:
            await notifications.withdraw(db, Kind.MESSAGE, waiting.id, now)
        await events.publish(db, [thread.patient_id, thread.staff_id], "thread", thread_id, now)
    return await _view(db, me, thread_id)


async def block(db: Connection, me: Signed, thread_id: UUID, now: datetime) -> Thread:
    """Let nothing more arrive in a thread; whoever arranges the care team hears that it wants looking at."""
    thread = await _own(db, me, thread_id)
    if await queries.block(db, thread_id, me.id, now):
        told = await queries.coordinators(db, me.organisation_id)
        await events.publish(db, told, "care-team", me.id, now)
        await events.publish(db, [thread.patient_id, thread.staff_id], "thread", thread_id, now)
    await audit.record(db, "block", "threads", [me.id], thread_id)
    return await _view(db, me, thread_id)


async def unblock(db: Connection, me: Signed, thread_id: UUID, now: datetime) -> Thread:
    """Let it go on."""
    thread = await _own(db, me, thread_id)
    if await queries.block(db, thread_id, me.id, None):
        await events.publish(db, [thread.patient_id, thread.staff_id], "thread", thread_id, now)
    await audit.record(db, "unblock", "threads", [me.id], thread_id)
    return await _view(db, me, thread_id)


async def flag(db: Connection, me: Signed, message_id: UUID, now: datetime) -> Flagged:
    """Say that a message speaks of danger: a clinician is told at once, in this transaction; the same twice is once."""
    kept = await queries.by_id(db, message_id)
    if kept is None or kept.author_id != kept.patient_id or kept.patient_id == me.id:
        raise NotFound
    cause = Cause("message", message_id)
    opened = await alerts.opened_by(db, kept.patient_id, cause)
    if opened is None:
        worry = Worry("p0", ("flagged-message",))
        opened = await alerts.open(db, kept.patient_id, me.organisation_id, worry, cause, now, by=me.id)
    await audit.record(db, "flag", "threads", [kept.patient_id], message_id)
    return Flagged(opened.id, opened.on_duty)


async def _pair(db: Connection, me: Signed, thread_id: UUID) -> Pair:
    found = await queries.pair(db, thread_id, me.id)
    if found is None:
        raise NotFound
    return found


async def _own(db: Connection, me: Signed, thread_id: UUID) -> Pair:
    """A thread of the caller's own, who is its patient."""
    found = await _pair(db, me, thread_id)
    if found.patient_id != me.id:
        raise NotFound
    return found


async def _view(db: Connection, me: Signed, thread_id: UUID) -> Thread:
    found = await queries.views(db, me.id, thread_id=thread_id)
    if not found:
        raise NotFound
    return found[0]
