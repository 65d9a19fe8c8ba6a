"""Account for what is shown across organisations, and show the accounting."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from app import audit
from app.auth import Signed
from app.disclosures import queries, rules
from app.disclosures.models import DisclosureNotice, Disclosures
from app.errors import NotFound
from app.legal import actions as legal
from app.wire import Instant, cursor_for, place_of
from db import Connection

# A PostgreSQL uuid has no larger one.
LAST = UUID(int=2**128 - 1)
EXPORTED = 10_000


async def account(db: Connection, category: str, patients: Sequence[UUID]) -> Mapping[UUID, DisclosureNotice]:
    """Write the accounting of this read, in its transaction, and give what stands beside each patient who is shown.

    A patient of the caller's own program has nothing beside them. Without a consent or an emergency that covers a
    patient of another one nothing is shown at all.
    """
    written = await queries.write(db, category, patients) if patients else []
    rules.check_covered(written)
    return {row.patient_id: rules.notice(row) for row in written if row.across}


async def beside(db: Connection, category: str, patient_id: UUID) -> DisclosureNotice | msgspec.UnsetType:
    """The same for an answer about one patient, as it goes into the answer."""
    return (await account(db, category, [patient_id])).get(patient_id, msgspec.UNSET)


async def accounting(
    db: Connection, me: Signed, patient_id: UUID | None, cursor: str | None, limit: int, now: datetime
) -> Disclosures:
    """A page of the accounting: the caller's own, or that of a program whose privacy they answer for."""
    since = rules.since(now, await legal.number(db, "accounting-years", now.date(), rules.YEARS))
    before = place_of(cursor, tuple[Instant, UUID]) if cursor else (now + timedelta(days=1), LAST)
    whose = me.id if me.has("patient") else patient_id
    items = await queries.accounting(db, whose, since=since, before=before, limit=limit)
    await audit.record(db, "read", "disclosures", [me.id] if me.has("patient") else [one.patient_id for one in items])
    more = cursor_for(items[-1].disclosed_at, items[-1].id) if len(items) == limit else None
    return Disclosures(items=items, next_cursor=more, since=since)


async def exported(db: Connection, me: Signed, now: datetime) -> str:
    """All of the caller's own accounting as a table."""
    if not me.has("patient"):
        raise NotFound
    return rules.as_csv((await accounting(db, me, None, None, EXPORTED, now)).items)
