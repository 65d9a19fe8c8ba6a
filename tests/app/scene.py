"""A day on which much is known of three patients, with a mark in every fact, in a transaction that can see it all."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from app import sealing
from app.alerts import actions as alerts
from app.auth import sha256
from app.closure import actions as closure
from app.contacts import actions as contacts
from app.contacts.models import NewContact
from app.demo.cast import (
    BEN,
    CAST,
    DANA,
    HARBOR,
    INES,
    JUNE,
    KAI,
    LEO,
    LINDQVIST,
    MAYA,
    NED,
    NELL,
    NOAH,
    OKAFOR,
    SAM,
    THEO,
    Person,
    known,
)
from app.exports import actions as exports
from db import new_id, person
from db.envelope import Place
from db.sealing import seal
from tests.app.doorstep import somebody_is_coming_in
from tests.conftest import NOW, OneConnection
from tests.consents.papers import broken, consent, revoked
from tests.world import SITE, World, a_check_in

Fact = Literal["identity", "note", "talk", "medicine", "device", "token", "contact"]

PATIENTS = (MAYA, LEO, NOAH)
A_MONTH_AGO = NOW - timedelta(days=30)
# Who has an appointment with whom; Ben stands beside Leo and has only this one with Maya.
VISITS = ((MAYA, DANA), (MAYA, BEN), (LEO, BEN), (NOAH, NELL))
# Who hears of each alert in its first sixteen minutes: the assigned peer, then peers and clinicians on duty.
TOLD = {MAYA: {SAM, INES}, LEO: {SAM, INES, DANA}, NOAH: {NED}}
# With whom each has a thread.
TALKS = {MAYA: SAM, LEO: BEN, NOAH: NED}
# What was once, and is no relation any more: Okafor has left Leo's team, Ines has closed an alert of Leo's that she had
# answered, and a visit of hers with Maya was cancelled; both have stood in for a colleague. Whoever is a stranger for
# good is so in every test beside them.
PAST_ALERT, PAST_VISIT, PAST_MEMBER = known("leo's alert of february"), known("maya with ines"), known("okafor for leo")
PAST_CRISIS, REVIEWED_CRISIS = known("a crisis that is over"), known("a crisis that was reviewed")
# Ines stood in for Sam, and Okafor for Dana, a month ago.
PAST_COVERAGE = ((SAM, INES), (DANA, OKAFOR))
# What Maya and Dana sign in with.
MAYAS_PASSKEY, DANAS_APP, DANAS_LINK = known("maya's passkey"), known("dana's app"), known("dana's account elsewhere")


class Seen(OneConnection):
    """The app's one transaction, in which the test can also look at every row as the owner."""

    async def owner(self, sql: str, *args: object) -> list[Any]:
        """Run a statement as the owner, whom no policy binds."""
        async with self._turn, self._one.transaction():
            await self._one.execute("SET LOCAL ROLE none")
            found = list(await self._one.fetch(sql, *args))
            await self._one.execute("SET LOCAL ROLE cairn_app")
            return found

    async def tables(self) -> list[str]:
        """Every table of ours."""
        return [row[0] for row in await self.owner(_TABLES)]

    async def digest(self) -> dict[str, tuple[int, int]]:
        """How many rows each table has, and one number for all that is in them; what is counted stays counted."""
        parts = " UNION ALL ".join(_DIGEST.format(table=t) for t in await self.tables() if t != "taken")
        return {row[0]: (row[1], int(row[2])) for row in await self.owner(parts)}

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What happens in here stays, unless it raises."""
        async with self._one.transaction():
            yield

    @asynccontextmanager
    async def undone(self) -> AsyncIterator[None]:
        """Whatever happens in here has not happened afterwards."""
        work = self._one.transaction()
        await work.start()
        try:
            yield
        finally:
            await work.rollback()
            if self.keys:
                self.keys.forget()  # what was unwrapped in there has never been


_TABLES = """
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1
"""
_DIGEST = """SELECT '{table}', count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM "{table}" t"""


@asynccontextmanager
async def seen(dsn: str) -> AsyncIterator[Seen]:
    """A transaction as the app's role, opened by the owner and rolled back at the end."""
    raw = await asyncpg.connect(dsn, server_settings={"TimeZone": "UTC"})
    work = raw.transaction()
    await work.start()
    try:
        await raw.execute("SET LOCAL ROLE cairn_app")
        yield Seen(raw)
    finally:
        await work.rollback()
        await raw.close()


