"""Verbs of calendar feeds: the key to one's own times, for a calendar program that cannot sign in."""

from datetime import datetime, timedelta
from uuid import UUID

from app import audit
from app.appointments import calendar, queries
from app.appointments.models import CalendarFeed, Span
from app.auth import Signed, new_secret, sha256
from app.errors import NotFound
from app.site import Site
from db import Connection, Pool, feed

SUFFIX = ".ics"
BACK, AHEAD = timedelta(days=30), timedelta(days=366)
MOST = 1000


async def open_feed(db: Connection, me: Signed, site: Site, now: datetime) -> CalendarFeed:
    """A new address; the one from before opens nothing any more. Only its hash is kept."""
    secret, kept = new_secret()
    await queries.keep_feed(db, me.id, kept, now)
    return CalendarFeed(f"{site.public_url}/v1/calendar/{secret}{SUFFIX}")


async def close_feed(db: Connection, me: Signed, now: datetime) -> None:
    """No address opens the caller's times any more."""
    await queries.revoke_feed(db, me.id, now)


async def rendered(pool: Pool, name: str, request: UUID, now: datetime) -> bytes:
    """What the feed of that name shows, read with its owner's eyes; `NotFound` for any other name."""
    async with pool.reading() as db:
        owner_id = await queries.feed_owner(db, sha256(name.removesuffix(SUFFIX)))
    if owner_id is None or not name.endswith(SUFFIX):
        raise NotFound
    async with pool.transaction(feed(owner_id, request)) as db:
        return await _rendered(db, owner_id, now)


async def _rendered(db: Connection, owner_id: UUID, now: datetime) -> bytes:
    owner = await queries.owner(db, owner_id)
    entries = await queries.feed(db, owner_id, Span(now - BACK, now + AHEAD), MOST)
    own = [owner_id] if owner and owner.is_patient else []
    await audit.record(db, "read", "calendar-feed", own + [entry.patient_id for entry in entries])
    return calendar.rendered(entries, owner.language if owner else "en")
