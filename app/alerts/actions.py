"""Open an alert, tell people, answer it, pass it on, close it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import notifications
from app import audit
from app.alerts import queries, rules
from app.alerts.models import (
    Alert,
    Alerts,
    AlertView,
    Cause,
    EventKind,
    Lapsed,
    NewConcern,
    Opened,
    SupportState,
    Worry,
)
from app.auth import Signed
from app.errors import NotFound
from app.escalation import actions as escalation
from app.escalation.models import Policy, Telling
from app.escalation.rules import ANSWER_CRISES, TRY_AGAIN, reminded, telling
from app.events import actions as events
from app.logs import log
from app.people import actions as people
from app.wire import cursor_for, place_of
from db import CLOCK, Connection, Pool, new_id
from notifications import Kind

PAGE_LASTS = timedelta(hours=4)
BATCH = 50
BELL = "alerts"


async def open(  # noqa: A001  # one opens an alert
    db: Connection,
    patient_id: UUID,
    organisation_id: UUID,
    worry: Worry,
    cause: Cause,
    now: datetime,
    *,
    by: UUID | None = None,
) -> Opened:
    """Open an alert and tell the first people, in the caller's transaction.

    One alert of a class is open for a patient at a time: a second worry joins it and rings nobody but whoever answers,
    unless it is danger: that is told again. Where the open one is closed at this very moment, there is a new one.
    `by`: who was worried about the patient; they know of it from then on. None: the patient's own words, or the clock.
    """
    alert = Alert(
        worry.alert_class, next_step=0, counts_from=now, given_back_by=None, id=new_id(now), patient_id=patient_id,
        organisation_id=organisation_id, class_since=now, step=0, reached_somebody=False, claimed_by=None,
        contacted_at=None, closed_at=None,
    )  # fmt: skip
    policy = await _policy(db, alert, now)
    told = telling(policy, alert, now)
    while not await queries.open_one(db, alert, worry, told, cause, by, now):
        known = await queries.open_of_class(db, patient_id, worry.alert_class)
        joined = known and await _joined(db, known, worry, cause, told, by, now)
        if joined:
            return joined
    await queries.log(db, alert.id, "opened", _who(alert, cause, by), 0, now, cause)
    beside = await escalation.beside(db, patient_id, worry.alert_class, told, policy)
    await _tell(db, alert, told, beside, now)
    await _know(db, alert, by, now)
    return Opened(alert.id, worry.alert_class, told.on_duty)


async def _joined(
    db: Connection, alert: Alert, worry: Worry, cause: Cause, told: Telling, by: UUID | None, now: datetime
) -> Opened | None:
    """A worry becomes the latest word of an alert; None where that has just been closed.

    Danger said again is told again, as if for the first time, and whoever answers has to try contact once more.
    """
    again = rules.is_told_again(alert.alert_class)
    lapses_at = await escalation.lapses_at(db, alert.organisation_id, alert.alert_class, now) if again else None
    reached = again and told.on_duty
    if not await queries.join(db, alert, worry, cause, reached=reached, lapses_at=lapses_at):
        return None
    await queries.log(db, alert.id, "joined", _who(alert, cause, by), alert.step, now, cause)
    await _know(db, alert, by, now)
    answering = [alert.claimed_by] if alert.claimed_by else []
    if again:
        await _tell(db, alert, told, answering, now)
        return Opened(alert.id, alert.alert_class, told.on_duty, already_open=True)
    await _page(db, alert, answering, "joined", now)
    await _let_look_again(db, alert, now)
    return _already(alert)


def _who(alert: Alert, cause: Cause, by: UUID | None) -> UUID | None:
    """Whose word opened or joined it: nobody's where it is that nothing was said."""
    return by or (None if cause.kind in ("missed", "no-show") else alert.patient_id)


async def _know(db: Connection, alert: Alert, by: UUID | None, now: datetime) -> None:
    """Whoever was worried hears how it goes on."""
    if by:
        await queries.tell(db, alert.id, [by], alert.step, now)


async def opened_by(db: Connection, patient_id: UUID, cause: Cause) -> Opened | None:
    """The alert that this opened when it first came, or that it joined."""
    alert = await queries.by_cause(db, patient_id, cause)
    return _already(alert) if alert else None


async def concern(db: Connection, me: Signed, patient_id: UUID, new: NewConcern, now: datetime) -> AlertView:
    """Have somebody answer a patient, because of what the caller has seen or heard; the same twice is once."""
    patient = await people.patient_for(db, patient_id, "open", "alerts")
    cause = Cause("concern", new.id)
    opened = await opened_by(db, patient.id, cause)
    if opened is None:
        worry = Worry(new.alert_class, (f"heard-{new.heard}",))
        opened = await open(db, patient.id, me.organisation_id, worry, cause, now, by=me.id)
    return await _view(db, me, opened.id, now)


