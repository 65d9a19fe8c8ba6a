"""A patient takes their record with them."""

import json
import zipfile
from datetime import datetime, timedelta
from html.parser import HTMLParser
from io import BytesIO
from typing import Any, cast
from uuid import UUID

import httpx
import pytest
from fhir.resources.R4B.bundle import Bundle

from app import auth
from app.contacts import actions as contacts
from app.contacts.models import NewContact
from app.demo.cast import DANA, LEO, MAYA, NOAH, OKAFOR, SAM
from app.exports import actions, queries, rules
from app.worker import Beside, ticks
from db import CLOCK, Pool, connect, new_id, person
from tests.messages.talk import a_thread, wrote
from tests.notifications.phones import Phones
from tests.world import World, a_check_in

NOTE = "<script>alert('canary')</script> & \"words\""


async def ask(world: World, who: Any = MAYA, **changes: Any) -> httpx.Response:
    sent = {"id": str(world.new_id())} | changes
    return await (await world.of(who)).post("/v1/exports", json=sent)


async def made(world: World, who: Any = MAYA) -> str:
    """An export of this patient's that is ready: its path."""
    number = (await ask(world, who)).json()["id"]
    assert await actions.make_due(world.pool, world.clock.now) == 1
    return f"/v1/exports/{number}"


ASKED: dict[str, Any] = {"sleepHours": 6, "triggers": ["stress", "pain"], "used": [], "medicationTaken": "yes"}


async def unpacked(world: World, path: str, who: Any = MAYA) -> dict[str, bytes]:
    answer = await (await world.of(who)).get(f"{path}/file")
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(BytesIO(answer.content)) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


@pytest.fixture
async def lived(real_world: World, own_database: str) -> World:
    """Maya has a little of everything, and Leo and Noah have something that is not hers."""
    world, now = real_world, real_world.clock.now
    maya = await world.of(MAYA)
    today = a_check_in(world, craving=9, wantsToTalk=True, note=NOTE)
    for said in (
        today,
        a_check_in(world, note="amended"),
        a_check_in(world, date="2026-03-01", note="earlier", **ASKED),
    ):
        assert (await maya.post("/v1/check-ins", json=said)).status_code == 201
    for stranger in (LEO, NOAH):
        await (await world.of(stranger)).post("/v1/check-ins", json=a_check_in(world, note=f"of {stranger.handle}"))
    async with world.pool.transaction(person(MAYA.id)) as db:
        await contacts.add(db, MAYA.id, NewContact(new_id(now), "email", "maya@example.org"), MAYA.id, now)
    thread = await a_thread(world)
    await wrote(world, MAYA, thread, f"Thread {NOTE}")
    await wrote(world, SAM, thread, "I am here.")
    device = {"id": str(world.new_id()), "kind": "fcm-token", "token": "a-token", "platform": "ios", "timeZone": "UTC"}
    await maya.post("/v1/devices", json=device)
    raw = await connect(own_database.replace("cairn_app", "postgres"))
    regimen = new_id(now)
    await raw.execute(
        """
        INSERT INTO regimen
            (id, patient_id, prescribed_by, medicine, times, time_zone, starts_on, made_until, created_at)
        VALUES ($1, $2, $3, 'Buprenorphine 8 mg', '{08:00,20:00}', 'America/New_York', '2026-02-01', $4, $4)
        """,
        regimen, MAYA.id, OKAFOR.id, now,
    )  # fmt: skip
    for state, hours in (("taken", 3), ("skipped", 15), ("pending", -3)):
        await raw.execute(
            """
            INSERT INTO occurrence (id, regimen_id, patient_id, version, slot, due_at, state, answered_at)
            VALUES ($1, $2, $3, 1, $4, $5, $6, CASE WHEN $6 <> 'pending' THEN $5::timestamptz END)
            """,
            new_id(now), regimen, MAYA.id, (now - timedelta(hours=hours)).replace(tzinfo=None),
            now - timedelta(hours=hours), state,
        )  # fmt: skip
    for patient, staff, status in ((MAYA, DANA, "booked"), (MAYA, OKAFOR, "cancelled"), (LEO, DANA, "booked")):
        await raw.execute(
            """
            INSERT INTO appointment
                (id, patient_id, staff_id, kind, during, status, booked_by, booked_at, settled_by, settled_at)
            VALUES ($1, $2, $3, 'counseling', tstzrange($4, $4::timestamptz + interval '50 min'), $5, $2, $6,
                    CASE WHEN $5 <> 'booked' THEN $2::uuid END, CASE WHEN $5 <> 'booked' THEN $6::timestamptz END)
            """,
            new_id(now), patient.id, staff.id, now + timedelta(days=2 + (patient is LEO)), status, now,
        )  # fmt: skip
    await raw.close()
    return world


