"""What each field of a patient is shown to, as the table of who sees what has it: separate answers, none with gaps."""

from typing import Any

import pytest

from app.alerts import rules
from app.alerts.models import AlertPatient, AlertRow, Level, Numbers
from app.demo.cast import BEN, DANA, GRACE, INES, KAI, LEO, LINDQVIST, MAYA, NELL, OKAFOR, ROSA, SAM, THEO, Person
from app.escalation.models import AlertClass
from tests.app.scene import Scene, medicine_of
from tests.conftest import NOW
from tests.world import World


async def get(scene: Scene, who: Person, path: str, patient: Person = MAYA) -> Any:
    return await (await scene.world.of(who)).get(f"/v1/patients/{patient.id}{path}")


async def test_those_who_treat_somebody_see_what_they_have_decided_and_a_peer_sees_who_they_are(scene: Scene) -> None:
    record, card = await get(scene, DANA, ""), await get(scene, SAM, "/contact-card")
    assert record.json()["wishes"] == {"peerBeside": False, "sharesDoses": False}
    assert set(record.json()) == {"id", "name", "timeZone", "language", "inCareSince", "wishes"}
    assert set(card.json()) == {"id", "name", "timeZone", "language"}
    assert card.json() == (await get(scene, KAI, "/contact-card")).json()


@pytest.mark.parametrize("path", ["", "/check-ins", "/regimens", "/dose-log", "/trend"])
async def test_whoever_runs_or_coordinates_the_place_is_no_reader_of_records(scene: Scene, path: str) -> None:
    for who in (KAI, ROSA):
        answer = await get(scene, who, path)
        assert (answer.status_code, answer.json()["code"]) == (403, "NotYourRole"), who.handle


async def test_nobody_outside_finds_anybody_and_nobody_inside_learns_of_whom_they_have_nothing_to_do_with(
    scene: Scene,
) -> None:
    for who, path in ((NELL, ""), (LINDQVIST, ""), (INES, "/contact-card"), (GRACE, "/contact-card"), (BEN, "/trend")):
        answer = await get(scene, who, path)
        due = (403, "OtherRelationNeeded") if who == BEN else (404, "NotFound")
        assert (answer.status_code, answer.json()["code"]) == due, who.handle


async def test_who_knows_somebody_is_told_that_it_takes_another_relation(scene: Scene) -> None:
    team = {"members": [{"staffId": str(DANA.id), "lead": True}]}
    client = await scene.world.of(OKAFOR)
    answer = await client.put(f"/v1/patients/{MAYA.id}/care-team", json=team, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["code"]) == (403, "OtherRelationNeeded")


async def test_peers_see_whether_doses_were_taken_once_the_patient_shows_them_and_never_which(world: World) -> None:
    maya, sam = await world.of(MAYA), await world.of(SAM)
    path = f"/v1/patients/{MAYA.id}/dose-log"
    new = {"id": str(world.new_id()), "medicine": medicine_of("maya"), "times": ["09:00", "10:30"],
           "startsOn": "2026-03-03", "timeZone": MAYA.time_zone}  # fmt: skip
    made = await (await world.of(OKAFOR)).post(f"/v1/patients/{MAYA.id}/regimens", json=new)
    assert made.status_code == 201, made.text
    world.clock.forward(hours=1)
    assert (await sam.get(path)).json()["code"] == "OtherRelationNeeded"

    [dose] = (await maya.get("/v1/occurrences", params={"until": world.clock.now.isoformat()})).json()["items"]
    assert (await maya.post(f"/v1/occurrences/{dose['id']}/taken")).status_code == 200
    assert (await maya.patch("/v1/me", json={"sharesDoses": True})).json()["wishes"]["sharesDoses"] is True

    shown = await sam.get(path)
    assert shown.json() == {"days": [{"date": "2026-03-03", "due": 1, "taken": 1, "skipped": 0}]}
    assert medicine_of("maya") not in shown.text
    assert (await (await world.of(DANA)).get(path)).json() == shown.json() == (await maya.get(path)).json()
    assert (await (await world.of(INES)).get(path)).status_code == 404
    await maya.patch("/v1/me", json={"sharesDoses": False})
    assert (await sam.get(path)).status_code == 403


async def test_who_has_left_a_team_reads_what_they_wrote_and_nothing_new(scene: Scene) -> None:
    """Okafor wrote Leo's regimen; another prescriber's is not his."""
    client = await scene.world.of(OKAFOR)
    async with scene.undone():
        await scene.seen.owner(
            """
            INSERT INTO regimen
            SELECT (jsonb_populate_record(r, jsonb_build_object(
                'id', gen_random_uuid(), 'prescribed_by', $2::uuid, 'created_at', r.created_at + interval '1 hour'))).*
            FROM regimen r WHERE r.id = $1
            """,
            scene.records["leo"].regimen, THEO.id,
        )  # fmt: skip
        found = (await client.get(f"/v1/patients/{LEO.id}/regimens")).json()["items"]
        assert [one["id"] for one in found] == [str(scene.records["leo"].regimen)]
        for path in ("", "/contact-card", "/check-ins", "/trend", "/dose-log", "/care-team"):
            assert (await get(scene, OKAFOR, path, LEO)).status_code == 404, path
        stopped = await client.post(f"/v1/regimens/{scene.records['leo'].regimen}/stop")
        assert stopped.status_code == 404
    assert LEO.name not in (await client.get("/v1/patients")).text


async def test_with_whom_an_appointment_was_stays_part_of_it(scene: Scene) -> None:
    """Ines' visit with Maya was a month ago and did not take place; she knows nothing else of her."""
    listed = await (await scene.world.of(INES)).get("/v1/appointments", params={"from": "2026-01-01T00:00:00Z"})
    assert [one["patientName"] for one in listed.json()["items"]] == [MAYA.name]
    assert (await get(scene, INES, "/contact-card")).status_code == 404


def row(alert_class: AlertClass, *, known: bool) -> AlertRow:
    patient = AlertPatient(MAYA.id, MAYA.name) if known else None
    return AlertRow(
        MAYA.id, alert_class, False, NOW, 0, None, None, None, None, None, None, 1, ["mood-low"],
        Numbers(mood=1), patient, Level(1, 9, True) if known else None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("roles", "alert_class", "known", "kind"),
    [
        (["peer"], "p2", False, "signal"),
        (["peer"], "p2", True, "matter"),
        (["peer"], "p1", True, "person"),
        (["peer-lead"], "p0", False, "signal"),
        (["counselor"], "p0", False, "worry"),
        (["counselor"], "p0", True, "matter"),
        (["peer", "supervisor"], "p1", True, "matter"),
    ],
)
def test_each_reader_of_an_alert_gets_the_one_object_of_its_kind(
    roles: list[str], alert_class: AlertClass, known: bool, kind: str
) -> None:
    view = rules.shown(row(alert_class, known=known), roles, "en")
    there = {name for name in ("person", "worry", "matter") if getattr(view, name) is not None}
    assert (view.kind, there) == (kind, {kind} - {"signal"})
