"""Open and end sessions."""

from datetime import datetime, timedelta

from app import auth
from app.demo.cast import CAST
from app.errors import IdTaken, NotFound
from app.signin import queries, rules
from app.signin.models import DemoCast, SetUp, SignedIn
from app.site import Site
from app.wire import zone
from db import DOOR, Pool

DEMO_SESSION = timedelta(hours=12)
FIRST_SESSION = timedelta(hours=1)


async def demo_cast(pool: Pool, site: Site) -> DemoCast:
    """Whom a visitor can be; nobody outside demo mode."""
    if not site.demo:
        return DemoCast([])
    async with pool.transaction(DOOR) as db:
        people = await queries.demo_cast(db, [p.id for p in CAST], [p.handle for p in CAST])
    return DemoCast(people, site.inbox_url)


async def demo_sign_in(pool: Pool, handle: str, now: datetime, *, demo: bool) -> SignedIn:
    """Be somebody of the demo cast; outside demo mode this is not there."""
    found = next((p for p in CAST if p.handle == handle), None)
    if not demo or found is None:
        raise NotFound
    tokens = await auth.sign_in(pool, found.id, now, DEMO_SESSION)
    return SignedIn(tokens.access_token, tokens.expires_at, found.id)


async def set_up(pool: Pool, new: SetUp, now: datetime) -> SignedIn:
    """Use the one-time link: make the first organisation and operator, and sign them in, all or nothing."""
    zone(new.time_zone)
    async with pool.transaction(DOOR) as db:
        if not await queries.use_link(db, auth.sha256(new.secret), now):
            raise rules.LinkUsed
        if not await queries.add_operator(db, new, now):
            raise IdTaken
        tokens = await auth.open_session(db, new.operator_id, now, FIRST_SESSION)
    return SignedIn(tokens.access_token, tokens.expires_at, new.operator_id)
