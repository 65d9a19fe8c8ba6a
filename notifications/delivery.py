"""One pass of the worker: plan what is due, lease it, commit, push, settle.

At least once on the wire, exactly once in the database. Nothing is held open while a push runs, and a pass that dies
anywhere leaves rows from which another goes on.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from random import SystemRandom
from uuid import UUID, uuid4

from db import CLOCK, Connection, Pool, new_id
from notifications import queries, rules
from notifications.channel import Channel, Outcome, Transient
from notifications.models import Lane, Leased, Settled, Settlement

LANES = (Lane.URGENT, Lane.ORDINARY)
LIMIT = 200
AT_ONCE = 32

_roll = SystemRandom().random


async def deliver_due(
    pool: Pool,
    channel: Channel,
    now: datetime,
    *,
    lanes: Sequence[Lane] = LANES,
    limit: int = LIMIT,
    at_once: int = AT_ONCE,
) -> Settled:
    """Send what is due in these lanes, the first lane first, at most `limit` pushes with `at_once` on the wire.

    Any number of passes may run at the same time, in one process or many. What a pass does not settle, because it was
    cancelled or killed, is due again half a minute later and goes out with the same tag.
    """
    clock, token = _running(now), uuid4()
    counts: Counter[str] = Counter()
    async with pool.transaction(CLOCK) as db:
        leased = await _take(db, lanes, limit, now=now, token=token, counts=counts)
    errors: Counter[str] = Counter()
    async with aclosing(_push_all(channel, leased, clock, leased_at=now, at_once=at_once)) as answers:
        async for answered in answers:
            settlements = [rules.settle(delivery, outcome, clock(), _roll()) for delivery, outcome in answered]
            ours = await _settle(pool, settlements, token=token, now=clock())
            counts += _count(settlements, ours)
            errors += Counter(s.error for s in settlements if s.error is not None)
    return Settled(**counts, errors=dict(errors))


async def next_due(pool: Pool, lane: Lane) -> datetime | None:
    """When this lane has something to do next; a time in the past means now, None that nothing waits."""
    async with pool.transaction(CLOCK) as db:
        return await queries.next_at(db, lane)


async def _take(
    db: Connection, lanes: Sequence[Lane], limit: int, *, now: datetime, token: UUID, counts: Counter[str]
) -> list[Leased]:
    """Plan and lease, lane by lane, until the limit is reached."""
    leased: list[Leased] = []
    for lane in lanes:
        await _sweep(db, lane, limit, now, counts)
        await _plan(db, lane, limit, now, counts)
        room = limit - len(leased)
        leased += await queries.lease(db, lane, token=token, now=now, until=now + rules.LEASE, limit=room)
    return leased


async def _sweep(db: Connection, lane: Lane, limit: int, now: datetime, counts: Counter[str]) -> None:
    swept = await queries.sweep(db, lane, now, limit)
    if swept:
        counts.update(s.state for s in swept)
        await queries.plan_again(db, [s.notification_id for s in swept], now)


async def _plan(db: Connection, lane: Lane, limit: int, now: datetime, counts: Counter[str]) -> None:
    due = await queries.lock_due(db, lane, now, limit)
    if not due:
        return
    plan = rules.plan(due, await queries.open_routes(db, [d.id for d in due]), now)
    await queries.insert_deliveries(db, [new_id(now) for _ in plan.routes], plan.routes, now)
    await queries.finish_planning(db, plan.states)
    counts.update("lapsed" if state == "expired" else state for state in plan.states.values())


async def _push_all(
    channel: Channel, leased: Sequence[Leased], clock: Callable[[], datetime], *, leased_at: datetime, at_once: int
) -> AsyncGenerator[list[tuple[Leased, Outcome]], None]:
    """Push concurrently; what has been answered comes out as soon as the last batch is settled."""
    gate = asyncio.Semaphore(at_once)

    async def one(delivery: Leased) -> tuple[Leased, Outcome] | None:
        async with gate:
            now = clock()
            return (delivery, await _push(channel, delivery, now)) if rules.may_send(delivery, leased_at, now) else None

    running = {asyncio.create_task(one(delivery)) for delivery in leased}
    try:
        while running:
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            yield [answer for task in done if (answer := task.result()) is not None]
    finally:
        for task in running:
            task.cancel()


async def _push(channel: Channel, delivery: Leased, now: datetime) -> Outcome:
    try:
        async with asyncio.timeout(rules.PUSH_SECONDS):
            return await channel.push(rules.push(delivery, now))
    except TimeoutError:
        return Transient("TIMEOUT")
    except Exception as error:  # A channel does not raise; if one does, it must not take the others of its batch along.
        return Transient(type(error).__name__)


async def _settle(pool: Pool, settlements: Sequence[Settlement], *, token: UUID, now: datetime) -> set[UUID]:
    """Write a batch in one transaction. The dead send their notification back to look for another phone."""
    if not settlements:
        return set()
    dead = [s for s in settlements if s.state == "dead"]
    async with pool.transaction(CLOCK) as db:
        if dead:
            await queries.lock_notifications(db, [s.delivery.notification_id for s in dead])
        ours = await queries.settle(db, settlements, token=token, now=now)
        lost = [s for s in dead if s.delivery.id in ours]
        if lost:
            await queries.close_dead_addresses(db, [s for s in lost if s.close is not None], now)
            await queries.plan_again(db, [s.delivery.notification_id for s in lost], now)
    return ours


def _count(settlements: Sequence[Settlement], ours: Collection[UUID]) -> Counter[str]:
    """How many became what; what was no longer ours came late."""
    return Counter(
        ("retried" if s.state == "queued" else s.state) if s.delivery.id in ours else "late" for s in settlements
    )


def _running(now: datetime) -> Callable[[], datetime]:
    """A clock that showed `now` at this moment."""
    started = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - started)
