"""The accounting of disclosures over HTTP."""

from typing import Annotated
from uuid import UUID

from litestar import Response, get
from litestar.params import QueryParameter

from app import access
from app.dependencies import Db, Me, Now
from app.disclosures import actions
from app.disclosures.models import Disclosures
from app.wire import Cursor, Limit

PatientId = Annotated[UUID | None, QueryParameter(name="patientId", description="For those who oversee: of whom.")]
DOWNLOAD = {"Content-Disposition": 'attachment; filename="disclosures.csv"', "Cache-Control": "no-store"}


@get("/v1/disclosures", operation_id="listDisclosures", tags=["consent"], summary="Who was shown what",
     access=access.allow("read", "disclosures"))  # fmt: skip
async def disclosures(
    me: Me, db: Db, now: Now, patient_id: PatientId = None, cursor: Cursor = None, limit: Limit = 50
) -> Disclosures:
    """Each time that something about you was shown outside your program or in an emergency, these last years."""
    return await actions.accounting(db, me, patient_id, cursor, limit, now)


@get("/v1/disclosures/export", operation_id="exportDisclosures", tags=["consent"], summary="The same as a table",
     media_type="text/csv", access=access.allow("read", "disclosures", only=("self",)))  # fmt: skip
async def export(me: Me, db: Db, now: Now) -> Response[str]:
    """The whole accounting as a CSV file, to keep or to print."""
    return Response(await actions.exported(db, me, now), media_type="text/csv", headers=DOWNLOAD)


ROUTES = (disclosures, export)
