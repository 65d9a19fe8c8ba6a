"""Who may call which route, said a second time: worked out from what the cast are to each other, not from the app.

A cell of the declaration that is flipped makes one of the two books wrong. A route that is not here fails the matrix.
"""

from collections.abc import Mapping

Route = tuple[str, str]
May = Mapping[str, frozenset[str]]

STAFF = (
    "peer", "peer-lead", "counselor", "prescriber", "primary-care", "coordinator", "supervisor", "program-lead",
    "privacy-officer", "operator",
)  # fmt: skip
EVERY_ROLE = ("patient", *STAFF)
RELATIONS = (
    "self", "team", "lead", "covering", "shared", "told", "claimed", "booked", "held", "thread", "former", "program",
    "consented", "break-glass",
)  # fmt: skip


def may(*said: str) -> May:
    """`peer peer-lead: team covering` for each line."""
    table: dict[str, frozenset[str]] = {}
    for line in said:
        names, relations = line.split(":")
        for role in names.split():
            table[role] = table.get(role, frozenset()) | frozenset(relations.split())
    return table


EVERYBODY = may(f"{' '.join(EVERY_ROLE)}: self")
OWN = may("patient: self")
OF_STAFF = may("operator: program")
# Who knows the staff well enough to say who somebody is.
KNOWING_STAFF = may("operator coordinator supervisor program-lead counselor prescriber: program")
ON_DUTY = may("peer peer-lead counselor prescriber supervisor program-lead: self")
WITH_HOURS = may("peer counselor prescriber: self")
WITH_A_CALENDAR = may("patient peer counselor prescriber: self")
STANDING_IN = may("peer peer-lead counselor prescriber: self", "coordinator supervisor: program")
TOLD = may("peer peer-lead counselor prescriber program-lead: told", "supervisor: told program")
BOOKING = may("patient: self", "peer peer-lead counselor prescriber: team covering", "coordinator supervisor: program")
CONCERNED = may(
    "patient: self", "peer peer-lead: held", "counselor prescriber: held team covering",
    "coordinator supervisor: program",
)  # fmt: skip
HOLDING = may("peer peer-lead counselor prescriber: held")
PRESCRIBING = may("prescriber: team covering")
# Who treats somebody or watches over it; elsewhere with consent, and medical staff in an emergency.
TREATING = may(
    "patient: self", "counselor prescriber: team covering claimed booked", "supervisor: program",
    "prescriber primary-care: break-glass", "counselor prescriber primary-care: consented",
)  # fmt: skip
# Who answers for what is shown of whom: the patient sees it too.
ACCOUNTABLE = may("patient: self", "supervisor privacy-officer: program")


def also(table: May, *said: str) -> May:
    """The same, and more."""
    more = may(*said)
    return {role: table.get(role, frozenset()) | more.get(role, frozenset()) for role in {*table, *more}}


