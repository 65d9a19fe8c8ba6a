"""Show who looked, sign where the chains end."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app import audit
from app.auth import Signed
from app.errors import NotFound
from app.trail import anchors, fhir, queries, rules
from app.trail.models import Anchor, Looks, SecurityEvents, Seen
from app.trail.notary import LOCK, Notary
from app.wire import cursor_for, place_of
from db import CLOCK, Connection, Pool


class ForeignKey(Exception):
    """The key that is set here is not the one that signed before; nothing is signed until that is settled."""


async def looks(
    db: Connection, me: Signed, patient_id: UUID, *, others_only: bool, cursor: str | None, limit: int
) -> Looks:
    """Who looked at a record: the caller's own, or that of somebody whose program they supervise. It leaves its row."""
    await _watched(db, me, patient_id)
    before = place_of(cursor, tuple[int])[0] if cursor else None
    found = await queries.about(
        db, patient_id, others_only=others_only, before=before, first=None, last=None, limit=limit
    )
    await audit.record(db, "read", "audit-events", [patient_id])
    return Looks(items=[rules.look(one, patient_id) for one in found], next_cursor=_next(found, limit))


async def search(
    db: Connection, me: Signed, patient: str | None, dates: Sequence[str], base: str, cursor: str | None, limit: int
) -> fhir.Bundle:
    """The same as FHIR; without a patient, of the caller's own record. It leaves its row."""
    first, last = rules.span(dates)
    patient_id = rules.patient_of(patient) or me.id
    await _watched(db, me, patient_id)
    before = place_of(cursor, tuple[int])[0] if cursor else None
    found = await queries.about(db, patient_id, others_only=False, before=before, first=first, last=last, limit=limit)
    await audit.record(db, "read", "audit-events", [patient_id])
    asked = [("patient", str(patient_id)), *(("date", one) for one in dates), ("_count", str(limit))]
    asked += [("cursor", cursor)] if cursor else []
    return fhir.bundle(found, base, asked, _next(found, limit))


async def security_events(db: Connection, me: Signed, cursor: str | None, limit: int) -> SecurityEvents:
    """What happened to the accounts of the caller's program. That they looked is on record as well."""
    before = place_of(cursor, tuple[int])[0] if cursor else None
    found = await queries.of_accounts(db, before=before, limit=limit)
    await audit.security(db, "read", "security-events", me.id)
    return SecurityEvents(items=[rules.security_event(one) for one in found], next_cursor=_next(found, limit))


async def _watched(db: Connection, me: Signed, patient_id: UUID) -> None:
    """`NotFound` unless it is the caller's own record, or they supervise the program."""
    if await queries.watched(db, me.id, patient_id) is None:
        raise NotFound


def _next(found: Sequence[Seen], limit: int) -> str | None:
    return cursor_for(found[-1].event.id) if len(found) == limit else None


async def anchor(pool: Pool, notary: Notary, now: datetime) -> int:
    """Sign where the chains end, once an hour whoever of the workers comes first; then let the file have what it lacks.

    How many lines the file got. Raises `ForeignKey` and `OlderDatabase`, where somebody has to look.
    """
    kept = await asyncio.to_thread(anchors.last_of, notary.log)
    async with pool.transaction(CLOCK) as db:
        last = await queries.last_anchor(db)
        if anchors.due(last, now):
            await queries.lock_anchors(db, LOCK)
            last = await queries.last_anchor(db)
            await _sign(db, notary, last, now)
        elif last == kept:
            return 0
        rows = await queries.anchors_from(db, kept.number if kept else 1)
    return await asyncio.to_thread(anchors.append, notary.log, rows)


async def _sign(db: Connection, notary: Notary, last: Anchor | None, now: datetime) -> None:
    """What is to be signed now; nothing where another worker has just done it."""
    if not anchors.due(last, now):
        return
    made = []
    if last is None:
        last = anchors.first(notary.key, now)
        made.append(last)
    elif anchors.signer_after(last) != anchors.key_id(notary.public_key):
        raise ForeignKey
    made.append(anchors.over(notary.key, last, await queries.heads(db), now))
    await queries.keep(db, made)
