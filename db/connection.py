"""One connection inside one transaction; its rows come out as Structs."""

from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import asyncpg
from msgspec import Struct

from db.envelope import DataKey
from db.keys import Keys, NoKeys
from db.rows import Reader, reader

S = TypeVar("S", bound=Struct)
V = TypeVar("V")

Raw: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
"""The driver's own connection."""

_READERS: dict[tuple[type[Struct], str], Reader] = {}


class Connection:
    """What a query function gets. Made by `Pool.transaction` only, and gone with it."""

    __slots__ = ("_keys", "_raw", "made", "woken")

    def __init__(self, raw: Raw, keys: Keys | None = None) -> None:
        self._raw, self._keys = raw, keys
        self.woken: set[str] = set()
        self.made: dict[UUID, DataKey] = {}

    @property
    def keys(self) -> Keys:
        """What seals and opens text, for `db.sealing`."""
        if self._keys is None:
            raise NoKeys
        return self._keys

    async def all(self, shape: type[S], sql: str, *args: object) -> list[S]:
        """Every row as a `shape`, in the statement's order."""
        rows = await self._raw.fetch(sql, *args)
        if not rows:
            return []
        return _reader(shape, sql, rows[0]).all(rows)

    async def one(self, shape: type[S], sql: str, *args: object) -> S | None:
        """The first row as a `shape`, or None where there is none."""
        row = await self._raw.fetchrow(sql, *args)
        found: S | None = None if row is None else _reader(shape, sql, row).one(row)
        return found

    async def value(self, kind: type[V], sql: str, *args: object) -> V | None:
        """The first column of the first row; `kind` says what the statement selects."""
        found = await self._raw.fetchval(sql, *args)
        if found is not None and not isinstance(found, kind):
            raise TypeError(f"a statement gave {type(found).__name__} where {kind.__name__} was promised")
        return found

    async def values(self, kind: type[V], sql: str, *args: object) -> list[V]:
        """The first column of every row."""
        rows = await self._raw.fetch(sql, *args)
        if rows and not isinstance(rows[0][0], kind):
            raise TypeError(f"a statement gave {type(rows[0][0]).__name__} where {kind.__name__} was promised")
        return [row[0] for row in rows]

    async def run(self, sql: str, *args: object) -> int:
        """Run a statement for its effect; how many rows it touched."""
        status = await self._raw.execute(sql, *args)
        last = status.rpartition(" ")[2]
        return int(last) if last.isdigit() else 0

    def wake(self, name: str) -> None:
        """Once this transaction has committed, ring the bell by that name; never when it rolls back."""
        self.woken.add(name)


def _reader(shape: type[Struct], sql: str, row: Any) -> Reader:
    key = (shape, sql)
    found = _READERS.get(key)
    if found is None:
        found = _READERS[key] = reader(shape, tuple(row.keys()))
    return found
