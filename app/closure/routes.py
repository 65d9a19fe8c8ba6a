"""Leaving over HTTP."""

from uuid import UUID

from litestar import delete, get, post
from litestar.params import FromPath, JSONBody

from app import access
from app.closure import actions
from app.closure.models import Closures, Hold, Holds, NewClosure, NewHold, Plan
from app.dependencies import Db, Me, Now


@get("/v1/closure", operation_id="getClosure", tags=["closure"], summary="What becomes of your account",
     access=access.allow("read", "closure"))  # fmt: skip
async def plan(me: Me, db: Db, now: Now) -> Plan:
    """When your account closes, if you asked for that, what is deleted then, and what has to be kept and why."""
    return await actions.plan(db, me, now)


@post("/v1/closure", operation_id="askForClosure", tags=["closure"], summary="Close your account",
      access=access.allow("ask", "closure", step_up=True))  # fmt: skip
async def ask(data: JSONBody[NewClosure], me: Me, db: Db, now: Now) -> Plan:
    """Close your account after some days; until then you can take it back. Sending it again is safe."""
    return await actions.ask(db, me, data, now)


@delete("/v1/closure", operation_id="takeClosureBack", tags=["closure"], summary="Keep your account after all",
        status_code=200, access=access.allow("take-back", "closure"))  # fmt: skip
async def take_back(me: Me, db: Db, now: Now) -> Plan:
    """Stay: everything is as it was."""
    return await actions.take_back(db, me, now)


@get("/v1/closures", operation_id="listClosures", tags=["closure"], summary="Accounts that close",
     access=access.allow("list", "closures"))  # fmt: skip
async def of_program(db: Db) -> Closures:
    """Accounts of your program that are being closed or are closed, and what is kept of them: ids and days."""
    return await actions.of_program(db)


@get("/v1/patients/{patient_id:uuid}/legal-holds", operation_id="listLegalHolds", tags=["closure"],
     summary="Who keeps a record", access=access.allow("read", "legal-holds"))  # fmt: skip
async def holds(patient_id: FromPath[UUID], db: Db) -> Holds:
    """Why a patient's record is kept longer than it would have to be."""
    return await actions.holds(db, patient_id)


@post("/v1/patients/{patient_id:uuid}/legal-holds", operation_id="setLegalHold", tags=["closure"],
      summary="Keep a record", access=access.allow("set", "legal-holds", step_up=True))  # fmt: skip
async def hold(patient_id: FromPath[UUID], data: JSONBody[NewHold], me: Me, db: Db, now: Now) -> Hold:
    """Keep a patient's record, with a reason, whatever else lets it go. A locked record stays locked."""
    return await actions.hold(db, me, patient_id, data, now)


@post("/v1/legal-holds/{hold_id:uuid}/end", operation_id="endLegalHold", tags=["closure"], summary="Keep it no longer",
      status_code=200, access=access.allow("end", "legal-holds", step_up=True))  # fmt: skip
async def end_hold(hold_id: FromPath[UUID], me: Me, db: Db, now: Now) -> Hold:
    """This reason holds no longer. What nothing else keeps is shredded."""
    return await actions.end_hold(db, me, hold_id, now)


ROUTES = (plan, ask, take_back, of_program, holds, hold, end_hold)