class Record(Struct, frozen=True):
    """What is there of one patient: ids, and the marks that no stranger may see."""

    patient: Person
    alert: UUID
    check_in: UUID
    appointment: UUID
    other_appointment: UUID
    regimen: UUID
    occurrence: UUID
    device: UUID
    delivery: UUID
    session: UUID
    feed: str
    contact: UUID
    export: UUID
    hold: UUID
    thread: UUID
    message: UUID
    # Of Maya alone, both over: what she took back, and an emergency that nobody has reviewed.
    consent: UUID | None = None
    glass: UUID | None = None

    @property
    def marks(self) -> dict[Fact, tuple[str, ...]]:
        """The words by which each fact would be found in an answer."""
        handle, number = self.patient.handle, self.patient.id
        return {
            "identity": (self.patient.name, str(number), number.hex),
            "note": (note_of(handle),),
            "talk": (talk_of(handle),),
            "medicine": (medicine_of(handle),),
            "device": (str(self.device),),
            "token": (token_of(handle),),
            "contact": (address_of(handle),),
        }


def note_of(handle: str) -> str:
    """What somebody wrote, as nobody else would."""
    return f"canary-note-of-{handle}"


def talk_of(handle: str) -> str:
    """What somebody writes to the one beside them."""
    return f"canary-talk-of-{handle}"


def medicine_of(handle: str) -> str:
    """What somebody takes, as nobody else does."""
    return f"canary-medicine-of-{handle}"


def token_of(handle: str) -> str:
    """Where somebody's phone rings."""
    return f"canary-push-token-of-{handle}"


def address_of(handle: str) -> str:
    """Where somebody is written to."""
    return f"canary-address-of-{handle}@example.org"


def reason_of(handle: str) -> str:
    """Why somebody's record is kept."""
    return f"canary-reason-of-{handle}"


class Scene:
    """The day, and the ids of what is there."""

    def __init__(self, world: World, seen: Seen, records: Mapping[str, Record], shift: UUID, exception: UUID) -> None:
        self.world, self.seen, self.records, self.shift, self.exception = world, seen, records, shift, exception
        self.now = world.clock.now

    @property
    def maya(self) -> Record:
        """The record that most requests are about."""
        return self.records[MAYA.handle]

    @asynccontextmanager
    async def undone(self) -> AsyncIterator[None]:
        """Whatever is asked in here leaves the day as it was, clock included."""
        async with self.seen.undone():
            yield
        self.world.clock.now = self.now


async def a_day(world: World, seen: Seen) -> Scene:
    """Three worried check-ins whose alerts have moved on once, visits, regimens, phones, pushes and calendars."""
    for one in CAST:
        await world.of(one)
    alerts_of = {p.handle: await _worried(world, p) for p in PATIENTS}
    world.clock.forward(minutes=16)
    await alerts.escalate_overdue(seen, world.clock.now)
    records = {p.handle: await _record(world, seen, p, *alerts_of[p.handle]) for p in PATIENTS}
    await _check_told(seen, records)
    await _asked(seen, world)
    await _past(seen, world)
    records[MAYA.handle] = await _shared(seen, world, records[MAYA.handle])
    shift = (await seen.owner("SELECT id FROM duty_shift WHERE staff_id = $1", SAM.id))[0][0]
    exception = world.new_id()
    await seen.owner(
        "INSERT INTO working_exception (id, staff_id, day) VALUES ($1, $2, '2026-03-20')", exception, DANA.id
    )
    await seen.owner(
        "INSERT INTO sign_in_link (sha256, person_id, made_by, made_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
        sha256("link-of-dana"), DANA.id, KAI.id, world.clock.now, world.clock.now + timedelta(hours=48),
    )  # fmt: skip
    await _ways_to_sign_in(seen, world)
    await somebody_is_coming_in(seen, SITE, world.clock.now)
    await seen.owner("UPDATE notification SET state = 'planned', next_at = NULL WHERE next_at <= $1", world.clock.now)
    world.clock.forward(minutes=14)
    world.bell.close()  # so that a stream of live events ends by itself
    return Scene(world, seen, records, shift, exception)


