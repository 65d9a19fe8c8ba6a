"""A look at the schema as its owner."""

from collections.abc import AsyncIterator

import pytest

from db import Pool, embedded
from tests.app.scene import Seen, seen


@pytest.fixture
async def seen_pool(server: embedded.Server, shared_pool: Pool) -> AsyncIterator[Seen]:
    """One transaction as the app's role, in which every row can be looked at."""
    async with seen(server.dsn("shared")) as pool:
        yield pool
