"""A colleague stands in for somebody: for that time their patients are the colleague's, in the colleague's own role."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from app.coverage import rules
from app.coverage.models import NewCoverage, Standing
from app.demo.cast import BEN, DANA, INES, KAI, LEO, MAYA, NED, NELL, OKAFOR, ROSA, SAM, THEO, Person
from app.errors import Invalid
from tests.app.scene import Scene
from tests.world import World, a_check_in


def covering(world: World, colleague: Person, whom: Person | None = None, **changes: Any) -> dict[str, Any]:
    """From now for a day."""
    now = world.clock.now
    return {
        "id": str(world.new_id()), "coveringId": str(colleague.id), "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(days=1)).isoformat(), **({"coveredId": str(whom.id)} if whom else {}), **changes,
    }  # fmt: skip


async def arranged(world: World, by: Person, colleague: Person, whom: Person | None = None, **changes: Any) -> Any:
    answer = await (await world.of(by)).post("/v1/coverages", json=covering(world, colleague, whom, **changes))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def days(world: World, who: Person, patient: Person = LEO) -> httpx.Response:
    return await (await world.of(who)).get(f"/v1/patients/{patient.id}/check-ins")


async def test_a_prescriber_who_stands_in_for_a_counselor_reads_their_patients_days_and_only_then(world: World) -> None:
    await (await world.of(LEO)).post("/v1/check-ins", json=a_check_in(world, note="hola"))
    assert (await days(world, OKAFOR)).status_code == 404

    starts_at = world.clock.now + timedelta(hours=1)
    made = await arranged(
        world, DANA, OKAFOR, startsAt=starts_at.isoformat(), endsAt=(starts_at + timedelta(days=1)).isoformat()
    )
    assert (made["coveredName"], made["coveringName"], made["endedAt"]) == (DANA.name, OKAFOR.name, None)
    assert (await days(world, OKAFOR)).status_code == 404, "it has not begun"
    world.clock.forward(hours=1)
    assert [one["note"] for one in (await days(world, OKAFOR)).json()["items"]] == ["hola"]
    listed = (await (await world.of(OKAFOR)).get("/v1/patients")).json()["items"]
    assert LEO.name in {one["name"] for one in listed}
    world.clock.forward(days=1)
    assert (await days(world, OKAFOR)).status_code == 404, "it is over"


async def test_a_peer_who_stands_in_for_a_peer_sees_levels_and_no_words(world: World) -> None:
    await arranged(world, SAM, INES)
    client = await world.of(INES)
    assert (await client.get(f"/v1/patients/{MAYA.id}/trend")).status_code == 200
    assert (await client.get(f"/v1/patients/{MAYA.id}/contact-card")).json()["name"] == MAYA.name
    assert (await days(world, INES, MAYA)).json()["code"] == "NotYourRole"


async def test_each_patient_is_told_of_it_by_their_audit_and_both_colleagues_hear(scene: Scene) -> None:
    async with scene.undone():
        made = await arranged(scene.world, THEO, INES, SAM)
        rows = await scene.seen.owner(
            "SELECT actor_id, patient_id, action, category FROM audit_event WHERE action = 'cover'"
        )
        told = await scene.seen.owner("SELECT person_id FROM event WHERE topic = 'coverage'")
    assert [tuple(row) for row in rows] == [(THEO.id, MAYA.id, "cover", "care-team")]
    assert {row["person_id"] for row in told} == {SAM.id, INES.id}
    assert made["madeBy"] == str(THEO.id)


async def test_ended_early_it_opens_nothing_any_more_and_twice_is_once(world: World) -> None:
    made = await arranged(world, SAM, INES)
    first = await (await world.of(INES)).post(f"/v1/coverages/{made['id']}/end")
    again = await (await world.of(SAM)).post(f"/v1/coverages/{made['id']}/end")
    assert (first.status_code, first.json()["endedAt"] is None) == (200, False)
    assert again.json() == first.json()
    assert (await (await world.of(INES)).get(f"/v1/patients/{MAYA.id}/trend")).status_code == 404
    assert (await (await world.of(SAM)).get("/v1/coverages")).json()["items"] == []
    await arranged(world, SAM, INES)  # and they may stand in once more


async def test_the_same_twice_is_once_and_the_same_time_is_taken_once(world: World) -> None:
    sent = covering(world, INES)
    sam = await world.of(SAM)
    first, again = [await sam.post("/v1/coverages", json=sent) for _ in range(2)]
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    other = await sam.post("/v1/coverages", json={**sent, "endsAt": (world.clock.now + timedelta(days=2)).isoformat()})
    assert (other.status_code, other.json()["code"]) == (409, "IdTaken")
    overlapping = await sam.post("/v1/coverages", json=covering(world, INES))
    assert (overlapping.status_code, overlapping.json()["code"]) == (409, "AlreadyCovered")


async def test_they_are_listed_for_the_two_and_for_who_oversees_the_program_a_page_at_a_time(world: World) -> None:
    made = [await arranged(world, SAM, INES), await arranged(world, DANA, OKAFOR)]
    ids = {one["id"] for one in made}
    for who, due in (
        (ROSA, ids),
        (THEO, ids),
        (SAM, {made[0]["id"]}),
        (OKAFOR, {made[1]["id"]}),
        (NED, set()),
        (BEN, set()),
    ):
        found = (await (await world.of(who)).get("/v1/coverages")).json()
        assert {one["id"] for one in found["items"]} == due, who.handle
    rosa, seen, cursor = await world.of(ROSA), set(), None
    for _ in range(3):
        page = (await rosa.get("/v1/coverages", params={"limit": 1, **({"cursor": cursor} if cursor else {})})).json()
        seen |= {one["id"] for one in page["items"]}
        cursor = page["nextCursor"]
    assert (seen, cursor) == (ids, None)


REFUSED = {
    "a colleague's patients": (BEN, INES, SAM, 403, "NotYourPatients"),
    "a stranger's": (NELL, NELL, DANA, 403, "NotYourPatients"),
    "a peer as a counselor": (DANA, SAM, None, 422, "Invalid"),
    "a counselor as a peer": (SAM, DANA, None, 422, "Invalid"),
    "an operator as a counselor": (ROSA, KAI, DANA, 422, "Invalid"),
    "somebody elsewhere": (DANA, NELL, None, 422, "Invalid"),
    "a patient": (DANA, MAYA, None, 422, "Invalid"),
    "oneself": (DANA, DANA, None, 422, "Invalid"),
    "oneself for another, as who oversees": (THEO, THEO, DANA, 403, "OwnCoverage"),
    "staff elsewhere": (THEO, NELL, NED, 422, "Invalid"),
}


@pytest.mark.parametrize("whom", sorted(REFUSED))
async def test_nobody_lets_somebody_in_who_may_not_stand_in(world: World, whom: str) -> None:
    by, colleague, covered, status, code = REFUSED[whom]
    answer = await (await world.of(by)).post("/v1/coverages", json=covering(world, colleague, covered))
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_an_end_that_nobody_knows_is_not_there(world: World) -> None:
    made = await arranged(world, SAM, INES)
    for who in (BEN, NED, DANA):
        answer = await (await world.of(who)).post(f"/v1/coverages/{made['id']}/end")
        assert answer.status_code == 404, who.handle


NOON = datetime.fromisoformat("2026-03-03T12:00:00+00:00")


@pytest.mark.parametrize(
    ("starts", "ends", "fits"),
    [
        (timedelta(0), timedelta(days=92), True),
        (timedelta(0), timedelta(days=92, seconds=1), False),
        (timedelta(days=-1), timedelta(seconds=1), True),
        (timedelta(days=-1), timedelta(0), False),
        (timedelta(hours=1), timedelta(hours=1), False),
        (timedelta(days=400), timedelta(days=401), False),
        (timedelta(days=365), timedelta(days=366), True),
    ],
)
def test_it_ends_in_the_time_to_come_and_lasts_a_quarter_at_most(
    starts: timedelta, ends: timedelta, fits: bool
) -> None:
    new = NewCoverage(DANA.id, OKAFOR.id, NOON + starts, NOON + ends)
    if fits:
        rules.check_times(new, NOON)
    else:
        with pytest.raises(Invalid):
            rules.check_times(new, NOON)


def test_what_the_database_allows_is_not_asked_about_further() -> None:
    rules.check(SAM.id, DANA.id, OKAFOR.id, Standing(oversees=False, allowed=True))
