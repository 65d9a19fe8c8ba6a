"""Alerts over HTTP."""

from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, JSONBody

from app import access, limits
from app.alerts import actions
from app.alerts.models import Alerts, AlertView, CloseAlert, NewConcern, RaiseAlert, SupportState
from app.dependencies import Db, Me, Now
from app.wire import Cursor, Limit


@get("/v1/alerts", operation_id="listAlerts", tags=["alerts"], summary="Alerts you were told of",
     access=access.allow("read", "alerts", only=("told", "program")))  # fmt: skip
async def listed(me: Me, db: Db, now: Now, cursor: Cursor = None, limit: Limit = 100) -> Alerts:
    """Alerts of which you were told, those that nobody answers first: the open ones, and a week of closed ones."""
    return await actions.listed(db, me, cursor, limit, now)


@post("/v1/alerts/{alert_id:uuid}/claim", operation_id="claimAlert", tags=["alerts"], summary="Answer an alert",
      status_code=200, access=access.allow("claim", "alerts"))  # fmt: skip
async def claim(alert_id: FromPath[UUID], me: Me, db: Db, now: Now) -> AlertView:
    """Be the one who answers. Of many at once, one is; the others hear so. Twice by the same person is once."""
    return await actions.claim(db, me, alert_id, now)


@post("/v1/alerts/{alert_id:uuid}/contact", operation_id="contactAlert", tags=["alerts"],
      summary="Log a contact attempt", status_code=200, access=access.allow("contact", "alerts"))  # fmt: skip
async def contact(alert_id: FromPath[UUID], me: Me, db: Db, now: Now) -> AlertView:
    """Say that you have tried to reach the person; your claim no longer lapses. Until it is closed you are reminded."""
    return await actions.contact(db, me, alert_id, now)


@post("/v1/alerts/{alert_id:uuid}/release", operation_id="releaseAlert", tags=["alerts"],
      summary="Give an alert back", status_code=200, access=access.allow("release", "alerts"))  # fmt: skip
async def release(alert_id: FromPath[UUID], me: Me, db: Db, now: Now) -> AlertView:
    """Give it back; no reason is asked. Others are told at once."""
    return await actions.release(db, me, alert_id, now)


@post("/v1/alerts/{alert_id:uuid}/raise", operation_id="raiseAlert", tags=["alerts"],
      summary="Make an alert more urgent", status_code=200, access=access.allow("raise", "alerts"))  # fmt: skip
async def raise_to(alert_id: FromPath[UUID], data: JSONBody[RaiseAlert], me: Me, db: Db, now: Now) -> AlertView:
    """Bring clinicians in at once. An alert can be raised, and never lowered; a clinician who answers it goes on."""
    return await actions.raise_to(db, me, alert_id, data.to, now)


@post("/v1/alerts/{alert_id:uuid}/close", operation_id="closeAlert", tags=["alerts"], summary="Close an alert",
      status_code=200, access=access.allow("close", "alerts"))  # fmt: skip
async def close(alert_id: FromPath[UUID], data: JSONBody[CloseAlert], me: Me, db: Db, now: Now) -> AlertView:
    """Close it with its outcome. A crisis or an urgent alert is closed by a clinician only."""
    return await actions.close(db, me, alert_id, data.outcome, now)


@post("/v1/patients/{patient_id:uuid}/alerts", operation_id="openAlert", tags=["alerts"],
      summary="Have somebody answer a patient", access=access.allow("open", "alerts"), limit=limits.CRISIS)  # fmt: skip
async def concern(patient_id: FromPath[UUID], data: JSONBody[NewConcern], me: Me, db: Db, now: Now) -> AlertView:
    """Say that you are worried about somebody whom you stand beside. Those on duty are told at once.

    You do not have to be sure, and you are not alone with it. Sending it again is safe; where an alert as urgent as
    that is open already, yours joins it.
    """
    return await actions.concern(db, me, patient_id, data, now)


@get("/v1/support", operation_id="getSupport", tags=["alerts"], summary="How your call for support stands",
     access=access.allow("read", "alerts", only=("self",)))  # fmt: skip
async def support(me: Me, db: Db) -> SupportState:
    """Whether somebody was told, and whether somebody is answering."""
    return await actions.support_state(db, me)


ROUTES = (listed, claim, contact, release, raise_to, close, concern, support)
