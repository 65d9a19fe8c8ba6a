"""Open an alert, tell people, answer it, pass it on, close it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import notifications
from app import audit
from app.access import CLINICIANS
from app.alerts import queries, rules
from app.alerts.models import Alert, Alerts, AlertView, EventKind, Opened, Supporter, SupportState, Telling, Worry
from app.auth import Signed
from app.errors import NotFound
from app.events import actions as events
from app.logs import log
from db import CLOCK, Connection, Pool, new_id
from notifications import Kind

PAGE_LASTS = timedelta(hours=4)
BATCH = 50
BELL = "alerts"


async def open(  # noqa: A001  # one opens an alert
    db: Connection, patient_id: UUID, organisation_id: UUID, worry: Worry, check_in_id: UUID, now: datetime
) -> Opened:
    """Open an alert and tell the first people, in the caller's transaction.

    One alert of a class is open for a patient at a time: a second worry joins it and rings nobody twice, unless it is
    danger: that is told again. Where the open one is closed at this very moment, there is a new one.
    """
    alert = Alert(
        new_id(now), patient_id, organisation_id, worry.alert_class, 0,
        reached_somebody=False, claimed_by=None, closed_at=None,
    )  # fmt: skip
    supporters = await queries.supporters(db, alert, now)
    telling = await _telling(db, alert, supporters, now)
    while not await queries.open_one(db, alert, worry, telling, check_in_id, now):
        known = await queries.open_of_class(db, patient_id, worry.alert_class)
        if known is not None:
            return await _joined(db, known, telling, now)
    await queries.log(db, alert.id, "opened", patient_id, 0, now)
    opted_in = await queries.wants_peer_beside(db, patient_id)
    beside = rules.beside(worry.alert_class, supporters, opted_in=opted_in)
    await _tell(db, alert, telling, beside, now)
    return Opened(alert.id, worry.alert_class, telling.on_duty)


async def _joined(db: Connection, alert: Alert, telling: Telling, now: datetime) -> Opened:
    """Danger said again is told again, as if for the first time, and to whoever answers already."""
    if alert.alert_class not in rules.CRISIS:
        return _already(alert)
    await _tell(db, alert, telling, [alert.claimed_by] if alert.claimed_by else [], now)
    return Opened(alert.id, alert.alert_class, telling.on_duty, already_open=True)


async def opened_by(
    db: Connection, patient_id: UUID, check_in_id: UUID, worry: Worry | None, received_at: datetime
) -> Opened | None:
    """The alert that an answer opened when it was first sent, or that it joined."""
    alert_class = worry.alert_class if worry else None
    alert = await queries.by_check_in(db, patient_id, check_in_id, alert_class, received_at)
    return _already(alert) if alert else None


def _already(alert: Alert) -> Opened:
    return Opened(alert.id, alert.alert_class, alert.reached_somebody, already_open=True)


async def _telling(db: Connection, alert: Alert, supporters: Sequence[Supporter], now: datetime) -> Telling:
    """The next turn of the plan of this alert's program."""
    plan = await queries.plan(db, alert.organisation_id, alert.alert_class)
    hours = await queries.hours(db, alert.organisation_id, alert.alert_class)
    if hours is None or not plan:
        raise LookupError("a class of alerts has no plan")
    return rules.telling(plan, alert.next_step, supporters, hours, now)


async def _tell(db: Connection, alert: Alert, telling: Telling, beside: Sequence[UUID], now: datetime) -> None:
    """Page everybody whom this turn reaches; when that is nobody, keep that too."""
    people = list(dict.fromkeys([*telling.people, *beside]))
    await queries.tell(db, alert.id, people, telling.step, now)
    await queries.log(db, alert.id, "told" if telling.on_duty else "nobody", None, telling.step, now)
    await notifications.send(
        db, people, Kind.ALERT, alert.id, due_at=now, expires_at=now + PAGE_LASTS, stage=f"step-{telling.step}",
        urgent=True, now=now,
    )  # fmt: skip
    await events.publish(db, [*people, alert.patient_id], "alert", alert.id, now)


async def escalate_overdue(pool: Pool, now: datetime) -> int:
    """One tick: end claims that lapsed, then tell the next people of what nobody has claimed; how many moved.

    Each alert is a transaction of its own, so that one whose turn fails holds up nobody else's.
    """
    async with pool.transaction(CLOCK) as db:
        for lapsed in await queries.lapse_claims(db, now=now, limit=BATCH):
            await queries.log(db, lapsed.id, "lapsed", None, lapsed.next_step, now)
            await audit.record(db, "lapse", "alerts", [lapsed.patient_id], lapsed.id)
    moved = 0
    for _ in range(BATCH):
        took_its_turn = await _turn(pool, now)
        if took_its_turn is None:
            break
        moved += took_its_turn
    return moved


async def _turn(pool: Pool, now: datetime) -> bool | None:
    """The most overdue alert's turn, and whether it went well; None when nothing is overdue."""
    overdue: list[Alert] = []
    try:
        async with pool.transaction(CLOCK) as db:
            overdue = await queries.lock_overdue(db, now=now, limit=1)
            for alert in overdue:
                await _escalate(db, alert, now)
    except Exception as error:
        if not overdue:
            raise
        await _put_off(pool, overdue[0], error, now)
        return False
    return True if overdue else None


async def _put_off(pool: Pool, alert: Alert, error: Exception, now: datetime) -> None:
    """Say that an alert's turn failed, and try it again in a minute: the others come first until then."""
    log().error("failed", reason="an alert was not escalated", alert_id=str(alert.id), error=error)
    async with pool.transaction(CLOCK) as db:
        await queries.put_off(db, alert.id, now + rules.TRY_AGAIN, now)