def _already(alert: Alert) -> Opened:
    return Opened(alert.id, alert.alert_class, alert.reached_somebody, already_open=True)


async def _policy(db: Connection, alert: Alert, now: datetime) -> Policy:
    """What decides whom this alert reaches now."""
    return await escalation.policy(
        db, alert.organisation_id, alert.patient_id, alert.id, alert.alert_class, alert.class_since, now
    )


async def _tell(db: Connection, alert: Alert, told: Telling, beside: Sequence[UUID], now: datetime) -> None:
    """Page everybody whom this turn reaches; when that is nobody, keep that too."""
    people = list(dict.fromkeys([*told.people, *beside]))
    await queries.tell(db, alert.id, people, told.step, now)
    await queries.log(db, alert.id, rules.said(told), None, told.step, now, told=people)
    await _page(db, alert, people, f"step-{told.step}", now)
    await events.publish(db, [*people, alert.patient_id], "alert", alert.id, now)


async def _page(db: Connection, alert: Alert, people: Sequence[UUID], stage: str, now: datetime) -> None:
    """Let their phones ring for this alert, ahead of what is not urgent."""
    await notifications.send(
        db, people, Kind.ALERT, alert.id, due_at=now, expires_at=now + PAGE_LASTS, stage=stage, urgent=True, now=now
    )


async def escalate_overdue(pool: Pool, now: datetime) -> int:
    """One tick: end claims that lapsed, then tell the next people of each alert whose turn has come; how many moved.

    Each alert is a transaction of its own, so that one whose turn fails holds up nobody else's.
    """
    async with pool.transaction(CLOCK) as db:
        for lapsed in await queries.lapse_claims(db, now=now, limit=BATCH):
            await _lapsed(db, lapsed, now)
    moved = 0
    for _ in range(BATCH):
        took_its_turn = await _turn(pool, now)
        if took_its_turn is None:
            break
        moved += took_its_turn
    return moved


async def _lapsed(db: Connection, alert: Lapsed, now: datetime) -> None:
    """A claim has ended; whoever made it hears so, as everybody does who knows of the alert."""
    await queries.log(db, alert.id, "lapsed", alert.was_claimed_by, alert.step, now)
    await audit.record(db, "lapse", "alerts", [alert.patient_id], alert.id)
    await _let_look_again(db, alert, now)


async def _turn(pool: Pool, now: datetime) -> bool | None:
    """The most overdue alert's turn, and whether it went well; None when nothing is overdue."""
    overdue: list[Alert] = []
    try:
        async with pool.transaction(CLOCK) as db:
            overdue = await queries.lock_overdue(db, now=now, limit=1)
            for alert in overdue:
                await (_bring_up if alert.claimed_by else _escalate)(db, alert, now)
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
        await queries.put_off(db, alert.id, now + TRY_AGAIN, now)


async def _escalate(db: Connection, alert: Alert, now: datetime) -> None:
    """Tell the next people; where there is nobody, say so once and look again in a minute."""
    told = telling(await _policy(db, alert, now), alert, now)
    if not told.people:
        await _nobody(db, alert, told, now)
        return
    await queries.arrange(db, alert.id, told)
    await queries.log(db, alert.id, "escalated", None, told.step, now)
    await _tell(db, alert, told, (), now)
    await audit.record(db, "escalate", "alerts", [alert.patient_id], alert.id)


async def _nobody(db: Connection, alert: Alert, told: Telling, now: datetime) -> None:
    await queries.wait(db, alert.id, told.escalates_at)
    if await queries.last_said(db, alert.id) != "nobody":
        await _tell(db, alert, told, (), now)
        await audit.record(db, "escalate", "alerts", [alert.patient_id], alert.id)


async def _bring_up(db: Connection, alert: Alert, now: datetime) -> None:
    """Page whoever answers an alert that is still open, and the supervisors, who may close it or pass it on."""
    policy = await _policy(db, alert, now)
    people = reminded(policy, alert.claimed_by) if alert.claimed_by else []
    await queries.wait(db, alert.id, now + policy.hours.unclosed if policy.hours.unclosed else None)
    await queries.tell(db, alert.id, people, alert.step, now)
    await queries.log(db, alert.id, "brought-up", None, alert.step, now, told=people)
    await _page(db, alert, people, "open-still", now)
    await _let_look_again(db, alert, now)
    await audit.record(db, "bring-up", "alerts", [alert.patient_id], alert.id)


async def claim(db: Connection, me: Signed, alert_id: UUID, now: datetime) -> AlertView:
    """Answer an alert; pages not yet sent to others are taken back. Whoever answers it already is told so, no more."""
    alert = await _open_alert(db, me, alert_id)
    if alert.claimed_by == me.id:
        return await _view(db, me, alert_id, now)
    lapses_at = await escalation.lapses_at(db, alert.organisation_id, alert.alert_class, now)
    if not await queries.claim(db, alert_id, me.id, lapses_at, now):
        raise rules.AlreadyClaimed
    await notifications.withdraw(db, Kind.ALERT, alert_id, now)
    return await _changed(db, me, alert, "claimed", now)