async def test_an_export_is_asked_for_made_and_downloaded(lived: World) -> None:
    asked = await ask(lived)
    assert asked.status_code == 201, asked.text
    assert (asked.json()["state"], asked.json()["progress"]) == ("waiting", 0)
    maya = await lived.of(MAYA)
    path = f"/v1/exports/{asked.json()['id']}"
    assert (await maya.get(f"{path}/file")).json()["code"] == "ExportNotThere"

    assert await actions.make_due(lived.pool, lived.clock.now) == 1
    ready = (await maya.get(path)).json()
    assert (ready["state"], ready["progress"], ready["downloadsLeft"]) == ("ready", 100, 5)
    answer = await maya.get(f"{path}/file")
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("application/zip", "private, no-store")
    assert len(answer.content) == ready["bytes"]
    assert (await maya.get("/v1/exports")).json()["items"][0]["downloadsLeft"] == 4


async def test_the_bundle_is_fhir_and_holds_everything_of_hers_and_nothing_of_anybody_else(lived: World) -> None:
    files = await unpacked(lived, await made(lived))
    found = json.loads(files["record.fhir.json"])
    Bundle.model_validate(found)

    kinds = [entry["resource"]["resourceType"] for entry in found["entry"]]
    counted = {kind: kinds.count(kind) for kind in kinds}
    assert counted.pop("AuditEvent") >= 3
    assert counted.pop("Practitioner") >= 4
    assert counted == {
        "Patient": 1, "Organization": 1, "CareTeam": 1, "Appointment": 2, "Observation": 3, "MedicationRequest": 1,
        "MedicationAdministration": 2, "Flag": 1, "Communication": 2,
    }  # fmt: skip
    whole = b"".join(files.values())
    for stranger in (LEO, NOAH):
        assert f"of {stranger.handle}".encode() not in whole
        assert str(stranger.id).encode() not in whole
        assert stranger.name.encode() not in whole
    assert b"a-token" not in whole


async def test_every_resource_is_valid_by_itself_and_every_reference_leads_somewhere(lived: World) -> None:
    from importlib import import_module

    found = json.loads((await unpacked(lived, await made(lived)))["record.fhir.json"])
    there = {entry["fullUrl"] for entry in found["entry"]}
    for entry in found["entry"]:
        kind = entry["resource"]["resourceType"]
        model = getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)
        model.model_validate(entry["resource"])
    assert references(found) <= there


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["reference"]} if "reference" in value else set()
        return own.union(*(references(inner) for inner in value.values()))
    return set().union(*(references(inner) for inner in value)) if isinstance(value, list) else set()


async def test_what_a_program_asks_besides_is_there_too(lived: World) -> None:
    files = await unpacked(lived, await made(lived))
    [day] = [
        entry["resource"] for entry in json.loads(files["record.fhir.json"])["entry"]
        if entry["resource"]["resourceType"] == "Observation" and entry["resource"].get("note", [{}])[0].get("text")
        == "earlier"
    ]  # fmt: skip
    said = [(part["code"]["coding"][0]["code"], part) for part in day["component"]]
    assert [part["valueQuantity"]["value"] for code, part in said if code == "sleep"] == [6]
    assert [part["valueString"] for code, part in said if code == "trigger"] == ["stress", "pain"]
    assert [part["valueBoolean"] for code, part in said if code == "used"] == [False]
    assert [part["valueString"] for code, part in said if code == "medication-taken"] == ["yes"]
    page = files["my-record.html"].decode()
    for words in ("hours of sleep: 6", "what was hard: stress, pain", "used: nothing", "medication taken: yes"):
        assert words in page


