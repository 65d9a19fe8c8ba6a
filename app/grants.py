"""Who may do what, said once: action, category of data, role, relation to the patient, purpose.

Everything else is made from this table or held against it: the guard before each route, the table that `app access`
prints, the rows of `access_cell` from which every query and every row-level policy takes its relations, and what the
page shows to whom. Start-up refuses a route without a group of cells here, a cell without a route that serves it, and
a database whose cells are others than these. The tests say the same a second time, worked out from the cast.

A cell says: somebody in this role, who stands in this relation to the patient, may do this to these data, for this
purpose. What a relation *is* stands once, in SQL, as a branch of `reach` in `db/migrations/0021_access.sql`.
"""

from collections.abc import Mapping
from typing import Literal, get_args

from msgspec import Struct

StaffRole = Literal[
    "peer", "peer-lead", "counselor", "prescriber", "primary-care", "coordinator", "supervisor", "program-lead",
    "privacy-officer", "operator",
]  # fmt: skip
Role = Literal["patient", StaffRole]
Relation = Literal[
    "self",  # it is one's own
    "team",  # on the patient's care team
    "lead",  # leads it
    "covering",  # stands in for somebody on it, for a time
    "shared",  # on the team of a patient who shows this to their supporters
    "told",  # was told of this alert, and need not know of whom it is
    "claimed",  # answers an open alert of the patient's
    "booked",  # has an appointment with the patient, about now
    "held",  # this appointment is with them
    "thread",  # this thread is with them, and they are on the team or stand in for somebody on it
    "former",  # was on the team: what they wrote themselves, and nothing else
    "program",  # works in the patient's program
    "consented",  # is named in a consent that holds
    "break-glass",  # gave a reason, in an emergency
]
Purpose = Literal["treatment", "operations", "emergency", "patient-request", "payment", "oversight"]

ROLES: tuple[Role, ...] = get_args(Role)
RELATIONS: tuple[Relation, ...] = get_args(Relation)
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
CLINICIANS: tuple[Role, ...] = ("counselor", "prescriber")
PEERS: tuple[Role, ...] = ("peer", "peer-lead")
OVERSEERS: tuple[Role, ...] = ("coordinator", "supervisor")

Who = Mapping[Role, tuple[Relation, ...]]
Group = tuple[str, str]

# For what a role looks at a patient's data. Nobody pays by these records, so no cell is for payment.
PURPOSE_OF: Mapping[Role, Purpose] = {
    "patient": "patient-request", "peer": "treatment", "peer-lead": "treatment", "counselor": "treatment",
    "prescriber": "treatment", "primary-care": "treatment", "coordinator": "operations", "supervisor": "oversight",
    "program-lead": "oversight", "privacy-officer": "oversight", "operator": "operations",
}  # fmt: skip


class Cell(Struct, frozen=True, order=True):
    """One permission."""

    action: str
    category: str
    role: Role
    relation: Relation
    purpose: Purpose


class DeclaredTwice(Exception):
    """The same group of cells stands in the table twice: one of them would be overlooked."""


def roles(*names: Role, under: tuple[Relation, ...]) -> Who:
    """The same relations for several roles."""
    return dict.fromkeys(names, under)


def joined(*grants: Who) -> dict[Role, tuple[Relation, ...]]:
    """Several grants as one; a later one for a role adds its relations."""
    who: dict[Role, tuple[Relation, ...]] = {}
    for grant in grants:
        for role, relations in grant.items():
            who[role] = tuple(dict.fromkeys(who.get(role, ()) + relations))
    return who


def purpose(category: str, role: Role, relation: Relation) -> Purpose:
    """For what somebody does this: in an emergency for that; with what is their own, staff run their day."""
    if relation == "break-glass" or (category == "emergency" and relation == "self" and role != "patient"):
        return "emergency"
    return "operations" if category.startswith("own-") and role != "patient" else PURPOSE_OF[role]


SELF: Who = {"patient": ("self",)}
EVERYONE: Who = roles(*ROLES, under=("self",))

