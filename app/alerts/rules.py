"""Who may do what about an alert, and what of it they see."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from app.alerts import states
from app.alerts.models import (
    Alert,
    AlertPatient,
    AlertRow,
    AlertView,
    EventKind,
    KnownMatter,
    KnownPerson,
    KnownWorry,
    Sight,
)
from app.alerts.why import why
from app.errors import Refusal
from app.escalation.models import Supporter, Telling
from app.escalation.rules import CRISIS, may_answer

LATE_AFTER, LONGEST_KEPT = timedelta(minutes=60), timedelta(days=60)
LISTED_AFTER_CLOSING = timedelta(days=7)
ALIKE = [name for name in AlertView.__struct_fields__ if name in AlertRow.__struct_fields__]


class AlreadyClaimed(Refusal):
    """Someone else is already answering this alert. Thank you for being there."""


class AlertClosed(Refusal):
    """This alert has been closed."""


class ClinicianNeeded(Refusal):
    """A clinician has to answer this one. Thank you for standing beside them."""

    status = 403


class NotYourClaim(Refusal):
    """Only the person who is answering this alert can do that."""


class NeverLowered(Refusal):
    """This alert is more urgent than that already, and an alert is never made less urgent."""


class AlreadyRaised(Refusal):
    """Another alert for this person is open already that is as urgent as that."""


def check_open(alert: Alert) -> None:
    """Whoever answers goes on with what is open: of a closed alert the declaration of states lets nothing be done."""
    if not states.may(states.state(alert), "raised"):
        raise AlertClosed


def check_answers(alert_class: str, roles: Sequence[str]) -> None:
    """A crisis or an urgent alert is for clinicians."""
    if not may_answer(alert_class, roles):
        raise ClinicianNeeded


def check_closes(alert: Alert, me: UUID, roles: Sequence[str]) -> None:
    """Who answers an alert closes it, and so may a supervisor; nobody else."""
    if alert.claimed_by != me and "supervisor" not in roles:
        raise NotYourClaim


def raises(alert: Alert, to: str) -> bool:
    """Whether this makes it more urgent: the same twice is once. Refuses to make it less so."""
    if alert.alert_class < to:
        raise NeverLowered
    return alert.alert_class > to


def stays(alert: Alert, to: str, supporters: Sequence[Supporter]) -> bool:
    """Whether whoever answers an alert goes on doing so when it is raised: a clinician does."""
    return any(one.id == alert.claimed_by and may_answer(to, one.roles) for one in supporters)


def is_told_again(alert_class: str) -> bool:
    """Danger said again is told again; another worry that is known already rings nobody but who answers."""
    return alert_class in CRISIS


def said(told: Telling) -> EventKind:
    """What an alert's history says of a turn: that somebody on duty was told, somebody off duty, or nobody."""
    if told.on_duty:
        return "told"
    return "told-off-duty" if told.people else "nobody"


def is_late(answered_at: datetime, received_at: datetime) -> bool:
    """Whether it was answered more than an hour before it came.

    No phone keeps an answer for months: one that says so has lost its clock, as after its battery was empty, and what
    it says is said now.
    """
    return LATE_AFTER < received_at - answered_at <= LONGEST_KEPT


def sight(row: AlertRow, roles: Sequence[str]) -> Sight:
    """How much of it is the reader's to know.

    A peer who knows of whom it is reads why where peers are meant, and not while a clinician is on it; a clinician
    reads why, and of whom where they have to do with them.
    """
    if may_answer(CRISIS[0], roles):
        return "worry" if row.patient is None else "matter"
    if row.patient is None:
        return "signal"
    return "matter" if may_answer(row.alert_class, roles) else "person"


def shown(row: AlertRow, roles: Sequence[str], language: str) -> AlertView:
    """The alert with what is the reader's to know, in the one object for that."""
    kind, patient = sight(row, roles), row.patient
    return AlertView(
        **{name: getattr(row, name) for name in ALIKE},
        kind=kind,
        person=KnownPerson(patient) if kind == "person" and patient else None,
        worry=KnownWorry(row.reasons, why(row.reasons, None, language)) if kind == "worry" else None,
        matter=_matter(row, patient, language) if kind == "matter" and patient else None,
    )


def _matter(row: AlertRow, patient: AlertPatient, language: str) -> KnownMatter:
    return KnownMatter(patient, row.reasons, why(row.reasons, row.numbers, language), row.level)


def place(view: AlertView) -> tuple[bool, bool, str, float, UUID]:
    """Where an alert stands in the list: open ones by urgency, the longest waiting first; closed ones newest first."""
    closed, seconds = view.closed_at is not None, view.opened_at.timestamp()
    return closed, view.claimed_by is not None, view.alert_class, -seconds if closed else seconds, view.id
