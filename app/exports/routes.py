"""Exports over HTTP."""

from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from app import access
from app.dependencies import Db, Me, Now
from app.exports import actions
from app.exports.models import Export, Exports, NewExport


@post("/v1/exports", operation_id="askForExport", tags=["exports"], summary="Ask for your record",
      access=access.allow("ask", "exports", step_up=True))  # fmt: skip
async def ask(data: JSONBody[NewExport], me: Me, db: Db, now: Now) -> Export:
    """All that there is of you here, put together as a FHIR R4 bundle and as a page to read; sending it again is safe.

    It takes a moment. `exports` among the live events says that it has come further.
    """
    return await actions.ask(db, me, data, now)


@get("/v1/exports", operation_id="listExports", tags=["exports"], summary="Your exports",
     access=access.allow("read", "exports"))  # fmt: skip
async def mine(me: Me, db: Db) -> Exports:
    """Those that you have asked for, the newest first."""
    return await actions.mine(db, me)


@get("/v1/exports/{export_id:uuid}", operation_id="getExport", tags=["exports"], summary="How far an export is",
     access=access.allow("read", "exports"))  # fmt: skip
async def by_id(export_id: FromPath[UUID], me: Me, db: Db) -> Export:
    """One of your exports."""
    return await actions.by_id(db, me, export_id)


@get("/v1/exports/{export_id:uuid}/file", operation_id="downloadExport", tags=["exports"], summary="Download an export",
     media_type="application/zip", access=access.allow("download", "exports", step_up=True))  # fmt: skip
async def download(export_id: FromPath[UUID], me: Me, db: Db, now: Now) -> Response[bytes]:
    """A ZIP with your record: `record.fhir.json` for other programs, and a page that opens in any browser."""
    packed = await actions.download(db, me, export_id, now)
    return Response(
        packed,
        media_type="application/zip",
        headers={"Cache-Control": "private, no-store", "Content-Disposition": 'attachment; filename="my-record.zip"'},
    )


ROUTES = (ask, mine, by_id, download)
