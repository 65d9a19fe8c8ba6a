"""Ask another device, and answer."""

import secrets
from datetime import datetime
from uuid import UUID

from app import auth
from app.approvals import queries, rules
from app.approvals.models import Answer, Approvals, Approve, Asked, Row
from app.auth import Signed
from app.errors import NotFound
from app.events import actions as events
from db import Connection, Pool, Principal, new_id

TOPIC = "approval"


async def ask(db: Connection, me: Signed, now: datetime) -> Asked:
    """Every other device of the caller's hears of it; what this one asked before is void."""
    if me.assurance == "full":
        raise rules.AlreadyFull
    await queries.withdraw(db, me.session_id, now)
    number, until = new_id(now), now + rules.LASTS
    digits = f"{secrets.randbelow(100):02d}"
    await queries.ask(db, number, me.id, me.session_id, digits, now, until)
    await events.publish(db, [me.id], TOPIC, number, now)
    return Asked(number, digits, until)


async def waiting(db: Connection, me: Signed, now: datetime) -> Approvals:
    """What other devices of the caller's ask."""
    return Approvals(await queries.waiting(db, me.id, me.session_id, now))


async def state(db: Connection, me: Signed, approval_id: UUID, now: datetime) -> Answer:
    """What has become of it."""
    return Answer(approval_id, rules.state(await _one(db, me, approval_id), now))


async def approve(
    pool: Pool, caller: Principal, me: Signed, approval_id: UUID, given: Approve, now: datetime
) -> Answer:
    """With the right number the other session is of full assurance. A wrong one refuses it, and stays so."""
    async with pool.transaction(caller) as db:
        asked = await _one(db, me, approval_id)
        right = asked.number == given.number
        answer = await _answer(db, me, asked, now, approved=right)
        if right:
            await auth.prove(db, asked.session_id, now, "other-device", assurance="full")
    if not right:
        raise rules.WrongNumber
    return answer


async def refuse(db: Connection, me: Signed, approval_id: UUID, now: datetime) -> Answer:
    """It was not the caller: whoever waits there has come in as them, and that session ends."""
    asked = await _one(db, me, approval_id)
    answer = await _answer(db, me, asked, now, approved=False)
    await auth.end_session(db, me, asked.session_id, now, "elsewhere")
    return answer


async def _one(db: Connection, me: Signed, approval_id: UUID) -> Row:
    found = await queries.one(db, me.id, approval_id)
    if found is None:
        raise NotFound
    return found


async def _answer(db: Connection, me: Signed, asked: Row, now: datetime, *, approved: bool) -> Answer:
    if asked.session_id == me.session_id:
        raise rules.SameDevice
    if not await queries.answer(db, asked.id, me.session_id, now, approved=approved):
        raise rules.AlreadyAnswered
    await events.publish(db, [me.id], TOPIC, asked.id, now)
    return Answer(asked.id, "approved" if approved else "refused")
