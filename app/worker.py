"""The clock: a few ticks, each a poll over rows that may run any number of times. The only file that knows APScheduler.

APScheduler keeps time and nothing else: its jobs live in memory and are a handful; what must not be forgotten is a row.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from msgspec import Struct

import notifications
from app import auth, idempotency, limits, seats
from app.alerts import actions as alerts
from app.appointments import actions as appointments
from app.checkins import actions as checkins
from app.closure import actions as closure
from app.codes import actions as codes
from app.events import actions as events
from app.exports import actions as exports
from app.letters import Carriers
from app.logs import log
from app.medications import actions as medications
from app.passkeys import actions as passkeys
from app.provider import actions as provider
from app.rotations import actions as rotations
from app.sealing import shredding
from app.seats import Seats
from app.sessions import actions as sessions
from app.trail import actions as trail
from app.trail.notary import Notary
from db import Bell, Pool, meaning
from notifications import Channel, Lane
from notifications.letters import Compose
from notifications.models import Post


class Tick(Struct, frozen=True):
    """What is done, how often, by when it must be over, and which bell brings it forward."""

    name: str
    seconds: float
    within: float
    run: Callable[[datetime], Awaitable[object]]
    bell: str | None = None


class Letters(Struct, frozen=True):
    """What letters say, and by which way they go."""

    compose: Compose
    carriers: Carriers


class Beside(Struct, frozen=True):
    """What the ticks reach besides the database and phones: rooms of visits, the audit's signature, and the post."""

    rooms: Seats
    notary: Notary
    letters: Letters


def ticks(pool: Pool, channel: Channel, beside: Beside) -> list[Tick]:
    """All that the worker does."""
    return [
        Tick("hang-up", 5, 10, lambda now: seats.hang_up(pool, beside.rooms, now), auth.ENDED),
        Tick("escalate", 0.5, 10, lambda now: alerts.escalate_overdue(pool, now), alerts.BELL),
        Tick("urgent", 1, 25, lambda now: _deliver(pool, channel, now, Lane.URGENT), Lane.URGENT.bell),
        Tick("ordinary", 1, 25, lambda now: _deliver(pool, channel, now, Lane.ORDINARY), Lane.ORDINARY.bell),
        Tick("mail", 1, 40, lambda now: _post(pool, beside.letters, "email", now), notifications.letters.BELL),
        Tick("texts", 1, 40, lambda now: _post(pool, beside.letters, "sms", now), notifications.letters.BELL),
        Tick("forget-codes", 3600, 60, lambda now: codes.forget(pool, now)),
        Tick("missed", 60, 60, lambda now: checkins.notice_missed(pool, now)),
        Tick("no-shows", 60, 30, lambda now: appointments.ask_after(pool, now)),
        Tick("doses", 30, 60, lambda now: medications.materialise(pool, now)),
        Tick("rotations", 600, 60, lambda now: rotations.materialise(pool, now), rotations.BELL),
        Tick("forget-counts", 600, 60, lambda now: limits.forget(pool, now)),
        Tick("exports", 5, 120, lambda now: exports.make_due(pool, now), exports.TOPIC),
        Tick("closure", 60, 60, lambda now: closure.go_on(pool, now)),
        Tick("erase-keys", 60, 30, lambda now: shredding.erase(pool, now)),
        Tick("forget-challenges", 300, 60, lambda now: passkeys.forget(pool, now)),
        Tick("forget-departures", 300, 60, lambda now: provider.forget(pool, now)),
        Tick("forget-answers", 600, 60, lambda now: idempotency.forget(pool, now)),
        Tick("forget-events", 3600, 60, lambda now: events.forget(pool, now)),
        Tick("forget-tokens", 3600, 60, lambda now: sessions.forget(pool, now)),
        Tick("anchor", 60, 30, lambda now: trail.anchor(pool, beside.notary, now)),
    ]


async def _deliver(pool: Pool, channel: Channel, now: datetime, lane: Lane) -> object:
    return await notifications.deliver_due(pool, channel, now, lanes=(lane,))


async def _post(pool: Pool, letters: Letters, by: Post, now: datetime) -> object:
    return await notifications.letters.post_due(pool, letters.compose, by, letters.carriers.by[by], now)


@asynccontextmanager
async def running(
    pool: Pool, bell: Bell, channel: Channel, beside: Beside, clock: Callable[[], datetime]
) -> AsyncIterator[None]:
    """The ticks, for as long as the block runs; at its end what is under way is let finish for a moment."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    # APScheduler warns of a tick that is passed over because it is still at work; that is as it should be.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    listeners = []
    for tick in ticks(pool, channel, beside):
        once = _guarded(tick, clock)
        scheduler.add_job(
            once, "interval", seconds=tick.seconds, id=tick.name, coalesce=True, max_instances=1,
            misfire_grace_time=None, next_run_time=clock() + timedelta(milliseconds=10),
        )  # fmt: skip
        if tick.bell:
            listeners.append(asyncio.create_task(_brought_forward(bell, tick.bell, once), name=f"bell {tick.name}"))
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)
        for listener in listeners:
            listener.cancel()
        await asyncio.gather(*listeners, return_exceptions=True)


def _guarded(tick: Tick, clock: Callable[[], datetime]) -> Callable[[], Awaitable[None]]:
    """A tick that ends in time, never raises, and never runs twice at once in this process."""
    busy = asyncio.Lock()

    async def once() -> None:
        if busy.locked():
            return
        async with busy:
            try:
                async with asyncio.timeout(tick.within):
                    await tick.run(clock())
            except Exception as error:
                level = "warning" if meaning(error) in {"try-again", "uncertain"} else "error"
                getattr(log(), level)("tick failed", tick=tick.name, error=error)

    return once


async def _brought_forward(bell: Bell, name: str, once: Callable[[], Awaitable[None]]) -> None:
    """Run a tick as soon as something for it was committed, without waiting for its turn."""
    with bell.listening(name) as ear:
        while not bell.closed:
            await ear.wait()
            ear.clear()
            await once()
