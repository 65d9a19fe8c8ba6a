"""Who is told, when, and who may do what about an alert. Timers are site data; 0007_alerts.sql has the defaults."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from app.access import CLINICIANS
from app.alerts.models import Alert, AlertView, Hours, Step, Supporter, Telling
from app.errors import Refusal

CRISIS = ("p0", "p1")
TRY_AGAIN = timedelta(minutes=1)
LISTED_AFTER_CLOSING = timedelta(days=7)


class AlreadyClaimed(Refusal):
    """Someone else is already answering this alert. Thank you for being there."""


class AlertClosed(Refusal):
    """This alert has been closed."""


class ClinicianNeeded(Refusal):
    """A clinician has to answer this one. Thank you for standing beside them."""

    status = 403


class NotYourClaim(Refusal):
    """Only the person who is answering this alert can do that."""


class AlreadyRaised(Refusal):
    """A more urgent alert for this person is open already, and a clinician has been told."""


def may_answer(alert_class: str, roles: Sequence[str]) -> bool:
    """A crisis or an urgent alert is answered and closed by a clinician; a peer is never the only responder."""
    return alert_class not in CRISIS or any(role in roles for role in (*CLINICIANS, "supervisor"))


def check_closes(alert: Alert, me: UUID, roles: Sequence[str]) -> None:
    """Who answers an alert closes it, and so may a supervisor; nobody else."""
    if alert.claimed_by != me and "supervisor" not in roles:
        raise NotYourClaim


def audience(plan: Sequence[Step], step: int, supporters: Sequence[Supporter]) -> list[Supporter]:
    """Everybody whom this step tells, once, in the order of the plan."""
    kinds = [s.audience for s in plan if s.step == step]
    found = {s.id: s for kind in kinds for s in supporters if _belongs(kind, s)}
    return list(found.values())


def _belongs(kind: str, one: Supporter) -> bool:
    clinician, peer = any(r in one.roles for r in CLINICIANS), "peer" in one.roles
    return {
        "assigned-peer": peer and one.on_team and one.on_duty,
        "duty-peers": peer and one.on_duty,
        "peer-leads": "peer-lead" in one.roles and one.on_duty,
        "team-clinicians": clinician and one.on_team and one.on_duty,
        "duty-clinicians": clinician and one.on_duty,
        "clinicians": clinician,
        "supervisors": "supervisor" in one.roles,
        "lead": one.lead,
    }[kind]


def beside(alert_class: str, supporters: Sequence[Supporter], *, opted_in: bool) -> list[UUID]:
    """The assigned peer beside the clinician in an urgent alert, when the patient has asked for it."""
    wanted = alert_class == "p1" and opted_in
    return [s.id for s in supporters if wanted and "peer" in s.roles and s.on_team and s.on_duty]


def telling(plan: Sequence[Step], start: int, supporters: Sequence[Supporter], hours: Hours, now: datetime) -> Telling:
    """The turn of the plan that begins at step `start`: an empty step is passed over at once.

    Who has been told already is not rung again beside somebody new; a step of none but those is rung again.
    Where no step finds anybody, nobody is told, and the same turn is tried again in a minute.
    """
    found = next((s for s in steps(plan) if s >= start and audience(plan, s, supporters)), None)
    if found is None:
        return Telling(start, [], False, start, now + TRY_AGAIN)  # noqa: FBT003
    members = audience(plan, found, supporters)
    told = [s.id for s in members if not s.told] or [s.id for s in members]
    return Telling(found, told, any(s.on_duty for s in members), *_onward(plan, found, hours, now))


def _onward(plan: Sequence[Step], step: int, hours: Hours, now: datetime) -> tuple[int, datetime | None]:
    """The step after this one and when, unless somebody claims it; the last one repeats, or rests."""
    later = [s for s in steps(plan) if s > step]
    if not later:
        return step, None if hours.repeats is None else now + hours.repeats
    closed = out_of_hours(hours, now)
    gap = _after(plan, later[0], closed=closed) - _after(plan, step, closed=closed)
    return later[0], now + max(gap, timedelta(0))


def steps(plan: Iterable[Step]) -> list[int]:
    """The steps of a plan in order."""
    return sorted({s.step for s in plan})


def _after(plan: Sequence[Step], step: int, *, closed: bool) -> timedelta:
    row = next(s for s in plan if s.step == step)
    return row.after_hours if closed and row.after_hours is not None else row.after


def out_of_hours(hours: Hours, now: datetime) -> bool:
    """Whether the program is closed at this moment, by its own clock."""
    local = now.astimezone(ZoneInfo(hours.time_zone))
    minute = local.hour * 60 + local.minute
    return local.isoweekday() > 5 or not hours.opens_minute <= minute < hours.closes_minute


def shown(view: AlertView, roles: Sequence[str]) -> AlertView:
    """The same alert without reasons, where a clinician is on it and the reader is not one."""
    return view if may_answer(view.alert_class, roles) else msgspec.structs.replace(view, reasons=[])
