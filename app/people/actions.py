"""Find people, by the relation one has to them."""

from datetime import datetime
from uuid import UUID

from app import audit
from app.access import OVERSEERS
from app.auth import Signed
from app.errors import NotFound
from app.people import queries
from app.people.models import CareTeam, Patient, Patients, Profile
from app.wire import cursor_for, place_of
from db import Connection


async def profile(db: Connection, me: Signed) -> Profile:
    """The caller's own account."""
    row = await queries.person(db, me.id)
    if row is None:
        raise NotFound
    return Profile(row.id, row.name, me.roles, row.organisation, row.time_zone, row.language)


async def patient_for(db: Connection, me: Signed, patient_id: UUID) -> Patient:
    """The patient, if the caller is that patient, on their team, or supervises their program; else `NotFound`."""
    found = await queries.reachable(db, me.id, patient_id, whole_program=me.has("supervisor"))
    if found is None:
        raise NotFound
    return found


async def own_team(db: Connection, me: Signed, now: datetime) -> CareTeam:
    """Who stands beside the caller."""
    members = await queries.team(db, me.id, now)
    await audit.record(db, "read", "care-team", [me.id])
    return CareTeam(members)


async def team_of(db: Connection, me: Signed, patient_id: UUID, now: datetime) -> CareTeam:
    """Who stands beside a patient whom the caller supports."""
    patient = await patient_for(db, me, patient_id)
    members = await queries.team(db, patient.id, now)
    await audit.record(db, "read", "care-team", [patient.id])
    return CareTeam(members)


async def supported(db: Connection, me: Signed, cursor: str | None, limit: int) -> Patients:
    """A page of the patients whom the caller supports or watches over."""
    after = place_of(cursor, tuple[str, UUID]) if cursor else None
    items = await queries.supported(db, me.id, whole_program=me.has(*OVERSEERS), after=after, limit=limit)
    await audit.record(db, "list", "identity", [p.id for p in items])
    more = cursor_for(items[-1].name, items[-1].id) if len(items) == limit else None
    return Patients(items=items, next_cursor=more)
