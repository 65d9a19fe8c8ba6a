"""Reading a whole table, row by row: for its owner, outside any request."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from db.connection import Raw
from db.pool import connect

AT_ONCE = 5000


class Reading:
    """One moment of the database, as its owner sees it: whatever is written meanwhile is not there."""

    def __init__(self, raw: Raw) -> None:
        self._raw = raw

    async def all(self, sql: str, *args: object) -> list[Any]:
        """Every row at once, for few."""
        return await self._raw.fetch(sql, *args)

    async def in_parts(self, sql: str, *args: object) -> AsyncIterator[list[Any]]:
        """Every row, a few thousand at a time, however many there are."""
        cursor = await self._raw.cursor(sql, *args)
        while rows := await cursor.fetch(AT_ONCE):
            yield rows


@asynccontextmanager
async def reading(dsn: str) -> AsyncIterator[Reading]:
    """A transaction that reads and writes nothing, at one snapshot.

    Plans are made for the whole answer in the order of an index: the first rows come at once, and nothing is sorted.
    """
    raw = await connect(dsn, "cairn reading")
    try:
        async with raw.transaction(isolation="repeatable_read", readonly=True):
            await raw.execute("SET LOCAL cursor_tuple_fraction = 0.00001; SET LOCAL jit = off")
            yield Reading(raw)
    finally:
        await raw.close()
