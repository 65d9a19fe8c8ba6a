"""Cairn itself, as `app api` serves it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from app.asgi import create_app
from app.site import Site
from db import open_bell, open_pool
from tests.bench._peers.closed import KEYS


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[Any]:
    """The whole app: every slice, guard, header and metric."""
    pool = await open_pool(dsn, keys=KEYS)
    try:
        async with open_bell(pool, dsn) as bell:
            yield create_app(pool, bell, Site(ticket_key=bytes(32)))
    finally:
        await pool.close()
