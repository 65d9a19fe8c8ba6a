"""Find people by the relation one has to them, bring them in, and put them beside each other."""

from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from app import audit, auth, versions
from app.auth import Signed
from app.disclosures import actions as disclosures
from app.errors import Conflict, IdTaken, NotFound, Refusal
from app.events import actions as events
from app.people import queries, rules
from app.people.models import (
    CareTeam,
    NewPatient,
    NewStaff,
    Patient,
    PatientRecord,
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
    return rules.profile(me, row)


async def change(db: Connection, me: Signed, new: ProfileChange, seen: str | None = None) -> Profile:
    """Change the caller's own zone, language or wish, of the version that was `seen` if any; the same twice is once."""
    rules.check_change(me, new)
    if new.time_zone is not None:
        zone(new.time_zone)
    if seen is not None:
        await versions.alone(db, "profile", me.id)
        versions.check(seen, (await profile(db, me)).version)
    await queries.change(db, me.id, new)
    if rules.is_wish(new):
        await queries.wish(db, me.id, new)
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


async def give_roles(db: Connection, me: Signed, staff_id: UUID, new: RoleChange, seen: str) -> StaffMember:
    """Somebody holds these roles and no others instead of those that were seen, from their next request on."""
    rules.check_roles(me, staff_id, new.roles)
    await versions.alone(db, "roles", staff_id)
    before = await queries.staff_member(db, me.id, staff_id)
    if before is None:
        raise NotFound
    versions.check(seen, before.version)
    if not await queries.give_roles(db, staff_id, new.roles):
        raise rules.LastOperator
    auth.wake_streams(db, staff_id)
    kept = await queries.staff_member(db, me.id, staff_id)
    if kept is None:
        raise NotFound
    return kept


async def staff(db: Connection, me: Signed, cursor: str | None, limit: int) -> Staff:
    """A page of those who work in the caller's organisation."""
    after = place_of(cursor, tuple[str, UUID]) if cursor else None
    items = await queries.staff(db, me.id, after=after, limit=limit)
    return Staff(items=items, next_cursor=cursor_for(items[-1].name, items[-1].id) if len(items) == limit else None)


async def add_patient(db: Connection, new: NewPatient, now: datetime) -> Patient:
    """Somebody comes into the program's care, with the caller as their lead if a clinician; the same twice is once."""
    zone(new.time_zone)
    added = await queries.add_patient(db, new, now)
    kept = await queries.patient(db, new.id, "read", "identity")
    if kept != Patient(new.id, new.name, new.time_zone, new.language):
        raise IdTaken
    await audit.record(db, "bring-in" if added else "read", "identity", [kept.id])
    return kept


async def patient_for(db: Connection, patient_id: UUID, action: str, category: str) -> Patient:
    """The patient, if the caller may do this with data of that category; else what `absent` says."""
    found = await queries.patient(db, patient_id, action, category)
    if found is None:
        raise await absent(db, patient_id)
    return found


async def absent(db: Connection, patient_id: UUID) -> Refusal:
    """Why it is not for the caller: nobody is there for them, or they know the patient and that is not enough."""
    return rules.OtherRelationNeeded() if await queries.is_known(db, patient_id) else NotFound()


async def contact_card(db: Connection, patient_id: UUID) -> Patient:
    """Who a patient is, for everybody who has anything to do with them."""
    found = await patient_for(db, patient_id, "read", "identity")
    await audit.record(db, "read", "identity", [found.id])
    return replace(found, disclosure=await disclosures.beside(db, "identity", found.id))


async def record_of(db: Connection, patient_id: UUID) -> PatientRecord:
    """A patient for those who treat them."""
    found = await queries.record(db, patient_id)
    if found is None:
        raise await absent(db, patient_id)
    await audit.record(db, "read", "record", [found.id])
    return replace(found, disclosure=await disclosures.beside(db, "record", found.id))


async def own_team(db: Connection, me: Signed, now: datetime) -> CareTeam:
    """Who stands beside the caller."""
    members = await queries.team(db, me.id, now)
    await audit.record(db, "read", "care-team", [me.id])
    return CareTeam(members)


async def team_of(db: Connection, patient_id: UUID, now: datetime) -> CareTeam:
    """Who stands beside a patient whom the caller supports, or whose program they oversee."""
    patient = await patient_for(db, patient_id, "read", "care-team")
    members = await queries.team(db, patient.id, now)
    await audit.record(db, "read", "care-team", [patient.id])
    return CareTeam(members)


async def arrange(db: Connection, me: Signed, patient_id: UUID, new: TeamChange, seen: str, now: datetime) -> CareTeam:
    """Let a patient's team be these and no others; the patient, and everybody of the program on it, hear of that.

    It takes the place of the team that was `seen`, and of no other. Who is left out has left, and their time on the
    team is kept; who stays has been there since they joined. The same twice is once. Whoever leaves the team by this
    sees nothing of it any more, and so gets an empty one.
    """
    rules.check_places(new.members)
    patient = await patient_for(db, patient_id, "arrange", "care-team")
    await versions.alone(db, "care-team", patient.id)
    versions.check(seen, CareTeam(await queries.team(db, patient.id, now)).version)
    named = [place.staff_id for place in new.members]
    rules.check_members(me, new.members, await queries.candidates(db, me.id, patient.id, named))
    [lead] = [place.staff_id for place in new.members if place.lead]
    # Before it is done: whoever leaves the team by this has nothing to do with the patient afterwards.
    await audit.record(db, "arrange", "care-team", [patient.id])
    concerned = await queries.arrange(db, patient.id, named, lead, now)
    if not concerned:
        # All of it was right a moment ago.
        raise Conflict
    await events.publish(db, list(dict.fromkeys([patient.id, *concerned, me.id])), "care-team", patient.id, now)
    return CareTeam(await queries.team(db, patient.id, now))


async def listed(db: Connection, cursor: str | None, limit: int) -> Patients:
    """A page of the patients whom the caller supports, or of their program."""
    after = place_of(cursor, tuple[str, UUID]) if cursor else None
    items = await queries.listed(db, after=after, limit=limit)
    await audit.record(db, "list", "identity", [p.id for p in items])
    beside = await disclosures.account(db, "identity", [p.id for p in items])
    shown = [replace(p, disclosure=beside[p.id]) if p.id in beside else p for p in items]
    more = cursor_for(items[-1].name, items[-1].id) if len(items) == limit else None
    return Patients(items=shown, next_cursor=more)
