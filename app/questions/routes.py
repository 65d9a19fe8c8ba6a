"""The daily questions over HTTP."""

from litestar import get, put
from litestar.params import JSONBody

from app import access
from app.dependencies import Db, Me, Now
from app.questions import actions
from app.questions.models import CheckInForm, NewForm


@get("/v1/check-in-form", operation_id="getCheckInForm", tags=["check-ins"], summary="What is asked each day",
     access=access.allow("read", "check-in-questions"))  # fmt: skip
async def form(me: Me, db: Db) -> CheckInForm:
    """What your program asks each day after mood and craving, in both languages; keep a copy on the phone."""
    return await actions.form(db, me)


@put("/v1/check-in-form", operation_id="changeCheckInForm", tags=["check-ins"], summary="Change what is asked",
     access=access.allow("change", "check-in-questions"))  # fmt: skip
async def change(data: JSONBody[NewForm], me: Me, db: Db, now: Now) -> CheckInForm:
    """Ask these questions from now on, in this order, instead of those before; mood and craving are always asked.

    A question that becomes needed refuses no answer that was given before.
    """
    return await actions.change(db, me, data, now)


ROUTES = (form, change)
