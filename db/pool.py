"""The pool, and the one way to open a transaction."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import asyncpg

from db.connection import Connection, Raw
from db.keys import Keys
from db.principal import Principal, opening

ACQUIRE_SECONDS = 2.0
STATEMENT_SECONDS = 5.0
CLOSE_SECONDS = 5.0
IDLE_SECONDS = 10.0

# PostgreSQL asks after a client that says nothing, and gives up one that takes nothing: a machine that lost its power
# or its network keeps no connection. Each of these is there from version 12 on; on a local socket they do nothing.
_NOTICED_WHEN_GONE = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "15s",
}


class Busy(Exception):
    """No connection came free in time; the caller answers 503 and the client tries again."""


class BadAddress(Exception):
    """The address of a database is none: its port, say, or one of its options cannot be read."""


class NotCommitted(Exception):
    """PostgreSQL rolled back what was to be committed: a statement had failed, and whoever saw it went on."""


class Uncertain(Exception):
    """A COMMIT was sent and its answer never came: all of it was kept, or nothing; sending the same again finds out."""


class Pool:
    """A fixed number of connections as the role that owns nothing.

    asyncpg's own pool starts tasks and timers each time it lends a connection, which costs more than a statement; here
    one is taken from a stack and put back. One that was lost is replaced when its turn comes.
    """

    def __init__(self, connect: Callable[[], Awaitable[Raw]], size: int, keys: Keys | None = None) -> None:
        self._connect, self._size, self.keys = connect, size, keys
        self._free: asyncio.LifoQueue[Raw | None] = asyncio.LifoQueue()
        self._lent: set[Raw] = set()
        self._unfinished: set[asyncio.Future[None]] = set()
        self.ring: Callable[[set[str]], None] = _nobody_listens
        for _ in range(size):
            self._free.put_nowait(None)

    @classmethod
    def none(cls) -> "Pool":
        """A pool that is never asked: for looking at an app that is not served."""
        return cls(_nobody_connects, 0)

    def transaction(self, principal: Principal) -> AbstractAsyncContextManager[Connection]:
        """One transaction on behalf of `principal`: committed when the block ends, rolled back when it raises.

        BEGIN and the caller's identity are one round trip. Bells are rung after the commit. Waits at most two seconds
        for a connection, then `Busy`. A COMMIT without an answer is `Uncertain`; any other error means that nothing
        was kept.
        """
        return _Transaction(self, principal)

    def reading(self) -> AbstractAsyncContextManager[Connection]:
        """A connection without a transaction, for one statement that needs no identity."""
        return _Loan(self)

    async def take(self) -> Raw:
        """The connection that was free last; whoever takes one gives it back."""
        raw = self._free.get_nowait() if not self._free.empty() else await self._next_free()
        if raw is None or raw.is_closed():
            raw = await self._opened()
        self._lent.add(raw)
        return raw

    def give_back(self, raw: Raw) -> None:
        """Others may have it now."""
        self._lent.discard(raw)
        self._free.put_nowait(raw)

    async def _next_free(self) -> "Raw | None":
        try:
            async with asyncio.timeout(ACQUIRE_SECONDS):
                return await self._free.get()
        except TimeoutError as error:
            raise Busy from error

    async def _opened(self) -> Raw:
        """A connection in place of one that was lost or never there; where none can be opened the place is kept."""
        try:
            async with asyncio.timeout(ACQUIRE_SECONDS):
                return await self._connect()
        except TimeoutError as error:
            self._free.put_nowait(None)
            raise Busy from error
        except BaseException:
            self._free.put_nowait(None)
            raise

    async def roll_back(self, raw: Raw) -> None:
        """Undo and give the connection back, even if whoever waits for it is cancelled, and cancelled again."""
        task = asyncio.ensure_future(self._roll_back(raw))
        self._unfinished.add(task)
        task.add_done_callback(self._unfinished.discard)
        await asyncio.shield(task)

    async def _roll_back(self, raw: Raw) -> None:
        try:
            async with asyncio.timeout(ACQUIRE_SECONDS):
                await raw.execute("ROLLBACK")
        except Exception:  # whatever it was, the caller's own error is the one to tell
            with contextlib.suppress(Exception):
                raw.terminate()
        self.give_back(raw)

    async def fill(self) -> None:
        """Open every connection at once, so that what is wrong with them shows now."""
        taken = await asyncio.gather(*(self.take() for _ in range(self._size)), return_exceptions=True)
        for raw in taken:
            if not isinstance(raw, BaseException):
                self.give_back(raw)
        for problem in taken:
            if isinstance(problem, BaseException):
                await self.close()
                raise problem

    async def close(self) -> None:
        """Wait for what runs, then close; after five seconds cut it off."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                for _ in range(self._size):
                    if (raw := await self._free.get()) is not None:
                        await raw.close()
        for raw in self._lent:
            raw.terminate()


