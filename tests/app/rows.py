"""Which rows of which table somebody may see, worked out from the cast: what row-level security has to come to."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from app.demo.cast import CAST, INES, LEO, MAYA, OKAFOR, Person
from tests.app.knowing import related
from tests.app.scene import PAST_ALERT, PAST_CRISIS, REVIEWED_CRISIS, TOLD, Scene

Row = Mapping[str, Any]
Sees = Callable[[Person, Row, Scene], bool]

BY_ID = {p.id: p for p in CAST}
CLINICAL = {"counselor", "prescriber"}
OVERSEEING = ("supervised", "coordinated", "operated", "answered-for")
ACCOUNTABLE = ("self", "supervised", "answered-for")
# Patient and staff who was on their team.
LEFT = {(LEO, OKAFOR)}


def near(actor: Person, patient_id: UUID, *relations: str) -> bool:
    """Whether one of these relations holds; `treating` is whoever does that, the last four need their role."""
    held, roles = related(actor, BY_ID[patient_id]), set(actor.roles)
    meant = {
        "self": "self" in held,
        "team": "team" in held,
        "treating": bool(held & {"team", "booked"} and roles & CLINICAL),
        "booked": "booked" in held,
        "supervised": "program" in held and "supervisor" in roles,
        "coordinated": "program" in held and "coordinator" in roles,
        "operated": "program" in held and "operator" in roles,
        "answered-for": "program" in held and "privacy-officer" in roles,
    }
    return any(meant[relation] for relation in relations)


def by_patient(*relations: str, column: str = "patient_id") -> Sees:
    """Rows of a patient to whom one of these relations holds."""
    return lambda actor, row, _: near(actor, row[column], *relations)


def own(column: str) -> Sees:
    """Rows that carry the reader's own id there."""
    return lambda actor, row, _: bool(row[column] == actor.id)


def all_of_it(actor: Person, row: Row, scene: Scene) -> bool:
    """What everybody who works here may know."""
    return True


def nothing_of_it(actor: Person, row: Row, scene: Scene) -> bool:
    """What only the owner reads."""
    return False


def an_alert(alert_id: UUID, actor: Person, scene: Scene) -> bool:
    """One's own, one of which one was told, or one of the program that one watches over."""
    alerts = {r.alert: (r.patient, TOLD[r.patient]) for r in scene.records.values()} | {
        PAST_ALERT: (LEO, {INES}), PAST_CRISIS: (MAYA, set()), REVIEWED_CRISIS: (MAYA, set()),
    }  # fmt: skip
    patient, told = alerts[alert_id]
    return actor in told or near(actor, patient.id, "self", "supervised")


def a_person(actor: Person, row: Row, scene: Scene) -> bool:
    """Staff are known; that somebody is a patient is itself protected."""
    return row["kind"] == "staff" or near(actor, row["id"], "self", "team", "booked", *OVERSEEING)


def a_regimen(actor: Person, row: Row, scene: Scene) -> bool:
    """For the patient and those who treat them; who treated them has what they wrote themselves."""
    written = row["prescribed_by"] == actor.id and (BY_ID[row["patient_id"]], actor) in LEFT
    return written or near(actor, row["patient_id"], "self", "treating", "supervised")


def a_coverage(actor: Person, row: Row, scene: Scene) -> bool:
    """For the two, and for who arranges such things in their program."""
    covered = BY_ID[row["covered_id"]]
    oversees = actor.house == covered.house and bool({"supervisor", "coordinator"} & set(actor.roles))
    return oversees or actor.id in (row["covered_id"], row["covering_id"])


def an_appointment(actor: Person, row: Row, scene: Scene) -> bool:
    """For the two whom it brings together, those who treat the patient, and those who oversee the program."""
    return row["staff_id"] == actor.id or near(
        actor, row["patient_id"], "self", "treating", "supervised", "coordinated"
    )


def an_audit_row(actor: Person, row: Row, scene: Scene) -> bool:
    """For whose record it is about and who supervises them; of an account, for who supervises there alone."""
    if row["patient_id"] is not None:
        return near(actor, row["patient_id"], "self", "supervised")
    return "supervisor" in actor.roles and row["about_id"] in BY_ID and BY_ID[row["about_id"]].house == actor.house


def a_delivery(column: str) -> Sees:
    """What rang on one's own phone."""
    return lambda actor, row, scene: any(
        r.delivery == row[column] and r.patient == actor for r in scene.records.values()
    )


def a_thread(actor: Person, row: Row, scene: Scene) -> bool:
    """For the two whose it is."""
    return actor.id in (row["patient_id"], row["staff_id"])


def a_contact(actor: Person, row: Row, scene: Scene) -> bool:
    """A patient's: for themselves, those who treat them, and the desk."""
    return near(actor, row["person_id"], "self", "treating", "supervised", "coordinated")