async def _shared(seen: Seen, world: World, maya: Record) -> Record:
    """A month ago Maya consented to something and took it back, and her doctor elsewhere broke the glass twice."""
    kept = await consent(world)
    await revoked(world, kept["id"])
    first, second = [(await broken(world, LINDQVIST, MAYA)).json()["id"] for _ in range(2)]
    looked = await (await world.of(LINDQVIST)).get(f"/v1/patients/{MAYA.id}/contact-card")
    assert looked.status_code == 200, looked.text
    found = {"finding": "justified", "note": "Spoke with both."}
    await (await world.of(JUNE)).post(f"/v1/break-glass/{first}/review", json=found)
    await seen.owner(
        "UPDATE break_glass SET broken_at = $1, ends_at = $1::timestamptz + interval '1 hour'", A_MONTH_AGO
    )
    await seen.owner("UPDATE disclosure SET disclosed_at = $1", A_MONTH_AGO)
    return msgspec.structs.replace(maya, consent=UUID(kept["id"]), glass=UUID(second))


async def _ways_to_sign_in(seen: Seen, world: World) -> None:
    """A passkey of Maya's, an app and a provider's account of Dana's, and what both are asked for just now."""
    now, later = world.clock.now, world.clock.now + timedelta(minutes=10)
    sessions = dict(
        await seen.owner("SELECT person_id, id FROM session WHERE person_id = ANY ($1)", [MAYA.id, DANA.id])
    )
    await seen.owner("INSERT INTO passkey_owner VALUES ($1, sha256('maya'))", MAYA.id)
    await seen.owner(
        """
        INSERT INTO passkey (id, person_id, credential_id, public_key, sign_count, synced, aaguid, transports, name,
                             added_at)
        VALUES ($1, $2, sha256('credential'), sha256('key'), 0, true, $1, '{internal}', 'My phone', $3)
        """,
        MAYAS_PASSKEY, MAYA.id, now,
    )  # fmt: skip
    await seen.owner(
        "INSERT INTO passkey_challenge VALUES ($1, 'prove', sha256('challenge'), $2, $3, $4)",
        world.new_id(), MAYA.id, sessions[MAYA.id], later,
    )  # fmt: skip
    await seen.owner(
        "INSERT INTO account_event (id, person_id, at, kind, by_person) VALUES ($1, $2, $3, 'passkey-added', $2)",
        world.new_id(), MAYA.id, now,
    )  # fmt: skip
    await seen.owner(
        "INSERT INTO totp (id, person_id, sealed, begun_at, confirmed_at) VALUES ($1, $2, $4, $3, $3)",
        DANAS_APP, DANA.id, now, await _secret_of_dana(seen),
    )  # fmt: skip
    await seen.owner(
        "INSERT INTO provider_link (id, person_id, issuer, subject, linked_at)"
        " VALUES ($1, $2, 'elsewhere', 'dana', $3)",
        DANAS_LINK, DANA.id, now,
    )  # fmt: skip
    await seen.owner(
        """
        INSERT INTO provider_attempt (id, purpose, state_sha256, browser_sha256, nonce, verifier, person_id, session_id,
                                      begun_at, expires_at)
        VALUES ($1, 'prove', sha256('state'), sha256('browser'), 'nonce', 'verifier', $2, $3, $4, $5)
        """,
        world.new_id(), DANA.id, sessions[DANA.id], now, later,
    )  # fmt: skip
    await seen.owner("INSERT INTO provider_session VALUES ($1, $2, 'sid')", sessions[DANA.id], DANAS_LINK)


async def _secret_of_dana(seen: Seen) -> bytes:
    async with seen.transaction(person(DANA.id)) as db:
        return await seal(db, DANA.id, Place("totp", "sealed", DANAS_APP), "A" * 32)