class _Loan:
    """What `Pool.reading` gives."""

    __slots__ = ("_pool", "_raw")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def __aenter__(self) -> Connection:
        self._raw = await self._pool.take()
        return Connection(self._raw, self._pool.keys)

    async def __aexit__(self, *_: object) -> None:
        self._pool.give_back(self._raw)


class _Transaction:
    """What `Pool.transaction` gives; a class, since a generator would cost as much again on every request."""

    __slots__ = ("_db", "_pool", "_principal", "_raw")

    def __init__(self, pool: Pool, principal: Principal) -> None:
        self._pool, self._principal = pool, principal

    async def __aenter__(self) -> Connection:
        self._raw = await self._pool.take()
        try:
            await self._raw.execute(opening(self._principal))
        except BaseException:
            await self._pool.roll_back(self._raw)
            raise
        self._db = Connection(self._raw, self._pool.keys)
        return self._db

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            await self._pool.roll_back(self._raw)
            return
        try:
            await _commit(self._raw)
        except BaseException:
            await self._pool.roll_back(self._raw)
            raise
        self._pool.give_back(self._raw)
        if self._db.woken:
            self._pool.ring(self._db.woken)


async def _commit(raw: Raw) -> None:
    """COMMIT, and see that it was one: a transaction in which a statement failed is rolled back without an error."""
    try:
        status = await raw.execute("COMMIT")
    except Exception as error:
        if _is_an_answer(error):
            raise
        raise Uncertain from error
    if status != "COMMIT":
        raise NotCommitted


def _is_an_answer(error: Exception) -> bool:
    """Whether PostgreSQL said no, rather than nothing: not so when it was cut off, cancelled or shut down."""
    return isinstance(error, asyncpg.PostgresError) and not (error.sqlstate or "08").startswith(("08", "57"))


async def open_pool(
    dsn: str,
    *,
    size: int = 8,
    application: str = "cairn",
    idle_seconds: float = IDLE_SECONDS,
    keys: Keys | None = None,
) -> Pool:
    """A pool of `size` connections to `dsn`; a statement that takes over five seconds is cut off.

    Without keys nothing can be sealed or opened on them.

    PostgreSQL keeps limits of its own, for when this process is frozen or cut off and cannot: whoever holds a
    transaction open and says nothing for `idle_seconds` (0: for ever) loses it and its locks.
    """
    limits = {
        "idle_in_transaction_session_timeout": f"{round(idle_seconds * 1000)}ms",
        "statement_timeout": f"{round((STATEMENT_SECONDS + 1) * 1000)}ms",
        "lock_timeout": f"{round((STATEMENT_SECONDS - 1) * 1000)}ms",
    }

    async def connect() -> Raw:
        return await asyncpg.connect(
            dsn,
            statement_cache_size=1024,
            max_cached_statement_lifetime=0,
            command_timeout=STATEMENT_SECONDS,
            timeout=5,
            server_settings=_settings(application) | limits | {"jit": "off"},
        )

    pool = Pool(connect, size, keys)
    await pool.fill()
    return pool


async def connect(dsn: str, application: str = "cairn") -> Raw:
    """A dedicated connection without limits, for migrations and for listening; the caller closes it.

    Raises `BadAddress`.
    """
    try:
        return await asyncpg.connect(dsn, timeout=5, server_settings=_settings(application))
    except (ValueError, OverflowError):
        raise BadAddress from None  # the driver's own words may quote what it could not read


def _settings(application: str) -> dict[str, str]:
    return {"application_name": application, "TimeZone": "UTC"} | _NOTICED_WHEN_GONE


def _nobody_listens(_: set[str]) -> None:
    """A pool without a bell: readers find the rows at their next poll."""


async def _nobody_connects() -> Raw:
    raise Busy
