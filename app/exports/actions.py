"""Ask for one's record, have it made, and take it."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

from app import audit, sealing
from app.auth import Signed
from app.contacts import actions as contacts
from app.errors import IdTaken, NotFound
from app.events import actions as events
from app.exports import queries, rules
from app.exports.models import Answer, Export, Exports, Leased, Line, NewExport, Reachable, Record
from app.logs import log
from db import CLOCK, Connection, Pool, person

TOPIC = "exports"


async def ask(db: Connection, me: Signed, new: NewExport, now: datetime) -> Export:
    """Ask for one's record; the worker makes it. The same id again is the same export, and there is one at a time."""
    if not me.has("patient"):
        raise NotFound
    asked = await queries.ask(db, me.id, new, rules.DOWNLOADS, now)
    if asked is None:
        return await _again(db, me, new.id)
    await audit.record(db, "ask", "exports", [me.id], new.id)
    db.wake(TOPIC)
    return asked


async def _again(db: Connection, me: Signed, export_id: UUID) -> Export:
    found = await queries.by_id(db, me.id, export_id, rules.DOWNLOADS)
    if found is not None:
        return found
    if any(one.state in ("waiting", "making") for one in await queries.mine(db, me.id, rules.DOWNLOADS)):
        raise rules.ExportUnderWay
    raise IdTaken


async def mine(db: Connection, me: Signed) -> Exports:
    """One's own exports."""
    return Exports(await queries.mine(db, me.id, rules.DOWNLOADS))


async def by_id(db: Connection, me: Signed, export_id: UUID) -> Export:
    """How far one is."""
    found = await queries.by_id(db, me.id, export_id, rules.DOWNLOADS)
    if found is None:
        raise NotFound
    return found


async def download(db: Connection, me: Signed, export_id: UUID, now: datetime) -> bytes:
    """The ZIP, a few times within its week."""
    await by_id(db, me, export_id)
    found = await queries.download(db, me.id, export_id, rules.DOWNLOADS, now)
    if found is None:
        raise rules.ExportNotThere
    await audit.record(db, "download", "exports", [me.id], export_id)
    return rules.as_bytes(await sealing.unseal(db, me.id, place(export_id), found.archive_sealed))


def place(export_id: UUID) -> sealing.Place:
    """Where an export is sealed."""
    return sealing.Place("export", "archive", export_id)


async def make_due(pool: Pool, now: datetime) -> int:
    """Make what was asked for, one after the other, and throw away what is over; how many were made.

    A maker that dies leaves a row that is due again; after three tries the patient is told that it did not work.
    """
    async with pool.transaction(CLOCK) as db:
        for patient_id in await queries.forget(db, now, rules.DOWNLOADS):
            await events.publish(db, [patient_id], TOPIC, patient_id, now)
    made = 0
    while (leased := await _leased(pool, now)) is not None:
        made += await _tried(pool, leased, now)
    return made


async def _leased(pool: Pool, now: datetime) -> Leased | None:
    async with pool.transaction(CLOCK) as db:
        return await queries.lease(db, now, now + rules.LEASE)


async def _tried(pool: Pool, leased: Leased, now: datetime) -> bool:
    try:
        await _make(pool, leased, now)
    except Exception as error:
        log().error("export failed", error=error)
        if leased.attempt >= rules.ATTEMPTS:
            async with pool.transaction(CLOCK) as db:
                await queries.fail(db, leased.id)
                await events.publish(db, [leased.patient_id], TOPIC, leased.id, now)
        return False
    return True


async def _make(pool: Pool, leased: Leased, now: datetime) -> None:
    record = await _gathered(pool, leased, now)
    packed = rules.archive(record)
    async with pool.transaction(person(leased.patient_id)) as db:
        sealed = await sealing.seal(db, leased.patient_id, place(leased.id), rules.as_text(packed))
        await audit.record(db, "export", "record", [leased.patient_id], leased.id)
    async with pool.transaction(CLOCK) as db:
        await queries.finish(db, leased.id, sealed, len(packed), now, rules.LIVES)
        await events.publish(db, [leased.patient_id], TOPIC, leased.id, now)


async def _gathered(pool: Pool, leased: Leased, now: datetime) -> Record:
    """Everything of this patient, as they may read it themselves, section by section with word of how far it is."""
    patient, found = leased.patient_id, dict[str, object]()
    for number, (name, section) in enumerate(_SECTIONS.items(), 1):
        async with pool.transaction(person(patient)) as db:
            found[name] = await section(db, patient)
        async with pool.transaction(CLOCK) as db:
            await queries.advance(db, leased.id, 90 * number // len(_SECTIONS))
            await events.publish(db, [patient], TOPIC, leased.id, now)
    if found["who"] is None:
        raise NotFound
    return Record(**found, made_at=now)  # type: ignore[arg-type]  # each section is what its name says


async def _answers(db: Connection, patient_id: UUID) -> Sequence[Answer]:
    rows = await queries.answers(db, patient_id)
    sealed = [
        (patient_id, sealing.Place("check_in", "note", row.id), row.note_sealed) for row in rows if row.note_sealed
    ]
    words = iter(await sealing.unseal_all(db, sealed))
    return [rules.answer(row, next(words) if row.note_sealed else "") for row in rows]


async def _lines(db: Connection, patient_id: UUID) -> Sequence[Line]:
    rows = await queries.lines(db, patient_id)
    sealed = [
        (patient_id, sealing.Place("message", "text", row.id), row.text_sealed) for row in rows if row.text_sealed
    ]
    words = iter(await sealing.unseal_all(db, sealed))
    return [rules.line(row, next(words) if row.text_sealed else "") for row in rows]


async def _contacts(db: Connection, patient_id: UUID) -> Sequence[Reachable]:
    return [Reachable(one.kind, one.value, one.verified_at) for one in await contacts.of(db, patient_id)]


_SECTIONS: dict[str, Callable[[Connection, UUID], Awaitable[object]]] = {
    "who": queries.who,
    "team": queries.team,
    "visits": queries.visits,
    "answers": _answers,
    "lines": _lines,
    "regimens": queries.regimens,
    "doses": queries.doses,
    "alarms": queries.alarms,
    "phones": queries.phones,
    "contacts": _contacts,
    "looks": queries.looks,
}