async def _worried(world: World, patient: Person) -> tuple[UUID, UUID]:
    """A hard day, said in words of one's own: the check-in and the alert that it opened."""
    said = a_check_in(world, craving=9, note=note_of(patient.handle))
    answer = await (await world.of(patient)).post("/v1/check-ins", json=said)
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["id"]), UUID(answer.json()["alertId"])


async def _record(world: World, seen: Seen, patient: Person, check_in: UUID, alert: UUID) -> Record:
    device = await _phone(world, patient)
    regimen, occurrence = await _regimen(seen, patient, world)
    beside = [staff for somebody, staff in VISITS if somebody == patient]
    visits = [await _visit(seen, patient, staff, n, world) for n, staff in enumerate(beside)]
    delivery, feed = world.new_id(), f"feed-of-{patient.handle}-{'x' * 30}"
    now = world.clock.now
    await seen.owner(
        """
        WITH told AS (
            INSERT INTO notification (id, person_id, kind, subject_id, due_at, expires_at, state)
            VALUES ($1, $2, 'appointment', $3, $4::timestamptz, $4::timestamptz + interval '1 hour', 'planned')
            RETURNING id
        )
        INSERT INTO delivery (id, notification_id, address_id, urgent, state, next_at, not_after)
        SELECT $5, id, $6, false, 'sent', NULL, $4::timestamptz + interval '1 hour' FROM told
        """,
        world.new_id(), patient.id, visits[0], now, delivery, device,
    )  # fmt: skip
    await seen.owner("INSERT INTO receipt (delivery_id, event, at) VALUES ($1, 'delivered', $2)", delivery, now)
    await seen.owner(
        "INSERT INTO calendar_feed (sha256, person_id, made_at) VALUES ($1, $2, $3)", sha256(feed), patient.id, now
    )
    await seen.owner(
        "INSERT INTO missed_check_in (id, patient_id, day, noticed_at) VALUES ($1, $2, $3, $4)",
        world.new_id(), patient.id, now.date() - timedelta(days=1), now,
    )  # fmt: skip
    [[session]] = await seen.owner("SELECT id FROM session WHERE person_id = $1", patient.id)
    return Record(patient, alert, check_in, visits[0], visits[-1], regimen, occurrence, device, delivery, session, feed,
                  await _contact(seen, patient, world), *await _leaving(seen, patient, world),
                  *await _talk(world, patient))  # fmt: skip


async def _phone(world: World, patient: Person) -> UUID:
    device = world.new_id()
    sent = {"id": str(device), "kind": "fcm-token", "token": token_of(patient.handle), "platform": "android"}
    client = await world.of(patient)
    answer = await client.post("/v1/devices", json=sent | {"timeZone": patient.time_zone})
    assert answer.status_code == 201, answer.text
    return device


async def _leaving(seen: Seen, patient: Person, world: World) -> tuple[UUID, UUID]:
    """An export that is ready, an account that is going to be closed, and a hold."""
    export, hold, now = world.new_id(), world.new_id(), world.clock.now
    async with seen.transaction(person(patient.id)) as db:
        packed = await sealing.seal(db, patient.id, exports.place(export), "UEsFBg==")
        reason = await sealing.seal(db, patient.id, closure.place(hold), reason_of(patient.handle))
    await seen.owner(
        """
        INSERT INTO export (id, patient_id, asked_at, state, progress, ready_at, expires_at, bytes, archive_sealed)
        VALUES ($1, $2, $3, 'ready', 100, $3, $3::timestamptz + interval '7 days', 4, $4)
        """,
        export, patient.id, now, packed,
    )  # fmt: skip
    await seen.owner(
        "INSERT INTO closure (id, patient_id, asked_at, due_at)"
        " VALUES ($1, $2, $3, $3::timestamptz + interval '14 days')",
        world.new_id(), patient.id, now,
    )  # fmt: skip
    supervisor = THEO if patient.house == THEO.house else NELL
    await seen.owner(
        "INSERT INTO legal_hold (id, patient_id, reason_sealed, set_by, set_at) VALUES ($1, $2, $3, $4, $5)",
        hold, patient.id, reason, supervisor.id, now,
    )  # fmt: skip
    return export, hold


