"""Reads across organisations: by consent, as far as it goes and as long as it holds, and never in silence."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.demo.cast import BEN, DANA, ELM, LEO, LINDQVIST, MAYA, NED, NELL, NOAH, NORTHSIDE, OKAFOR, SAM, THEO, Person
from tests.app.scene import Seen
from tests.consents.papers import broken, consent, revoked
from tests.world import AS_IT_IS, World, a_check_in

READS = {
    "identity": "/v1/patients/{id}/contact-card",
    "check-in-levels": "/v1/patients/{id}/trend",
    "check-ins": "/v1/patients/{id}/check-ins",
    "regimens": "/v1/patients/{id}/regimens",
    "dose-log": "/v1/patients/{id}/dose-log",
}
SHORT = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."


@pytest.fixture
async def spoken(world: World) -> World:
    """Maya and Leo have said how they are."""
    for patient in (MAYA, LEO):
        said = a_check_in(world, note=f"words of {patient.handle}")
        assert (await (await world.of(patient)).post("/v1/check-ins", json=said)).status_code == 201
    return world


async def read(world: World, by: Person, about: str, patient: Person = MAYA) -> httpx.Response:
    return await (await world.of(by)).get(READS[about].format(id=patient.id))


async def readable(world: World, by: Person, patient: Person = MAYA) -> set[str]:
    """What somebody is shown of a patient."""
    return {about for about in READS if (await read(world, by, about, patient)).status_code == 200}


async def accounted(world: World, patient: Person = MAYA) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await (await world.of(patient)).get("/v1/disclosures")).json()["items"]
    return items


async def test_without_a_consent_nobody_elsewhere_learns_that_somebody_is_a_patient(spoken: World) -> None:
    for outsider in (LINDQVIST, NELL, NED):
        assert await readable(spoken, outsider) == set()
        answer = await read(spoken, outsider, "identity")
        assert (answer.status_code, answer.json()["code"]) == (404, "NotFound")
        shown = (await (await spoken.of(outsider)).get("/v1/patients")).json()["items"]
        assert MAYA.name not in {one["name"] for one in shown}
    assert await accounted(spoken) == []


async def test_a_consent_opens_what_it_names_and_nothing_else(spoken: World) -> None:
    await consent(spoken, categories=["check-in-levels"])
    assert await readable(spoken, LINDQVIST) == {"identity", "check-in-levels"}
    beyond = await read(spoken, LINDQVIST, "check-ins")
    assert (beyond.status_code, beyond.json()["code"]) == (403, "OtherRelationNeeded")
    assert await readable(spoken, LINDQVIST, LEO) == set()
    assert await readable(spoken, NELL) == set()
    await consent(spoken, categories=["check-ins", "regimens"])
    assert await readable(spoken, LINDQVIST) == {"identity", "check-in-levels", "check-ins", "regimens"}


async def test_each_answer_carries_the_statement_and_the_scope(spoken: World) -> None:
    kept = await consent(spoken, categories=["check-ins"])
    for about in ("identity", "check-in-levels", "check-ins"):
        beside = (await read(spoken, LINDQVIST, about)).json()["disclosure"]
        assert beside["statement"] == SHORT
        assert (beside["scope"], beside["purpose"], beside["consentId"]) == (["check-ins"], "treatment", kept["id"])
        assert (beside["expiresAt"], beside["version"]) == (kept["expiresAt"], 1)
    [one] = (await (await spoken.of(LINDQVIST)).get("/v1/patients")).json()["items"]
    assert (one["name"], one["disclosure"]["consentId"]) == (MAYA.name, kept["id"])


async def test_within_the_program_there_is_no_statement_and_no_row(spoken: World) -> None:
    await consent(spoken)
    for insider in (DANA, OKAFOR, SAM, THEO, MAYA):
        answer = await read(spoken, insider, "check-in-levels")
        assert answer.status_code == 200
        assert "disclosure" not in answer.json()
    assert await accounted(spoken) == []


async def test_each_read_leaves_one_row_of_each_patient_in_the_accounting(spoken: World) -> None:
    await consent(spoken, categories=["check-ins"])
    await consent(spoken, LEO)
    await read(spoken, LINDQVIST, "check-ins")
    assert [(r["category"], r["recipient"], r["recipientOrganisation"]) for r in await accounted(spoken)] == [
        ("check-ins", LINDQVIST.name, ELM.name)
    ]
    await (await spoken.of(LINDQVIST)).get("/v1/patients")
    assert [len(await accounted(spoken, patient)) for patient in (MAYA, LEO)] == [2, 1]
    await read(spoken, LINDQVIST, "regimens")
    assert len(await accounted(spoken)) == 2


async def test_a_revocation_holds_for_the_next_request(spoken: World) -> None:
    kept = await consent(spoken, categories=["check-ins"])
    assert "check-ins" in await readable(spoken, LINDQVIST)
    shown = len(await accounted(spoken))
    await revoked(spoken, kept["id"])
    assert await readable(spoken, LINDQVIST) == set()
    assert len(await accounted(spoken)) == shown


async def test_a_consent_ends_at_the_very_instant(spoken: World) -> None:
    kept = await consent(spoken, expiresOn="2026-03-05")
    end = datetime.fromisoformat(kept["expiresAt"])
    assert end == datetime(2026, 3, 6, 5, 0, tzinfo=UTC)  # midnight in New York
    spoken.clock.now = end - timedelta(microseconds=1)
    assert "check-in-levels" in await readable(spoken, LINDQVIST)
    spoken.clock.now = end
    assert await readable(spoken, LINDQVIST) == set()


async def test_one_consent_that_ends_leaves_the_other(spoken: World) -> None:
    first = await consent(spoken, categories=["check-ins"])
    second = await consent(spoken, categories=["check-in-levels"])
    await revoked(spoken, first["id"])
    assert await readable(spoken, LINDQVIST) == {"identity", "check-in-levels"}
    beside = (await read(spoken, LINDQVIST, "check-in-levels")).json()["disclosure"]
    assert beside["consentId"] == second["id"]


async def test_a_clinic_is_those_who_treat_there_and_no_peer(spoken: World) -> None:
    clinic: dict[str, Any] = {"recipientKind": "organisation", "recipientId": None}
    await consent(spoken, **clinic, recipientOrganisationId=str(NORTHSIDE.id), categories=["check-ins"])
    assert await readable(spoken, NELL) == {"identity", "check-in-levels", "check-ins"}
    assert await readable(spoken, NED) == set()
    assert await readable(spoken, LINDQVIST) == set()


async def test_an_outside_peer_reads_levels_and_only_by_name(spoken: World) -> None:
    named: dict[str, Any] = {"recipientOrganisationId": str(NORTHSIDE.id), "recipientId": str(NED.id)}
    await consent(spoken, **named, categories=["check-ins", "regimens", "dose-log"])
    assert await readable(spoken, NED) == {"identity", "check-in-levels"}
    shown = {p["name"] for p in (await (await spoken.of(NED)).get("/v1/patients")).json()["items"]}
    assert shown == {MAYA.name, NOAH.name}


async def test_treating_providers_are_those_on_the_team(spoken: World, desk: Seen) -> None:
    everybody: dict[str, Any] = {
        "kind": "tpo", "purpose": "tpo", "recipientKind": "treating-providers", "recipientId": None,
        "recipientOrganisationId": None, "expiresOn": None, "expiresWith": "none",
    }  # fmt: skip
    await consent(spoken, **everybody)
    assert await readable(spoken, LINDQVIST) == {"identity", "check-in-levels"}
    assert await readable(spoken, NELL) == set()
    await desk.owner("UPDATE care_team_member SET left_at = now() WHERE staff_id = $1", LINDQVIST.id)
    assert await readable(spoken, LINDQVIST) == set()


async def test_whoever_loses_their_role_loses_what_it_received(spoken: World, desk: Seen) -> None:
    await consent(spoken)
    await desk.owner("DELETE FROM staff_role WHERE person_id = $1", LINDQVIST.id)
    assert await readable(spoken, LINDQVIST) == set()


async def test_a_broken_glass_opens_the_record_to_read_and_says_so(spoken: World) -> None:
    record = (await broken(spoken, LINDQVIST, MAYA)).json()
    assert await readable(spoken, LINDQVIST) == set(READS)
    beside = (await read(spoken, LINDQVIST, "check-ins")).json()["disclosure"]
    assert (beside["breakGlassId"], beside["consentId"], beside["purpose"]) == (record["id"], None, "emergency")
    assert {row["purpose"] for row in await accounted(spoken)} == {"emergency"}
    spoken.clock.forward(minutes=60)
    assert await readable(spoken, LINDQVIST) == set()


async def test_a_broken_glass_changes_nothing(spoken: World) -> None:
    await broken(spoken, OKAFOR, LEO)
    assert await readable(spoken, OKAFOR, LEO) == set(READS)
    okafor = await spoken.of(OKAFOR)
    regimen = {"id": str(spoken.new_id()), "medicine": "Something", "times": ["08:00"], "startsOn": "2026-03-03"}
    assert (await okafor.post(f"/v1/patients/{LEO.id}/regimens", json=regimen)).status_code == 404
    team = {"members": [{"staffId": str(OKAFOR.id), "lead": True}]}
    assert (await okafor.put(f"/v1/patients/{LEO.id}/care-team", json=team, headers=AS_IT_IS)).status_code in (403, 404)


async def test_within_the_program_a_broken_glass_is_accounted_for_without_a_statement(spoken: World) -> None:
    assert await readable(spoken, OKAFOR, LEO) == set()
    await broken(spoken, OKAFOR, LEO)
    answer = await read(spoken, OKAFOR, "check-ins", LEO)
    assert "disclosure" not in answer.json()
    assert [row["category"] for row in await accounted(spoken, LEO)] == ["check-ins"]


async def test_a_consent_gives_nobody_a_place_in_the_program(spoken: World) -> None:
    """To read is all: no alert, no team, no time of theirs, nothing to change."""
    await consent(spoken, categories=["check-ins", "regimens", "dose-log", "appointments"])
    lindqvist = await spoken.of(LINDQVIST)
    for path in (f"/v1/patients/{MAYA.id}/care-team", f"/v1/slots?kind=counseling&patientId={MAYA.id}", "/v1/alerts"):
        assert (await lindqvist.get(path)).status_code in (403, 404), path
    assert await readable(spoken, BEN) == set()
