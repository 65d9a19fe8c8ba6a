"""Find people by the relation one has to them, bring them in, and put them beside each other."""

from datetime import datetime
from uuid import UUID

from app import audit
from app.access import OVERSEERS
from app.auth import Signed
from app.errors import Conflict, IdTaken, NotFound
from app.events import actions as events
from app.people import queries, rules
from app.people.models import (
    CareTeam,
    NewPatient,
    NewStaff,
    Patient,
    Patients,
    Profile,
    ProfileChange,
    RoleChange,
    Staff,
    StaffMember,
    TeamChange,
)
from app.wire import cursor_for, place_of, zone
from db import Connection


async def profile(db: Connection, me: Signed) -> Profile:
    """The caller's own account."""
    row = await queries.person(db, me.id)
    if row is None:
        raise NotFound
    return Profile(row.id, row.name, me.roles, row.organisation, row.time_zone, row.language, row.peer_beside)


async def change(db: Connection, me: Signed, new: ProfileChange) -> Profile:
    """Change the caller's own zone, language or wish; the same twice is once."""
    rules.check_change(me, new)
    if new.time_zone is not None:
        zone(new.time_zone)
    await queries.change(db, me.id, new)
    if new.peer_beside is not None:
        await queries.wish(db, me.id, peer_beside=new.peer_beside)
        await audit.record(db, "change", "own-account", [me.id])
    return await profile(db, me)


async def add_staff(db: Connection, me: Signed, new: NewStaff, now: datetime) -> StaffMember:
    """Somebody comes to work in the organisation that the caller operates; the same twice is once."""
    zone(new.time_zone)
    await queries.add_staff(db, new, now)
    kept = await queries.staff_member(db, me.id, new.id)
    if kept != StaffMember(new.id, new.name, sorted(set(new.roles)), new.time_zone, new.language):
        raise IdTaken
    return kept


async def give_roles(db: Connection, me: Signed, staff_id: UUID, new: RoleChange) -> StaffMember:
    """Somebody holds these roles and no others, from their next request on."""
    rules.check_roles(me, staff_id, new.roles)
    if await queries.staff_member(db, me.id, staff_id) is None:
        raise NotFound
    if not await queries.give_roles(db, staff_id, new.roles):
        raise rules.LastOperator
    kept = await queries.staff_member(db, me.id, staff_id)
    if kept is None:
        raise NotFound
    return kept


async def staff(db: Connection, me: Signed, cursor: str | None, limit: int) -> Staff:
    """A page of those who work in the caller's organisation."""
    after = place_of(cursor, tuple[str, UUID]) if cursor else None
    items = await queries.staff(db, me.id, after=after, limit=limit)
    return Staff(items=items, next_cursor=cursor_for(items[-1].name, items[-1].id) if len(items) == limit else None)


async def add_patient(db: Connection, me: Signed, new: NewPatient, now: datetime) -> Patient:
    """Somebody comes into the program's care, with the caller as their lead if a clinician; the same twice is once."""
    zone(new.time_zone)
    added = await queries.add_patient(db, new, now)
    kept = await queries.reachable(db, me.id, new.id, whole_program=me.has(*OVERSEERS))
    if kept != Patient(new.id, new.name, new.time_zone, new.language):
        raise IdTaken
    await audit.record(db, "bring-in" if added else "read", "identity", [kept.id])
    return kept


async def patient_for(db: Connection, me: Signed, patient_id: UUID) -> Patient:
    """The patient, if the caller is that patient, on their team, or supervises their program; else `NotFound`."""
    found = await queries.reachable(db, me.id, patient_id, whole_program=me.has("supervisor"))
    if found is None:
        raise NotFound
    return found


async def treated(db: Connection, me: Signed, patient_id: UUID) -> Patient:
    """The patient, if the caller is a clinician on their team, or supervises their program; else `NotFound`."""
    found = await queries.treated(db, me.id, patient_id)
    if found is None:
        raise NotFound
    return found


async def own_team(db: Connection, me: Signed, now: datetime) -> CareTeam:
    """Who stands beside the caller."""
    members = await queries.team(db, me.id, now)
    await audit.record(db, "read", "care-team", [me.id])
    return CareTeam(members)


async def team_of(db: Connection, me: Signed, patient_id: UUID, now: datetime) -> CareTeam:
    """Who stands beside a patient whom the caller supports, or whose program they oversee."""
    patient = await queries.reachable(db, me.id, patient_id, whole_program=me.has(*OVERSEERS))
    if patient is None:
        raise NotFound
    members = await queries.team(db, patient.id, now)
    await audit.record(db, "read", "care-team", [patient.id])
    return CareTeam(members)


async def arrange(db: Connection, me: Signed, patient_id: UUID, new: TeamChange, now: datetime) -> CareTeam:
    """Let a patient's team be these and no others; the patient, and everybody of the program on it, hear of that.

    Who is left out has left, and their time on the team is kept; who stays has been there since they joined. The same
    twice is once. Whoever leaves the team by this sees nothing of it any more, and so gets an empty one.
    """
    rules.check_places(new.members)
    patient = await queries.arranged(db, me.id, patient_id, oversees=me.has(*OVERSEERS))
    if patient is None:
        raise NotFound
    named = [place.staff_id for place in new.members]
    rules.check_members(me, new.members, await queries.candidates(db, me.id, patient.id, named))
    [lead] = [place.staff_id for place in new.members if place.lead]
    concerned = await queries.arrange(db, patient.id, named, lead, now)
    if not concerned:
        # All of it was right a moment ago.
        raise Conflict
    await audit.record(db, "arrange", "care-team", [patient.id])
    await events.publish(db, list(dict.fromkeys([patient.id, *concerned, me.id])), "care-team", patient.id, now)
    return CareTeam(await queries.team(db, patient.id, now))


async def supported(db: Connection, me: Signed, cursor: str | None, limit: int) -> Patients:
    """A page of the patients whom the caller supports or watches over."""
    after = place_of(cursor, tuple[str, UUID]) if cursor else None
    items = await queries.supported(db, me.id, whole_program=me.has(*OVERSEERS), after=after, limit=limit)
    await audit.record(db, "list", "identity", [p.id for p in items])
    more = cursor_for(items[-1].name, items[-1].id) if len(items) == limit else None
    return Patients(items=items, next_cursor=more)
