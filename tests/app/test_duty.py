"""Coming on duty and going off it."""

from datetime import timedelta
from typing import Any

from app.demo.cast import INES, MAYA, OKAFOR, SAM
from app.events import actions as events
from db import person
from tests.world import World


def a_shift(world: World, **changes: Any) -> dict[str, Any]:
    """From now on for four hours."""
    now = world.clock.now
    calm = {"id": str(world.new_id()), "startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=4)).isoformat()}
    return calm | changes


async def test_the_same_shift_twice_is_one(world: World) -> None:
    okafor, shift = await world.of(OKAFOR), a_shift(world)
    answers = [await okafor.post("/v1/duty-shifts", json=shift) for _ in range(2)]

    assert [a.status_code for a in answers] == [201, 201]
    assert [s["id"] for s in (await okafor.get("/v1/duty-shifts")).json()["items"]] == [shift["id"]]


async def test_one_is_on_duty_once_at_a_time(world: World) -> None:
    okafor = await world.of(OKAFOR)
    assert (await okafor.post("/v1/duty-shifts", json=a_shift(world))).status_code == 201

    assert (await okafor.post("/v1/duty-shifts", json=a_shift(world))).json()["code"] == "ShiftOverlaps"


async def test_an_id_is_used_for_one_shift_of_one_person(world: World) -> None:
    okafor, sam, shift = await world.of(OKAFOR), await world.of(SAM), a_shift(world)
    assert (await okafor.post("/v1/duty-shifts", json=shift)).status_code == 201

    later = shift | {"endsAt": (world.clock.now + timedelta(hours=5)).isoformat()}
    assert (await okafor.post("/v1/duty-shifts", json=later)).json()["code"] == "IdTaken"
    assert (await sam.post("/v1/duty-shifts", json=shift)).json()["code"] == "IdTaken"


async def test_a_shift_of_another_year_is_a_slip_of_the_finger(world: World) -> None:
    okafor = await world.of(OKAFOR)
    for days in (-367, -11 * 366, 367):
        starts = world.clock.now + timedelta(days=days)
        shift = a_shift(world, startsAt=starts.isoformat(), endsAt=(starts + timedelta(hours=4)).isoformat())
        answer = await okafor.post("/v1/duty-shifts", json=shift)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/startsAt"), days


async def test_a_shift_ends_after_it_begins_and_within_a_day(world: World) -> None:
    okafor = await world.of(OKAFOR)
    for hours in (0, -1, 25):
        ends = (world.clock.now + timedelta(hours=hours)).isoformat()
        answer = await okafor.post("/v1/duty-shifts", json=a_shift(world, endsAt=ends))
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/endsAt")


async def test_a_shift_that_began_ends_now_and_one_to_come_is_taken_back(world: World) -> None:
    okafor = await world.of(OKAFOR)
    begun = a_shift(world)
    tomorrow = world.clock.now + timedelta(days=1)
    to_come = a_shift(world, startsAt=tomorrow.isoformat(), endsAt=(tomorrow + timedelta(hours=2)).isoformat())
    for shift in (begun, to_come):
        assert (await okafor.post("/v1/duty-shifts", json=shift)).status_code == 201
    world.clock.forward(hours=1)

    for shift in (begun, to_come):
        assert (await okafor.delete(f"/v1/duty-shifts/{shift['id']}")).status_code == 204
        assert (await okafor.delete(f"/v1/duty-shifts/{shift['id']}")).status_code == 404
    assert (await okafor.get("/v1/duty-shifts")).json()["items"] == []
    ines = await world.of(INES)
    assert (await ines.delete(f"/v1/duty-shifts/{begun['id']}")).status_code == 404


async def test_events_are_forgotten_after_two_days(world: World) -> None:
    async with world.pool.transaction(person(MAYA.id)) as db:
        await events.publish(db, [SAM.id], "alert", MAYA.id, world.clock.now)

    assert await events.forget(world.pool, world.clock.forward(hours=47)) == 0
    assert await events.forget(world.pool, world.clock.forward(hours=2)) == 1
