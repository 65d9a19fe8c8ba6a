"""A phone rings once for what waits in a thread, says nothing of it, and rings anew for what comes after reading."""

from datetime import datetime

import notifications
from app.demo.cast import MAYA, SAM, Person
from db import Pool
from tests.messages.talk import a_thread, wrote
from tests.notifications.phones import Phones
from tests.world import World


async def a_phone(world: World, who: Person) -> None:
    new = {"id": str(world.new_id()), "kind": "fcm-token", "token": f"phone-of-{who.handle}", "platform": "ios",
           "timeZone": "UTC"}  # fmt: skip
    assert (await (await world.of(who)).post("/v1/devices", json=new)).status_code == 201


async def rang(pool: Pool, phones: Phones, now: datetime) -> int:
    """How many pushes went out now."""
    before = len(phones.pushes)
    await notifications.deliver_due(pool, phones, now)
    return len(phones.pushes) - before


async def test_a_phone_rings_once_until_its_owner_has_read_and_then_again(world: World, pool: Pool) -> None:
    phones, thread, clock = Phones(), await a_thread(world), world.clock
    await a_phone(world, SAM)
    await wrote(world, MAYA, thread, "canary-words-of-maya")
    await wrote(world, MAYA, thread, "And another.")
    assert await rang(pool, phones, clock.now) == 1
    clock.forward(minutes=5)
    await wrote(world, MAYA, thread, "And one more.")
    assert await rang(pool, phones, clock.now) == 0

    await (await world.of(SAM)).post(f"/v1/threads/{thread}/marks", json={"read": 3})
    await wrote(world, MAYA, thread, "After he had read.")
    assert await rang(pool, phones, clock.now) == 1
    assert not any("canary" in repr(one) or "Maya" in repr(one) or str(MAYA.id) in repr(one) for one in phones.pushes)


async def test_what_was_read_before_the_phone_rang_does_not_ring(world: World, pool: Pool) -> None:
    phones, thread = Phones(), await a_thread(world)
    await a_phone(world, SAM)
    await wrote(world, MAYA, thread)
    await (await world.of(SAM)).post(f"/v1/threads/{thread}/marks", json={"read": 1})
    assert await rang(pool, phones, world.clock.now) == 0


async def test_reading_takes_back_what_rings_for_oneself_alone(world: World, pool: Pool) -> None:
    phones, thread = Phones(), await a_thread(world)
    for who in (SAM, MAYA):
        await a_phone(world, who)
    await wrote(world, MAYA, thread)
    await wrote(world, SAM, thread)
    await (await world.of(SAM)).post(f"/v1/threads/{thread}/marks", json={"read": 2})
    assert await rang(pool, phones, world.clock.now) == 1