async def _escalate(db: Connection, alert: Alert, now: datetime) -> None:
    telling = await _telling(db, alert, await queries.supporters(db, alert, now), now)
    await queries.arrange(db, alert.id, telling)
    if not telling.people and not alert.reached_somebody:
        return
    await queries.log(db, alert.id, "escalated", None, telling.step, now)
    await _tell(db, alert, telling, (), now)
    await audit.record(db, "escalate", "alerts", [alert.patient_id], alert.id)


async def claim(db: Connection, me: Signed, alert_id: UUID, now: datetime) -> AlertView:
    """Answer an alert; pages not yet sent to others are taken back. Whoever answers it already is told so, no more."""
    alert = await _open_alert(db, me, alert_id)
    if alert.claimed_by == me.id:
        return await _view(db, me, alert_id, now)
    hours = await queries.hours(db, alert.organisation_id, alert.alert_class)
    lapses_at = now + (hours.lapses if hours else timedelta(minutes=10))
    if not await queries.claim(db, alert_id, me.id, lapses_at, now):
        raise rules.AlreadyClaimed
    await notifications.withdraw(db, Kind.ALERT, alert_id, now)
    return await _changed(db, me, alert, "claimed", now)


async def contact(db: Connection, me: Signed, alert_id: UUID, now: datetime) -> AlertView:
    """Say that contact was tried; the claim no longer lapses."""
    alert = await _open_alert(db, me, alert_id)
    if not await queries.contact(db, alert_id, me.id, now):
        raise rules.NotYourClaim
    return await _changed(db, me, alert, "contacted", now)


async def release(db: Connection, me: Signed, alert_id: UUID, now: datetime) -> AlertView:
    """Give an alert back, without a reason; the step at which it stood is told again."""
    alert = await _open_alert(db, me, alert_id)
    if not await queries.release(db, alert_id, me.id, now):
        raise rules.NotYourClaim
    db.wake(BELL)
    return await _changed(db, me, alert, "released", now)


async def raise_to(db: Connection, me: Signed, alert_id: UUID, to: str, now: datetime) -> AlertView:
    """Make an alert more urgent in one step; clinicians are told at once. Nobody can make it less urgent."""
    alert = await _known_alert(db, me, alert_id)
    if not await queries.raise_to(db, alert_id, to, now):
        raise rules.AlreadyRaised
    await notifications.withdraw(db, Kind.ALERT, alert_id, now)
    db.wake(BELL)
    return await _changed(db, me, alert, "raised", now)


async def close(db: Connection, me: Signed, alert_id: UUID, outcome: str, now: datetime) -> AlertView:
    """Close an alert with its outcome: by who answers it, or by a supervisor."""
    alert = await _open_alert(db, me, alert_id)
    rules.check_closes(alert, me.id, me.roles)
    if not await queries.close(db, alert_id, me.id, outcome, now):
        raise rules.AlertClosed
    await notifications.withdraw(db, Kind.ALERT, alert_id, now)
    return await _changed(db, me, alert, "closed", now)


async def listed(db: Connection, me: Signed, now: datetime) -> Alerts:
    """Every alert of which the caller was told and that is open, or was closed in the last week."""
    return Alerts(await _views(db, me, None, now))


async def support_state(db: Connection, me: Signed) -> SupportState:
    """How the caller's own call for support stands."""
    await audit.record(db, "read", "alerts", [me.id])
    return await queries.support_state(db, me.id) or SupportState("none")


async def _open_alert(db: Connection, me: Signed, alert_id: UUID) -> Alert:
    """The alert, if the caller knows of it, may answer its class, and it is open."""
    alert = await _known_alert(db, me, alert_id)
    if not rules.may_answer(alert.alert_class, me.roles):
        raise rules.ClinicianNeeded
    return alert


async def _known_alert(db: Connection, me: Signed, alert_id: UUID) -> Alert:
    alert = await queries.by_id(db, alert_id, me.id, oversees=me.has("supervisor"))
    if alert is None:
        raise NotFound
    if alert.closed_at is not None:
        raise rules.AlertClosed
    return alert


async def _changed(db: Connection, me: Signed, alert: Alert, kind: EventKind, now: datetime) -> AlertView:
    """Keep what happened, let everybody look again, and show the caller what they may see now."""
    await queries.log(db, alert.id, kind, me.id, alert.next_step, now)
    await audit.record(db, kind, "alerts", [alert.patient_id], alert.id)
    told = await queries.told(db, alert.id)
    await events.publish(db, list(dict.fromkeys([*told, me.id, alert.patient_id])), "alert", alert.id, now)
    return await _view(db, me, alert.id, now)


async def _view(db: Connection, me: Signed, alert_id: UUID, now: datetime) -> AlertView:
    views = await _views(db, me, alert_id, now)
    if not views:
        raise NotFound
    return views[0]


async def _views(db: Connection, me: Signed, alert_id: UUID | None, now: datetime) -> list[AlertView]:
    found = await queries.views(
        db, me.id, oversees=me.has("supervisor"), clinician=me.has(*CLINICIANS, "supervisor"),
        closed_after=now - rules.LISTED_AFTER_CLOSING, alert_id=alert_id,
    )  # fmt: skip
    await audit.record(db, "read", "alerts", await queries.patients_of(db, [view.id for view in found]))
    return [rules.shown(v, me.roles) for v in found]
