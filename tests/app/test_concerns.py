"""Somebody who stands beside a patient is worried, and has others answer."""

from typing import Any

import httpx

from app.demo.cast import BEN, DANA, INES, MAYA, NELL, NOAH, OKAFOR, SAM, THEO, Person
from db import new_id
from tests.app.test_alerts import act, off_duty, seen_by, told, worried
from tests.world import World


async def concerned(world: World, person: Person, alert_class: str = "p0", **changes: Any) -> httpx.Response:
    """Somebody says that they are worried about Maya."""
    body = {"id": str(new_id(world.clock.now)), "alertClass": alert_class, "heard": "by-phone", **changes}
    return await (await world.of(person)).post(f"/v1/patients/{MAYA.id}/alerts", json=body)


async def test_a_peer_who_hears_of_danger_is_not_alone_with_it(world: World) -> None:
    answer = await concerned(world, SAM)

    assert (answer.status_code, answer.json()["alertClass"]) == (201, "p0")
    assert await told(world) == {"dana", "theo", "sam"}
    [alert] = await seen_by(world, DANA)
    assert alert["matter"]["reasons"] == ["heard-by-phone"]
    assert alert["matter"]["level"] is None
    assert (await act(world, SAM, alert["id"], "claim")).json()["code"] == "ClinicianNeeded"


async def test_a_peer_who_opened_it_reads_that_it_is_answered_and_not_more(world: World) -> None:
    alert_id = (await concerned(world, SAM)).json()["id"]
    await act(world, DANA, alert_id, "claim")

    [alert] = await seen_by(world, SAM)
    assert (alert["kind"], alert["claimedByName"], alert["worry"], alert["matter"]) == ("person", DANA.name, None, None)


async def test_the_same_concern_twice_is_one_alert(world: World) -> None:
    same = str(new_id(world.clock.now))
    first, again = await concerned(world, SAM, id=same), await concerned(world, SAM, id=same)

    assert first.json()["id"] == again.json()["id"]
    assert len(await seen_by(world, DANA)) == 1


async def test_a_concern_joins_the_alert_that_is_open_even_one_that_its_teller_may_not_read(world: World) -> None:
    opened = (await worried(world, inDanger=True))["alertId"]

    answer = await concerned(world, SAM)

    assert answer.json()["id"] == opened
    [alert] = await seen_by(world, DANA)
    assert alert["matter"]["reasons"] == ["in-danger", "heard-by-phone"]
    assert alert["matter"]["level"] is not None


async def test_where_nobody_is_on_duty_whoever_is_worried_still_reaches_the_supervisor(world: World) -> None:
    await off_duty(world, DANA, THEO, SAM, INES)

    assert (await concerned(world, SAM)).status_code == 201
    assert "theo" in await told(world)


async def test_nobody_opens_an_alert_about_somebody_whom_they_do_not_stand_beside(world: World) -> None:
    for person, code in ((NELL, 404), (BEN, 404), (NOAH, 403), (MAYA, 403), (OKAFOR, 201)):
        assert (await concerned(world, person)).status_code == code, person.handle
    assert await told(world) >= {"dana", "okafor"}
