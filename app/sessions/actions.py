"""Go on with a session, look where one is signed in, and end that."""

from datetime import datetime, timedelta
from uuid import UUID

from app import auth
from app.auth import ACCESS_LASTS, FAMILY_LENGTH, Because, Signed, Tokens
from app.errors import NotFound
from app.events import actions as events
from app.logs import log
from app.sessions import queries, rules
from app.sessions.models import Refresh, Refreshed, Sessions
from db import CLOCK, DOOR, Connection, Pool

TOPIC = "sessions"
# Long enough to tell that a token is an old one of a session that is over.
KEPT = timedelta(days=30)


async def refresh(pool: Pool, given: Refresh, now: datetime) -> Tokens:
    """The next pair for whoever has the refresh token and, where the session has a key, its device.

    Sending it again is safe as long as nothing that came with the answer was used; see `refresh_session` for what a
    token is worth. A token that was used twice ends its session, which is kept although the answer is no.
    """
    pair = auth.new_pair(given.refresh_token[:FAMILY_LENGTH])
    async with pool.transaction(DOOR) as db:
        found = await _spent(db, given, pair, now)
        if found.outcome == "reuse" and found.person_id and found.session_id:
            log().warning("a session was ended", reason="reuse")
            await _told(db, found.person_id, found.session_id, now)
    rules.settle(found.outcome)
    return _tokens(pair, found)


async def _spent(db: Connection, given: Refresh, pair: auth.Pair, now: datetime) -> Refreshed:
    family = auth.family_of(given.refresh_token)
    signed = rules.signed_at(await queries.device_key(db, family), given, now)
    token, next_token, next_access = (auth.sha256(one) for one in (given.refresh_token, pair.refresh, pair.access))
    found = await queries.refresh(db, family, token, next_token, next_access, signed, now, ACCESS_LASTS)
    return found or Refreshed("unknown", None, None, None, None, None)


def _tokens(pair: auth.Pair, found: Refreshed) -> Tokens:
    if found.access_until is None or found.refresh_until is None or found.assurance is None:
        raise rules.SessionOver
    return Tokens(pair.access, found.access_until, pair.refresh, found.refresh_until, found.assurance)


async def mine(db: Connection, me: Signed, now: datetime) -> Sessions:
    """Where the caller is signed in."""
    return Sessions(rules.shown(await queries.mine(db, me.id, now), me))


async def end(db: Connection, me: Signed, session_id: UUID, now: datetime) -> None:
    """End one of the caller's own; its phone rings no more, and what is open there closes. Twice is once."""
    if not rules.may_end(me, session_id):
        raise NotFound
    because: Because = "signed-out" if session_id == me.session_id else "elsewhere"
    if not await auth.end_session(db, me, session_id, now, because):
        raise NotFound
    await _told(db, me.id, session_id, now)


async def end_others(db: Connection, me: Signed, now: datetime) -> None:
    """End all of the caller's sessions but this one."""
    if await auth.end_sessions(db, me.id, now, "elsewhere", spared=me.session_id):
        await _told(db, me.id, me.session_id, now)


async def _told(db: Connection, person_id: UUID, session_id: UUID, now: datetime) -> None:
    """Their other pages see it, and what is open in a session that has ended closes."""
    auth.wake_streams(db, person_id)
    await events.publish(db, [person_id], TOPIC, session_id, now)


async def over(pool: Pool, sessions: list[UUID], now: datetime) -> list[UUID]:
    """Those of these sessions in which nobody is signed in any more."""
    async with pool.transaction(CLOCK) as db:
        return await queries.over(db, sessions, now)


async def forget(pool: Pool, now: datetime) -> int:
    """Drop the tokens of what has been over for a month; the sessions themselves stay."""
    async with pool.transaction(CLOCK) as db:
        return await queries.forget(db, now - KEPT)
