"""Record how somebody feels, and have somebody there when it worries us."""

from datetime import date, datetime
from uuid import UUID

from app import audit
from app.alerts import actions as alerts
from app.alerts.models import Opened
from app.auth import Signed
from app.checkins import queries, rules
from app.checkins.models import CheckIn, CheckIns, Facts, NewCheckIn, RecordedCheckIn, Trend
from app.crisis import actions as crisis
from app.errors import IdTaken, NotFound
from app.people import actions as people
from app.people.rules import today
from app.wire import cursor_for, place_of
from db import Connection

FIELDS = CheckIn.__struct_fields__
TRIES = 8


async def record(db: Connection, me: Signed, new: NewCheckIn, now: datetime) -> RecordedCheckIn:
    """Keep the answer and, in the same transaction, open the alert it calls for.

    Sending the same answer again keeps nothing twice and opens nothing twice. Only a patient has days of their own.
    """
    if not me.has("patient"):
        raise NotFound
    rules.check_day(new, now)
    facts = await _kept(db, me, new, now)
    if facts is None:
        return await _again(db, me, new)
    worry = rules.worry(facts)
    opened = await alerts.open(db, me.id, me.organisation_id, worry, new.id, now) if worry else None
    return await _answer(db, me, facts, opened)


async def _kept(db: Connection, me: Signed, new: NewCheckIn, now: datetime) -> Facts | None:
    """The answer as it is kept, after another one of the same day that came at the same moment; None: a used id."""
    for _ in range(TRIES):
        facts = await queries.record(db, me.id, new, now)
        if facts is not None or await queries.by_id(db, me.id, new.id) is not None:
            return facts
        await queries.lock_day(db, me.id, new.date)  # those who came later may still be first once more
    return None


async def _answer(db: Connection, me: Signed, kept: Facts, opened: Opened | None) -> RecordedCheckIn:
    card = await crisis.card(db, me.organisation_id, me.language) if rules.needs_card(opened) else None
    return RecordedCheckIn(
        **{name: getattr(kept, name) for name in FIELDS},
        support=rules.support(opened, me.language),
        alert_id=opened.id if opened else None,
        crisis=card,
    )


async def _again(db: Connection, me: Signed, new: NewCheckIn) -> RecordedCheckIn:
    """The id was used already: by this very answer, or by another one."""
    kept = await queries.by_id(db, me.id, new.id)
    if kept is None or any(getattr(kept, name) != getattr(new, name) for name in NewCheckIn.__struct_fields__):
        raise IdTaken
    await audit.record(db, "read", "check-ins", [me.id], new.id)
    opened = await alerts.opened_by(db, me.id, new.id)
    return await _answer(db, me, kept, opened)


async def history(db: Connection, patient_id: UUID, cursor: str | None, limit: int) -> CheckIns:
    """A page of a patient's days."""
    items = await queries.history(db, patient_id, before=_before(cursor), limit=limit)
    return CheckIns(items=items, next_cursor=cursor_for(items[-1].date) if len(items) == limit else None)


def _before(cursor: str | None) -> date:
    return date.max if cursor is None else place_of(cursor, tuple[date])[0]


async def trend(db: Connection, me: Signed, patient_id: UUID, days: int, now: datetime) -> Trend:
    """The last days of a patient whom the caller supports, by the patient's own calendar."""
    patient = await people.patient_for(db, me, patient_id)
    return await _trend(db, patient.id, days, today(patient.time_zone, now))


async def _trend(db: Connection, patient_id: UUID, days: int, today: date) -> Trend:
    first = rules.first_day(today, max(days, rules.WEEK))
    answered = await queries.levels(db, patient_id, first=first, last=today)
    await audit.record(db, "read", "check-in-levels", [patient_id])
    return rules.trend(answered, today, days)


async def history_of(db: Connection, me: Signed, patient_id: UUID, cursor: str | None, limit: int) -> CheckIns:
    """The same page for a clinician who treats this patient."""
    patient = await people.treated(db, me, patient_id)
    return await history(db, patient.id, cursor, limit)
