"""A patient reads who looked, and who oversees the program may as well; nobody's words are in it."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.bundle import Bundle

from app import audit
from app.demo.cast import DANA, HARBOR, LEO, MAYA, NELL, THEO
from app.trail import fhir
from app.trail.models import Event, Seen
from db import CLOCK, DOOR, Pool, feed, person
from tests.app.test_audit import RECORD
from tests.conftest import NOW
from tests.world import World, a_check_in

SOURCE = Path(audit.__file__).parent


async def looked(pool: Pool) -> None:
    """Dana, Cairn and somebody with the calendar's address, after Maya's own check-in."""
    async with pool.transaction(person(DANA.id)) as db:
        await audit.record(db, "read", "check-ins", [MAYA.id], MAYA.id, purpose="treatment", under=LEO.id)
    async with pool.transaction(CLOCK) as db:
        await audit.record(db, "escalate", "alerts", [MAYA.id])
    async with pool.transaction(feed(MAYA.id)) as db:
        await audit.record(db, "read", "calendar-feed", [MAYA.id])


async def test_a_patient_reads_who_looked_as_what_and_when_and_not_what_they_saw(world: World, pool: Pool) -> None:
    maya = await world.of(MAYA)
    await maya.post("/v1/check-ins", json=a_check_in(world, note="a canary of words"))
    await looked(pool)

    answer = await maya.get("/v1/audit-events", params={"by": "others"})
    assert answer.status_code == 200, answer.text
    told = [(one["by"], one["name"], one["roles"], one["organisation"], one["action"], one["category"], one["purposes"])
            for one in answer.json()["items"]]  # fmt: skip
    assert told == [
        ("calendar", None, [], None, "read", "calendar-feed", []),
        ("cairn", None, [], None, "escalate", "alerts", []),
        ("staff", DANA.name, ["counselor"], HARBOR.name, "read", "check-ins", ["treatment"]),
    ]
    assert "canary" not in answer.text
    assert str(DANA.id) not in answer.text, "a name and a role are enough"


async def test_the_list_goes_on_where_the_page_before_ended_and_each_look_at_it_is_in_it(world: World) -> None:
    maya = await world.of(MAYA)
    for _ in range(3):
        await maya.get("/v1/check-ins")
    ids, cursor, pages = list[int](), None, 0
    while pages == 0 or cursor:
        page = (await maya.get("/v1/audit-events", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        ids += [one["id"] for one in page["items"]]
        cursor, pages = page["nextCursor"], pages + 1
    assert (len(ids), ids) == (3, sorted(set(ids), reverse=True))
    seen = (await maya.get("/v1/audit-events")).json()["items"]
    assert [(one["by"], one["action"], one["category"]) for one in seen[:pages]] == [
        ("you", "read", "audit-events")
    ] * pages


async def test_who_supervises_reads_it_too_and_a_stranger_finds_nobody(world: World, pool: Pool) -> None:
    await looked(pool)
    for address in (f"/v1/patients/{MAYA.id}/audit-events", f"/fhir/AuditEvent?patient={MAYA.id}"):
        theo, nell = await world.of(THEO), await world.of(NELL)
        assert (await theo.get(address)).status_code == 200
        assert (await nell.get(address)).status_code == 403
    leo = await world.of(LEO)
    assert (await leo.get(f"/fhir/AuditEvent?patient={MAYA.id}")).status_code == 404
    listed = (await (await world.of(MAYA)).get("/v1/audit-events")).json()["items"]
    assert [(one["name"], one["category"]) for one in listed[:2]] == [(THEO.name, "audit-events")] * 2


async def test_what_happened_to_accounts_is_for_who_supervises_and_speaks_of_no_record(
    world: World, pool: Pool
) -> None:
    await looked(pool)
    await world.of(NELL)
    theo = await world.of(THEO)
    await theo.get("/v1/security-events", params={"limit": 1})
    found = (await theo.get("/v1/security-events", params={"limit": 100})).json()["items"]
    assert (found[0]["action"], found[0]["category"], found[0]["account"]) == ("read", "security-events", str(THEO.id))
    assert ("sign-in", "sessions", str(THEO.id)) in {(one["action"], one["category"], one["account"]) for one in found}
    assert ("give", "counselor", str(DANA.id)) in {(one["action"], one["detail"], one["account"]) for one in found}
    assert str(NELL.id) not in str(found), "nobody of another program"
    assert not {one["category"] for one in found} & RECORD
    first = (await theo.get("/v1/security-events", params={"limit": 2})).json()
    then = (await theo.get("/v1/security-events", params={"limit": 2, "cursor": first["nextCursor"]})).json()
    assert {one["id"] for one in first["items"]}.isdisjoint(one["id"] for one in then["items"])


async def test_as_fhir_it_is_a_searchset_that_the_standard_accepts(world: World, pool: Pool) -> None:
    maya = await world.of(MAYA)
    await maya.post("/v1/check-ins", json=a_check_in(world))
    await looked(pool)
    answer = await maya.get("/fhir/AuditEvent", params={"_count": 3})
    assert answer.headers["content-type"] == fhir.MEDIA_TYPE
    page: Any = Bundle.model_validate_json(answer.text)
    links = {link.relation: link.url for link in page.link}
    assert links["next"].startswith("http://cairn.test/fhir/AuditEvent?patient=")
    rest: Any = Bundle.model_validate_json((await maya.get(links["next"])).text)
    events = [entry.resource for entry in [*page.entry, *rest.entry]]
    assert len(events) == 4
    [dana] = [one for one in events if one.agent[0].who.display == DANA.name]
    assert (dana.type.code, [one.code for one in dana.subtype], dana.action) == ("110110", ["access", "read"], "R")
    assert dana.purposeOfEvent[0].coding[0].code == "TREAT"
    assert [entity.what.reference for entity in dana.entity] == [f"Patient/{MAYA.id}", None, f"Consent/{LEO.id}"]
    assert {one.agent[0].requestor for one in events} == {True, False}


async def test_a_search_keeps_to_its_dates(world: World) -> None:
    maya = await world.of(MAYA)
    await maya.get("/v1/check-ins")

    async def count(*dates: str) -> int:
        answer = await maya.get("/fhir/AuditEvent", params=[("date", one) for one in dates])
        assert answer.status_code == 200, answer.text
        return len(answer.json().get("entry", []))

    assert await count("ge2026-01-01") > 0
    assert (
        await count("lt2026-01-01") == await count("ge2100-01-01") == await count("gt2099-12-31", "le2100-01-01") == 0
    )
    assert await count("ge2026-01-01T00:00:00Z", "lt2100-01-01") > 0
    for wrong in ("yesterday", "ge2026-13-01", "ge0000-01-01", "le9999-12-31"):
        assert (await maya.get("/fhir/AuditEvent", params={"date": wrong})).status_code == 422
    assert (await maya.get("/fhir/AuditEvent", params={"patient": "maya"})).status_code == 422


def an_event(**said: object) -> Seen:
    known: dict[str, object] = {"id": 1, "at": NOW, "patient_id": MAYA.id, "action": "read", "category": "check-ins"}
    return Seen(msgspec.convert(known | said, Event), None, None)


@pytest.mark.parametrize(
    "event",
    [
        an_event(actor_id=MAYA.id),
        an_event(actor_id=DANA.id, actor_roles=["counselor"], purpose="break-glass"),
        an_event(actor_id=DANA.id, actor_roles=["counselor"], purpose="something-new", action="something-new"),
        an_event(duty="clock", action="escalate"),
        an_event(duty="feed"),
        an_event(duty="console", action="export", category="audit-events"),
        an_event(
            patient_id=None, about_id=DANA.id, duty="door", action="sign-in", category="sessions", detail="passkey"
        ),
        an_event(patient_id=None, about_id=DANA.id, action="give", category="roles", detail="peer"),
        an_event(patient_id=None, action="rotate", category="keys"),
    ],
)
def test_every_kind_of_row_is_an_audit_event_of_fhir(event: Seen) -> None:
    made: Any = AuditEvent.model_validate_json(msgspec.json.encode(fhir.audit_event(event)))
    assert made.subtype[-1].code == event.event.action
    assert made.recorded == NOW


def test_every_word_that_is_written_has_its_meaning_in_fhir_and_in_both_languages() -> None:
    written = re.compile(r"""(?:audit\.record\(\s*db,\s*|\baudit\()["']([a-z-]+)["'],\s*["']([a-z-]+)["']""")
    files = [*SOURCE.rglob("*.py"), *(SOURCE.parent / "db" / "migrations").glob("*.sql")]
    found = {pair for file in files for pair in written.findall(file.read_text())}
    assert len(found) > 20
    assert {action for action, _ in found} <= set(fhir.DONE)
    for language in ("en", "es"):
        words = (SOURCE / "web" / "static" / "words" / f"{language}.js").read_text()
        assert [one for one in fhir.DONE if f'"did.{one}"' not in words] == []
        assert [one for one in RECORD | {category for _, category in found} if f'"part.{one}"' not in words] == []


async def test_at_the_door_nobody_is_named(pool: Pool) -> None:
    async with pool.transaction(DOOR) as db:
        await audit.security(db, "sign-in", "sessions", MAYA.id, detail="code")
    async with pool.transaction(person(THEO.id)) as db:
        rows = await db.values(
            object, "SELECT actor_id FROM audit_event WHERE about_id = $1 AND detail = 'code'", MAYA.id
        )
    assert rows == [None]
