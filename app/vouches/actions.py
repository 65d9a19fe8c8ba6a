"""Ask two of the staff, vouch, and be believed."""

import secrets
from datetime import datetime

from app import audit, auth, limits
from app.auth import Signed
from app.codes.models import Assured
from app.errors import NotFound
from app.events import actions as events
from app.spoken import heard
from app.vouches import queries, rules
from app.vouches.models import AskedVouch, Vouched, VouchedFor, VouchFor, VouchLook, VouchState
from db import Connection, Pool, Principal, new_id

TOPIC = "vouch"


async def ask(db: Connection, me: Signed, now: datetime) -> AskedVouch:
    """A number to be read to two of the staff; the one from before is void."""
    rules.check_patient(me)
    await queries.withdraw(db, me.id, me.session_id)
    number, until = new_id(now), now + rules.LASTS
    digits = f"{secrets.randbelow(10**rules.DIGITS):0{rules.DIGITS}d}"
    await queries.ask(db, number, me.id, me.session_id, digits, now, until)
    return AskedVouch(number, digits, until)


async def state(db: Connection, me: Signed, now: datetime) -> VouchState:
    """How far it has come, for the device that waits."""
    found = await queries.mine(db, me.id, me.session_id)
    if found is None or found.expires_at <= now:
        raise rules.NotYet
    return found


async def look(pool: Pool, caller: Principal, me: Signed, given: VouchLook, now: datetime) -> VouchFor:
    """Whom it is about, so that the caller can see whether it is them. That the caller looked is in the audit."""
    await limits.spend(pool, limits.VOUCHES, me.id.bytes, now)
    async with pool.transaction(caller) as db:
        found = await queries.asked(db, heard(given.number), now)
        if found is None:
            raise NotFound
        await audit.record(db, "find", "newcomers", [found.patient_id])
    return VouchFor(found.patient_id, found.name, int(found.first_by is not None), found.expires_at)


async def vouch(pool: Pool, caller: Principal, me: Signed, given: Vouched, now: datetime) -> VouchedFor:
    """Say that it is them, as the first or the second of two; the patient's device hears of it."""
    await limits.spend(pool, limits.VOUCHES, me.id.bytes, now)
    async with pool.transaction(caller) as db:
        said = await queries.vouch(db, heard(given.number), given.how, now)
        if said is None:
            raise NotFound
        confirmed = rules.confirmed(said)
        await audit.record(db, "vouch", "newcomers", [said.patient_id])
        await events.publish(db, [said.patient_id], TOPIC, said.patient_id, now)
    return VouchedFor(confirmed)


async def redeem(db: Connection, me: Signed, now: datetime) -> Assured:
    """Be sure of somebody for whom two have vouched: the session that asked is of full assurance."""
    if not await queries.use(db, me.session_id, now):
        raise rules.NotYet
    await auth.prove(db, me.session_id, now, "vouch", assurance="full")
    return Assured("full")
