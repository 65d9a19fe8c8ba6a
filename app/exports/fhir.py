"""A record as a FHIR R4 bundle, mapped by hand. What has no standard code says so: our scales are local ones.

Every id is the row's own, so that two exports of the same record can be laid side by side.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from app.exports.models import Alarm, Answer, Dose, Line, Look, Member, Record, Regimen, Visit

Resource = dict[str, Any]

LOCAL = "urn:cairn:codes"
_SCALE = "0 to 10, self-rated, operational; not a validated instrument"
_UCUM = "http://unitsofmeasure.org"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_REQUESTED = {"active": "active", "stopped": "stopped"}
_GIVEN = {"taken": "completed", "skipped": "not-done"}
_READING = frozenset({"read", "list", "listen", "download", "export"})


def bundle(record: Record) -> Resource:
    """Everything, as one collection."""
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": _at(record.made_at),
        "entry": [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in resources(record)],
    }


def resources(record: Record) -> list[Resource]:
    """Each thing that there is, the patient first."""
    patient = record.who.id
    return [
        _patient(record),
        _organization(record),
        *_practitioners(record),
        *_care_team(record.team, patient),
        *(_appointment(one, patient) for one in record.visits),
        *_observations(record.answers, patient),
        *(_communication(one, patient) for one in record.lines),
        *(_request(one, patient) for one in record.regimens),
        *(_administration(one, patient) for one in record.doses),
        *(_flag(one, patient) for one in record.alarms),
        *(_audit(one, patient) for one in record.looks),
    ]


def _patient(record: Record) -> Resource:
    who = record.who
    return _present(
        resourceType="Patient",
        id=str(who.id),
        name=[{"text": who.name}],
        telecom=[
            {"system": "email" if one.kind == "email" else "phone", "value": one.value} for one in record.contacts
        ],
        communication=[{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": who.language}]}}],
        managingOrganization=_to(who.organisation_id, who.organisation),
    )


def _organization(record: Record) -> Resource:
    return {"resourceType": "Organization", "id": str(record.who.organisation_id), "name": record.who.organisation}


def _practitioners(record: Record) -> list[Resource]:
    """Everybody who is named anywhere in it, once."""
    named: dict[UUID, str] = {}
    named |= {one.staff_id: one.name for one in record.team}
    named |= {one.staff_id: one.staff for one in record.visits}
    named |= {one.staff_id: one.staff for one in record.lines}
    named |= {one.prescriber_id: one.prescriber for one in record.regimens}
    named |= {one.actor_id: one.actor for one in record.looks if one.actor_id and one.actor}
    named.pop(record.who.id, None)
    return [
        {"resourceType": "Practitioner", "id": str(number), "name": [{"text": name}]}
        for number, name in sorted(named.items())
    ]


def _care_team(team: Iterable[Member], patient: UUID) -> list[Resource]:
    people = [
        _present(
            member=_to(one.staff_id, one.name),
            role=[_local(role) for role in one.roles] + ([_local("lead")] if one.lead else []),
            period=_period(one.joined_at, one.left_at),
        )
        for one in team
    ]
    if not people:
        return []
    number = UUID(int=patient.int ^ 1)  # one for each patient, and the same each time
    return [{"resourceType": "CareTeam", "id": str(number), "subject": _to(patient), "participant": people}]


def _appointment(one: Visit, patient: UUID) -> Resource:
    return {
        "resourceType": "Appointment",
        "id": str(one.id),
        "status": one.status,
        "appointmentType": _local(one.kind),
        "start": _at(one.starts_at),
        "end": _at(one.ends_at),
        "created": _at(one.booked_at),
        "participant": [
            {"actor": _to(patient), "status": "accepted"},
            {"actor": _to(one.staff_id, one.staff), "status": "accepted"},
        ],
    }


def _observations(answers: Iterable[Answer], patient: UUID) -> list[Resource]:
    """An amended day is an observation of its own that says from which it comes; the first one stays as it was."""
    before: dict[object, UUID] = {}
    found = []
    for one in answers:
        found.append(_observation(one, patient, before.get(one.day)))
        before[one.day] = one.id
    return found


def _observation(one: Answer, patient: UUID, amends: UUID | None) -> Resource:
    return _present(
        resourceType="Observation",
        id=str(one.id),
        status="amended" if amends else "final",
        category=[{"coding": [{"system": _CATEGORY, "code": "survey"}]}],
        code=_local("check-in"),
        subject=_to(patient),
        performer=[_to(patient)],
        effectiveDateTime=_at(one.answered_at),
        issued=_at(one.received_at),
        derivedFrom=[_to(amends)] if amends else [],
        component=[
            {"code": _local("mood", f"Mood, {_SCALE}"), "valueInteger": one.mood},
            {"code": _local("craving", f"Craving, {_SCALE}"), "valueInteger": one.craving},
            {"code": _local("wants-to-talk"), "valueBoolean": one.wants_to_talk},
            {"code": _local("in-danger", "Said: I may overdose or hurt myself"), "valueBoolean": one.in_danger},
            *_asked(one),
        ],
        note=[{"text": one.note, "time": _at(one.answered_at)}] if one.note.strip() else [],
    )


def _asked(one: Answer) -> Iterable[Resource]:
    """What a program asks besides; what was not said is not there, and that nothing was used is said."""
    if one.sleep_hours is not None:
        yield {
            "code": _local("sleep", "Hours of sleep"),
            "valueQuantity": {"value": one.sleep_hours, "unit": "h", "system": _UCUM, "code": "h"},
        }
    for trigger in one.triggers:
        yield {"code": _local("trigger"), "valueString": trigger}
    for used in one.used or ():
        yield {"code": _local("used", "Used since the last check-in"), "valueString": used}
    if one.used == []:
        yield {"code": _local("used", "Used since the last check-in"), "valueBoolean": False}
    if one.medication_taken is not None:
        yield {"code": _local("medication-taken"), "valueString": one.medication_taken}


def _communication(one: Line, patient: UUID) -> Resource:
    own, other = _to(patient), _to(one.staff_id, one.staff)
    return _present(
        resourceType="Communication",
        id=str(one.id),
        status="completed",
        subject=own,
        sender=own if one.by_patient else other,
        recipient=[other if one.by_patient else own],
        sent=_at(one.sent_at),
        received=_at(one.received_at),
        payload=[{"contentString": one.text}] if one.text.strip() else [],
    )


def _request(one: Regimen, patient: UUID) -> Resource:
    bounds = _present(start=one.starts_on.isoformat(), end=one.ends_on.isoformat() if one.ends_on else None)
    return {
        "resourceType": "MedicationRequest",
        "id": str(one.id),
        "status": _REQUESTED[one.status],
        "intent": "order",
        "medicationCodeableConcept": {"text": one.medicine},
        "subject": _to(patient),
        "requester": _to(one.prescriber_id, one.prescriber),
        "authoredOn": _at(one.created_at),
        "dosageInstruction": [
            {
                "text": f"{', '.join(one.times)} ({one.time_zone})",
                "timing": {"repeat": {"boundsPeriod": bounds, "timeOfDay": [f"{time}:00" for time in one.times]}},
            }
        ],
    }


def _administration(one: Dose, patient: UUID) -> Resource:
    return {
        "resourceType": "MedicationAdministration",
        "id": str(one.id),
        "status": _GIVEN[one.state],
        "medicationCodeableConcept": {"text": one.medicine},
        "subject": _to(patient),
        "performer": [{"actor": _to(patient)}],
        "effectiveDateTime": _at(one.answered_at),
        "request": _to(one.regimen_id),
    }


def _flag(one: Alarm, patient: UUID) -> Resource:
    return {
        "resourceType": "Flag",
        "id": str(one.id),
        "status": "inactive" if one.closed_at else "active",
        "code": _local(one.level, f"Alert: {', '.join(one.reasons)}"),
        "subject": _to(patient),
        "period": _period(one.opened_at, one.closed_at),
    }


def _audit(one: Look, patient: UUID) -> Resource:
    """Who looked or changed something; `action` as DICOM and IHE have it: read, or update."""
    who = _to(one.actor_id, one.actor) if one.actor_id else {"display": "Cairn"}
    return {
        "resourceType": "AuditEvent",
        "id": f"audit-{one.id}",
        "type": {
            "system": "http://dicom.nema.org/resources/ontology/DCM",
            "code": "110110",
            "display": "Patient Record",
        },
        "subtype": [{"system": LOCAL, "code": f"{one.action}-{one.category}"}],
        "action": "R" if one.action in _READING else "U",
        "recorded": _at(one.at),
        "outcome": "0",
        "agent": [{"who": who, "requestor": True}],
        "source": {"observer": {"display": "Cairn"}},
        "entity": [{"what": _to(patient)}],
    }


def _to(number: UUID | None, display: str | None = None) -> Resource:
    return _present(reference=f"urn:uuid:{number}", display=display)


def _local(code: str, display: str | None = None) -> Resource:
    return {"coding": [_present(system=LOCAL, code=code, display=display)]}


def _period(start: datetime, end: datetime | None) -> Resource:
    return _present(start=_at(start), end=_at(end) if end else None)


def _at(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _present(**fields: Any) -> Resource:
    """FHIR has no empty values: what is not there is left out."""
    return {name: value for name, value in fields.items() if value not in (None, [], {}, "")}
