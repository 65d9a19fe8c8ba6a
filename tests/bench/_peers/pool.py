"""asyncpg's own pool, as a hand-written app would use it, with the settings of Cairn's connections."""

from typing import Any

import asyncpg


async def opened(dsn: str, size: int = 8, init: Any = None) -> "asyncpg.Pool[asyncpg.Record]":
    """All connections at once; nothing is reset between two requests, since nothing outlives a transaction."""
    return await asyncpg.create_pool(
        dsn,
        min_size=size,
        max_size=size,
        init=init,
        reset=_keep,
        statement_cache_size=1024,
        max_cached_statement_lifetime=0,
        max_inactive_connection_lifetime=0,
        command_timeout=5.0,
        server_settings={"TimeZone": "UTC", "jit": "off"},
    )


async def _keep(_: object) -> None:
    """Nothing to reset."""
