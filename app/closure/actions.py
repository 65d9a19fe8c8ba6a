"""Leave, stay after all, and keep what has to be kept."""

from datetime import datetime
from uuid import UUID

from app import audit, sealing
from app.auth import ENDED, Signed
from app.closure import queries, rules
from app.closure.models import Closures, Hold, Holds, NewClosure, NewHold, Plan, SealedHold
from app.errors import IdTaken, NotFound
from db import CLOCK, Connection, Pool

SHOWN = 200


async def plan(db: Connection, me: Signed, now: datetime) -> Plan:
    """What becomes of the caller's account and record: as it stands, or as it would be."""
    kept = await queries.kept(db, me.id, now)
    if kept is None:
        raise NotFound
    return rules.plan(await queries.asked(db, me.id), kept)


async def ask(db: Connection, me: Signed, new: NewClosure, now: datetime) -> Plan:
    """Close the caller's account after the days in which it can be taken back; sending it again is safe."""
    if not me.has("patient"):
        raise NotFound
    if await queries.ask(db, me.id, new.id, now, now + rules.GRACE) is None:
        asked = await queries.asked(db, me.id)
        if asked is None:
            raise IdTaken
        if asked.id != new.id:
            raise rules.ClosureAsked
    else:
        await audit.record(db, "ask", "closure", [me.id], new.id)
    return await plan(db, me, now)


async def take_back(db: Connection, me: Signed, now: datetime) -> Plan:
    """Stay after all."""
    if not await queries.take_back(db, me.id, now):
        raise rules.NothingToTakeBack
    await audit.record(db, "take-back", "closure", [me.id])
    return await plan(db, me, now)


async def go_on(pool: Pool, now: datetime) -> int:
    """Close accounts whose days are over, and shred records that nothing keeps any more; how many steps were taken.

    Each in a transaction of its own. One with an open alert waits until somebody has answered and closed that.
    """
    async with pool.transaction(CLOCK) as db:
        due = await queries.leaving(db, now)
    done = [await _went_on(pool, one.patient_id, now, is_closed=one.is_closed) for one in due]
    return sum(done)


async def _went_on(pool: Pool, patient_id: UUID, now: datetime, *, is_closed: bool) -> int:
    """Both steps at once where nothing has to be kept."""
    async with pool.transaction(CLOCK) as db:
        closed = not is_closed and await queries.close(db, patient_id, now)
        if closed:
            await audit.record(db, "close", "closure", [patient_id])
            db.wake(ENDED)
        shredded = (closed or is_closed) and await queries.shred(db, patient_id, now)
        if shredded:
            await audit.record(db, "shred", "record", [patient_id])
    return int(closed) + int(shredded)


async def of_program(db: Connection) -> Closures:
    """Accounts of the program that are being closed or are closed."""
    found = await queries.of_program(db, SHOWN)
    await audit.record(db, "list", "closures", [one.patient_id for one in found])
    return Closures(found)


async def hold(db: Connection, me: Signed, patient_id: UUID, new: NewHold, now: datetime) -> Hold:
    """Keep this record whatever else lets it go, until somebody ends that; sending it again is safe."""
    if not await queries.oversees(db, patient_id):
        raise NotFound
    sealed = await sealing.seal(db, patient_id, place(new.id), new.reason)
    row = await queries.hold(db, new.id, patient_id, sealed, me.id, now)
    if row is None:
        return await _same(db, patient_id, new)
    await audit.record(db, "set", "legal-holds", [patient_id], new.id)
    return rules.hold(row, new.reason)


async def _same(db: Connection, patient_id: UUID, new: NewHold) -> Hold:
    row = await queries.held(db, new.id)
    shown = None if row is None else await _shown(db, row)
    if shown is None or (shown.patient_id, shown.reason) != (patient_id, new.reason):
        raise IdTaken
    await audit.record(db, "set", "legal-holds", [patient_id], new.id)
    return shown


async def holds(db: Connection, patient_id: UUID) -> Holds:
    """Who keeps this record, and why."""
    if not await queries.oversees(db, patient_id):
        raise NotFound
    await audit.record(db, "read", "legal-holds", [patient_id])
    return Holds([await _shown(db, row) for row in await queries.holds(db, patient_id)])


async def end_hold(db: Connection, me: Signed, hold_id: UUID, now: datetime) -> Hold:
    """Keep it no longer for this reason; what only this kept is shredded at the next tick."""
    row = await queries.held(db, hold_id)
    if row is None:
        raise NotFound
    if not await queries.end_hold(db, hold_id, me.id, now):
        raise rules.HoldEnded
    await audit.record(db, "end", "legal-holds", [row.patient_id], hold_id)
    ended = await queries.held(db, hold_id)
    return await _shown(db, ended or row)


def place(hold_id: UUID) -> sealing.Place:
    """Where a hold's reason is sealed, with the patient's key: it goes with the record."""
    return sealing.Place("legal_hold", "reason", hold_id)


async def _shown(db: Connection, row: SealedHold) -> Hold:
    sealed = row.reason_sealed
    reason = None if sealed is None else await sealing.unseal(db, row.patient_id, place(row.id), sealed)
    return rules.hold(row, reason)
