"""Phones that ring: what they must say of themselves."""

from uuid import uuid4

import pytest

from app.demo.cast import MAYA
from tests.world import World


@pytest.mark.parametrize("zone", ["America", "Mars/Olympus", "../etc/passwd", "", "america/new_york"])
async def test_a_zone_that_nobody_knows_is_refused_by_the_name_of_its_field(world: World, zone: str) -> None:
    maya = await world.of(MAYA)
    phone = {"id": str(uuid4()), "kind": "fcm-token", "token": "a-new-phone", "platform": "ios", "timeZone": zone}

    answer = await maya.post("/v1/devices", json=phone)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/timeZone")
    assert phone["id"] not in (await maya.get("/v1/devices")).text


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T20:00:00-14:00", "1970-01-01T00:00:00Z"])
async def test_an_instant_that_no_phone_can_mean_is_refused_by_the_name_of_its_field(world: World, at: str) -> None:
    maya = await world.of(MAYA)

    answer = await maya.post(f"/v1/deliveries/{uuid4()}/receipts", json={"event": "delivered", "at": at})

    assert (answer.status_code, [one["pointer"] for one in answer.json()["errors"]]) == (422, ["/at"])
