"""Check-ins over HTTP."""

from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, JSONBody

from app import access, limits
from app.checkins import actions
from app.checkins.models import CheckIns, NewCheckIn, RecordedCheckIn, Today, Trend
from app.dependencies import Db, Me, Now
from app.wire import Cursor, Days, Limit


@post("/v1/check-ins", operation_id="recordCheckIn", tags=["check-ins"], summary="Say how you feel",
      access=access.allow("record", "check-ins", limited=True), limit=limits.CRISIS)  # fmt: skip
async def record(data: JSONBody[NewCheckIn], me: Me, db: Db, now: Now) -> RecordedCheckIn:
    """Say how you feel. A worrying answer reaches your supporters; sending it again is safe.

    A second answer for the same date amends the day: every version is kept, the latest holds. In a session of limited
    assurance danger is heard and nothing else, and the answer tells nothing of what was there before.
    """
    return await actions.record(db, me, data, now)


@get("/v1/check-ins", operation_id="listCheckIns", tags=["check-ins"], summary="Your own check-ins",
     access=access.allow("read", "check-ins", only=("self",)))  # fmt: skip
async def history(me: Me, db: Db, cursor: Cursor = None, limit: Limit = 30) -> CheckIns:
    """Your days, the newest first, each in its latest version."""
    return await actions.history(db, me.id, cursor, limit)


@get("/v1/check-ins/today", operation_id="getToday", tags=["check-ins"], summary="Your own day",
     access=access.allow("read", "check-ins", only=("self",)))  # fmt: skip
async def day(me: Me, db: Db, now: Now) -> Today:
    """Until when today can be answered by your own clock, what you said, and on how many days you have been here.

    A day without an answer takes nothing away, and neither does having used.
    """
    return await actions.day(db, me, now)


@get("/v1/patients/{patient_id:uuid}/check-ins", operation_id="listPatientCheckIns", tags=["check-ins"],
     summary="A patient's check-ins", access=access.allow("read", "check-ins"))  # fmt: skip
async def history_of(patient_id: FromPath[UUID], db: Db, cursor: Cursor = None, limit: Limit = 30) -> CheckIns:
    """The days of a patient whom you treat, with their notes."""
    return await actions.history_of(db, patient_id, cursor, limit)


@get("/v1/patients/{patient_id:uuid}/trend", operation_id="getTrend", tags=["check-ins"], summary="A patient's trend",
     access=access.allow("read", "check-in-levels"))  # fmt: skip
async def trend(patient_id: FromPath[UUID], db: Db, now: Now, days: Days = 30) -> Trend:
    """Mood and craving of the last days, levels only: your own, or those of a patient you support."""
    return await actions.trend(db, patient_id, days, now)


ROUTES = (record, history, day, history_of, trend)