MAY: Mapping[Route, May] = {
    ("DELETE", "/v1/session"): EVERYBODY,
    ("GET", "/v1/sessions"): EVERYBODY,
    ("DELETE", "/v1/sessions/{session_id}"): EVERYBODY,
    ("POST", "/v1/sessions/end-others"): EVERYBODY,
    ("POST", "/v1/people/{person_id}/sign-in-links"): may("operator: program"),
    **dict.fromkeys((
        ("GET", "/v1/contacts"), ("POST", "/v1/contacts"), ("PATCH", "/v1/contacts/{contact_id}"),
        ("DELETE", "/v1/contacts/{contact_id}"), ("POST", "/v1/contacts/{contact_id}/codes"),
        ("POST", "/v1/contact-codes/{challenge_id}/redeem"), ("POST", "/v1/recovery-codes"),
        ("GET", "/v1/recovery-codes"), ("POST", "/v1/recovery-codes/use"),
    ), EVERYBODY),
    **dict.fromkeys((
        ("POST", "/v1/session/codes"), ("POST", "/v1/session/codes/{challenge_id}/redeem"),
        ("POST", "/v1/approvals"), ("GET", "/v1/approvals"), ("GET", "/v1/approvals/{approval_id}"),
        ("POST", "/v1/approvals/{approval_id}/approve"), ("POST", "/v1/approvals/{approval_id}/refuse"),
        ("POST", "/v1/vouches"), ("GET", "/v1/vouches/mine"), ("POST", "/v1/vouches/redeem"),
    ), OWN),
    **dict.fromkeys((("POST", "/v1/vouches/look-up"), ("POST", "/v1/vouches/confirm")), may(
        "peer peer-lead counselor prescriber: team covering", "coordinator supervisor: program",
    )),
    ("POST", "/v1/patients/{patient_id}/invitations"): may("coordinator: program", "counselor prescriber: lead"),
    ("GET", "/v1/patients/{patient_id}/contact-preferences"): may(
        "patient: self", "peer peer-lead counselor prescriber: team covering", "coordinator supervisor: program",
    ),
    **dict.fromkeys((
        ("POST", "/v1/passkeys/registrations"), ("POST", "/v1/passkeys"), ("GET", "/v1/passkeys"),
        ("PATCH", "/v1/passkeys/{passkey_id}"), ("DELETE", "/v1/passkeys/{passkey_id}"),
        ("POST", "/v1/session/prove/passkey/challenges"), ("POST", "/v1/session/prove/passkey"),
        ("GET", "/v1/account"), ("GET", "/v1/account/events"), ("POST", "/v1/account/recovery/refuse"),
    ), EVERYBODY),
    **dict.fromkeys((
        ("POST", "/v1/totp"), ("POST", "/v1/totp/confirm"), ("GET", "/v1/totp"),
        ("DELETE", "/v1/totp/{app_id}"), ("POST", "/v1/session/prove/totp"),
        ("POST", "/v1/provider-links/departures"), ("POST", "/v1/provider-links"),
        ("GET", "/v1/provider-links"), ("DELETE", "/v1/provider-links/{link_id}"),
        ("POST", "/v1/session/prove/provider/departures"), ("POST", "/v1/session/prove/provider"),
    ), may(f"{' '.join(STAFF)}: self")),
    **dict.fromkeys((("POST", "/v1/recoveries/find"), ("POST", "/v1/recoveries/vouch")), KNOWING_STAFF),
    ("GET", "/v1/me"): EVERYBODY,
    ("PATCH", "/v1/me"): EVERYBODY,
    ("POST", "/v1/staff"): OF_STAFF,
    ("GET", "/v1/staff"): may("operator coordinator supervisor counselor prescriber: program"),
    ("PUT", "/v1/staff/{staff_id}/roles"): OF_STAFF,
    ("POST", "/v1/patients"): may("coordinator counselor prescriber: program"),
    ("GET", "/v1/patients"): may(
        "peer peer-lead counselor prescriber: team covering", "coordinator supervisor operator: program",
        "peer peer-lead counselor prescriber primary-care: consented", "prescriber primary-care: break-glass",
    ),
    ("GET", "/v1/patients/{patient_id}"): TREATING,
    ("GET", "/v1/patients/{patient_id}/contact-card"): may(
        "patient: self", "peer peer-lead counselor prescriber: team covering claimed booked", "program-lead: claimed",
        "coordinator supervisor privacy-officer operator: program", "prescriber primary-care: break-glass",
        "peer peer-lead counselor prescriber primary-care: consented",
    ),
    ("GET", "/v1/audit-events"): OWN,
    ("GET", "/v1/patients/{patient_id}/audit-events"): may("patient: self", "supervisor: program"),
    ("GET", "/fhir/AuditEvent"): may("patient: self", "supervisor: program"),
    ("GET", "/v1/security-events"): may("supervisor: program"),
    ("GET", "/v1/care-team"): OWN,
    ("GET", "/v1/patients/{patient_id}/care-team"): may(
        "patient: self", "peer peer-lead counselor prescriber: team covering", "counselor prescriber: booked",
        "coordinator supervisor: program",
    ),
    ("PUT", "/v1/patients/{patient_id}/care-team"): may(
        "counselor prescriber: lead", "coordinator supervisor: program"
    ),
    ("POST", "/v1/devices"): EVERYBODY,
    ("GET", "/v1/devices"): EVERYBODY,
    ("DELETE", "/v1/devices/{device_id}"): EVERYBODY,
    ("GET", "/v1/deliveries/{delivery_id}"): EVERYBODY,
    ("POST", "/v1/deliveries/{delivery_id}/receipts"): EVERYBODY,
    ("POST", "/v1/mirror"): EVERYBODY,
    ("GET", "/v1/events"): EVERYBODY,
    ("POST", "/v1/duty-shifts"): ON_DUTY,
    ("GET", "/v1/duty-shifts"): ON_DUTY,
    ("DELETE", "/v1/duty-shifts/{shift_id}"): ON_DUTY,
    ("POST", "/v1/rotations"): may("coordinator supervisor: program"),
    ("GET", "/v1/rotations"): may("coordinator supervisor: program"),
    ("POST", "/v1/rotations/{rotation_id}/end"): may("coordinator supervisor: program"),
    ("POST", "/v1/coverages"): STANDING_IN,
    ("GET", "/v1/coverages"): STANDING_IN,
    ("POST", "/v1/coverages/{coverage_id}/end"): STANDING_IN,
    ("POST", "/v1/check-ins"): OWN,
    ("GET", "/v1/check-ins"): OWN,
    ("GET", "/v1/patients/{patient_id}/check-ins"): TREATING,
    ("GET", "/v1/patients/{patient_id}/trend"): also(
        TREATING, "peer peer-lead: team covering claimed consented", "program-lead: claimed"
    ),
    ("GET", "/v1/alerts"): TOLD,
    ("GET", "/v1/check-in-form"): EVERYBODY,
    ("PUT", "/v1/check-in-form"): may("program-lead operator: program"),
    ("GET", "/v1/thresholds"): may("program-lead supervisor operator counselor prescriber: program"),
    ("POST", "/v1/thresholds"): may("program-lead supervisor: program"),
    ("GET", "/v1/check-ins/today"): OWN,
    ("POST", "/v1/patients/{patient_id}/alerts"): may(
        "peer peer-lead counselor prescriber: team covering claimed booked", "supervisor: program",
    ),
    ("GET", "/v1/alerts/{alert_id}/story"): TOLD,
    ("GET", "/v1/alert-reviews"): may("supervisor: program"),
    ("POST", "/v1/alerts/{alert_id}/review"): may("supervisor: program"),
    ("POST", "/v1/alerts/{alert_id}/claim"): TOLD,
    ("POST", "/v1/alerts/{alert_id}/contact"): TOLD,
    ("POST", "/v1/alerts/{alert_id}/release"): TOLD,
    ("POST", "/v1/alerts/{alert_id}/raise"): TOLD,
    ("POST", "/v1/alerts/{alert_id}/close"): TOLD,
    ("GET", "/v1/support"): OWN,
    ("POST", "/v1/threads"): may("patient: self", "peer peer-lead counselor prescriber: team covering"),
    **dict.fromkeys((
        ("GET", "/v1/threads"), ("GET", "/v1/threads/{thread_id}"), ("GET", "/v1/threads/{thread_id}/messages"),
        ("POST", "/v1/threads/{thread_id}/messages"), ("POST", "/v1/threads/{thread_id}/marks"),
    ), also(OWN, "peer peer-lead counselor prescriber: thread")),
    **dict.fromkeys((
        ("POST", "/v1/threads/{thread_id}/block"), ("POST", "/v1/threads/{thread_id}/unblock"),
    ), OWN),
    ("POST", "/v1/messages/{message_id}/flag"): may("peer peer-lead counselor prescriber: thread"),
    ("GET", "/v1/slots"): BOOKING,
    ("POST", "/v1/appointments"): BOOKING,
    ("GET", "/v1/appointments"): also(OWN, "peer peer-lead counselor prescriber: held"),
    ("GET", "/v1/appointments/{appointment_id}"): CONCERNED,
    ("POST", "/v1/appointments/{appointment_id}/reschedule"): CONCERNED,
    ("POST", "/v1/appointments/{appointment_id}/cancel"): CONCERNED,
    ("POST", "/v1/appointments/{appointment_id}/complete"): HOLDING,
    ("POST", "/v1/appointments/{appointment_id}/no-show"): HOLDING,
    ("POST", "/v1/appointments/{appointment_id}/visit"): also(OWN, "peer peer-lead counselor prescriber: held"),
    **dict.fromkeys((
        ("POST", "/v1/exports"), ("GET", "/v1/exports"), ("GET", "/v1/exports/{export_id}"),
        ("GET", "/v1/exports/{export_id}/file"), ("GET", "/v1/closure"), ("POST", "/v1/closure"),
        ("DELETE", "/v1/closure"),
    ), OWN),
    **dict.fromkeys((
        ("GET", "/v1/closures"), ("GET", "/v1/patients/{patient_id}/legal-holds"),
        ("POST", "/v1/patients/{patient_id}/legal-holds"), ("POST", "/v1/legal-holds/{hold_id}/end"),
    ), may("supervisor: program")),
    ("GET", "/v1/working-hours"): WITH_HOURS,
    ("PUT", "/v1/working-hours"): WITH_HOURS,
    ("POST", "/v1/working-exceptions"): WITH_HOURS,
    ("DELETE", "/v1/working-exceptions/{exception_id}"): WITH_HOURS,
    ("POST", "/v1/calendar-feeds"): WITH_A_CALENDAR,
    ("DELETE", "/v1/calendar-feeds"): WITH_A_CALENDAR,
    ("POST", "/v1/patients/{patient_id}/regimens"): PRESCRIBING,
    ("GET", "/v1/patients/{patient_id}/regimens"): also(TREATING, "prescriber: former"),
    ("GET", "/v1/patients/{patient_id}/dose-log"): also(TREATING, "peer peer-lead: shared"),
    ("GET", "/v1/regimens"): OWN,
    ("POST", "/v1/regimens/{regimen_id}/stop"): PRESCRIBING,
    ("GET", "/v1/occurrences"): OWN,
    ("POST", "/v1/occurrences/{occurrence_id}/taken"): OWN,
    ("POST", "/v1/occurrences/{occurrence_id}/skipped"): OWN,
    ("GET", "/v1/visits"): OWN,
    **dict.fromkeys((
        ("GET", "/v1/consent-forms"), ("POST", "/v1/consent-forms/fill"), ("GET", "/v1/recipients"),
        ("POST", "/v1/consents"), ("GET", "/v1/disclosures/export"),
    ), OWN),
    ("GET", "/v1/consents"): ACCOUNTABLE,
    ("GET", "/v1/consents/{consent_id}"): ACCOUNTABLE,
    ("POST", "/v1/consents/{consent_id}/revoke"): also(OWN, "privacy-officer: program"),
    ("GET", "/v1/disclosures"): ACCOUNTABLE,
    ("POST", "/v1/patients/{patient_id}/break-glass"): may("prescriber primary-care: break-glass"),
    ("GET", "/v1/break-glass"): also(ACCOUNTABLE, "prescriber primary-care: self"),
    ("POST", "/v1/break-glass/{break_glass_id}/review"): may("supervisor privacy-officer: program"),
    ("GET", "/v1/legal-parameters"): may("supervisor program-lead privacy-officer operator: program"),
}  # fmt: skip


def granted(table: May, roles: tuple[str, ...]) -> frozenset[str]:
    """By which relations somebody with these roles may; without a role they are a patient."""
    return frozenset().union(*(table.get(role, frozenset()) for role in roles or ("patient",)))
