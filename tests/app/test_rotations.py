"""Planning whose turn it is, and the shifts that come of it."""

from asyncio import gather
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.demo.cast import BEN, DANA, INES, MAYA, NELL, OKAFOR, ROSA, SAM, THEO, Person
from app.rotations import actions as rotations
from app.rotations.rules import REFILL_BELOW
from tests.world import World

PEERS = (SAM, INES, BEN)


def a_rotation(world: World, *members: Person, **changes: Any) -> dict[str, Any]:
    """Peers who follow each other every morning, from the day after tomorrow on."""
    calm = {
        "id": str(world.new_id()), "name": "Mornings", "wanted": "peer", "timeZone": "America/New_York",
        "startsOn": (world.clock.now + timedelta(days=2)).date().isoformat(),
        "members": [str(one.id) for one in members or PEERS], "every": "day", "handsOver": "08:00",
    }  # fmt: skip
    return calm | changes


async def planned(world: World, *members: Person, **changes: Any) -> dict[str, Any]:
    """A rotation that Rosa has planned, as it came back."""
    answer = await (await world.of(ROSA)).post("/v1/rotations", json=a_rotation(world, *members, **changes))
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def free(world: World, *people: Person) -> None:
    """The cast is on duty for a month; these people are not."""
    for one in people:
        client = await world.of(one)
        for shift in (await client.get("/v1/duty-shifts")).json()["items"]:
            assert (await client.delete(f"/v1/duty-shifts/{shift['id']}")).status_code == 204


async def shifts(world: World, who: Person) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = (await (await world.of(who)).get("/v1/duty-shifts")).json()["items"]
    return found


async def test_shifts_are_made_four_weeks_ahead_once_however_often_the_clock_asks(world: World) -> None:
    await free(world, *PEERS)
    await planned(world)
    made = await gather(*(rotations.materialise(world.pool, world.clock.now) for _ in range(5)))
    assert sum(made) == 27
    assert await rotations.materialise(world.pool, world.clock.now) == 0
    every = sorted([(shift["startsAt"], shift["endsAt"]) for one in PEERS for shift in await shifts(world, one)])
    assert [end for _, end in every[:-1]] == [start for start, _ in every[1:]]


async def test_four_weeks_go_on_being_ahead(world: World) -> None:
    await free(world, *PEERS)
    await planned(world)
    await rotations.materialise(world.pool, world.clock.now)
    later = world.clock.now + timedelta(days=28) - REFILL_BELOW + timedelta(hours=1)
    assert await rotations.materialise(world.pool, later) == 1


async def test_a_shift_that_somebody_has_ended_does_not_come_back(world: World) -> None:
    await free(world, *PEERS)
    await planned(world)
    await rotations.materialise(world.pool, world.clock.now)
    first = (await shifts(world, SAM))[0]
    assert (await (await world.of(SAM)).delete(f"/v1/duty-shifts/{first['id']}")).status_code == 204
    for days in range(5):
        await rotations.materialise(world.pool, world.clock.now + timedelta(days=days))
    assert first["startsAt"] not in [one["startsAt"] for one in await shifts(world, SAM)]


async def test_who_is_on_duty_anyhow_for_part_of_a_turn_has_the_rest_of_it(world: World) -> None:
    await free(world, *PEERS)
    day = (world.clock.now + timedelta(days=2)).replace(hour=16, minute=0)
    own = {"id": str(world.new_id()), "startsAt": day.isoformat(), "endsAt": (day + timedelta(hours=2)).isoformat()}
    assert (await (await world.of(SAM)).post("/v1/duty-shifts", json=own)).status_code == 201
    await planned(world, SAM)
    await rotations.materialise(world.pool, world.clock.now)
    found = [
        (datetime.fromisoformat(s["startsAt"]), datetime.fromisoformat(s["endsAt"])) for s in await shifts(world, SAM)
    ]
    assert found[0][1] == found[1][0] == day
    assert found[1][1] == found[2][0] == day + timedelta(hours=2)


async def test_ending_a_rotation_takes_back_what_has_not_begun(world: World) -> None:
    await free(world, *PEERS)
    made = await planned(world)
    await rotations.materialise(world.pool, world.clock.now)
    for who in (ROSA, THEO):
        answer = await (await world.of(who)).post(f"/v1/rotations/{made['id']}/end")
        assert answer.json()["endedAt"]
    assert await shifts(world, SAM) == []
    assert await rotations.materialise(world.pool, world.clock.now + timedelta(days=20)) == 0
    assert (await (await world.of(ROSA)).get("/v1/rotations")).json()["items"] == []


async def test_the_same_rotation_twice_is_one_and_another_by_its_id_is_refused(world: World) -> None:
    rosa, sent = await world.of(ROSA), a_rotation(world)
    answers = [await rosa.post("/v1/rotations", json=sent) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert (await rosa.post("/v1/rotations", json=sent | {"name": "Nights"})).json()["code"] == "IdTaken"


async def test_rotations_come_page_by_page(world: World) -> None:
    made = {(await planned(world))["id"] for _ in range(2)}
    rosa, found, cursor = await world.of(ROSA), [], ""
    for _ in range(2):
        page = (await rosa.get("/v1/rotations", params={"limit": 1} | ({"cursor": cursor} if cursor else {}))).json()
        found += [one["id"] for one in page["items"]]
        cursor = page["nextCursor"]
    assert set(found) == made


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"timeZone": "Mars/Base"}, "/timeZone"),
        ({"startsOn": "2020-01-01"}, "/startsOn"),
        ({"startsOn": "2030-01-01"}, "/startsOn"),
        ({"members": [str(MAYA.id)]}, "/members"),
        ({"members": [str(NELL.id)], "wanted": "clinician"}, "/members"),
        ({"members": [str(SAM.id), str(OKAFOR.id)]}, "/members"),
    ],
)
async def test_what_cannot_be_planned_is_refused_by_name(world: World, changes: dict[str, Any], pointer: str) -> None:
    answer = await (await world.of(ROSA)).post("/v1/rotations", json=a_rotation(world, **changes))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


@pytest.mark.parametrize("stranger", [SAM, DANA, MAYA, NELL], ids=lambda one: one.handle)
async def test_who_does_not_run_the_place_plans_nothing(world: World, stranger: Person) -> None:
    made, client = await planned(world), await world.of(stranger)
    assert (await client.post("/v1/rotations", json=a_rotation(world))).status_code == 403
    assert (await client.get("/v1/rotations")).status_code == 403
    assert (await client.post(f"/v1/rotations/{made['id']}/end")).status_code == 403


async def test_a_rotation_that_is_not_there_cannot_be_ended(world: World) -> None:
    assert (await (await world.of(ROSA)).post(f"/v1/rotations/{world.new_id()}/end")).status_code == 404