_STAFF = roles(*get_args(StaffRole), under=("self",))
_OPERATOR = roles("operator", under=("program",))
_OVERSIGHT = roles(*OVERSEERS, under=("program",))
_SUPERVISOR = roles("supervisor", under=("program",))
# Who answers for how a program keeps to a patient's consent; an officer reads no record.
_OFFICER = roles("privacy-officer", under=("program",))
_ANSWERABLE = roles("supervisor", "privacy-officer", under=("program",))
_ANSWERING = roles(*PEERS, *CLINICIANS, "supervisor", "program-lead", under=("self",))
_OFFERING = roles("peer", *CLINICIANS, under=("self",))
# Beside a patient every day, or in somebody's place.
_BESIDE = roles(*PEERS, *CLINICIANS, under=("team", "covering"))
# Whoever treats a patient at all: 42 CFR Part 2 asks for a treatment relationship inside the program.
_TREATING = roles(*CLINICIANS, under=("team", "covering", "claimed", "booked"))
# Across organisations consent decides, and in a medical emergency the medical staff.
_ELSEWHERE = roles(*CLINICIANS, "primary-care", under=("consented",))
_ELSEWHERE_PEERS = roles(*PEERS, under=("consented",))
_EMERGENCY = roles("prescriber", "primary-care", under=("break-glass",))
_TOLD = (
    roles(*PEERS, *CLINICIANS, "program-lead", under=("told",)),
    roles("supervisor", under=("told", "program")),
)
_BOOKERS = (SELF, _BESIDE, _OVERSIGHT)
_CONCERNED = (
    SELF, roles(*PEERS, under=("held",)), roles(*CLINICIANS, under=("held", "team", "covering")), _OVERSIGHT,
)  # fmt: skip
_HOLDERS = roles(*PEERS, *CLINICIANS, under=("held",))
_WRITING = roles(*PEERS, *CLINICIANS, under=("thread",))
_PRESCRIBERS = roles("prescriber", under=("team", "covering"))

# Actions that share their cells, the category, and who: one line each of the table.
_DECLARED: tuple[tuple[str, str, tuple[Who, ...]], ...] = (
    # One's own.
    ("read change sign-out end refuse", "own-account", (EVERYONE,)),
    ("read add change remove prove", "own-contacts", (EVERYONE,)),
    ("make read use", "own-recovery-codes", (EVERYONE,)),
    # A patient who has come in by a code alone is believed by a second thing.
    ("prove", "own-session", (SELF,)),
    ("ask read approve refuse", "own-approvals", (SELF,)),
    ("ask read redeem", "own-vouches", (SELF,)),
    ("begin add read change remove prove", "own-passkeys", (EVERYONE,)),
    ("begin add read remove prove", "own-authenticator", (_STAFF,)),
    ("begin add read remove prove", "own-provider", (_STAFF,)),
    ("register read close receive test", "own-devices", (EVERYONE,)),
    ("listen", "own-events", (EVERYONE,)),
    ("add read end", "own-duty", (_ANSWERING,)),
    ("add read end", "rotations", (_OVERSIGHT,)),
    ("read replace add remove", "own-hours", (_OFFERING,)),
    ("open close", "own-feed", (SELF, _OFFERING)),
    # Who works here, and who stands in for whom.
    ("list", "staff", (_OPERATOR, _OVERSIGHT, roles(*CLINICIANS, under=("program",)))),
    ("add change", "staff", (_OPERATOR,)),
    # A colleague who has lost what they sign in with: whoever knows the staff says that it is them.
    ("find vouch", "recoveries", (roles("operator", *OVERSEERS, "program-lead", *CLINICIANS, under=("program",)),)),
    ("make", "sign-in-links", (_OPERATOR,)),
    # A patient comes in by an invitation; who has lost everything is known by two of the staff.
    ("make", "invitations", (roles("coordinator", under=("program",)), roles(*CLINICIANS, under=("lead",)))),
    ("find vouch", "newcomers", (_BESIDE, _OVERSIGHT)),
    ("read", "contact-preferences", (SELF, _BESIDE, _OVERSIGHT)),
    ("list add end", "coverage", (roles(*PEERS, *CLINICIANS, under=("self",)), _OVERSIGHT)),
    # Name, language and zone: all that whoever runs the place knows of a patient.
    ("list", "identity", (_BESIDE, _OVERSIGHT, _OPERATOR, _ELSEWHERE, _ELSEWHERE_PEERS, _EMERGENCY)),
    ("read", "identity", (
        roles(*PEERS, *CLINICIANS, under=("team", "covering", "claimed", "booked")),
        roles("program-lead", under=("claimed",)), _OVERSIGHT, _OFFICER, _OPERATOR, SELF, _ELSEWHERE,
        _ELSEWHERE_PEERS, _EMERGENCY,
    )),
    ("bring-in", "identity", (roles("coordinator", *CLINICIANS, under=("program",)),)),
    # What somebody has decided about their care here.
    ("read", "record", (SELF, _TREATING, _SUPERVISOR, _ELSEWHERE, _EMERGENCY)),
    ("read", "care-team", (SELF, _BESIDE, roles(*CLINICIANS, under=("booked",)), _OVERSIGHT)),
    ("arrange", "care-team", (_OVERSIGHT, roles(*CLINICIANS, under=("lead",)))),
    # How somebody is: words for those who treat them, levels for those who stand beside them.
    ("record", "check-ins", (SELF,)),
    ("read", "check-ins", (SELF, _TREATING, _SUPERVISOR, _ELSEWHERE, _EMERGENCY)),
    ("read", "check-in-levels", (
        SELF, roles(*PEERS, under=("team", "covering", "claimed")), _TREATING, _SUPERVISOR,
        roles("program-lead", under=("claimed",)), _ELSEWHERE, _ELSEWHERE_PEERS, _EMERGENCY,
    )),
    # What a program asks each day, and from when on an answer worries it.
    ("read", "check-in-questions", (EVERYONE,)),
    ("change", "check-in-questions", (roles("program-lead", "operator", under=("program",)),)),
    ("read", "thresholds", (roles("program-lead", "supervisor", "operator", *CLINICIANS, under=("program",)),)),
    ("add", "thresholds", (roles("program-lead", "supervisor", under=("program",)),)),
    ("read", "alerts", (SELF, *_TOLD)),
    ("claim contact release raise close", "alerts", _TOLD),
    ("review", "alerts", (_SUPERVISOR,)),
    # Whoever stands beside a patient, and is worried, has somebody answer.
    ("open", "alerts", (
        roles(*PEERS, *CLINICIANS, under=("team", "covering", "claimed", "booked")), _SUPERVISOR,
    )),
    # What a patient and one of those beside them write to each other: for these two, and for nobody else.
    ("open", "threads", (SELF, _BESIDE)),
    ("list read write", "threads", (SELF, _WRITING)),
    ("mark", "marks", (SELF, _WRITING)),
    ("block unblock", "threads", (SELF,)),
    ("flag", "threads", (_WRITING,)),
    # Appointments: for the two whom they bring together, and for those who arrange the days of a patient.
    ("read", "slots", _BOOKERS),
    ("book", "appointments", _BOOKERS),
    ("list", "appointments", (SELF, _HOLDERS)),
    ("read reschedule cancel", "appointments", _CONCERNED),
    ("complete no-show", "appointments", (_HOLDERS,)),
    ("enter", "visits", (SELF, _HOLDERS)),
    ("list", "visits", (SELF,)),
    # One's record to take along, and leaving; what keeps a record longer is for who watches over the program.
    ("ask read download", "exports", (SELF,)),
    ("ask read take-back", "closure", (SELF,)),
    ("list", "closures", (_SUPERVISOR,)),
    ("read set end", "legal-holds", (_SUPERVISOR,)),
    # What somebody takes.
    ("start stop", "regimens", (_PRESCRIBERS,)),
    ("read", "regimens", (
        SELF, _TREATING, _SUPERVISOR, roles("prescriber", under=("former",)), _ELSEWHERE, _EMERGENCY,
    )),
    ("read taken skipped", "doses", (SELF,)),
    ("read", "dose-log", (SELF, roles(*PEERS, under=("shared",)), _TREATING, _SUPERVISOR, _ELSEWHERE, _EMERGENCY)),
    # Who looked at a record, and what became of the accounts of those who may.
    ("read", "audit-events", (SELF, _SUPERVISOR)),
    ("read", "security-events", (_SUPERVISOR,)),
    # What a patient lets others see, what they were shown by it, and what was read in an emergency.
    ("read", "consent-forms", (SELF,)),
    ("list", "recipients", (SELF,)),
    ("sign", "consents", (SELF,)),
    ("read", "consents", (SELF, _ANSWERABLE)),
    ("revoke", "consents", (SELF, _OFFICER)),
    ("read", "disclosures", (SELF, _ANSWERABLE)),
    ("break-glass", "emergency", (_EMERGENCY,)),
    ("read", "emergency", (SELF, roles("prescriber", "primary-care", under=("self",)), _ANSWERABLE)),
    ("review", "emergency", (_ANSWERABLE,)),
    ("list", "legal-parameters", (_ANSWERABLE, roles("program-lead", "operator", under=("program",)))),
)  # fmt: skip