# Who may read a row, whatever a query asks for. Every table is here, or the test fails.
READS: Mapping[str, Sees] = {
    "access_token": nothing_of_it,
    "account_event": own("person_id"),
    "approval": own("person_id"),
    "address": own("person_id"),
    "alert": lambda actor, row, scene: an_alert(row["id"], actor, scene),
    "alert_event": lambda actor, row, scene: an_alert(row["alert_id"], actor, scene),
    "alert_told": lambda actor, row, scene: row["person_id"] == actor.id or an_alert(row["alert_id"], actor, scene),
    "alert_review": by_patient("supervised"),
    "appointment": an_appointment,
    "audit_anchor": nothing_of_it,
    "audit_event": an_audit_row,
    "audit_head": nothing_of_it,
    "audit_link": nothing_of_it,
    "break_glass": by_patient(*ACCOUNTABLE),
    "break_glass_review": by_patient(*ACCOUNTABLE),
    "calendar_feed": own("person_id"),
    "care_team_member": by_patient("self", "team", "treating", "supervised", "coordinated"),
    # A peer reads levels, through functions of levels; rows cannot be told apart by column.
    "check_in": by_patient("self", "treating", "supervised"),
    "missed_check_in": by_patient("self", "treating", "supervised"),
    "closure": by_patient("self", "supervised"),
    "consent": by_patient(*ACCOUNTABLE),
    # Of Maya's one consent.
    "consent_revocation": lambda actor, _, __: near(actor, MAYA.id, *ACCOUNTABLE),
    "code_challenge": nothing_of_it,
    "contact": a_contact,
    "data_key": nothing_of_it,
    "coverage": a_coverage,
    "delivery": a_delivery("id"),
    "disclosure": by_patient(*ACCOUNTABLE),
    "duty_shift": all_of_it,
    "event": own("person_id"),
    "export": own("patient_id"),
    "legal_hold": by_patient("supervised"),
    "invitation": nothing_of_it,
    "letter": nothing_of_it,
    "message": a_thread,
    "notification": own("person_id"),
    "occurrence": by_patient("self", "treating", "supervised"),
    "organisation": all_of_it,
    "passkey": own("person_id"),
    "passkey_challenge": own("person_id"),
    "passkey_owner": own("person_id"),
    "patient": by_patient("self", "treating", "supervised", column="person_id"),
    "person": a_person,
    "provider_attempt": own("person_id"),
    "provider_link": own("person_id"),
    "provider_session": nothing_of_it,
    "receipt": a_delivery("delivery_id"),
    "regimen": a_regimen,
    "recovery_code": own("person_id"),
    "session": own("person_id"),
    "token_family": nothing_of_it,
    "thread": a_thread,
    "thread_mark": a_thread,
    "setup_link": nothing_of_it,
    "sign_in_link": nothing_of_it,
    "staff_role": all_of_it,
    "totp": own("person_id"),
    "vouch": own("patient_id"),
    "working_exception": all_of_it,
    "working_hours": all_of_it,
}
# Tables that speak of nobody: permissions, plans, texts, limits, counts and answers by a hash, a demo's mark, the
# history of the schema.
OF_NOBODY = {
    "access_cell", "alert_limit", "alert_step", "booked_window", "check_in_form", "check_in_question",
    "check_in_threshold", "check_in_window", "crisis_resource", "demo_mark", "duty_rotation",
    "harm_reduction_line", "kept_answer",
    "legal_parameter", "legal_text", "migration", "retention_rule", "session_lifetime", "taken",
}  # fmt: skip
# One's own only, although everybody may read.
CHANGES: Mapping[str, Sees] = {
    "duty_shift": own("staff_id"), "working_hours": own("staff_id"), "working_exception": own("staff_id"),
    "closure": own("patient_id"), "thread_mark": own("person_id"),
    "organisation": nothing_of_it, "staff_role": nothing_of_it, "person": own("id"), "patient": own("person_id"),
}  # fmt: skip
# Blunt changes of everything there is; constants, since reading a column would bring in the policies for reading.
BLUNT: Mapping[str, str] = {
    "address": "platform = 'web'",
    "alert": "version = 99",
    "alert_told": "step = 99",
    "appointment": "version = 99",
    "approval": "answered_at = '2026-03-03T16:00Z', approved = false",
    "calendar_feed": "revoked_at = '2026-03-03T16:00Z'",
    "closure": "taken_back_at = '2026-03-03T16:00Z'",
    "contact": "shared = true",
    "coverage": "ended_at = '2026-03-03T16:00Z', ended_by = me()",
    "delivery": "error = 'x'",
    "duty_shift": "during = '[2030-01-01, 2030-01-02)'",
    "export": "progress = 99",
    "legal_hold": "ended_at = '2026-03-03T16:00Z', ended_by = me()",
    "letter": "error = 'x'",
    "notification": "stage = 'x'",
    "occurrence": "state = 'superseded'",
    "passkey": "name = 'x'",
    "patient": "peer_beside = true",
    "person": "language = 'es'",
    "provider_link": "last_used_at = '2026-03-03T16:00Z'",
    "recovery_code": "used_at = '2026-03-03T16:00Z'",
    "regimen": "made_until = '2030-01-01T00:00Z'",
    "session": "ended_at = '2026-03-03T16:00Z', ended_because = 'elsewhere'",
    "thread": "last_at = '2026-03-03T16:00Z'",
    "thread_mark": "delivered = 99",
    "totp": "last_used_at = '2026-03-03T16:00Z'",
    "working_exception": "day = '2030-01-01'",
    "working_hours": "starts = '00:30'",
}
# A cause writes these for whom it concerns: ids and a time, nothing that could be read or answered by them.
WRITTEN_FOR_OTHERS = {"notification", "event"}
