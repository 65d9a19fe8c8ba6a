"""Fill in a form, sign it, show the copy, and take it back."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from app import audit
from app.auth import Signed
from app.consents import queries, rules
from app.consents.models import (
    Consent,
    ConsentForm,
    Consents,
    ConsentSummary,
    Elements,
    Filled,
    FilledForm,
    Kind,
    NewConsent,
    NewRevocation,
    Recipient,
    Recipients,
    Row,
    Signer,
)
from app.errors import FieldError, IdTaken, Invalid, NotFound
from app.events import actions as events
from app.legal import actions as legal
from app.legal.models import Text
from app.people.rules import today
from app.wire import Instant, Language, cursor_for, place_of
from db import Connection

LAST = UUID(int=2**128 - 1)
SHOWN = ConsentSummary.__struct_fields__[:-1]


async def form(db: Connection, me: Signed, kind: Kind, language: Language | None, now: datetime) -> ConsentForm:
    """What can be chosen in a consent of this kind, in the words that hold today."""
    signer = await _signer(db, me)
    spoken, texts = language or signer.language, await _texts(db, me, language or signer.language, now)
    days = await legal.number(db, "consent-days", now.date(), rules.DAYS)
    proposed = today(signer.time_zone, now) + timedelta(days=days)
    return rules.form(kind, spoken, texts, signer.organisation, proposed)


async def fill(db: Connection, me: Signed, new: Elements, now: datetime) -> FilledForm:
    """The text that there would be to sign; nothing is kept."""
    filled = await _filled(db, me, await _signer(db, me), new, now)
    return FilledForm(filled.text, filled.sha256, filled.language)


async def sign(db: Connection, me: Signed, new: NewConsent, now: datetime) -> Consent:
    """Keep what was signed, with the exact text; the same twice is once. Whoever is named in it hears of it."""
    signer = await _signer(db, me)
    kept = await queries.by_id(db, new.id)
    if kept is None:
        filled = await _filled(db, me, signer, new, now)
        rules.check_signature(new, signer, filled)
        await queries.sign(
            db, me.id, me.organisation_id, new, filled, patient=signer.name, sensitivities=rules.sensitivities(new),
            session=me.session_id, factor=_factor(me), now=now,
        )  # fmt: skip
        await audit.record(db, "sign", "consents", [me.id], new.id)
        await _tell(db, me.id, new.recipient_id, new.id, now)
        kept = await queries.by_id(db, new.id)
    else:
        await audit.record(db, "read", "consents", [kept.patient_id], kept.id)
    if kept is None or (kept.form_sha256, kept.signature) != (new.form_sha256, new.signature):
        raise IdTaken
    return _copy(kept, now)


def _factor(me: Signed) -> str:
    """By which factor they have proved last who they are."""
    return me.proved_by or "session"


async def listed(
    db: Connection, me: Signed, patient_id: UUID | None, cursor: str | None, limit: int, now: datetime
) -> Consents:
    """A page of the caller's own, or of those of a program whose privacy they answer for."""
    before = place_of(cursor, tuple[Instant, UUID]) if cursor else (now + timedelta(days=1), LAST)
    whose = me.id if me.has("patient") else patient_id
    rows = await queries.listed(db, whose, before=before, limit=limit)
    await audit.record(db, "read", "consents", [me.id] if me.has("patient") else [row.patient_id for row in rows])
    more = cursor_for(rows[-1].signed_at, rows[-1].id) if len(rows) == limit else None
    return Consents(items=[_summary(row, now) for row in rows], next_cursor=more)


async def copy(db: Connection, consent_id: UUID, now: datetime) -> Consent:
    """The signed copy, byte for byte."""
    row = await _readable(db, consent_id)
    await audit.record(db, "read", "consents", [row.patient_id], row.id)
    return _copy(row, now)


async def revoke(db: Connection, me: Signed, consent_id: UUID, new: NewRevocation, now: datetime) -> ConsentSummary:
    """End a consent: no request that starts after this one has committed reads by it. The same twice is once."""
    row = await _readable(db, consent_id, to_revoke=True)
    rules.check_revocation(me, row, new)
    if await queries.revoke(db, row.id, me.id, new.how, now):
        await audit.record(db, "revoke", "consents", [row.patient_id], row.id)
        await _tell(db, row.patient_id, row.recipient_id, row.id, now)
    else:
        await audit.record(db, "read", "consents", [row.patient_id], row.id)
    ended = await _readable(db, consent_id)
    return _summary(ended, now)


async def recipients(db: Connection, me: Signed, cursor: str | None, limit: int) -> Recipients:
    """A page of where a record can go to."""
    after = place_of(cursor, tuple[str, UUID]) if cursor else None
    items = await queries.recipients(db, me.organisation_id, after=after, limit=limit)
    more = cursor_for(items[-1].name, items[-1].id) if len(items) == limit else None
    return Recipients(items=items, next_cursor=more)


async def _readable(db: Connection, consent_id: UUID, *, to_revoke: bool = False) -> Row:
    row = await queries.by_id(db, consent_id, to_revoke=to_revoke)
    if row is None:
        raise NotFound
    return row


async def _signer(db: Connection, me: Signed) -> Signer:
    """The caller as a patient; nobody else has anything to consent to."""
    signer = await queries.signer(db, me.id)
    if signer is None:
        raise NotFound
    return signer


async def _texts(db: Connection, me: Signed, language: str, now: datetime) -> Mapping[str, Text]:
    return await legal.texts(db, me.organisation_id, language, now.date())


async def _filled(db: Connection, me: Signed, signer: Signer, new: Elements, now: datetime) -> Filled:
    rules.check(new, today(signer.time_zone, now))
    language = new.language or signer.language
    recipient = await _recipient(db, me, new)
    return rules.fill(new, signer, recipient, await _texts(db, me, language, now), language)


async def _recipient(db: Connection, me: Signed, new: Elements) -> Recipient | None:
    """Whom the consent names, if we know them."""
    if new.recipient_organisation_id is None:
        return None
    found = await queries.recipient(db, me.organisation_id, new.recipient_organisation_id, new.recipient_id)
    if found is None:
        field = "/recipientOrganisationId" if new.recipient_id is None else "/recipientId"
        raise Invalid(FieldError(field, "not-there", "Nobody who could receive it by that id."))
    return found


async def _tell(db: Connection, patient_id: UUID, recipient_id: UUID | None, consent_id: UUID, now: datetime) -> None:
    told = [patient_id, *([recipient_id] if recipient_id else [])]
    await events.publish(db, told, "consent", consent_id, now)


def _summary(row: Row, now: datetime) -> ConsentSummary:
    return ConsentSummary(**{name: getattr(row, name) for name in SHOWN}, state=rules.state(row, now))


def _copy(row: Row, now: datetime) -> Consent:
    return Consent(**msgspec.structs.asdict(row), state=rules.state(row, now))
