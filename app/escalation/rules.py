"""Whom an alert reaches at which moment. Timers are site data; db/migrations/0007_alerts.sql has the defaults."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from app.access import CLINICIANS
from app.escalation.models import Hours, Policy, Standing, Step, Supporter, Telling

CRISIS = ("p0", "p1")
# Whoever supervises or leads a program is a clinician too, until roles carry licences.
ANSWER_CRISES = (*CLINICIANS, "supervisor", "program-lead")
TRY_AGAIN = timedelta(minutes=1)


def may_answer(alert_class: str, roles: Sequence[str]) -> bool:
    """A crisis or an urgent alert is answered and closed by a clinician; a peer is never the only responder."""
    return alert_class not in CRISIS or any(role in roles for role in ANSWER_CRISES)


def telling(policy: Policy, alert: Standing, now: datetime) -> Telling:
    """The turn that an alert takes now: everybody of the steps whose time has come, and of those before them.

    A step that finds nobody is passed over at once; when the rest of the plan finds nobody, those before are told
    again. Who has been told is not rung again beside somebody new. Who gave the alert back is asked last. Where there
    is nobody at all, the same turn is tried again in a minute.
    """
    others = [one for one in policy.supporters if one.id != alert.given_back_by]
    for supporters in (others, policy.supporters):
        step = _reached(policy, alert, supporters, now)
        people = _up_to(policy.plan, step, alert.alert_class, supporters)
        if people:
            return _told(policy, alert, step, people, now)
    return Telling(
        step=alert.next_step, people=[], on_duty=False, next_step=alert.next_step, counts_from=alert.counts_from,
        escalates_at=now + TRY_AGAIN,
    )  # fmt: skip


def _reached(policy: Policy, alert: Standing, supporters: Sequence[Supporter], now: datetime) -> int:
    """The step up to which is told now: the last whose time has come, or the next that finds somebody."""
    last, closed = steps(policy.plan)[-1], out_of_hours(policy.hours, now)
    left = [step for step in steps(policy.plan) if step >= alert.next_step]
    due = [step for step in left if alert.counts_from + _after(policy.plan, step, closed=closed) <= now]
    finds = [step for step in left if audience(policy.plan, step, alert.alert_class, supporters)]
    if any(step in finds for step in due):
        return due[-1]
    return next((step for step in finds if step not in due), last)


def _up_to(plan: Sequence[Step], step: int, alert_class: str, supporters: Sequence[Supporter]) -> list[Supporter]:
    """Everybody of this step and of those before it, once."""
    found = [one for n in steps(plan) if n <= step for one in audience(plan, n, alert_class, supporters)]
    return list({one.id: one for one in found}.values())


def _told(policy: Policy, alert: Standing, step: int, people: Sequence[Supporter], now: datetime) -> Telling:
    """These people are told, and the next step is due when its time comes; the last one repeats, or rests."""
    plan, closed = policy.plan, out_of_hours(policy.hours, now)
    # A step that came early, because those before it found nobody, brings the later ones forward.
    counts_from = min(alert.counts_from, now - _after(plan, step, closed=closed))
    later = next((n for n in steps(plan) if n > step), None)
    if later is not None:
        goes_on: datetime | None = counts_from + _after(plan, later, closed=closed)
    else:
        goes_on = None if policy.hours.repeats is None else now + policy.hours.repeats
    return Telling(
        step=step, people=[one.id for one in people if not one.told] or [one.id for one in people],
        on_duty=any(one.on_duty for one in people), next_step=step + 1 if later is None else later,
        counts_from=counts_from, escalates_at=goes_on,
    )  # fmt: skip


def audience(plan: Sequence[Step], step: int, alert_class: str, supporters: Sequence[Supporter]) -> list[Supporter]:
    """Everybody whom this step tells, once, in the order of the plan; of a crisis only those who may answer it."""
    kinds = [s.audience for s in plan if s.step == step]
    found = {s.id: s for kind in kinds for s in supporters if _belongs(kind, s) and may_answer(alert_class, s.roles)}
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
        "program-leads": "program-lead" in one.roles,
        "lead": one.lead,
    }[kind]


def beside(alert_class: str, told: Telling, supporters: Sequence[Supporter], *, opted_in: bool) -> list[UUID]:
    """The assigned peer beside a clinician in an urgent alert, when the patient has asked for it; never alone."""
    wanted = alert_class == "p1" and opted_in and told.people
    return [s.id for s in supporters if wanted and "peer" in s.roles and s.on_team and s.on_duty]


def reminded(policy: Policy, claimed_by: UUID) -> list[UUID]:
    """Who hears that an answered alert is still open: whoever answers it, and the supervisors."""
    return [claimed_by, *(s.id for s in policy.supporters if "supervisor" in s.roles and s.id != claimed_by)]


def steps(plan: Sequence[Step]) -> list[int]:
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
