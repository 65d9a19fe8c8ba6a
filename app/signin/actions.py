"""Open and end sessions."""

from datetime import datetime, timedelta
from uuid import UUID

from app import auth
from app.access import leading
from app.account import actions as account
from app.auth import Factor
from app.demo.cast import CAST
from app.errors import IdTaken, NotFound
from app.signin import queries, rules
from app.signin.models import (
    DemoCast,
    DemoPerson,
    DemoSignIn,
    LinkLook,
    LinkState,
    Redeemed,
    SetUp,
    SignedIn,
    SignInLink,
    signed_in,
)
from app.site import Site
from app.totp import actions as totp
from app.wire import zone
from db import DOOR, Connection, Pool

LINK_LASTS = timedelta(hours=48)


async def demo_cast(pool: Pool, site: Site) -> DemoCast:
    """Whom a visitor can be; nobody outside demo mode."""
    if not site.demo:
        return DemoCast([])
    async with pool.transaction(DOOR) as db:
        rows = await queries.demo_cast(db, [p.id for p in CAST], [p.handle for p in CAST])
    people = [DemoPerson(row.person, row.name, leading(row.roles), row.organisation) for row in rows]
    return DemoCast(people, site.inbox_url)


async def demo_sign_in(pool: Pool, as_whom: DemoSignIn, now: datetime, *, demo: bool) -> SignedIn:
    """Be somebody of the demo cast; outside demo mode, or where nobody has put them into the database, not there."""
    found = next((p for p in CAST if p.handle == as_whom.person), None)
    if not demo or found is None:
        raise NotFound
    async with pool.transaction(DOOR) as db:
        if not await queries.is_there(db, found.id):
            raise NotFound
        tokens = await auth.open_session(db, found.id, now, "demo", device=as_whom.device)
    return signed_in(tokens, found.id)


async def set_up(pool: Pool, new: SetUp, now: datetime) -> SignedIn:
    """Use the one-time link: make the first organisation and operator, and sign them in, all or nothing."""
    zone(new.time_zone)
    async with pool.transaction(DOOR) as db:
        if not await queries.use_link(db, auth.sha256(new.secret), now):
            raise rules.LinkUsed
        if not await queries.add_operator(db, new, now):
            raise IdTaken
        tokens = await auth.open_session(db, new.operator_id, now, "link", device=new.device)
    return signed_in(tokens, new.operator_id)


async def make_link(db: Connection, person_id: UUID, site: Site, now: datetime) -> SignInLink:
    """A way in for a colleague whom the caller lets in; the one from before opens nothing any more.

    Every phone and page of theirs says so. Where they have a factor of their own, it does not open by itself.
    """
    secret, sha256 = auth.new_secret()
    if await queries.make_sign_in_link(db, person_id, sha256, now, now + LINK_LASTS) is None:
        raise NotFound
    await account.tell(db, person_id, now)
    return SignInLink(f"{site.public_url}/#invite={secret}", now + LINK_LASTS)


async def look(pool: Pool, secret: str, now: datetime) -> LinkState:
    """What a link is good for; whatever is wrong with it, the answer is the same."""
    found = await _looked_at(pool, secret, now)
    code = found.code if found.waits else None
    return LinkState(not found.waits, found.opens_at, found.waits and found.totp, code, found.expires_at)


async def redeem(pool: Pool, link: Redeemed, now: datetime) -> SignedIn:
    """Sign in whoever the link was made for, once; whatever is wrong with it, the answer is the same.

    Whoever had a factor and comes in without it has perhaps lost a device: all that was open on others ends.
    """
    found = await _looked_at(pool, link.secret, now)
    shown = link.code is not None and found.totp
    if link.code is not None and found.totp:
        await totp.shown_at_the_door(pool, found.person_id, link.code, now)
    async with pool.transaction(DOOR) as db:
        used = await queries.use_sign_in_link(db, auth.sha256(link.secret), now, code_shown=shown)
        if used is None:
            raise rules.LinkWaits if found.waits else rules.InviteUsed
        if used.recovers:
            await auth.end_sessions(db, used.person_id, now, "recovery")
            await account.tell(db, used.person_id, now)
        factor: Factor = "totp" if shown else "vouch" if used.vouched else "link"
        tokens = await auth.open_session(db, used.person_id, now, factor, device=link.device)
    return signed_in(tokens, used.person_id)


async def _looked_at(pool: Pool, secret: str, now: datetime) -> LinkLook:
    async with pool.transaction(DOOR) as db:
        found = await queries.look_at_link(db, auth.sha256(secret), now)
    if found is None:
        raise rules.InviteUsed
    return found
