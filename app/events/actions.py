"""Say that something changed, and hear it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from uuid import UUID

from app.auth import Signed, bell_name
from app.events import queries, rules
from app.events.models import Event, Kept, Place
from db import CLOCK, Bell, Connection, Pool, person

PING_SECONDS = 15.0
BATCH = 100
RESET = "reset"


async def publish(db: Connection, people: Sequence[UUID], topic: str, subject_id: UUID, now: datetime) -> None:
    """These people hear of it once this transaction has committed; ids only."""
    if people:
        await queries.add(db, people, topic, subject_id, now)
        for person_id in people:
            db.wake(bell_name(person_id))


async def listen(
    pool: Pool, bell: Bell, me: Signed, last_event_id: str, clock: Callable[[], datetime]
) -> AsyncIterator[Event | str]:
    """Events from `last_event_id` on, or from now; at first and every fifteen seconds of silence, only its place.

    Each is told once, as soon as it is committed. Where `last_event_id` leads nowhere, the first is `reset` instead.
    Ends when the process goes down, or when the session is over or its rights have changed: whatever brings that about
    rings the bell. The client resumes at the next one, with what it may do by then, and without a gap.
    """
    with bell.listening(bell_name(me.id)) as ear:
        stream = _Stream(pool, me, clock)
        yield await stream.begin(last_event_id)
        while not bell.closed:
            ear.clear()
            events = await stream.look()
            if events is None:
                return
            for event in events:
                yield event
            if not events and not await _rang(ear):
                yield rules.name(stream.place)


class _Stream:
    """One listener: the place to resume from, and the rows that it heard beyond that place.

    A row is told at once, but a transaction that began before it may still commit: the place stays below the oldest
    one that runs, anywhere in the cluster. A resumed client may so hear again what it has heard, and misses nothing.
    """

    def __init__(self, pool: Pool, me: Signed, clock: Callable[[], datetime]) -> None:
        self._pool, self._me, self._clock = pool, me, clock
        self._heard: dict[int, int] = {}

    async def begin(self, last_event_id: str) -> Event | str:
        """Take up the place that the client names, or the present one; the first thing to tell."""
        now = self._clock()
        async with self._pool.transaction(person(self._me.id)) as db:
            horizon, place = await queries.horizon(db, self._me, now), rules.place(last_event_id)
            if place and rules.leads_on(place, horizon.next, now):
                self.place = place
                return rules.name(place)
            self.place = Place(horizon.oldest, 0, now)
            known = await queries.after(db, self._me.id, self.place, heard=(), limit=None)
        self._heard = {row.seq: row.xid for row in known}
        here = rules.name(self.place)
        return Event(here, RESET, self._me.id, now) if last_event_id else here

    async def look(self) -> list[Event] | None:
        """What was committed since the last look; None once the session does not hold any more."""
        now = self._clock()
        async with self._pool.transaction(person(self._me.id)) as db:
            horizon = await queries.horizon(db, self._me, now)
            if not horizon.holds:
                return None
            rows = await queries.after(db, self._me.id, self.place, heard=list(self._heard), limit=BATCH)
        events = [self._told(row, horizon.oldest, now) for row in rows]
        if len(rows) < BATCH:
            self.place = rules.settled(self.place, horizon.oldest, now)
            self._heard = {seq: xid for seq, xid in self._heard.items() if xid >= horizon.oldest}
        return events

    def _told(self, row: Kept, oldest: int, now: datetime) -> Event:
        if row.xid < oldest:
            self.place = Place(row.xid, row.seq, now)
        else:
            self._heard[row.seq] = row.xid
        return Event(rules.name(self.place), row.topic, row.subject_id, row.at)


async def _rang(ear: asyncio.Event) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PING_SECONDS):
            return await ear.wait()
    return False


async def forget(pool: Pool, now: datetime) -> int:
    """Drop events after two days: a client away for longer reads everything anew."""
    async with pool.transaction(CLOCK) as db:
        return await queries.forget(db, now - rules.KEPT)
