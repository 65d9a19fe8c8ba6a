"""Tell how an alert went, and keep what a supervisor found."""

from datetime import datetime
from uuid import UUID

from app import audit, sealing
from app.alerts import actions as alerts
from app.auth import Signed
from app.errors import NotFound
from app.reviews import queries, rules
from app.reviews.models import ReviewAlert, ReviewQueue, Story
from app.wire import Instant, cursor_for, place_of
from db import Connection, new_id


async def story(db: Connection, me: Signed, alert_id: UUID) -> Story:
    """All that happened to an alert of which the caller knows, open or closed."""
    patient_id = await queries.patient_of(db, alert_id, me.id)
    if patient_id is None:
        raise NotFound
    await audit.record(db, "read", "alerts", [patient_id], alert_id)
    return Story(await queries.story(db, alert_id))


async def queue(db: Connection, cursor: str | None, limit: int) -> ReviewQueue:
    """A page of what no supervisor has looked at yet."""
    after = place_of(cursor, tuple[Instant, UUID]) if cursor else None
    items = await queries.to_review(db, after=after, limit=limit)
    await audit.record(db, "review", "alerts", [one.patient.id for one in items])
    more = cursor_for(items[-1].closed_at, items[-1].id) if len(items) == limit else None
    return ReviewQueue(items=items, next_cursor=more)


async def review(db: Connection, me: Signed, alert_id: UUID, said: ReviewAlert, now: datetime) -> Story:
    """Keep what a supervisor found of how it went, and show the whole story."""
    row = await queries.reviewing(db, alert_id, me.id)
    if row is None:
        raise NotFound
    rules.check(row)
    review_id = new_id(now)
    note = await sealing.seal(db, row.patient_id, place(review_id), said.note) if said.note else None
    if not await queries.review(db, review_id, row, me.id, said.finding, note, now):
        raise rules.ReviewedAlready
    await alerts.reviewed(db, alert_id, me.id, now)
    await audit.record(db, "review", "alerts", [row.patient_id], alert_id)
    return Story(await queries.story(db, alert_id))


def place(review_id: UUID) -> sealing.Place:
    """Where what was found is sealed."""
    return sealing.Place("alert_review", "note", review_id)
