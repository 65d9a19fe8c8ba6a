"""A day of care in the test's own transaction, where the test may also look as the owner."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from db import Pool, embedded
from tests.app.scene import Scene, Seen, a_day, seen
from tests.world import World


@pytest.fixture
async def seen_pool(server: embedded.Server, shared_pool: Pool) -> AsyncIterator[Seen]:
    """One transaction as the app's role, in which every row can be looked at."""
    async with seen(server.dsn("shared")) as pool:
        yield pool


@pytest.fixture
async def scene(seen_pool: Seen, now: datetime) -> AsyncIterator[Scene]:
    """The day, with the guard on."""
    async with World.over(seen_pool, now) as world:
        yield await a_day(world, seen_pool)


@pytest.fixture
async def open_scene(seen_pool: Seen, now: datetime) -> AsyncIterator[Scene]:
    """The same day with the guard off: only the queries and row-level security stand."""
    async with World.over(seen_pool, now, guarded=False) as world:
        yield await a_day(world, seen_pool)