async def _talk(world: World, patient: Person) -> tuple[UUID, UUID]:
    """A word to the peer beside them, which has arrived there."""
    beside, mine = await world.of(TALKS[patient]), await world.of(patient)
    opened = await mine.post("/v1/threads", json={"id": str(world.new_id()), "withId": str(TALKS[patient].id)})
    thread = opened.json()["id"]
    new = {"id": str(world.new_id()), "text": talk_of(patient.handle), "sentAt": world.clock.now.isoformat()}
    said = await mine.post(f"/v1/threads/{thread}/messages", json=new)
    assert said.status_code == 201, said.text
    await beside.post(f"/v1/threads/{thread}/marks", json={"delivered": 1})
    return UUID(thread), UUID(new["id"])


async def _contact(seen: Seen, patient: Person, world: World) -> UUID:
    new = NewContact(world.new_id(), "email", address_of(patient.handle))
    async with seen.transaction(person(patient.id)) as db:
        added = await contacts.add(db, patient.id, new, patient.id, world.clock.now)
        await contacts.verified(db, added.id, world.clock.now)
    return added.id


async def _regimen(seen: Seen, patient: Person, world: World) -> tuple[UUID, UUID]:
    regimen, occurrence, now = world.new_id(), world.new_id(), world.clock.now
    prescriber = OKAFOR if patient.house == OKAFOR.house else NELL
    await seen.owner(
        """
        INSERT INTO regimen
            (id, patient_id, prescribed_by, medicine, times, time_zone, starts_on, made_until, created_at)
        VALUES ($1, $2, $3, $4, '{11:00}', $5, $6, $7, $8)
        """,
        regimen, patient.id, prescriber.id, medicine_of(patient.handle), patient.time_zone, now.date(),
        now + timedelta(days=2), now,
    )  # fmt: skip
    await seen.owner(
        """
        INSERT INTO occurrence (id, regimen_id, patient_id, version, slot, due_at)
        VALUES ($1, $2, $3, 1, '2026-03-03 11:00', $4)
        """,
        occurrence, regimen, patient.id, now + timedelta(minutes=44),
    )  # fmt: skip
    return regimen, occurrence


async def _visit(seen: Seen, patient: Person, staff: Person, later: int, world: World) -> UUID:
    """One of the slots that Dana offers today, at 10:40 in New York, or the same hour on another day."""
    number, starts_at = world.new_id(), world.clock.now.replace(minute=40) + timedelta(days=later)
    kind = "peer" if "peer" in staff.roles else "counseling"
    length = timedelta(minutes=30 if kind == "peer" else 50)
    if (patient, staff) == (LEO, BEN):
        starts_at += timedelta(hours=3)
    await seen.owner(
        """
        INSERT INTO appointment (id, patient_id, staff_id, kind, during, booked_by, booked_at)
        VALUES ($1, $2, $3, $4, tstzrange($5, $6), $2, $7)
        """,
        number, patient.id, staff.id, kind, starts_at, starts_at + length, world.clock.now - timedelta(days=1),
    )  # fmt: skip
    return number


async def _asked(seen: Seen, world: World) -> None:
    """What Harbor asks each day, and when it worries, in its own way."""
    now = world.clock.now
    await seen.owner("INSERT INTO check_in_form VALUES ($1, $2)", HARBOR.id, now)
    await seen.owner(
        "INSERT INTO check_in_question (organisation_id, question, position, english, spanish)"
        " VALUES ($1, 'sleep', 0, 'How many hours of sleep?', '¿Cuántas horas de sueño?')",
        HARBOR.id,
    )  # fmt: skip
    await seen.owner(
        """
        INSERT INTO check_in_threshold
        SELECT (jsonb_populate_record(t, jsonb_build_object('id', $1::uuid, 'organisation_id', $2::uuid,
                                                            'valid_from', $3::timestamptz))).*
        FROM check_in_threshold t WHERE organisation_id IS NULL
        """,
        world.new_id(), HARBOR.id, now - timedelta(days=30),
    )  # fmt: skip


