"""A day of care in one transaction, where the test may also look as the owner. Each test leaves the day as it was."""

from collections.abc import AsyncIterator

import pytest

from app.demo.cast import CAST
from db import Pool, embedded
from tests.app.scene import Scene, Seen, a_day, seen
from tests.conftest import NOW
from tests.world import World


@pytest.fixture(scope="module")
async def seen_pool(server: embedded.Server, shared_pool: Pool) -> AsyncIterator[Seen]:
    """One transaction as the app's role, in which every row can be looked at."""
    async with seen(server.dsn("shared")) as pool:
        yield pool


@pytest.fixture(scope="module")
async def scene(seen_pool: Seen) -> AsyncIterator[Scene]:
    """The day, with the guard on. Whoever changes it does so in `scene.undone()`."""
    async with World.over(seen_pool, NOW) as world:
        yield await a_day(world, seen_pool)


@pytest.fixture(scope="module")
async def open_scene(scene: Scene) -> AsyncIterator[Scene]:
    """The same day with the guard off: only the queries and row-level security stand."""
    async with World.over(scene.seen, scene.now, guarded=False) as world:
        for person in CAST:
            await world.of(person)
        world.bell.close()
        yield Scene(world, scene.seen, scene.records, scene.shift, scene.exception)
