"""Set up an authenticator app, and take its codes: each once, and few that are wrong.

Every try is counted before it is looked at, so that six digits stay six digits.
"""

from datetime import datetime, timedelta
from uuid import UUID

from app import auth, limits
from app.account import actions as account
from app.auth import Signed
from app.errors import NotFound
from app.people import actions as people
from app.totp import codes, queries, rules
from app.totp.models import AuthenticatorApps, Enrolment, Sealed
from db import DOOR, Connection, Pool, Principal, new_id
from db.envelope import Place
from db.sealing import seal, unseal

CONFIRMED_WITHIN = timedelta(minutes=15)


async def begin(db: Connection, me: Signed, now: datetime) -> Enrolment:
    """A secret for an app of the caller's. It counts for nothing until a code has shown that the app has it."""
    await account.check_may_add(db, me, now)
    number, secret = new_id(now), codes.new_secret()
    await queries.begin(db, number, me.id, await seal(db, me.id, _place(number), secret), now)
    uri = codes.uri(secret, (await people.profile(db, me)).name)
    return Enrolment(secret, uri, codes.picture(uri))


async def confirm(pool: Pool, who: Principal, me: Signed, code: str, now: datetime) -> None:
    """The app shows what it should: it is the caller's one from now on."""
    await _count(pool, me.id, now)
    async with pool.transaction(who) as db:
        kept = await queries.begun(db, me.id, now - CONFIRMED_WITHIN)
        if kept is None:
            raise rules.NotBegun
        step = await _step(db, me.id, kept, code, now)
        if step is None:
            raise rules.CodeRefused
        await queries.confirm(db, me.id, kept.id, step, now)
        await account.happened(db, me, "authenticator-added", kept.id, now)


async def prove(pool: Pool, who: Principal, me: Signed, code: str, now: datetime) -> None:
    """Let this session be as fresh as one that has just begun."""
    await _count(pool, me.id, now)
    async with pool.transaction(who) as db:
        kept = await queries.confirmed(db, me.id)
        if kept is None:
            raise rules.NoApp
        await _take(db, me.id, kept, code, now)
        await auth.prove(db, me.session_id, now, "totp")


async def shown_at_the_door(pool: Pool, person_id: UUID, code: str, now: datetime) -> None:
    """Take a code of somebody who holds a link that was made for them; raises `CodeRefused`."""
    await _count(pool, person_id, now)
    async with pool.transaction(DOOR) as db:
        kept = await queries.at_the_door(db, person_id)
        if kept is None:
            raise rules.CodeRefused
        await _take(db, person_id, kept, code, now)


async def mine(db: Connection, me: Signed) -> AuthenticatorApps:
    """The caller's app."""
    return AuthenticatorApps(await queries.mine(db, me.id))


async def remove(db: Connection, me: Signed, app_id: UUID, now: datetime, *, even_the_last: bool) -> None:
    """The caller's app counts no more; the last factor of staff only where they insist."""
    if not await queries.remove(db, me.id, app_id, now):
        raise NotFound
    await account.check_leaves_a_way(db, me, even_the_last=even_the_last)
    await account.happened(db, me, "authenticator-removed", app_id, now)


async def _count(pool: Pool, person_id: UUID, now: datetime) -> None:
    for limit in (limits.TOTP, limits.TOTP_DAILY):
        await limits.spend(pool, limit, person_id.bytes, now)


async def _take(db: Connection, person_id: UUID, kept: Sealed, code: str, now: datetime) -> None:
    step = await _step(db, person_id, kept, code, now)
    if step is None or not await queries.use(db, kept.id, step, now):
        raise rules.CodeRefused


async def _step(db: Connection, person_id: UUID, kept: Sealed, code: str, now: datetime) -> int | None:
    return codes.step(await unseal(db, person_id, _place(kept.id), kept.sealed), code, now)


def _place(number: UUID) -> Place:
    return Place("totp", "sealed", number)
