"""The app in a transaction in which the test may also look, and write, as the owner."""

from collections.abc import AsyncIterator

import pytest

from db import Pool, embedded
from tests.app.scene import Seen, seen
from tests.conftest import NOW
from tests.world import World


@pytest.fixture
async def desk(server: embedded.Server, shared_pool: Pool) -> AsyncIterator[Seen]:
    """One transaction as the app's role, undone afterwards."""
    async with seen(server.dsn("shared")) as pool:
        yield pool


@pytest.fixture
async def world(desk: Seen) -> AsyncIterator[World]:
    """The app over that transaction, with a clock that the test moves."""
    async with World.over(desk, NOW) as made:
        yield made
