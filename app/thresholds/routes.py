"""Thresholds over HTTP."""

from litestar import get, post
from litestar.params import JSONBody

from app import access
from app.dependencies import Db, Me, Now
from app.thresholds import actions
from app.thresholds.models import KeptThresholds, NewThresholds, ThresholdHistory


@get("/v1/thresholds", operation_id="listThresholds", tags=["check-ins"], summary="From when on answers worry",
     access=access.allow("read", "thresholds"))  # fmt: skip
async def history(me: Me, db: Db) -> ThresholdHistory:
    """The program's own rows, the latest first, then the default ones. Operational, not validated."""
    return await actions.history(db, me)


@post("/v1/thresholds", operation_id="addThresholds", tags=["check-ins"], summary="Change when answers worry",
      access=access.allow("add", "thresholds"))  # fmt: skip
async def add(data: JSONBody[NewThresholds], me: Me, db: Db, now: Now) -> KeptThresholds:
    """Let these hold from an instant to come, or from now on. `app rules replay` shows what they would have raised."""
    return await actions.add(db, me, data, now)


ROUTES = (history, add)
