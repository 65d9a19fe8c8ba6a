"""Plan doses, remind of them, and keep what the patient says."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

import notifications
from app import audit
from app.auth import Signed
from app.disclosures import actions as disclosures
from app.errors import IdTaken, NotFound
from app.events import actions as events
from app.medications import queries, rules
from app.medications.models import Answer, DoseLog, Made, NewRegimen, Occurrence, Occurrences, Plan, Regimen, Regimens
from app.people import actions as people
from app.people.rules import today
from app.wire import Instant, cursor_for, place_of, zone
from db import CLOCK, Connection, Pool
from notifications import Kind

BATCH = 50
START = UUID(int=0)


async def start(db: Connection, me: Signed, patient_id: UUID, new: NewRegimen, now: datetime) -> Regimen:
    """Begin a regimen, with the doses of the next two days and their reminders; the same twice is once."""
    rules.check_new(new, now)
    patient = await people.patient_for(db, patient_id, "start", "regimens")
    time_zone = zone(new.time_zone or patient.time_zone).key
    plan = await queries.add(db, patient.id, me.id, new, time_zone, now)
    if plan is not None:
        await _make(db, plan, now)
        return await _changed(db, me, patient.id, new.id, "start", now)
    kept = await queries.by_id(db, patient.id, new.id)
    if kept is None or not rules.same(kept, new, time_zone):
        raise IdTaken
    await audit.record(db, "read", "regimens", [patient.id], kept.id)
    return kept


async def stop(db: Connection, me: Signed, regimen_id: UUID, now: datetime) -> Regimen:
    """End a regimen: nobody is reminded of it any more, and its doses to come are gone; twice is once."""
    patient_id = await queries.patient_of(db, regimen_id)
    if patient_id is None:
        raise NotFound
    patient = await people.patient_for(db, patient_id, "stop", "regimens")
    if await queries.stop(db, regimen_id, me.id, now):
        await _take_back(db, regimen_id, now)
    return await _changed(db, me, patient.id, regimen_id, "stop", now)


async def own(db: Connection, me: Signed, cursor: str | None, limit: int) -> Regimens:
    """A page of the caller's own regimens."""
    return await _listed(db, me.id, cursor, limit)


async def regimens_of(db: Connection, patient_id: UUID, cursor: str | None, limit: int) -> Regimens:
    """The same page for a clinician who treats this patient; for one who did, of what they wrote."""
    if not await queries.is_readable(db, patient_id):
        raise await people.absent(db, patient_id)
    found = await _listed(db, patient_id, cursor, limit)
    return msgspec.structs.replace(found, disclosure=await disclosures.beside(db, "regimens", patient_id))


async def dose_log(db: Connection, patient_id: UUID, days: int, now: datetime) -> DoseLog:
    """What a patient said of the doses of their last days, by their own calendar."""
    patient = await people.patient_for(db, patient_id, "read", "dose-log")
    last = today(patient.time_zone, now)
    found = await queries.dose_days(db, patient.id, first=last - timedelta(days=days - 1), last=last, now=now)
    await audit.record(db, "read", "dose-log", [patient.id])
    return DoseLog(found, disclosure=await disclosures.beside(db, "dose-log", patient.id))


async def occurrences(
    db: Connection, me: Signed, until: datetime | None, cursor: str | None, limit: int, now: datetime
) -> Occurrences:
    """A page of the caller's own doses, from a day ago on."""
    after = place_of(cursor, tuple[Instant, UUID]) if cursor else (now - rules.LOOK_BACK, START)
    items = await queries.occurrences(db, me.id, until=rules.until(until, now), after=after, limit=limit)
    await audit.record(db, "read", "doses", [me.id])
    more = cursor_for(items[-1].due_at, items[-1].id) if len(items) == limit else None
    return Occurrences(items=items, next_cursor=more)


async def answer(db: Connection, me: Signed, occurrence_id: UUID, said: Answer, now: datetime) -> Occurrence:
    """Keep what the patient says about a dose, and remind no more; the same twice is once."""
    found = await queries.occurrence(db, me.id, occurrence_id)
    if found is None:
        raise NotFound
    await audit.record(db, said, "doses", [me.id], occurrence_id)
    if not rules.answers(found, said, now):
        return found
    await queries.answer(db, me.id, occurrence_id, said, now)
    await notifications.withdraw(db, Kind.MEDICATION, occurrence_id, now)
    await events.publish(db, [me.id], "occurrence", occurrence_id, now)
    return msgspec.structs.replace(found, state=said, answered_at=now)


async def materialise(pool: Pool, now: datetime) -> int:
    """One tick: every active regimen with less than a day of doses ahead gets two; how many regimens that were.

    A batch is one transaction: killed in between, it leaves nothing half done, and the next tick does it again.
    """
    total = 0
    while True:
        async with pool.transaction(CLOCK) as db:
            plans = await queries.lock_unmade(db, below=now + rules.REFILL_BELOW, limit=BATCH)
            await _say_made(db, [plan for plan in plans if await _make(db, plan, now)], now)
        total += len(plans)
        if len(plans) < BATCH:
            return total


async def _make(db: Connection, plan: Plan, now: datetime) -> bool:
    """The rows of the doses that are missing up to two days ahead, each with its reminder; whether there were any."""
    until = now + rules.AHEAD
    new = await queries.make(db, plan, rules.doses(plan, until), until, now)
    for made in new:
        await _remind(db, plan.patient_id, made, now)
    return bool(new)


async def _remind(db: Connection, patient_id: UUID, made: Made, now: datetime) -> None:
    expires_at = rules.reminded_until(made, now)
    if expires_at is not None:
        await notifications.send(
            db, [patient_id], Kind.MEDICATION, made.id, due_at=made.due_at, expires_at=expires_at, now=now
        )


async def _say_made(db: Connection, plans: Sequence[Plan], now: datetime) -> None:
    await audit.record(db, "plan", "doses", [plan.patient_id for plan in plans])
    for plan in plans:
        await events.publish(db, [plan.patient_id], "regimen", plan.id, now)


async def _take_back(db: Connection, regimen_id: UUID, now: datetime) -> None:
    """Doses of which nobody can be reminded any more are left alone, however many they have become."""
    doses = await queries.open_doses(db, regimen_id, since=now - rules.REMINDER_LASTS)
    await notifications.withdraw_all(db, Kind.MEDICATION, doses, now)
    await queries.supersede(db, regimen_id, now)


async def _listed(db: Connection, patient_id: UUID, cursor: str | None, limit: int) -> Regimens:
    before = place_of(cursor, tuple[Instant, UUID]) if cursor else None
    items = await queries.listed(db, patient_id, before=before, limit=limit)
    await audit.record(db, "read", "regimens", [patient_id])
    more = cursor_for(items[-1].created_at, items[-1].id) if len(items) == limit else None
    return Regimens(items=items, next_cursor=more)


async def _changed(
    db: Connection, me: Signed, patient_id: UUID, regimen_id: UUID, action: str, now: datetime
) -> Regimen:
    """Keep who did it, let the patient's phones look again, and show how it stands."""
    await audit.record(db, action, "regimens", [patient_id], regimen_id)
    await events.publish(db, [patient_id, me.id], "regimen", regimen_id, now)
    kept = await queries.by_id(db, patient_id, regimen_id)
    if kept is None:
        raise NotFound
    return kept
