"""One pass of the worker: plan what is due, lease it, commit, push, settle.

At least once on the wire, exactly once in the database. Nothing is held open while a push runs, and a pass that dies
anywhere leaves rows from which another goes on.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from random import SystemRandom
from uuid import UUID, uuid4

from msgspec.structs import replace

from db import CLOCK, Connection, Pool, new_id, sealing
from db.envelope import Tampered
from db.keys import KeyLost, Shredded
from notifications import addresses, queries, rules
from notifications.channel import Channel, Outcome, Permanent, Transient
from notifications.models import Lane, Leased, Settled, Settlement

LANES = (Lane.URGENT, Lane.ORDINARY)
PLANNED_AT_ONCE = 200
NO_LIMIT = 1_000_000
_GONE = (Shredded, KeyLost, Tampered)

_roll = SystemRandom().random

Answer = tuple[Leased, Outcome]


async def deliver_due(
    pool: Pool,
    channel: Channel,
    now: datetime,
    *,
    lanes: Sequence[Lane] = LANES,
    limit: int = NO_LIMIT,
    at_once: int = 32,
) -> Settled:
    """Send what is due in these lanes, the first lane first, at most `limit` pushes with `at_once` on the wire.

    Ends when nothing is due and nothing on the wire, after 22 seconds at the latest; a phone that does not answer
    holds nobody else up. Any number of passes may run at the same time, in one process or many. What a pass does not
    settle, because it was cancelled or killed, is due again half a minute later and goes out with the same tag.
    """
    clock, token = _running(now), uuid4()
    counts: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    on_the_wire: set[asyncio.Task[Answer | None]] = set()
    try:
        while True:
            free = at_once - len(on_the_wire)
            if rules.may_refill(free, at_once, started=now, now=clock()):
                leased = await _take(pool, lanes, min(free, limit), now=clock(), token=token, counts=counts)
                on_the_wire |= {asyncio.create_task(_push(channel, each, clock)) for each in leased}
                limit -= len(leased)
            if not on_the_wire:
                return Settled(**counts, errors=dict(errors))
            answers, on_the_wire = await _answered(on_the_wire)
            settlements = [rules.settle(delivery, outcome, clock(), _roll()) for delivery, outcome in answers]
            counts += _count(settlements, await _settle(pool, settlements, token=token, now=clock()))
            errors += Counter(s.error for s in settlements if s.error is not None)
    finally:
        for task in on_the_wire:
            task.cancel()


async def _take(
    pool: Pool, lanes: Sequence[Lane], room: int, *, now: datetime, token: UUID, counts: Counter[str]
) -> list[Leased]:
    """Plan and lease, lane by lane, in one transaction that is over before anything is pushed."""
    leased: list[Leased] = []
    async with pool.transaction(CLOCK) as db:
        for lane in lanes:
            await _sweep(db, lane, now, counts)
            await _plan(db, lane, now, counts)
            left = room - len(leased)
            leased += await queries.lease(db, lane, token=token, now=now, until=now + rules.LEASE, limit=left)
        return await _opened(db, leased)


async def _opened(db: Connection, leased: Sequence[Leased]) -> list[Leased]:
    """With the tokens of their phones; one whose key is gone keeps no other one from ringing."""
    sealed = [(one.person_id, addresses.place(one.address_id), one.token) for one in leased]
    try:
        tokens: Sequence[str | None] = await sealing.unseal_all(db, sealed)
    except _GONE:
        tokens = [await _token(db, one) for one in leased]
    return [replace(one, address=token) for one, token in zip(leased, tokens, strict=True)]


async def _token(db: Connection, one: Leased) -> str | None:
    try:
        return await sealing.unseal(db, one.person_id, addresses.place(one.address_id), one.token)
    except _GONE:
        return None


async def _sweep(db: Connection, lane: Lane, now: datetime, counts: Counter[str]) -> None:
    swept = await queries.sweep(db, lane, now, PLANNED_AT_ONCE)
    if swept:
        counts.update(s.state for s in swept)
        await queries.plan_again(db, [s.notification_id for s in swept], now)


async def _plan(db: Connection, lane: Lane, now: datetime, counts: Counter[str]) -> None:
    due = await queries.lock_due(db, lane, now, PLANNED_AT_ONCE)
    if not due:
        return
    ids = [d.id for d in due]
    plan = rules.plan(due, await queries.open_routes(db, ids), now)
    if "unreachable" in plan.states.values():
        # A phone that was being registered just now was not seen yet; one that comes later finds who was not reached.
        await queries.wait_for_phones(db, ids)
        plan = rules.plan(due, await queries.open_routes(db, ids), now)
    await queries.insert_deliveries(db, [new_id(now) for _ in plan.routes], plan.routes, now)
    await queries.finish_planning(db, plan.states)
    counts.update("lapsed" if state == "expired" else state for state in plan.states.values())


async def _push(channel: Channel, delivery: Leased, clock: Callable[[], datetime]) -> Answer | None:
    """Push one and wait for its answer; None when it is too late to begin."""
    now = clock()
    if not rules.may_send(delivery, now):
        return None
    if delivery.address is None:
        return delivery, Permanent("KEY_GONE")
    try:
        async with asyncio.timeout(rules.PUSH_SECONDS):
            return delivery, await channel.push(rules.push(delivery, now))
    except TimeoutError:
        return delivery, Transient("TIMEOUT")
    except Exception as error:  # A channel does not raise; if one does, it must not take the others along.
        return delivery, Transient(type(error).__name__)


async def _answered(
    on_the_wire: set[asyncio.Task[Answer | None]],
) -> tuple[list[Answer], set[asyncio.Task[Answer | None]]]:
    """What has been answered, as soon as something has, and what is still under way."""
    done, left = await asyncio.wait(on_the_wire, timeout=rules.LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    return [answer for task in done if (answer := task.result()) is not None], left


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
