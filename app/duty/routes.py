"""Duty over HTTP."""

from uuid import UUID

from litestar import delete, get, post
from litestar.params import FromPath, JSONBody

from app import access
from app.dependencies import Db, Me, Now
from app.duty import actions
from app.duty.models import DutyShift, DutyShifts, NewDutyShift


@post("/v1/duty-shifts", operation_id="addDutyShift", tags=["duty"], summary="Be on duty",
      access=access.allow("add", "own-duty"))  # fmt: skip
async def add(data: JSONBody[NewDutyShift], me: Me, db: Db, now: Now) -> DutyShift:
    """Be there to answer alerts for that time, at most 24 hours."""
    return await actions.add(db, me, data, now)


@get("/v1/duty-shifts", operation_id="listDutyShifts", tags=["duty"], summary="Your shifts",
     access=access.allow("read", "own-duty"))  # fmt: skip
async def upcoming(me: Me, db: Db, now: Now) -> DutyShifts:
    """Your shifts that have not ended."""
    return await actions.upcoming(db, me, now)


@delete("/v1/duty-shifts/{shift_id:uuid}", operation_id="endDutyShift", tags=["duty"], summary="Go off duty",
        access=access.allow("end", "own-duty"))  # fmt: skip
async def end(shift_id: FromPath[UUID], me: Me, db: Db, now: Now) -> None:
    """End a shift now, or take it back. A day off needs no reason."""
    await actions.end(db, me, shift_id, now)


ROUTES = (add, upcoming, end)
