"""The outbox: telling people is a row in the transaction of its cause, so neither happens without the other."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from db import Connection, new_id
from notifications import queries, rules
from notifications.models import Kind


async def send(
    db: Connection,
    people: Sequence[UUID],
    kind: Kind,
    subject: UUID,
    *,
    due_at: datetime,
    expires_at: datetime,
    stage: str = "",
    urgent: bool = False,
    now: datetime,
) -> None:
    """Tell these people at `due_at` that something waits for them; after `expires_at` nobody is told any more.

    Written in the caller's transaction: no commit, no push; the commit rings the lane's bell. The same person, subject,
    stage and due time twice is once, unless it was withdrawn in between. `due_at` may be now or past; it must come
    before `expires_at`.
    """
    if not people:
        return
    await queries.insert_notifications(
        db,
        ids=[new_id(now) for _ in people],
        people=people,
        kind=kind,
        subject=subject,
        stage=stage,
        urgent=urgent,
        due_at=due_at,
        expires_at=expires_at,
    )
    db.wake(rules.lane(urgent=urgent).bell)


async def withdraw(db: Connection, kind: Kind, subject: UUID, now: datetime) -> int:
    """Take back what was not sent yet about this subject, for everybody; how many notifications that were.

    Holds from the commit on. A push that is on the wire at that moment still arrives. What was sent to every phone
    stays as it is: that somebody was told is not taken back.
    """
    return await withdraw_all(db, kind, [subject], now)


async def withdraw_all(db: Connection, kind: Kind, subjects: Sequence[UUID], now: datetime) -> int:
    """The same for many subjects at once."""
    return await queries.withdraw_notifications(db, kind, subjects, now)
