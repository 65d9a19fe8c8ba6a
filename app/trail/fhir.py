"""An audit row as a FHIR R4 AuditEvent. Pure.

Coded as the standard has it: what kind of event by DICOM (part 15, annex A.5), what became of the record by ISO 21089,
why by HL7 v3 ActReason. Our own words stand beside these, since no standard has as many.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from urllib.parse import urlencode
from uuid import UUID

from app.trail.models import Event, Seen
from app.wire import Model

MEDIA_TYPE = "application/fhir+json"
TERMS = "http://terminology.hl7.org/CodeSystem"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
Did = Literal["C", "R", "U", "D", "E"]


class Coding(Model, frozen=True, omit_defaults=True):
    """A code in a system."""

    system: str
    code: str
    display: str | None = None


class CodeableConcept(Model, frozen=True, omit_defaults=True):
    """One meaning in one or more systems."""

    coding: list[Coding]


class Identifier(Model, frozen=True):
    """An id that is no FHIR resource of ours."""

    system: str
    value: str


class Reference(Model, frozen=True, omit_defaults=True):
    """To a resource by its type and id, or by an id alone."""

    reference: str | None = None
    identifier: Identifier | None = None
    display: str | None = None


class AuditAgent(Model, frozen=True, omit_defaults=True):
    """Who did it."""

    type: CodeableConcept
    requestor: bool
    who: Reference | None = None
    role: tuple[CodeableConcept, ...] = ()


class EntityDetail(Model, frozen=True):
    """One more word about an entity."""

    type: str
    value_string: str


class AuditEntity(Model, frozen=True, omit_defaults=True):
    """What it was done to."""

    what: Reference
    type: Coding
    role: Coding
    detail: tuple[EntityDetail, ...] = ()


class AuditSource(Model, frozen=True):
    """Which system says so."""

    observer: Reference
    type: list[Coding]


class AuditEvent(Model, frozen=True, omit_defaults=True, kw_only=True):
    """One row of the audit: https://hl7.org/fhir/R4/auditevent.html."""

    resource_type: Literal["AuditEvent"]
    id: str
    type: Coding
    subtype: list[Coding]
    action: Did
    recorded: datetime
    outcome: Literal["0"]
    purpose_of_event: tuple[CodeableConcept, ...] = ()
    agent: list[AuditAgent]
    source: AuditSource
    entity: tuple[AuditEntity, ...] = ()


class BundleLink(Model, frozen=True):
    """Where this page is, and the next one."""

    relation: str
    url: str


class SearchMatch(Model, frozen=True):
    """Why an entry is in the bundle."""

    mode: Literal["match"]


class BundleEntry(Model, frozen=True):
    """One of the answers."""

    full_url: str
    resource: AuditEvent
    search: SearchMatch


class Bundle(Model, frozen=True, kw_only=True, omit_defaults=True):
    """What answers a search: https://hl7.org/fhir/R4/bundle.html."""

    resource_type: Literal["Bundle"]
    type: Literal["searchset"]
    link: list[BundleLink]
    entry: tuple[BundleEntry, ...] = ()


_ISO = f"{TERMS}/iso-21089-lifecycle"
_LIFECYCLE: Mapping[Did, Coding] = {
    "C": Coding(_ISO, "originate", "Originate/Retain Record Lifecycle Event"),
    "R": Coding(_ISO, "access", "Access/View Record Lifecycle Event"),
    "U": Coding(_ISO, "amend", "Amend (Update) Record Lifecycle Event"),
    "D": Coding(_ISO, "destroy", "Destroy/Delete Record Lifecycle Event"),
}
_DONE: Mapping[Did, tuple[str, ...]] = {
    "C": ("add", "ask", "book", "bring-in", "give", "make", "miss", "open", "plan", "record", "sign", "start", "write"),
    "R": ("break-glass", "disclose", "download", "export", "find", "list", "read", "review", "vouch"),
    "U": ("arrange", "block", "bring-up", "cancel", "change", "claimed", "close", "closed", "complete", "contacted",
          "cover", "end", "escalate", "flag", "join", "lapse", "no-show", "raised", "released", "reschedule",
          "revoke", "rotate", "set", "skipped", "stop", "take-back", "taken", "unblock"),
    "D": ("remove", "shred", "take"),
    "E": ("enter", "sign-in", "sign-out"),
}  # fmt: skip
DONE: Mapping[str, Did] = {word: did for did, words in _DONE.items() for word in words}
_PURPOSES: Mapping[str, tuple[str, str]] = {
    "treatment": ("TREAT", "treatment"),
    "emergency": ("ETREAT", "Emergency Treatment"),
    "break-glass": ("BTG", "break the glass"),
    "payment": ("HPAYMT", "healthcare payment"),
    "operations": ("HOPERAT", "healthcare operations"),
    "oversight": ("HOPERAT", "healthcare operations"),
    "patient-request": ("PATRQT", "patient requested"),
    "legal": ("HLEGAL", "legal"),
    "research": ("HRESCH", "healthcare research"),
    "public-health": ("PUBHLTH", "public health"),
}
_TYPES: Mapping[str, Coding] = {
    "audit-events": Coding(DICOM, "110101", "Audit Log Used"),
    "sessions": Coding(DICOM, "110114", "User Authentication"),
    "roles": Coding(DICOM, "110113", "Security Alert"),
}
_SUBTYPES: Mapping[tuple[str, str], Coding] = {
    ("sign-in", "sessions"): Coding(DICOM, "110122", "Login"),
    ("sign-out", "sessions"): Coding(DICOM, "110123", "Logout"),
    ("give", "roles"): Coding(DICOM, "110136", "Security Roles Changed"),
    ("take", "roles"): Coding(DICOM, "110136", "Security Roles Changed"),
}
_PATIENT_RECORD = Coding(DICOM, "110110", "Patient Record")
_SECURITY = Coding(DICOM, "110113", "Security Alert")
_HUMAN = CodeableConcept([Coding(f"{TERMS}/extra-security-role-type", "humanuser", "human user")])
_MACHINE = CodeableConcept([Coding(f"{TERMS}/extra-security-role-type", "dataprocessor", "data processor")])
_SOURCE = AuditSource(Reference(display="Cairn"), [Coding(f"{TERMS}/security-source-type", "4", "Application Server")])
_PERSON = Coding(f"{TERMS}/audit-entity-type", "1", "Person")
_OBJECT = Coding(f"{TERMS}/audit-entity-type", "2", "System Object")
_PATIENT = Coding(f"{TERMS}/object-role", "1", "Patient")
_RESOURCE = Coding(f"{TERMS}/object-role", "4", "Domain Resource")
_USER = Coding(f"{TERMS}/object-role", "11", "Security User Entity")