async def _past(seen: Seen, world: World) -> None:
    """Relations whose time is over, a month ago."""
    ago = world.clock.now - timedelta(days=30)
    await seen.owner(
        "INSERT INTO care_team_member (id, patient_id, staff_id, joined_at, left_at) VALUES ($1, $2, $3, $4, $5)",
        PAST_MEMBER, LEO.id, OKAFOR.id, ago - timedelta(days=30), ago,
    )  # fmt: skip
    await seen.owner(
        """
        WITH past AS (
            INSERT INTO alert (id, patient_id, organisation_id, class, reasons, opened_at, counts_from, class_since,
                               claimed_by, claimed_at, closed_by, closed_at, outcome)
            VALUES ($1, $2, $3, 'p2', '{mood-low}', $5, $5, $5, $4, $5, $4, $5, 'reached-safe') RETURNING id, opened_at
        )
        INSERT INTO alert_told (alert_id, person_id, step, told_at) SELECT id, $4, 0, opened_at FROM past
        """,
        PAST_ALERT, LEO.id, HARBOR.id, INES.id, ago,
    )  # fmt: skip
    for crisis in (PAST_CRISIS, REVIEWED_CRISIS):
        await seen.owner(
            """
            INSERT INTO alert (id, patient_id, organisation_id, class, reasons, opened_at, counts_from, class_since,
                               claimed_by, claimed_at, closed_by, closed_at, outcome)
            VALUES ($1, $2, $3, 'p0', '{in-danger}', $5, $5, $5, $4, $5, $4, $5, 'reached-safe')
            """,
            crisis, MAYA.id, HARBOR.id, DANA.id, ago,
        )  # fmt: skip
    await seen.owner(
        "INSERT INTO alert_review VALUES ($1, $1, $2, $3, $4, 'too-late')", REVIEWED_CRISIS, MAYA.id, THEO.id, ago
    )
    await seen.owner(
        """
        INSERT INTO appointment
            (id, patient_id, staff_id, kind, during, status, booked_by, booked_at, settled_by, settled_at)
        VALUES ($1, $2, $3, 'peer', tstzrange($4, $4::timestamptz + interval '30 min'), 'cancelled', $2, $4, $2, $4)
        """,
        PAST_VISIT, MAYA.id, INES.id, ago,
    )  # fmt: skip
    for covered, covering in PAST_COVERAGE:
        await seen.owner(
            """
            INSERT INTO coverage (id, covered_id, covering_id, during, made_by, made_at)
            VALUES ($1, $2, $3, tstzrange($4, $4::timestamptz + interval '1 day'), $2, $4)
            """,
            known(f"{covering.handle} for {covered.handle}"), covered.id, covering.id, ago,
        )  # fmt: skip
    await seen.owner(
        """
        INSERT INTO duty_rotation
        VALUES ($1, $2, 'Peers', 'peer', 'America/New_York', '2026-04-01', ARRAY[$3::uuid], 'week', '08:00', '[]', $4)
        """,
        known("peers by the week"), HARBOR.id, SAM.id, ago,
    )  # fmt: skip
    await seen.owner(
        "INSERT INTO audit_anchor VALUES (1, $1, 'heads', '0123456789abcdef', '{}', repeat('x', 64)::bytea)", ago
    )
    await seen.owner(
        "INSERT INTO setup_link (sha256, expires_at) VALUES ($1, $2)", sha256("a link"), ago + timedelta(days=1)
    )


async def _check_told(seen: Seen, records: Mapping[str, Record]) -> None:
    """What is assumed above of who was told is what happened."""
    for patient, people in TOLD.items():
        rows = await seen.owner("SELECT person_id FROM alert_told WHERE alert_id = $1", records[patient.handle].alert)
        assert {row[0] for row in rows} == {p.id for p in people}, patient.handle


def a_new_id(scene: Scene) -> str:
    """An id that a client has just made."""
    return str(new_id(scene.world.clock.now))
