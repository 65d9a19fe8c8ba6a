"""Coverage over HTTP."""

from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, JSONBody

from app import access
from app.coverage import actions
from app.coverage.models import Coverage, Coverages, NewCoverage
from app.dependencies import Db, Me, Now
from app.wire import Cursor, Limit


@post("/v1/coverages", operation_id="addCoverage", tags=["coverage"], summary="Let a colleague stand in",
      access=access.allow("add", "coverage"))  # fmt: skip
async def add(data: JSONBody[NewCoverage], me: Me, db: Db, now: Now) -> Coverage:
    """For that time a colleague may do with your patients what their own role lets them; sending it again is safe."""
    return await actions.add(db, me, data, now)


@get("/v1/coverages", operation_id="listCoverages", tags=["coverage"], summary="Who stands in for whom",
     access=access.allow("list", "coverage"))  # fmt: skip
async def listed(me: Me, db: Db, now: Now, cursor: Cursor = None, limit: Limit = 50) -> Coverages:
    """What concerns you; for those who oversee a program, all of it."""
    return await actions.listed(db, me, cursor, limit, now)


@post("/v1/coverages/{coverage_id:uuid}/end", operation_id="endCoverage", tags=["coverage"], summary="End coverage",
      status_code=200, access=access.allow("end", "coverage"))  # fmt: skip
async def end(coverage_id: FromPath[UUID], me: Me, db: Db, now: Now) -> Coverage:
    """End it now, or take it back; the patients are not the colleague's any more from then on."""
    return await actions.end(db, me, coverage_id, now)


ROUTES = (add, listed, end)