def _grants() -> dict[Group, dict[Role, tuple[Relation, ...]]]:
    table: dict[Group, dict[Role, tuple[Relation, ...]]] = {}
    for actions, category, who in _DECLARED:
        for action in actions.split():
            if (action, category) in table:
                raise DeclaredTwice(f"{action} {category}")
            table[action, category] = joined(*who)
    return table


GRANTS: Mapping[Group, Mapping[Role, tuple[Relation, ...]]] = _grants()
"""Each group of cells by its action and category: role → relations."""


def cells(table: Mapping[Group, Who] = GRANTS) -> list[Cell]:
    """Every cell, sorted."""
    return sorted(
        Cell(action, category, role, relation, purpose(category, role, relation))
        for (action, category), who in table.items()
        for role, relations in who.items()
        for relation in relations
    )


def sql(table: Mapping[Group, Who] = GRANTS) -> str:
    """The cells as the file that `migrate` runs whenever it changes; words of this module and nothing else."""
    rows = ",\n".join(
        f"    ('{one.action}', '{one.category}', '{one.role}', '{one.relation}', '{one.purpose}')"
        for one in cells(table)
    )
    return (
        "-- whenever it changes\n"
        "-- Who may do what, as the database holds it. Made by `python3 -m app access --sql` from app/grants.py.\n\n"
        "DELETE FROM access_cell;\n"
        f"INSERT INTO access_cell (action, category, role, relation, purpose) VALUES\n{rows};\n"
    )
