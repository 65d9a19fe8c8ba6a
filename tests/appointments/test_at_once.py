"""Many people at the same moment, on connections that really commit."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from app.demo.cast import DANA, LEO, MAYA
from db import CLOCK
from tests.appointments.test_routes import WEDNESDAY_9, WEDNESDAY_950, a_booking, code
from tests.world import AS_IT_IS, World


async def test_of_two_hundred_who_want_one_time_one_has_it(real_world: World) -> None:
    world = real_world
    clients = [await world.of(MAYA), await world.of(LEO)]
    bodies = [a_booking(world) for _ in range(200)]

    answers = await _at_once(*((clients[n % 2], "/v1/appointments", body) for n, body in enumerate(bodies)))

    won = [a for a in answers if a.status_code == 201]
    assert len(won) == 1
    assert Counter(code(a) for a in answers if a not in won) == {(409, "SlotTaken"): 199}
    async with world.pool.transaction(CLOCK) as db:
        assert await db.value(int, "SELECT count(*) FROM appointment") == 1
        assert await db.value(int, "SELECT count(*) FROM notification WHERE kind = 'appointment'") == 3


async def test_one_booking_sent_forty_times_at_once_is_one(real_world: World) -> None:
    maya, body = await real_world.of(MAYA), a_booking(real_world)

    answers = await _at_once(*[(maya, "/v1/appointments", body)] * 40)

    assert {a.status_code for a in answers} == {201}
    assert len({a.content for a in answers}) == 1
    async with real_world.pool.transaction(CLOCK) as db:
        assert await db.value(int, "SELECT count(*) FROM notification WHERE kind = 'appointment'") == 3


async def test_two_who_swap_their_times_at_the_same_moment_never_wait_for_each_other(real_world: World) -> None:
    """Each wants what the other gives up: whoever comes first finds it taken, and nobody meets a deadlock."""
    world = real_world
    maya, leo = await world.of(MAYA), await world.of(LEO)
    for _ in range(10):
        one, two = a_booking(world), a_booking(world, startsAt=WEDNESDAY_950.isoformat())
        await _at_once((maya, "/v1/appointments", one), (leo, "/v1/appointments", two))
        swap = [
            (client, f"/v1/appointments/{mine['id']}/reschedule", _to(world, other["startsAt"]))
            for client, mine, other in ((maya, one, two), (leo, two, one))
        ]
        answers = await _at_once(*swap)
        assert {code(a) for a in answers} == {(409, "SlotTaken")}
        for client, mine in ((maya, one), (leo, two)):
            assert (await client.post(f"/v1/appointments/{mine['id']}/cancel")).status_code == 200


async def test_one_appointment_moved_by_many_at_once_goes_to_one_place(real_world: World) -> None:
    world = real_world
    maya, dana, body = await world.of(MAYA), await world.of(DANA), a_booking(real_world)
    await maya.post("/v1/appointments", json=body)
    thursday = datetime(2026, 3, 5, 14, 0, tzinfo=UTC)
    moves = [_to(world, (thursday + n * timedelta(minutes=50)).isoformat()) for n in range(6)]

    path = f"/v1/appointments/{body['id']}/reschedule"
    answers = await _at_once(*((client, path, move) for move in moves for client in (maya, dana)))

    assert len({a.json()["id"] for a in answers if a.status_code == 201}) == 1
    assert {a.status_code for a in answers} == {201, 409}
    listed = (await maya.get("/v1/appointments")).json()["items"]
    assert Counter(one["status"] for one in listed) == {"cancelled": 1, "booked": 1}


async def test_the_same_move_sent_many_times_at_once_is_one(real_world: World) -> None:
    world = real_world
    maya, body = await world.of(MAYA), a_booking(world)
    await maya.post("/v1/appointments", json=body)
    move = _to(world, WEDNESDAY_950.isoformat())

    answers = await _at_once(*[(maya, f"/v1/appointments/{body['id']}/reschedule", move)] * 12)

    assert {a.status_code for a in answers} == {201}, [a.text for a in answers]
    assert len({a.content for a in answers}) == 1


async def test_the_same_settlement_sent_many_times_at_once_is_one(real_world: World) -> None:
    world = real_world
    dana = await world.of(DANA)
    for n, (verb, status) in enumerate((("cancel", "cancelled"), ("complete", "fulfilled"), ("no-show", "noshow"))):
        starts = WEDNESDAY_9 + n * timedelta(days=1)
        body = a_booking(world, startsAt=starts.isoformat(), patientId=str(MAYA.id))
        await dana.post("/v1/appointments", json=body)
        world.clock.now = starts

        answers = await _at_once(*[(dana, f"/v1/appointments/{body['id']}/{verb}", None)] * 12)

        assert {(a.status_code, a.json()["status"]) for a in answers} == {(200, status)}, [a.text for a in answers]


async def test_cancelled_and_moved_at_once_is_one_of_the_two(real_world: World) -> None:
    world = real_world
    maya, dana = await world.of(MAYA), await world.of(DANA)
    for _ in range(10):
        body = a_booking(world, startsAt=WEDNESDAY_9.isoformat())
        await maya.post("/v1/appointments", json=body)
        path = f"/v1/appointments/{body['id']}"
        move = _to(world, WEDNESDAY_950.isoformat())
        cancelled, moved = await _at_once((dana, f"{path}/cancel", None), (maya, f"{path}/reschedule", move))
        assert {cancelled.status_code, moved.status_code} in ({200, 409}, {409, 201})
        if moved.status_code == 201:
            await maya.post(f"/v1/appointments/{move['id']}/cancel")


async def test_two_weeks_saved_at_once_are_one_of_the_two(real_world: World) -> None:
    dana = await real_world.of(DANA)
    weeks = [[{"weekday": day, "starts": "09:00", "ends": "10:00"}] for day in (1, 2)]

    answers = await asyncio.gather(
        *(dana.put("/v1/working-hours", json={"blocks": w}, headers=AS_IT_IS) for w in weeks * 5)
    )

    assert {a.status_code for a in answers} == {200}
    assert (await dana.get("/v1/working-hours")).json()["blocks"] in weeks


def _to(world: World, starts_at: str) -> dict[str, Any]:
    return {"id": str(world.new_id()), "startsAt": starts_at}


async def _insist(client: Any, path: str, body: dict[str, Any] | None) -> Any:
    """Send until it is answered, as a phone does: a busy server says so and has kept nothing."""
    while (answer := await client.post(path, json=body)).status_code == 503:
        assert answer.headers["retry-after"]
    return answer


async def _at_once(*requests: tuple[Any, str, dict[str, Any] | None]) -> list[Any]:
    return await asyncio.gather(*(_insist(*request) for request in requests))
