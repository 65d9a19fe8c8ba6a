"""Record how somebody feels, and have somebody there when it worries us."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from msgspec.structs import replace

from app import audit, sealing
from app.alerts import actions as alerts
from app.alerts.models import Cause, Opened, Worry
from app.auth import Signed
from app.checkins import queries, rules
from app.checkins.models import (
    CheckIn,
    CheckIns,
    Kept,
    KeptWithDays,
    NewCheckIn,
    RecordedCheckIn,
    Today,
    Trend,
    Unanswered,
)
from app.crisis import actions as crisis
from app.disclosures import actions as disclosures
from app.errors import IdTaken, NotFound
from app.people import actions as people
from app.people.rules import today
from app.thresholds import rules as thresholds
from app.wire import cursor_for, place_of
from db import CLOCK, Connection, Pool, new_id

FIELDS = CheckIn.__struct_fields__
TRIES = 8
BATCH = 50


async def record(db: Connection, me: Signed, new: NewCheckIn, now: datetime) -> RecordedCheckIn:
    """Keep the answer and, in the same transaction, open the alert it calls for.

    Sending the same answer again keeps nothing twice and opens nothing twice. Only a patient has days of their own. Of
    whoever may be somebody else, danger alone is heard, and their alert says that it is not certain who is there.
    """
    if not me.has("patient"):
        raise NotFound
    rules.check_sure(me, new)
    rules.check_day(new, now)
    row = await _kept(db, me, new, now)
    if row is None:
        return await _again(db, me, new)
    rules.check_asked(new, row.asked)
    facts = thresholds.facts(rules.answered(row), row.recent, row.days, row.thresholds)
    worry = thresholds.worry(facts, row.thresholds, sure=me.is_sure)
    opened = await alerts.open(db, me.id, me.organisation_id, worry, Cause("check-in", new.id), now) if worry else None
    return await _answer(db, me, rules.said(row, new.note if row.note_sealed else ""), opened)


async def _kept(db: Connection, me: Signed, new: NewCheckIn, now: datetime) -> KeptWithDays | None:
    """The answer as it is kept, after another one of the same day that came at the same moment; None: a used id."""
    note = await _sealed(db, me.id, new)
    for _ in range(TRIES):
        row = await queries.record(db, me.id, me.organisation_id, new, note, now)
        if row is not None:
            return row
        if await queries.by_id(db, me.id, new.id) is not None:
            return None
        await queries.lock_day(db, me.id, new.date)  # those who came later may still be first once more
    return None


async def _sealed(db: Connection, patient_id: UUID, new: NewCheckIn) -> bytes | None:
    """The words, closed. Where they cannot be closed just now, danger is heard without them."""
    if not new.note:
        return None
    try:
        return await sealing.seal(db, patient_id, place(new.id), new.note)
    except sealing.NOT_NOW:
        if new.in_danger:
            return None
        raise


def place(check_in_id: UUID) -> sealing.Place:
    """Where a check-in's words are sealed."""
    return sealing.Place("check_in", "note", check_in_id)


async def _answer(db: Connection, me: Signed, kept: CheckIn, opened: Opened | None) -> RecordedCheckIn:
    program, used = me.organisation_id if me.is_sure else None, bool(kept.used)
    card = await crisis.card(db, program, me.language) if rules.needs_card(opened) else None
    answer = RecordedCheckIn(
        **{name: getattr(kept, name) for name in FIELDS},
        support=rules.support(opened, me.language, used=used),
        alert_id=opened.id if opened else None,
        crisis=card,
        harm_reduction=await queries.harm_reduction(db, program, me.language) if used else None,
    )
    return answer if me.is_sure else rules.untold(answer)


async def _again(db: Connection, me: Signed, new: NewCheckIn) -> RecordedCheckIn:
    """The id was used already: by this very answer, or by another one."""
    row = await queries.by_id(db, me.id, new.id)
    if row is None:
        raise IdTaken
    sealed = row.note_sealed
    kept = rules.said(row, await sealing.unseal(db, me.id, place(row.id), sealed) if sealed else "")
    if not rules.is_the_same(kept, new):
        raise IdTaken
    await audit.record(db, "read", "check-ins", [me.id], new.id)
    opened = await alerts.opened_by(db, me.id, Cause("check-in", new.id))
    return await _answer(db, me, kept, opened)