async def contact(db: Connection, me: Signed, alert_id: UUID, now: datetime) -> AlertView:
    """Say that contact was tried; the claim no longer lapses. An alert that stays open is brought up again."""
    alert = await _open_alert(db, me, alert_id)
    brought_up_at = await escalation.brought_up_at(db, alert.organisation_id, alert.alert_class, now)
    if not await queries.contact(db, alert_id, me.id, brought_up_at, now):
        raise rules.NotYourClaim
    return await _changed(db, me, alert, "contacted", now)


async def release(db: Connection, me: Signed, alert_id: UUID, now: datetime) -> AlertView:
    """Give an alert back, without a reason; others are told at once."""
    alert = await _open_alert(db, me, alert_id)
    if not await queries.release(db, alert_id, me.id, now):
        raise rules.NotYourClaim
    db.wake(BELL)
    return await _changed(db, me, alert, "released", now)


async def raise_to(db: Connection, me: Signed, alert_id: UUID, to: str, now: datetime) -> AlertView:
    """Make an alert more urgent in one step; clinicians are told at once. Nobody can make it less urgent.

    A clinician who answers it goes on answering. The same again changes nothing.
    """
    alert = await _known_alert(db, me, alert_id)
    if not rules.raises(alert, to):
        return await _view(db, me, alert_id, now)
    policy = await _policy(db, alert, now)
    stays = rules.stays(alert, to, policy.supporters)
    lapses_at = await escalation.lapses_at(db, alert.organisation_id, to, now)
    if not await queries.raise_to(db, alert_id, to, stays=stays, lapses_at=lapses_at, now=now):
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


async def listed(db: Connection, me: Signed, cursor: str | None, limit: int, now: datetime) -> Alerts:
    """A page of the alerts of which the caller was told and that are open, or were closed in the last week."""
    after = place_of(cursor, tuple[bool, bool, str, float, UUID]) if cursor else None
    items = await _views(db, me, now, after=after, limit=limit)
    return Alerts(items=items, next_cursor=cursor_for(*rules.place(items[-1])) if len(items) == limit else None)


async def reviewed(db: Connection, alert_id: UUID, by: UUID, now: datetime) -> None:
    """Keep in its history that a supervisor has looked at how it went."""
    await queries.log(db, alert_id, "reviewed", by, 0, now)


async def support_state(db: Connection, me: Signed) -> SupportState:
    """How the caller's own call for support stands."""
    await audit.record(db, "read", "alerts", [me.id])
    return await queries.support_state(db, me.id) or SupportState("none")


async def _open_alert(db: Connection, me: Signed, alert_id: UUID) -> Alert:
    """The alert, if the caller knows of it, may answer its class, and it is open."""
    alert = await _known_alert(db, me, alert_id)
    rules.check_answers(alert.alert_class, me.roles)
    return alert


async def _known_alert(db: Connection, me: Signed, alert_id: UUID) -> Alert:
    alert = await queries.by_id(db, alert_id, me.id)
    if alert is None:
        raise NotFound
    rules.check_open(alert)
    return alert


async def _changed(db: Connection, me: Signed, alert: Alert, kind: EventKind, now: datetime) -> AlertView:
    """Keep what happened, let everybody look again, and show the caller what they may see now."""
    await queries.log(db, alert.id, kind, me.id, alert.step, now)
    await audit.record(db, kind, "alerts", [alert.patient_id], alert.id)
    await _let_look_again(db, alert, now, me.id)
    return await _view(db, me, alert.id, now)


async def _let_look_again(db: Connection, alert: Alert, now: datetime, *others: UUID) -> None:
    """Everybody who knows of the alert hears that something has changed, the patient too."""
    told = await queries.told(db, alert.id)
    await events.publish(db, list(dict.fromkeys([*told, *others, alert.patient_id])), "alert", alert.id, now)


async def _view(db: Connection, me: Signed, alert_id: UUID, now: datetime) -> AlertView:
    views = await _views(db, me, now, alert_id=alert_id)
    if not views:
        raise NotFound
    return views[0]


async def _views(
    db: Connection,
    me: Signed,
    now: datetime,
    *,
    alert_id: UUID | None = None,
    after: tuple[bool, bool, str, float, UUID] | None = None,
    limit: int = 1,
) -> list[AlertView]:
    found = await queries.views(
        db, me.id, clinician=me.has(*ANSWER_CRISES),
        closed_after=now - rules.LISTED_AFTER_CLOSING, alert_id=alert_id, after=after, limit=limit,
    )  # fmt: skip
    await audit.record(db, "read", "alerts", await queries.patients_of(db, [view.id for view in found]))
    return [rules.shown(v, me.roles, me.language) for v in found]
