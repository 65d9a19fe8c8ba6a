"""People over HTTP."""

from uuid import UUID

from litestar import get, patch, post, put
from litestar.params import FromPath, JSONBody

from app import access
from app.dependencies import Db, Me, Now
from app.people import actions
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
from app.versions import IfMatch, MayMatch
from app.wire import Cursor, Limit


@get("/v1/me", operation_id="getMe", tags=["people"], summary="Who am I",
     access=access.allow("read", "own-account", limited=True))  # fmt: skip
async def me(me: Me, db: Db) -> Profile:
    """Your own account, roles and organisation."""
    return await actions.profile(db, me)


@patch("/v1/me", operation_id="changeMe", tags=["people"], summary="Change your account",
       access=access.allow("change", "own-account"))  # fmt: skip
async def change_me(data: JSONBody[ProfileChange], me: Me, db: Db, if_match: MayMatch = None) -> Profile:
    """Your time zone and language; for a patient, whether a peer shall be beside the clinician in an urgent alert."""
    return await actions.change(db, me, data, if_match)


@post("/v1/staff", operation_id="addStaff", tags=["people"], summary="Add somebody who works here",
      access=access.allow("add", "staff"))  # fmt: skip
async def add_staff(data: JSONBody[NewStaff], me: Me, db: Db, now: Now) -> StaffMember:
    """Somebody comes to work in your organisation. They sign in with a link that you make for them."""
    return await actions.add_staff(db, me, data, now)


@get("/v1/staff", operation_id="listStaff", tags=["people"], summary="Who works here",
     access=access.allow("list", "staff"))  # fmt: skip
async def staff(me: Me, db: Db, cursor: Cursor = None, limit: Limit = 50) -> Staff:
    """Everybody who works in your organisation, with their roles, by name."""
    return await actions.staff(db, me, cursor, limit)


@put("/v1/staff/{staff_id:uuid}/roles", operation_id="giveRoles", tags=["people"], summary="Give and take roles",
     access=access.allow("change", "staff", step_up=True))  # fmt: skip
async def give_roles(
    staff_id: FromPath[UUID], data: JSONBody[RoleChange], if_match: IfMatch, me: Me, db: Db
) -> StaffMember:
    """The roles that somebody holds from their next request on; nobody gives one to themselves."""
    return await actions.give_roles(db, me, staff_id, data, if_match)


@get("/v1/care-team", operation_id="getCareTeam", tags=["people"], summary="Your care team",
     access=access.allow("read", "care-team", only=("self",)))  # fmt: skip
async def care_team(me: Me, db: Db, now: Now) -> CareTeam:
    """Who stands beside you, and who of them is on duty now."""
    return await actions.own_team(db, me, now)


@get("/v1/patients", operation_id="listPatients", tags=["people"], summary="Patients you support",
     access=access.allow("list", "identity"))  # fmt: skip
async def patients(db: Db, cursor: Cursor = None, limit: Limit = 50) -> Patients:
    """The patients on whose team you are; for those who oversee or run a program, all of its patients."""
    return await actions.listed(db, cursor, limit)


@post("/v1/patients", operation_id="addPatient", tags=["people"], summary="Bring a patient in",
      access=access.allow("bring-in", "identity"))  # fmt: skip
async def add_patient(data: JSONBody[NewPatient], db: Db, now: Now) -> Patient:
    """Somebody comes into your program's care. A counselor or prescriber becomes the lead of their team."""
    return await actions.add_patient(db, data, now)


@get("/v1/patients/{patient_id:uuid}", operation_id="getPatient", tags=["people"], summary="A patient",
     access=access.allow("read", "record"))  # fmt: skip
async def record(patient_id: FromPath[UUID], db: Db) -> PatientRecord:
    """A patient whom you treat, with what they have decided about those beside them."""
    return await actions.record_of(db, patient_id)


@get("/v1/patients/{patient_id:uuid}/contact-card", operation_id="getContactCard", tags=["people"],
     summary="Who a patient is", access=access.allow("read", "identity"))  # fmt: skip
async def contact_card(patient_id: FromPath[UUID], db: Db) -> Patient:
    """Name, language and time zone, for everybody who has to do with a patient or runs their program."""
    return await actions.contact_card(db, patient_id)


@get("/v1/patients/{patient_id:uuid}/care-team", operation_id="getPatientCareTeam", tags=["people"],
     summary="A patient's care team",
     access=access.allow("read", "care-team"))  # fmt: skip
async def care_team_of(patient_id: FromPath[UUID], db: Db, now: Now) -> CareTeam:
    """Who stands beside a patient whom you support."""
    return await actions.team_of(db, patient_id, now)


@put("/v1/patients/{patient_id:uuid}/care-team", operation_id="arrangeCareTeam", tags=["people"],
     summary="Arrange a patient's care team",
     access=access.allow("arrange", "care-team"))  # fmt: skip
async def arrange(
    patient_id: FromPath[UUID], data: JSONBody[TeamChange], if_match: IfMatch, me: Me, db: Db, now: Now
) -> CareTeam:
    """The whole team as it shall be: who is left out has left it, and who stays has been there since they joined."""
    return await actions.arrange(db, me, patient_id, data, if_match, now)


ROUTES = (
    me, change_me, add_staff, staff, give_roles, care_team, patients, add_patient, record, contact_card, care_team_of,
    arrange,
)  # fmt: skip
