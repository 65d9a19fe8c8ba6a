"""Medication over HTTP."""

from typing import Annotated
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from app import access
from app.dependencies import Db, Me, Now
from app.medications import actions
from app.medications.models import DoseLog, NewRegimen, Occurrence, Occurrences, Regimen, Regimens
from app.wire import Cursor, Days, Instant, Limit

Until = Annotated[Instant | None, QueryParameter(name="until")]


@post("/v1/patients/{patient_id:uuid}/regimens", operation_id="startRegimen", tags=["medication"],
      summary="Start a regimen", access=access.allow("start", "regimens"))  # fmt: skip
async def start(patient_id: FromPath[UUID], data: JSONBody[NewRegimen], me: Me, db: Db, now: Now) -> Regimen:
    """Remind a patient at the wall times that they have chosen, in their own zone; sending it again is safe."""
    return await actions.start(db, me, patient_id, data, now)


@get("/v1/patients/{patient_id:uuid}/regimens", operation_id="listPatientRegimens", tags=["medication"],
     summary="A patient's regimens", access=access.allow("read", "regimens"))  # fmt: skip
async def regimens_of(patient_id: FromPath[UUID], db: Db, cursor: Cursor = None, limit: Limit = 50) -> Regimens:
    """The regimens of a patient whom you treat, the newest first; of one whom you did, those that you wrote."""
    return await actions.regimens_of(db, patient_id, cursor, limit)


@get("/v1/patients/{patient_id:uuid}/dose-log", operation_id="getDoseLog", tags=["medication"],
     summary="Whether doses were taken", access=access.allow("read", "dose-log"))  # fmt: skip
async def dose_log(patient_id: FromPath[UUID], db: Db, now: Now, days: Days = 14) -> DoseLog:
    """Counts by day, without what is taken: your own, of a patient whom you treat, or who shows them to their peers."""
    return await actions.dose_log(db, patient_id, days, now)


@get("/v1/regimens", operation_id="listRegimens", tags=["medication"], summary="Your regimens",
     access=access.allow("read", "regimens", only=("self",)))  # fmt: skip
async def own(me: Me, db: Db, cursor: Cursor = None, limit: Limit = 50) -> Regimens:
    """Your own regimens, the newest first."""
    return await actions.own(db, me, cursor, limit)


@post("/v1/regimens/{regimen_id:uuid}/stop", operation_id="stopRegimen", tags=["medication"], summary="Stop a regimen",
      status_code=200, access=access.allow("stop", "regimens"))  # fmt: skip
async def stop(regimen_id: FromPath[UUID], me: Me, db: Db, now: Now) -> Regimen:
    """End its reminders. What the patient has said about past doses stays."""
    return await actions.stop(db, me, regimen_id, now)


@get("/v1/occurrences", operation_id="listOccurrences", tags=["medication"], summary="Your doses",
     access=access.allow("read", "doses"))  # fmt: skip
async def occurrences(
    me: Me, db: Db, now: Now, until: Until = None, cursor: Cursor = None, limit: Limit = 100
) -> Occurrences:
    """Your doses from a day ago until 48 hours ahead; the phone sets its own alarms by them."""
    return await actions.occurrences(db, me, until, cursor, limit, now)


@post("/v1/occurrences/{occurrence_id:uuid}/taken", operation_id="takeOccurrence", tags=["medication"],
      summary="Taken", status_code=200, access=access.allow("taken", "doses"))  # fmt: skip
async def taken(occurrence_id: FromPath[UUID], me: Me, db: Db, now: Now) -> Occurrence:
    """Say that you have taken it; sending it again is safe. You are not reminded of it any more."""
    return await actions.answer(db, me, occurrence_id, "taken", now)


@post("/v1/occurrences/{occurrence_id:uuid}/skipped", operation_id="skipOccurrence", tags=["medication"],
      summary="Skipped", status_code=200, access=access.allow("skipped", "doses"))  # fmt: skip
async def skipped(occurrence_id: FromPath[UUID], me: Me, db: Db, now: Now) -> Occurrence:
    """Say that you have not taken it; no reason is asked. You are not reminded of it any more."""
    return await actions.answer(db, me, occurrence_id, "skipped", now)


ROUTES = (start, regimens_of, dose_log, own, stop, occurrences, taken, skipped)
