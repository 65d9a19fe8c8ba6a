"""The audit over HTTP."""

from typing import Annotated, Literal
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import Meta

from app import access
from app.dependencies import Db, Me, Where
from app.trail import actions, fhir, rules
from app.trail.models import Looks, SecurityEvents
from app.wire import Cursor, Limit

Whose = Annotated[Literal["others", "anyone"], Meta(description="`others` leaves out what the patient did.")]
OfPatient = Annotated[
    Annotated[
        str,
        Meta(
            max_length=60,
            pattern=rules.PATIENT,
            description="The patient's id, or Patient/ and the id; else your own.",
        ),
    ]
    | None,
    QueryParameter(name="patient", max_length=60),
]
Dates = Annotated[
    Annotated[
        list[Annotated[str, Meta(max_length=40, pattern=rules.DATE)]],
        Meta(
            max_length=2, description="A day or an instant with FHIR's prefixes: `date=ge2026-03-01&date=lt2026-04-01`."
        ),
    ]
    | None,
    QueryParameter(name="date", max_items=2),
]
Count = Annotated[
    int, Meta(ge=1, le=100, description="How many at most."), QueryParameter(name="_count", ge=1, le=100)
]  # fmt: skip


@get("/v1/audit-events", operation_id="listOwnAuditEvents", tags=["audit"], summary="Who has looked",
     access=access.allow("read", "audit-events", only=("self",)))  # fmt: skip
async def own(me: Me, db: Db, by: FromQuery[Whose] = "anyone", cursor: Cursor = None, limit: Limit = 50) -> Looks:
    """Everybody who looked at your record or changed it, the newest first: who, as what, when, and which part."""
    return await actions.looks(db, me, me.id, others_only=by == "others", cursor=cursor, limit=limit)


@get("/v1/patients/{patient_id:uuid}/audit-events", operation_id="listAuditEvents", tags=["audit"],
     summary="Who has looked at a patient's record",
     access=access.allow("read", "audit-events"))  # fmt: skip
async def of_patient(
    patient_id: FromPath[UUID],
    me: Me,
    db: Db,
    by: FromQuery[Whose] = "anyone",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Looks:
    """The same of a patient whose program you supervise."""
    return await actions.looks(db, me, patient_id, others_only=by == "others", cursor=cursor, limit=limit)


@get("/v1/security-events", operation_id="listSecurityEvents", tags=["audit"], summary="What happened to accounts",
     access=access.allow("read", "security-events"))  # fmt: skip
async def security(me: Me, db: Db, cursor: Cursor = None, limit: Limit = 50) -> SecurityEvents:
    """Sign-ins and roles of your program's people, the newest first. It speaks of nobody's record."""
    return await actions.security_events(db, me, cursor, limit)


@get("/fhir/AuditEvent", operation_id="searchAuditEvents", tags=["fhir"], summary="The audit as FHIR R4",
     media_type=fhir.MEDIA_TYPE, access=access.allow("read", "audit-events"))  # fmt: skip
async def search(
    me: Me,
    db: Db,
    site: Where,
    patient: FromQuery[OfPatient] = None,
    date: FromQuery[Dates] = None,
    count: FromQuery[Count] = 50,
    cursor: Cursor = None,
) -> Response[fhir.Bundle]:
    """A searchset of AuditEvents about one patient, the newest first; `next` leads on."""
    found = await actions.search(db, me, patient, date or [], site.public_url, cursor, count)
    return Response(found, media_type=fhir.MEDIA_TYPE)


ROUTES = (own, of_patient, security, search)