async def test_an_amended_day_says_from_which_it_comes(lived: World) -> None:
    found = json.loads((await unpacked(lived, await made(lived)))["record.fhir.json"])
    said = [e["resource"] for e in found["entry"] if e["resource"]["resourceType"] == "Observation"]
    earlier, first, amended = said
    assert (first["note"][0]["text"], first["status"]) == (NOTE, "final")
    assert (amended["note"][0]["text"], amended["status"]) == ("amended", "amended")
    assert amended["derivedFrom"] == [{"reference": f"urn:uuid:{first['id']}"}]
    assert (earlier["note"][0]["text"], "derivedFrom" in earlier) == ("earlier", False)
    levels = {c["code"]["coding"][0]["code"]: c.get("valueInteger", c.get("valueBoolean")) for c in first["component"]}
    assert levels == {"mood": 6, "craving": 9, "wants-to-talk": True, "in-danger": False}


class Read(HTMLParser):
    """What stands on a page, and of what it is made."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.policy = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        self.links += [v or "" for k, v in attrs if k in ("href", "src")]
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given.get("content") or ""

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: bytes) -> Read:
    reader = Read()
    reader.feed(page.decode())
    return reader


async def test_the_page_says_it_all_and_runs_and_loads_nothing(lived: World) -> None:
    files = await unpacked(lived, await made(lived))
    page = read(files["my-record.html"])
    for words in ("Maya Torres", NOTE, "amended", "Buprenorphine 8 mg", "08:00, 20:00", "Dana Kim", "maya@example.org"):
        assert words in page.text, words
    assert {"script", "img", "link", "iframe", "form"} & set(page.tags) == set()
    assert all(link.startswith("#") for link in page.links)
    assert page.policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "took place" not in page.text
    assert "cancelled" in page.text


async def test_a_patient_who_reads_spanish_gets_a_page_in_spanish(lived: World) -> None:
    files = await unpacked(lived, await made(lived, LEO), LEO)
    page = read(files["mi-expediente.html"])
    assert "Mi expediente" in page.text
    assert "Cómo estuve" in page.text
    assert 'lang="es"' in files["mi-expediente.html"].decode()


async def test_somebody_of_whom_there_is_nothing_gets_that(real_world: World) -> None:
    files = await unpacked(real_world, await made(real_world, NOAH), NOAH)
    Bundle.model_validate(json.loads(files["record.fhir.json"]))
    assert "Nothing." in read(files["my-record.html"]).text


async def test_what_lies_there_is_sealed(lived: World, own_database: str) -> None:
    await made(lived)
    raw = await connect(own_database.replace("cairn_app", "postgres"))
    [row] = await raw.fetch("SELECT archive_sealed, e::text AS whole FROM export e")
    await raw.close()
    assert b"PK\x03\x04" not in row["archive_sealed"]
    assert "Maya" not in row["whole"]


async def test_nobody_else_has_it_or_asks_for_it(lived: World) -> None:
    path = await made(lived)
    for who in (LEO, NOAH):
        client = await lived.of(who)
        assert (await client.get(path)).status_code == 404
        assert (await client.get(f"{path}/file")).status_code == 404
    dana = await lived.of(DANA)
    for answer in (await dana.get(path), await dana.get(f"{path}/file"), await ask(lived, DANA)):
        assert (answer.status_code, answer.json()["code"]) == (403, "NotYourRole")


async def test_it_may_be_had_five_times_and_then_it_is_gone(lived: World) -> None:
    path, maya = await made(lived), await lived.of(MAYA)
    answers = [(await maya.get(f"{path}/file")).status_code for _ in range(rules.DOWNLOADS + 1)]
    assert answers == [200] * rules.DOWNLOADS + [410]
    await actions.make_due(lived.pool, lived.clock.now)
    assert (await maya.get(path)).json()["state"] == "gone"


@pytest.mark.parametrize(("before", "code"), [(timedelta(seconds=1), 200), (timedelta(), 410)])
async def test_its_week_ends_to_the_second(lived: World, before: timedelta, code: int) -> None:
    path = await made(lived)
    ready = lived.clock.now
    lived.clock.now = ready + rules.LIVES - before
    async with lived.pool.transaction(person(MAYA.id)) as db:
        found = await queries.download(db, MAYA.id, UUID(path[12:]), rules.DOWNLOADS, lived.clock.now)
    assert (found is not None) == (code == 200)
    await actions.make_due(lived.pool, lived.clock.now)
    async with lived.pool.transaction(CLOCK) as db:
        assert await db.values(str, "SELECT state FROM export") == ["ready" if code == 200 else "gone"]
        assert await db.values(bool, "SELECT archive_sealed IS NULL FROM export") == [code != 200]


async def test_asking_again_is_the_same_and_there_is_one_at_a_time(lived: World) -> None:
    first = await ask(lived)
    again = await ask(lived, id=first.json()["id"])
    assert (again.status_code, again.json()) == (201, first.json())
    assert (await ask(lived)).json()["code"] == "ExportUnderWay"
    taken = await ask(lived, LEO, id=first.json()["id"])
    assert (taken.status_code, taken.json()["code"]) == (409, "IdTaken")
    await actions.make_due(lived.pool, lived.clock.now)
    assert (await ask(lived)).status_code == 201


async def test_asking_and_taking_want_a_fresh_factor(lived: World) -> None:
    path = await made(lived)
    tokens = await auth.sign_in(lived.pool, MAYA.id, lived.clock.now)
    maya = lived._client({"authorization": f"Bearer {tokens.access_token}"})
    lived.clock.forward(minutes=6)
    for answer in (
        await maya.post("/v1/exports", json={"id": str(lived.new_id())}),
        await maya.get(f"{path}/file"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "StepUpNeeded")
    assert (await maya.get(path)).status_code == 200
    await maya.aclose()


async def test_every_step_is_in_the_audit_as_the_patients_own(lived: World) -> None:
    path = await made(lived)
    await (await lived.of(MAYA)).get(f"{path}/file")
    async with lived.pool.transaction(person(MAYA.id)) as db:
        rows = await db.values(
            str,
            "SELECT action || ' ' || category FROM audit_event WHERE subject_id = $1 AND actor_id = $2 ORDER BY id",
            UUID(path[12:]),
            MAYA.id,
        )
    assert rows == ["ask exports", "export record", "download exports"]


async def test_the_patient_hears_how_far_it_is(lived: World) -> None:
    await made(lived)
    async with lived.pool.transaction(person(MAYA.id)) as db:
        heard = await db.values(str, "SELECT topic FROM event WHERE topic = 'exports'")
    assert len(heard) >= 10


async def test_a_maker_that_dies_is_followed_by_another_and_three_times_are_enough(
    lived: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = (await ask(lived)).json()["id"]

    async def dies(*_: object) -> None:
        raise ConnectionError

    maya = await lived.of(MAYA)
    with monkeypatch.context() as patch:
        patch.setitem(actions._SECTIONS, "doses", dies)
        assert await actions.make_due(lived.pool, lived.clock.now) == 0
        state = (await maya.get(f"/v1/exports/{number}")).json()
        assert (state["state"], 0 < state["progress"] < 90) == ("making", True)
        assert await actions.make_due(lived.pool, lived.clock.now) == 0
    lived.clock.now += rules.LEASE
    with monkeypatch.context() as patch:
        patch.setitem(actions._SECTIONS, "doses", dies)
        await actions.make_due(lived.pool, lived.clock.now)
        lived.clock.now += rules.LEASE
        await actions.make_due(lived.pool, lived.clock.now)
    assert (await maya.get(f"/v1/exports/{number}")).json()["state"] == "failed"
    assert (await maya.get("/v1/exports")).json()["items"][0]["downloadsLeft"] == 5


def test_the_worker_makes_them_as_soon_as_they_are_asked_for(pool: Pool) -> None:
    [tick] = [tick for tick in ticks(pool, Phones(), cast(Beside, None)) if tick.name == "exports"]
    assert tick.bell == actions.TOPIC


def test_the_same_record_packs_to_the_same_bytes(now: datetime) -> None:
    from app.exports.models import Record, Who

    who = Who(MAYA.id, "Maya", "en", "UTC", now, MAYA.id, "Harbor")
    record = Record(who, [], [], [], [], [], [], [], [], [], [], now)
    assert rules.archive(record) == rules.archive(record)
