"""Offer times, keep one for a patient, move it, settle it."""

from datetime import datetime
from uuid import UUID

import notifications
from app import audit
from app.alerts import actions as alerts
from app.alerts.models import Cause, Worry
from app.appointments import queries, rules
from app.appointments.models import (
    Appointment,
    Appointments,
    Bookable,
    Booking,
    Kind,
    Move,
    NewAppointment,
    Search,
    Slots,
    Span,
    Status,
)
from app.auth import Signed
from app.errors import IdTaken, NotFound, Refusal
from app.events import actions as events
from app.people import actions as people
from app.wire import Instant, cursor_for, place_of
from db import CLOCK, Connection, Pool
from notifications import Kind as About

START = UUID(int=0)
BATCH = 50


async def slots(db: Connection, me: Signed, sought: Search, cursor: str | None, limit: int, now: datetime) -> Slots:
    """A page of the times that are free for a patient."""
    after = place_of(cursor, tuple[bool, Instant, UUID]) if cursor else None
    within, kind = rules.look(sought.begin, sought.end, now), sought.kind
    patient = await _patient(db, me, sought.patient_id, within)
    calendars = await queries.calendars(db, patient.id, rules.OFFERED_BY[kind], sought.staff_id, within)
    await audit.record(db, "read", "slots", [patient.id])
    free = rules.slots(calendars, kind, within, patient.busy, now)
    items = [slot for slot in free if after is None or rules.place(slot) > after][:limit]
    return Slots(items=items, next_cursor=cursor_for(*rules.place(items[-1])) if len(items) == limit else None)


async def book(db: Connection, me: Signed, new: NewAppointment, now: datetime) -> Appointment:
    """Keep a slot for a patient, with its reminders; of many who want it at once, one has it.

    The same again gives the same appointment, even when its time has come meanwhile.
    """
    patient = await _patient(db, me, new.patient_id, Span(now, now))
    during = await _offered(db, patient.id, new.staff_id, new.kind, new.starts_at, now)
    booking = None if during is None else Booking(new.id, patient.id, new.staff_id, new.kind, during)
    if booking is not None and await queries.book(db, booking, me.id, now):
        return await _booked(db, me, new.id, "book", now)
    if await _booked_already(db, me, patient, new):
        return await by_id(db, me, new.id)
    raise await _why_not(db, booking)


async def reschedule(db: Connection, me: Signed, appointment_id: UUID, move: Move, now: datetime) -> Appointment:
    """Move an appointment: the old one is cancelled and a new one booked in the same transaction, or neither.

    Reminders move with it. The same again gives the same appointment, at the same moment too.
    """
    old = await _held(db, me, appointment_id)
    if old.moved_to == move.id:
        return await _moved_already(db, me, move)
    rules.check_movable(old, now)
    during = await _offered(db, old.patient_id, old.staff_id, old.kind, move.starts_at, now)
    if during is None:
        raise rules.NotOffered
    booking = Booking(move.id, old.patient_id, old.staff_id, old.kind, during, moved_from=old.id)
    await queries.lock_calendars(db, booking)
    await queries.settle(db, old.id, "cancelled", me.id, now)
    if not await queries.book(db, booking, me.id, now):
        raise await _why_not(db, booking)
    await notifications.withdraw(db, About.APPOINTMENT, old.id, now)
    return await _booked(db, me, move.id, "reschedule", now)


async def cancel(db: Connection, me: Signed, appointment_id: UUID, now: datetime) -> Appointment:
    """Give the time back, and take back what would have reminded of it; twice is once."""
    return await _settle(db, me, await _held(db, me, appointment_id), "cancelled", now)


async def complete(db: Connection, me: Signed, appointment_id: UUID, now: datetime) -> Appointment:
    """It took place, even if it was first said that it did not; twice is once."""
    return await _settle(db, me, await _own(db, me, appointment_id), "fulfilled", now)


async def no_show(db: Connection, me: Signed, appointment_id: UUID, now: datetime) -> Appointment:
    """The patient could not be there, even if something else was said first; twice is once."""
    return await _settle(db, me, await _own(db, me, appointment_id), "noshow", now)


async def by_id(db: Connection, me: Signed, appointment_id: UUID) -> Appointment:
    """An appointment which concerns the caller; else `NotFound`."""
    found = await _seen(db, me, appointment_id)
    await audit.record(db, "read", "appointments", [found.patient_id], found.id)
    return found


