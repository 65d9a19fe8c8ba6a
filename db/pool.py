"""The pool, and the one way to open a transaction."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import asyncpg

from db.connection import Connection, Raw
from db.principal import Principal, opening

ACQUIRE_SECONDS = 2.0
STATEMENT_SECONDS = 5.0


class Busy(Exception):
    """No connection came free in time; the caller answers 503 and the client tries again."""


class Pool:
    """A fixed number of connections as the role that owns nothing."""

    def __init__(self, raw: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._raw = raw
        self._unfinished: set[asyncio.Future[None]] = set()
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
        raw = await self._acquire()
        try:
            await raw.execute(opening(principal))
            db = Connection(raw)
            yield db
            await raw.execute("COMMIT")
        except BaseException:
            await self._uncancelled(self._roll_back(raw))
            raise
        await self._raw.release(raw)
        if db.woken:
            self.ring(db.woken)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """A connection without a transaction, for one statement that needs no identity."""
        raw = await self._acquire()
        try:
            yield Connection(raw)
        finally:
            await self._uncancelled(self._raw.release(raw))

    async def _acquire(self) -> Raw:
        try:
            return await self._raw.acquire(timeout=ACQUIRE_SECONDS)
        except TimeoutError as error:
            raise Busy from error

    async def _roll_back(self, raw: Raw) -> None:
        """Undo and give the connection back; one that cannot be rolled back is thrown away."""
        try:
            async with asyncio.timeout(2):
                await raw.execute("ROLLBACK")
        except Exception:  # whatever it was, the caller's own error is the one to tell
            with contextlib.suppress(Exception):
                raw.terminate()
        await self._raw.release(raw)

    async def _uncancelled(self, work: Coroutine[object, object, None]) -> None:
        """Do it to the end, even if whoever waits for it is cancelled, and cancelled again."""
        task = asyncio.ensure_future(work)
        self._unfinished.add(task)
        task.add_done_callback(self._unfinished.discard)
        await asyncio.shield(task)

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