def audit_event(seen: Seen) -> AuditEvent:
    """One row; names are of staff only, and nothing of a record's content is in it."""
    event = seen.event
    did = DONE.get(event.action, "E")
    return AuditEvent(
        resource_type="AuditEvent",
        id=str(event.id),
        type=_type(event),
        subtype=_subtypes(event, did),
        action=did,
        recorded=event.at,
        outcome="0",
        purpose_of_event=tuple(_purpose(one) for one in (event.purpose or "").split()),
        agent=[_agent(seen)],
        source=_SOURCE,
        entity=_entities(event),
    )


def _type(event: Event) -> Coding:
    return _TYPES.get(event.category, _PATIENT_RECORD if event.patient_id else _SECURITY)


def _subtypes(event: Event, did: Did) -> list[Coding]:
    """The standard's word where it has one, and always ours."""
    standard = _SUBTYPES.get((event.action, event.category)) or (_LIFECYCLE.get(did) if event.patient_id else None)
    ours = Coding("urn:cairn:audit-action", event.action)
    return [standard, ours] if standard else [ours]


def _purpose(purpose: str) -> CodeableConcept:
    code = _PURPOSES.get(purpose)
    standard = [Coding(f"{TERMS}/v3-ActReason", *code)] if code else []
    return CodeableConcept([*standard, Coding("urn:cairn:purpose", purpose)])


def _agent(seen: Seen) -> AuditAgent:
    """Whoever acted; the program itself where nobody did, and for the door and a feed's address somebody unknown."""
    event = seen.event
    if event.actor_id is None:
        kind = _MACHINE if event.duty == "clock" else _HUMAN
        return AuditAgent(kind, event.duty != "clock", Reference(display=_UNKNOWN.get(event.duty, "Somebody unknown")))
    as_patient = event.actor_id in (event.patient_id, event.about_id) and event.actor_roles is None
    who = f"{'Patient' if as_patient and event.patient_id else 'Practitioner'}/{event.actor_id}"
    roles = tuple(CodeableConcept([Coding("urn:cairn:role", role)]) for role in event.actor_roles or ())
    return AuditAgent(_HUMAN, requestor=True, who=Reference(who, display=None if as_patient else seen.name), role=roles)


_UNKNOWN = {
    "clock": "Cairn",
    "feed": "Whoever has the address of the calendar",
    "door": "Somebody not signed in yet",
    "console": "Whoever owns the database",
}


def _entities(event: Event) -> tuple[AuditEntity, ...]:
    """The patient or the account, the thing itself, and the consent under which it was seen."""
    said = (("category", event.category), ("detail", event.detail))
    category = tuple(EntityDetail(name, word) for name, word in said if word)
    found = list[AuditEntity]()
    if event.patient_id is not None:
        found.append(AuditEntity(Reference(f"Patient/{event.patient_id}"), _PERSON, _PATIENT, category))
    elif event.about_id is not None:
        found.append(AuditEntity(Reference(identifier=_number(event.about_id)), _PERSON, _USER, category))
    if event.subject_id is not None:
        found.append(AuditEntity(Reference(identifier=_number(event.subject_id)), _OBJECT, _RESOURCE))
    if event.consent_id is not None:
        found.append(AuditEntity(Reference(f"Consent/{event.consent_id}"), _OBJECT, _RESOURCE))
    return tuple(found)


def _number(number: UUID) -> Identifier:
    return Identifier("urn:ietf:rfc:3986", f"urn:uuid:{number}")


def bundle(found: list[Seen], base: str, asked: list[tuple[str, str]], cursor: str | None) -> Bundle:
    """One page of a search, with the address of the next one."""
    place = f"{base}/fhir/AuditEvent"
    links = [BundleLink("self", _address(place, asked))]
    if cursor is not None:
        rest = [(name, value) for name, value in asked if name != "cursor"]
        links.append(BundleLink("next", _address(place, [*rest, ("cursor", cursor)])))
    return Bundle(
        resource_type="Bundle", type="searchset", link=links, entry=tuple(_entry(one, place) for one in found)
    )


def _address(place: str, asked: list[tuple[str, str]]) -> str:
    return f"{place}?{urlencode(asked)}" if asked else place


def _entry(seen: Seen, place: str) -> BundleEntry:
    return BundleEntry(f"{place}/{seen.event.id}", audit_event(seen), SearchMatch("match"))
