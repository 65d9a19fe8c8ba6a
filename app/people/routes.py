"""People over HTTP."""

from uuid import UUID

from litestar import get
from litestar.params import FromPath

from app import access
from app.access import CLINICIANS, EVERYONE, OVERSEERS, SELF, roles
from app.dependencies import Db, Me, Now
from app.people import actions
from app.people.models import CareTeam, Patients, Profile
from app.wire import Cursor, Limit

TEAM = roles("peer", "peer-lead", *CLINICIANS, under=("team",))
OVERSIGHT = roles(*OVERSEERS, under=("program",))


@get("/v1/me", operation_id="getMe", tags=["people"], summary="Who am I",
     access=access.allow("read", "own-account", EVERYONE))  # fmt: skip
async def me(me: Me, db: Db) -> Profile:
    """Your own account, roles and organisation."""
    return await actions.profile(db, me)


@get("/v1/care-team", operation_id="getCareTeam", tags=["people"], summary="Your care team",
     access=access.allow("read", "care-team", SELF))  # fmt: skip
async def care_team(me: Me, db: Db, now: Now) -> CareTeam:
    """Who stands beside you, and who of them is on duty now."""
    return await actions.own_team(db, me, now)


@get("/v1/patients", operation_id="listPatients", tags=["people"], summary="Patients you support",
     access=access.allow("list", "identity", TEAM, OVERSIGHT))  # fmt: skip
async def patients(me: Me, db: Db, cursor: Cursor = None, limit: Limit = 50) -> Patients:
    """The patients on whose team you are; for those who oversee a program, all of its patients."""
    return await actions.supported(db, me, cursor, limit)


@get("/v1/patients/{patient_id:uuid}/care-team", operation_id="getPatientCareTeam", tags=["people"],
     summary="A patient's care team",
     access=access.allow("read", "care-team", SELF, TEAM, roles("supervisor", under=("program",))))  # fmt: skip
async def care_team_of(patient_id: FromPath[UUID], me: Me, db: Db, now: Now) -> CareTeam:
    """Who stands beside a patient whom you support."""
    return await actions.team_of(db, me, patient_id, now)


ROUTES = (me, care_team, patients, care_team_of)
