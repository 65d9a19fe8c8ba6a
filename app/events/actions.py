"""Say that something changed, and hear it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from app.events import queries, rules
from app.events.models import Event
from db import CLOCK, Bell, Connection, Pool, person

PING_SECONDS = 15.0
HELD_SECONDS = 0.05
BATCH = 100


async def publish(db: Connection, people: Sequence[UUID], topic: str, subject_id: UUID, now: datetime) -> None:
    """These people hear of it once this transaction has committed; ids only."""
    if people:
        await queries.add(db, people, topic, subject_id, now)
        for person_id in people:
            db.wake(bell_name(person_id))


def bell_name(person_id: UUID) -> str:
    """The bell that rings for one person's events."""
    return f"events:{person_id.hex}"


async def listen(pool: Pool, bell: Bell, me: UUID, last_event_id: str | None) -> AsyncIterator[Event | str]:
    """Events from `last_event_id` on, or from now; at first and every fifteen seconds of silence, only its place.

    Ends when the process goes down; the client resumes at the next one without a gap.
    """
    with bell.listening(bell_name(me)) as ear:
        cursor = rules.place(last_event_id) or await _here(pool, me)
        yield rules.name(cursor)
        while not bell.closed:
            ear.clear()
            events, seconds = await _after(pool, me, cursor)
            for event in events:
                cursor = rules.place(event.cursor) or cursor
                yield event
            if not events and not await _rang(ear, seconds) and seconds == PING_SECONDS:
                yield rules.name(cursor)


async def _rang(ear: asyncio.Event, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return await ear.wait()
    return False


async def _here(pool: Pool, me: UUID) -> tuple[int, int]:
    async with pool.transaction(person(me)) as db:
        return rules.place(await queries.newest(db)) or (0, 0)


async def _after(pool: Pool, me: UUID, cursor: tuple[int, int]) -> tuple[list[Event], float]:
    """What can be read now, and how long to wait for a ring when that is nothing."""
    async with pool.transaction(person(me)) as db:
        events = await queries.after(db, me, xid=cursor[0], seq=cursor[1], limit=BATCH)
        held = not events and await queries.waiting(db, me, xid=cursor[0], seq=cursor[1])
    return events, HELD_SECONDS if held else PING_SECONDS


async def forget(pool: Pool, now: datetime) -> int:
    """Drop events after two days: a client away for longer reads everything anew."""
    async with pool.transaction(CLOCK) as db:
        return await queries.forget(db, now - timedelta(days=2))