async def listed(
    db: Connection, me: Signed, begin: datetime | None, cursor: str | None, limit: int, now: datetime
) -> Appointments:
    """A page of the caller's own appointments."""
    since = rules.since(begin, now)
    after = place_of(cursor, tuple[Instant, UUID]) if cursor else (since - rules.DAY, START)
    items = await queries.listed(db, me.id, since=since, after=after, limit=limit)
    own = [me.id] if me.has("patient") else []
    await audit.record(db, "list", "appointments", own + [one.patient_id for one in items])
    more = cursor_for(items[-1].starts_at, items[-1].id) if len(items) == limit else None
    return Appointments(items=items, next_cursor=more)


async def _patient(db: Connection, me: Signed, patient_id: UUID | None, within: Span) -> Bookable:
    """The patient for whom the caller may book; else what `absent` says."""
    wanted = rules.whom(patient_id, me.id, is_patient=me.has("patient"))
    found = await queries.bookable(db, wanted, within)
    if found is None:
        raise await people.absent(db, wanted)
    return found


async def _offered(
    db: Connection, patient_id: UUID, staff_id: UUID, kind: Kind, starts_at: datetime, now: datetime
) -> Span | None:
    """The slot that begins then, taken or not; None where no such time is offered."""
    if not rules.bookable(starts_at, now):
        return None
    found = await queries.calendars(db, patient_id, rules.OFFERED_BY[kind], staff_id, Span(starts_at, starts_at))
    return rules.offered(found, kind, starts_at)


async def _why_not(db: Connection, booking: Booking | None) -> Refusal:
    """What kept a booking from being written."""
    if booking is None:
        return rules.NotOffered()
    return rules.SlotTaken() if await queries.taken(db, booking) else IdTaken()


async def _booked_already(db: Connection, me: Signed, patient: Bookable, new: NewAppointment) -> bool:
    """Whether this very booking was made before; refuses an id that was used for another one."""
    kept = await queries.by_id(db, me.id, new.id)
    if kept is not None and not rules.same(kept, patient.id, new):
        raise IdTaken
    return kept is not None


async def _moved_already(db: Connection, me: Signed, move: Move) -> Appointment:
    found = await by_id(db, me, move.id)
    if found.starts_at != move.starts_at:
        raise IdTaken
    return found


async def _booked(db: Connection, me: Signed, appointment_id: UUID, action: str, now: datetime) -> Appointment:
    """Remind both people in time, and let them look now."""
    made = await _seen(db, me, appointment_id)
    for reminder in rules.reminders(made, now):
        await notifications.send(
            db, reminder.people, About.APPOINTMENT, made.id, due_at=reminder.due_at, expires_at=reminder.expires_at,
            stage=reminder.stage, now=now,
        )  # fmt: skip
    return await _changed(db, made, action, now)


async def _settle(db: Connection, me: Signed, appointment: Appointment, to: Status, now: datetime) -> Appointment:
    if not rules.settles(appointment, to, now):
        return appointment
    await queries.settle(db, appointment.id, to, me.id, now)
    await notifications.withdraw(db, About.APPOINTMENT, appointment.id, now)
    return await _changed(db, rules.settled(appointment, to), rules.ACTIONS[to], now)


async def ask_after(pool: Pool, now: datetime) -> int:
    """One tick: have a peer ask after each patient who did not come, once for an appointment; how many."""
    async with pool.transaction(CLOCK) as db:
        missed = await queries.not_asked_after(db, now=now, limit=BATCH)
        for one in missed:
            cause = Cause("no-show", one.appointment_id)
            await alerts.open(db, one.patient_id, one.organisation_id, Worry("p2", ("no-show",)), cause, now)
    return len(missed)


async def _changed(db: Connection, appointment: Appointment, action: str, now: datetime) -> Appointment:
    """Keep who did it, and let both people look again."""
    await audit.record(db, action, "appointments", [appointment.patient_id], appointment.id)
    people = [appointment.patient_id, appointment.staff_id]
    await events.publish(db, people, "appointment", appointment.id, now)
    return appointment


async def _held(db: Connection, me: Signed, appointment_id: UUID) -> Appointment:
    """An appointment as it stands once nobody else is changing it, and stays until this transaction ends."""
    await queries.lock(db, appointment_id)
    return await by_id(db, me, appointment_id)


async def _own(db: Connection, me: Signed, appointment_id: UUID) -> Appointment:
    """The same, if the caller holds it as staff."""
    found = await _held(db, me, appointment_id)
    if found.staff_id != me.id:
        raise rules.NotWithYou
    return found


async def _seen(db: Connection, me: Signed, appointment_id: UUID) -> Appointment:
    found = await queries.by_id(db, me.id, appointment_id)
    if found is None:
        raise NotFound
    return found
