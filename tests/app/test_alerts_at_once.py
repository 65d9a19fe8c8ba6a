"""Two people act on one alert at the same moment: whoever is second decides by what the first one has made of it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from app import auth
from app.alerts import actions as alerts
from app.alerts.models import Cause, Worry
from app.auth import Signed
from app.demo.cast import MAYA, SAM, THEO, Person
from db import Connection, Pool, person
from tests.app.test_alerts import act, seen_by, worried
from tests.world import World, a_check_in


async def signed(world: World, who: Person) -> Signed:
    """Somebody as the guard finds them."""
    return await auth.who(world.pool, (await world.of(who)).headers["authorization"], world.clock.now)


async def until_one_waits(pool: Pool) -> None:
    """Wait until somebody waits for somebody else's row, at most ten seconds."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(10), pool.reading() as db:
        while not await db.value(int, asked):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(("verb", "body"), [("claim", {}), ("close", {"outcome": "reached-safe"})])
async def test_a_peer_neither_answers_nor_closes_what_becomes_a_crisis_at_that_moment(
    real_world: World, verb: str, body: dict[str, Any]
) -> None:
    world = real_world
    alert = (await worried(world, craving=8))["alertId"]
    if verb == "close":
        assert (await act(world, SAM, alert, "claim")).status_code == 200
    theo = await signed(world, THEO)

    async with world.pool.transaction(person(theo.id)) as db:
        await alerts.raise_to(db, theo, alert, "p0", world.clock.now)
        answer = asyncio.create_task(act(world, SAM, alert, verb, **body))
        await until_one_waits(world.pool)

    assert ((await answer).status_code, (await answer).json()["code"]) == (403, "ClinicianNeeded")
    [seen] = await seen_by(world, THEO)
    assert (seen["alertClass"], seen["claimedBy"], seen["closedAt"]) == ("p0", None, None)


class Overtaken(Connection):
    """A connection on which something happens right after an alert was found to be open already."""

    meanwhile: Callable[[], Awaitable[object]]

    async def run(self, sql: str, *args: object) -> int:
        """The same, and then what happens meanwhile."""
        touched = await super().run(sql, *args)
        if "INSERT INTO alert (" in sql and not touched:
            await self.meanwhile()
        return touched


async def test_a_worry_that_joins_an_alert_while_it_is_closed_opens_one_of_its_own(real_world: World) -> None:
    world = real_world
    old, maya = (await worried(world, inDanger=True))["alertId"], await signed(world, MAYA)
    answer = (await (await world.of(MAYA)).post("/v1/check-ins", json=a_check_in(world))).json()["id"]

    async with world.pool.transaction(person(maya.id)) as db:
        overtaken = Overtaken(db._raw)
        overtaken.meanwhile = lambda: act(world, THEO, old, "close", outcome="reached-safe")
        opened = await alerts.open(
            overtaken,
            maya.id,
            maya.organisation_id,
            Worry("p0", ("in-danger",)),
            Cause("check-in", UUID(answer)),
            world.clock.now,
        )

    assert [a["id"] for a in await seen_by(world, THEO) if a["closedAt"] is None] == [str(opened.id)]
