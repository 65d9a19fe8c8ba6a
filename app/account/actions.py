"""Tell somebody what becomes of their ways to sign in, and let a colleague back in who has lost theirs.

A link that an operator makes for somebody who has a factor of their own does not open by itself, since it would be
theirs who made it. It waits a day, in which every phone and page of the person says so and they can object; or a
colleague who did not make it, and has a factor of their own, says who holds it.
"""

from datetime import datetime, timedelta
from uuid import UUID

import notifications
from app import limits
from app.account import queries, rules
from app.account.models import Account, AccountEvents, Colleague, Happening, Vouch
from app.auth import Signed
from app.events import actions as events
from app.wire import cursor_for, place_of
from db import Connection, Pool, Principal, new_id
from notifications import Kind

TOPIC = "account"
# Whoever has been away for some days still hears that somebody came in.
TOLD_WITHIN = timedelta(days=3)


async def account(db: Connection, now: datetime) -> Account:
    """How well the caller's account is held, and whether somebody is on the way into it."""
    return Account(await queries.holds_factor(db), await queries.recovery(db, now))


async def check_may_add(db: Connection, me: Signed, now: datetime) -> None:
    """Raises `StepUpNeeded` where the caller has a factor and has not shown one just now."""
    rules.check_may_add(me, now, holds_factor=await queries.holds_factor(db))


async def check_leaves_a_way(db: Connection, me: Signed, *, even_the_last: bool) -> None:
    """Raises `LastWayIn` where staff have just given up their last factor and did not insist."""
    left = await queries.holds_factor(db)
    rules.check_leaves_a_way(staff=not me.has("patient"), holds_factor=left, even_the_last=even_the_last)


async def happened(db: Connection, me: Signed, kind: Happening, subject_id: UUID, now: datetime) -> None:
    """Note what the caller did to their own account, and tell every phone and page of theirs."""
    await queries.add(db, new_id(now), me.id, kind, subject_id, now)
    await tell(db, me.id, now)


async def tell(db: Connection, person_id: UUID, now: datetime) -> None:
    """Let somebody's phones ring and their pages look: it may not have been them."""
    await events.publish(db, [person_id], TOPIC, person_id, now)
    await notifications.send(
        db, [person_id], Kind.ACCOUNT, person_id, due_at=now, expires_at=now + TOLD_WITHIN, now=now
    )


async def history(db: Connection, me: Signed, cursor: str | None, limit: int) -> AccountEvents:
    """A page of what happened to the caller's account."""
    before = place_of(cursor, tuple[datetime, UUID]) if cursor else None
    items = await queries.events(db, me.id, before=before, limit=limit)
    more = cursor_for(items[-1].at, items[-1].id) if len(items) == limit else None
    return AccountEvents(items=items, next_cursor=more)


async def refuse_recovery(db: Connection, me: Signed, now: datetime) -> None:
    """It was not the caller who asked for a way in: it opens nothing."""
    if not await queries.refuse_recovery(db, now):
        raise rules.NoRecovery
    await tell(db, me.id, now)


async def find_colleague(pool: Pool, who: Principal, me: Signed, code: str, now: datetime) -> Colleague:
    """Whose screen shows this code. Every try is counted, so that nobody tries them all."""
    await limits.spend(pool, limits.VOUCH, me.id.bytes, now)
    async with pool.transaction(who) as db:
        found = await queries.recovery_with(db, code, now)
    if found is None:
        raise rules.NoSuchCode
    return found


async def vouch(pool: Pool, who: Principal, me: Signed, new: Vouch, now: datetime) -> None:
    """The caller has seen who holds the link that shows this code: it opens at once."""
    await limits.spend(pool, limits.VOUCH, me.id.bytes, now)
    async with pool.transaction(who) as db:
        if not await queries.vouch(db, new.person_id, new.code, now):
            raise rules.NoSuchCode
        await tell(db, new.person_id, now)
