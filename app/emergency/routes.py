"""Broken glasses over HTTP."""

from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, JSONBody

from app import access, limits
from app.dependencies import Db, Me, Now
from app.emergency import actions
from app.emergency.models import BreakGlass, BreakGlasses, NewBreakGlass, NewReview
from app.wire import Cursor, Limit


@post("/v1/patients/{patient_id:uuid}/break-glass", operation_id="breakGlass", tags=["emergency"],
      summary="Read in an emergency", limit=limits.EMERGENCY,
      access=access.allow("break-glass", "emergency", step_up=True))  # fmt: skip
async def break_glass(patient_id: FromPath[UUID], data: JSONBody[NewBreakGlass], db: Db, now: Now) -> BreakGlass:
    """Read one patient's record for an hour without consent, because of an emergency; nothing can be changed by it.

    For prescribers and doctors of any organisation. The patient, and whoever answers for the program's privacy, are
    told at once and see who, when and why.
    """
    return await actions.break_glass(db, patient_id, data, now)


@get("/v1/break-glass", operation_id="listBreakGlass", tags=["emergency"], summary="Who read in an emergency",
     access=access.allow("read", "emergency"))  # fmt: skip
async def listed(me: Me, db: Db, now: Now, cursor: Cursor = None, limit: Limit = 50) -> BreakGlasses:
    """Those about you, or by you and not over; for whoever answers for a program's privacy, all of its patients'."""
    return await actions.listed(db, me, cursor, limit, now)


@post("/v1/break-glass/{break_glass_id:uuid}/review", operation_id="reviewBreakGlass", tags=["emergency"],
      summary="Review an emergency", status_code=200,
      access=access.allow("review", "emergency"))  # fmt: skip
async def review(break_glass_id: FromPath[UUID], data: JSONBody[NewReview], me: Me, db: Db, now: Now) -> BreakGlass:
    """Say whether it was right. The patient sees what you found."""
    return await actions.review(db, me, break_glass_id, data, now)


ROUTES = (break_glass, listed, review)
