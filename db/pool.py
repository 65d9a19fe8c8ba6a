"""The pool, and the one way to open a transaction."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg

from db.connection import Connection
from db.principal import Principal, opening

ACQUIRE_SECONDS = 2.0
STATEMENT_SECONDS = 5.0


class Busy(Exception):
    """No connection came free in time; the caller answers 503 and the client tries again."""


class Pool:
    """A fixed number of connections as the role that owns nothing."""

    def __init__(self, raw: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._raw = raw
        self.ring: Callable[[set[str]], None] = _nobody_listens

    @classmethod
    def none(cls) -> "Pool":
        """A pool that is never asked: for looking at an app that is not served."""
        return cls(None)  # type: ignore[arg-type]

    @asynccontextmanager
    async def transaction(self, principal: Principal) -> AsyncIterator[Connection]:
        """One transaction on behalf of `principal`: committed when the block ends, rolled back when it raises.

        BEGIN and the caller's identity are one round trip. Bells are rung after the commit. Waits at most two seconds
        for a connection, then `Busy`.
        """
        async with self._acquired() as raw:
            await raw.execute(opening(principal))
            db = Connection(raw)
            try:
                yield db
            except BaseException:
                await _roll_back(raw)
                raise
            await raw.execute("COMMIT")
        if db.woken:
            self.ring(db.woken)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """A connection without a transaction, for one statement that needs no identity."""
        async with self._acquired() as raw:
            yield Connection(raw)

    @asynccontextmanager
    async def _acquired(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        try:
            raw = await self._raw.acquire(timeout=ACQUIRE_SECONDS)
        except TimeoutError as error:
            raise Busy from error
        try:
            yield raw  # type: ignore[misc]  # the stub says a proxy; it behaves as the connection
        finally:
            await self._raw.release(raw)

    async def close(self) -> None:
        """Wait for what runs, then close; after five seconds cut it off."""
        try:
            await asyncio.wait_for(self._raw.close(), 5)
        except TimeoutError:
            self._raw.terminate()


async def open_pool(dsn: str, *, size: int = 8, application: str = "cairn") -> Pool:
    """A pool of `size` connections to `dsn`; a statement that takes over five seconds is cut off."""
    raw = await asyncpg.create_pool(
        dsn,
        min_size=size,
        max_size=size,
        reset=_keep,
        statement_cache_size=1024,
        max_cached_statement_lifetime=0,
        max_inactive_connection_lifetime=0,
        command_timeout=STATEMENT_SECONDS,
        timeout=5,
        server_settings={"application_name": application, "TimeZone": "UTC", "jit": "off"},
    )
    return Pool(raw)


async def connect(dsn: str, application: str = "cairn") -> "asyncpg.Connection[asyncpg.Record]":
    """A dedicated connection, for migrations and for listening; the caller closes it."""
    return await asyncpg.connect(dsn, timeout=5, server_settings={"application_name": application, "TimeZone": "UTC"})


def _nobody_listens(_: set[str]) -> None:
    """A pool without a bell: readers find the rows at their next poll."""


async def _keep(_: object) -> None:
    """Nothing to reset: all that a request sets is local to its transaction."""


async def _roll_back(raw: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Roll back even when the request was cancelled; a connection that cannot is thrown away."""
    try:
        await asyncio.shield(asyncio.wait_for(raw.execute("ROLLBACK"), 2))
    except BaseException:
        with contextlib.suppress(Exception):
            raw.terminate()
        raise
