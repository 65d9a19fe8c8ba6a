"""Consents over HTTP."""

from typing import Annotated
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from app import access
from app.consents import actions
from app.consents.models import (
    Consent,
    ConsentForm,
    Consents,
    ConsentSummary,
    Elements,
    FilledForm,
    Kind,
    NewConsent,
    NewRevocation,
    Recipients,
)
from app.dependencies import Db, Me, Now
from app.wire import Cursor, Language, Limit

PatientId = Annotated[UUID | None, QueryParameter(name="patientId", description="For those who oversee: of whom.")]
Spoken = Annotated[Language | None, QueryParameter(name="language", description="Your own, unless given.")]


@get("/v1/consent-forms", operation_id="getConsentForm", tags=["consent"], summary="A form of consent",
     access=access.allow("read", "consent-forms"))  # fmt: skip
async def form(me: Me, db: Db, now: Now, kind: FromQuery[Kind], language: Spoken = None) -> ConsentForm:
    """What you can choose in a consent of this kind, and what stands in each of them."""
    return await actions.form(db, me, kind, language, now)


@post("/v1/consent-forms/fill", operation_id="fillConsentForm", tags=["consent"], summary="Read before you sign",
      status_code=200, access=access.allow("read", "consent-forms"))  # fmt: skip
async def fill(data: JSONBody[Elements], me: Me, db: Db, now: Now) -> FilledForm:
    """Exactly what you would sign, and its hash; nothing is kept."""
    return await actions.fill(db, me, data, now)


@get("/v1/recipients", operation_id="listRecipients", tags=["consent"], summary="Who can receive your records",
     access=access.allow("list", "recipients"))  # fmt: skip
async def recipients(me: Me, db: Db, cursor: Cursor = None, limit: Limit = 50) -> Recipients:
    """Other organisations, and those who can be named there."""
    return await actions.recipients(db, me, cursor, limit)


@post("/v1/consents", operation_id="signConsent", tags=["consent"], summary="Sign a consent",
      access=access.allow("sign", "consents", step_up=True))  # fmt: skip
async def sign(data: JSONBody[NewConsent], me: Me, db: Db, now: Now) -> Consent:
    """Let somebody outside your program read what you choose, until you say; your copy is the answer."""
    return await actions.sign(db, me, data, now)


@get("/v1/consents", operation_id="listConsents", tags=["consent"], summary="Who may see what",
     access=access.allow("read", "consents"))  # fmt: skip
async def consents(
    me: Me, db: Db, now: Now, patient_id: PatientId = None, cursor: Cursor = None, limit: Limit = 50
) -> Consents:
    """Everything that you have consented to, and how it stands."""
    return await actions.listed(db, me, patient_id, cursor, limit, now)


@get("/v1/consents/{consent_id:uuid}", operation_id="getConsent", tags=["consent"], summary="The signed copy",
     access=access.allow("read", "consents"))  # fmt: skip
async def copy(consent_id: FromPath[UUID], db: Db, now: Now) -> Consent:
    """The exact text that was signed, with its signature."""
    return await actions.copy(db, consent_id, now)


@post("/v1/consents/{consent_id:uuid}/revoke", operation_id="revokeConsent", tags=["consent"],
      summary="Take a consent back", status_code=200,
      access=access.allow("revoke", "consents"))  # fmt: skip
async def revoke(consent_id: FromPath[UUID], data: JSONBody[NewRevocation], me: Me, db: Db, now: Now) -> ConsentSummary:
    """From now on nobody reads by it. A privacy officer keeps what a patient said elsewhere, and what ended it."""
    return await actions.revoke(db, me, consent_id, data, now)


ROUTES = (form, fill, recipients, sign, consents, copy, revoke)