async def history(db: Connection, patient_id: UUID, cursor: str | None, limit: int) -> CheckIns:
    """A page of a patient's days."""
    items = await _opened(db, patient_id, await queries.history(db, patient_id, before=_before(cursor), limit=limit))
    return CheckIns(items=items, next_cursor=cursor_for(items[-1].date) if len(items) == limit else None)


async def _opened(db: Connection, patient_id: UUID, rows: Sequence[Kept]) -> list[CheckIn]:
    """With their words; the statement that read them has seen that their patient's keys live."""
    sealed = [(place(row.id), row.note_sealed) for row in rows if row.note_sealed]
    words = iter(await sealing.unseal_live(db, patient_id, sealed))
    return [rules.said(row, next(words) if row.note_sealed else "") for row in rows]


def _before(cursor: str | None) -> date:
    return date.max if cursor is None else place_of(cursor, tuple[date])[0]


async def trend(db: Connection, patient_id: UUID, days: int, now: datetime) -> Trend:
    """The last days of a patient whom the caller supports, by the patient's own calendar."""
    patient = await people.patient_for(db, patient_id, "read", "check-in-levels")
    found = await _trend(db, patient.id, days, today(patient.time_zone, now))
    return replace(found, disclosure=await disclosures.beside(db, "check-in-levels", patient.id))


async def _trend(db: Connection, patient_id: UUID, days: int, today: date) -> Trend:
    first = rules.first_day(today, max(days, rules.WEEK.days))
    answered = await queries.levels(db, patient_id, first=first, last=today)
    await audit.record(db, "read", "check-in-levels", [patient_id])
    return rules.trend(answered, today, days)


async def history_of(db: Connection, patient_id: UUID, cursor: str | None, limit: int) -> CheckIns:
    """The same page for a clinician who treats this patient."""
    patient = await people.patient_for(db, patient_id, "read", "check-ins")
    found = await history(db, patient.id, cursor, limit)
    return replace(found, disclosure=await disclosures.beside(db, "check-ins", patient.id))


async def day(db: Connection, me: Signed, now: datetime) -> Today:
    """The caller's own day: when it can be answered, what holds of it, and how many days they have answered."""
    wall, patient = (
        await queries.window(db, me.organisation_id),
        await people.patient_for(db, me.id, "read", "check-ins"),
    )
    if wall is None:
        raise LookupError("check-ins have no window")
    date = rules.current_day(now, patient.time_zone, wall)
    opens_at, closes_at = rules.window(date, patient.time_zone, wall)
    row = await queries.of_day(db, me.id, date)
    answered = await _opened(db, me.id, [row] if row else [])
    await audit.record(db, "read", "check-ins", [me.id])
    return Today(
        date, opens_at, closes_at, is_open=opens_at <= now < closes_at, answered=answered[0] if answered else None,
        streak=rules.streak(await queries.days(db, me.id), date),
    )  # fmt: skip


async def notice_missed(pool: Pool, now: datetime) -> int:
    """One tick: keep each day that closed without an answer; how many. After some, a peer asks how the patient is.

    A batch is one transaction; two workers at once find one row for each patient and day.
    """
    total = 0
    while True:
        async with pool.transaction(CLOCK) as db:
            rows = await queries.unanswered(db, now=now, limit=BATCH)
            for row in rows:
                await _missed(db, row, now)
        total += len(rows)
        if len(rows) < BATCH:
            return total


async def _missed(db: Connection, row: Unanswered, now: datetime) -> None:
    missed_id, raises = new_id(now), rules.is_missed(row)
    if await queries.missed(db, missed_id, row, raised=raises, now=now) and raises:
        worry = Worry("p2", ("missed-check-ins",), numbers={"missed": row.days})
        await alerts.open(db, row.patient_id, row.organisation_id, worry, Cause("missed", missed_id), now)
