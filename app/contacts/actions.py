"""Keep, find, verify and forget where people are written to."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app import audit, sealing
from app.contacts import queries, rules
from app.contacts.models import Care, ClosedBecause, Contact, Kept, Kind, NewContact, Owner, Preferences
from app.errors import IdTaken, NotFound
from db import Connection


async def add(db: Connection, person_id: UUID, new: NewContact, added_by: UUID, now: datetime) -> Contact:
    """Keep a contact of this person's, not verified yet. The same value twice is the contact that is there already.

    The caller is `added_by`, who may write to this person: themselves, their clinicians, the desk; else the database
    refuses.
    """
    value = rules.normal(new.kind, new.value)
    index = sealing.blind(db, new.kind, value)
    known = await queries.same(db, person_id, new.kind, index)
    if known is None:
        sealed = await sealing.seal(db, person_id, place(new.id), value)
        known = await queries.add(db, person_id, new, sealed, index, added_by, now)
    if known is None:  # at the same moment somebody else added it, or the id is used
        known = await queries.same(db, person_id, new.kind, index)
    if known is None:
        raise IdTaken
    return _shown(known, value)


async def verified(db: Connection, contact_id: UUID, now: datetime) -> None:
    """Whoever reads there has just shown it: at the door, or the person themselves.

    A verified contact is one person's. Where it was another's until now, the number has moved and is closed there.
    """
    if not await queries.verify(db, contact_id, now):
        raise NotFound


async def find_owner(db: Connection, kind: Kind, value: str) -> Owner | None:
    """Whose verified contact this is, however it was typed; at the door only. Refuses what is no address."""
    return await queries.owner(db, kind, sealing.blind(db, kind, rules.normal(kind, value)))


async def of(db: Connection, person_id: UUID) -> list[Contact]:
    """A person's contacts, the verified ones first; none where the caller may not write to them."""
    kept = await queries.of(db, person_id)
    return [_shown(row, value) for row, value in zip(kept, await _values(db, kept), strict=True)]


async def close(db: Connection, contact_id: UUID, because: ClosedBecause, now: datetime) -> None:
    """Forget it."""
    if not await queries.close(db, contact_id, because, now):
        raise NotFound


async def change(db: Connection, me: UUID, contact_id: UUID, new: Care) -> Contact:
    """How careful one has to be there, from now on."""
    row = await queries.care(db, me, contact_id, new)
    if row is None:
        raise NotFound
    [value] = await _values(db, [row])
    return _shown(row, value)


async def remove(db: Connection, me: UUID, contact_id: UUID, now: datetime, *, sure: bool) -> None:
    """Forget one of the caller's own; the last verified one only if they are sure."""
    rules.check_removal(await queries.of(db, me), contact_id, sure=sure)
    await close(db, contact_id, "own", now)


async def preferences(db: Connection, patient_id: UUID) -> Preferences:
    """How a patient may be reached, for those who stand beside them; `NotFound` for all others."""
    found = await queries.preferences(db, patient_id)
    if found is None:
        raise NotFound
    await audit.record(db, "read", "contact-preferences", [patient_id])
    return Preferences(found)


def place(contact_id: UUID) -> sealing.Place:
    """Where a contact's value is sealed."""
    return sealing.Place("contact", "value", contact_id)


async def _values(db: Connection, kept: Sequence[Kept]) -> list[str]:
    return await sealing.unseal_all(db, [(row.person_id, place(row.id), row.value_sealed) for row in kept])


def _shown(row: Kept, value: str) -> Contact:
    return Contact(
        row.id, row.kind, value, row.may_text, row.may_leave_voicemail, row.shared, row.added_at, row.verified_at
    )
