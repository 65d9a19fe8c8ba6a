"""A bell between processes: it says that something may be new, and the rows say what.

A ring reaches listeners in this process at once and the others through one NOTIFY for a batch, sent after the commit
on a connection of its own: a NOTIFY inside the write would hold a global lock through the commit. A lost ring costs a
poll, never a row: after every reconnect all listeners are woken.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager

from db.connection import Raw
from db.pool import Pool, connect

CHANNEL = "cairn"
PAYLOAD_BYTES = 7000
RETRY_SECONDS = 1.0
CHECK_SECONDS = 30.0


class Bell:
    """Names and who waits for them. `open_bell` connects it to the other processes."""

    def __init__(self) -> None:
        self._ears: dict[str, set[asyncio.Event]] = {}
        self._unsent: set[str] = set()
        self._rung = asyncio.Event()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the process is going down; streams end when it is."""
        return self._closed

    def ring(self, names: Iterable[str]) -> None:
        """Wake who waits here, and have the other processes woken."""
        names = set(names)
        self._wake(names)
        self._unsent |= names
        self._rung.set()

    @contextmanager
    def listening(self, name: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever the name is rung; the listener clears it before it looks."""
        ear = asyncio.Event()
        self._ears.setdefault(name, set()).add(ear)
        try:
            yield ear
        finally:
            self._ears[name].discard(ear)
            if not self._ears[name]:
                del self._ears[name]

    def close(self) -> None:
        """Wake everybody for the last time."""
        self._closed = True
        self.wake_all()

    def wake_all(self) -> None:
        """Something may have been missed: everybody looks."""
        self._wake(list(self._ears))

    def _wake(self, names: Iterable[str]) -> None:
        for name in names:
            for ear in self._ears.get(name, ()):
                ear.set()

    async def run(self, dsn: str) -> None:
        """Stay connected until cancelled; a lost connection is opened again, whatever it was lost to."""
        while True:
            try:
                await self._connected(dsn)
            except Exception as error:
                logging.getLogger(__name__).warning("The bell's connection was lost.", exc_info=error)
            await asyncio.sleep(RETRY_SECONDS)

    async def _connected(self, dsn: str) -> None:
        raw = await connect(dsn, "cairn bell")
        try:
            await raw.add_listener(CHANNEL, self._heard)
            self.wake_all()
            while True:
                await self._pass_on(raw)
        finally:
            raw.terminate()

    async def _pass_on(self, raw: Raw) -> None:
        """Send what was rung here; with nothing to send, see every half minute that the connection lives."""
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self._rung.wait()
        except TimeoutError:
            await raw.execute("SELECT 1", timeout=5)
            return
        self._rung.clear()
        names, self._unsent = sorted(self._unsent), set()
        for payload in payloads(names):
            await raw.execute("SELECT pg_notify($1, $2)", CHANNEL, payload, timeout=5)

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        self._wake(str(payload).split("\n"))


def payloads(names: Iterable[str]) -> list[str]:
    """Names joined into as few payloads as PostgreSQL's 8,000 bytes allow."""
    batches: list[str] = []
    for name in names:
        if batches and len(batches[-1]) + len(name) < PAYLOAD_BYTES:
            batches[-1] += "\n" + name
        else:
            batches.append(name)
    return batches


@asynccontextmanager
async def open_bell(pool: Pool, dsn: str) -> AsyncIterator[Bell]:
    """A bell that the pool rings after each commit that asked for it."""
    bell = Bell()
    pool.ring = bell.ring
    task = asyncio.create_task(bell.run(dsn), name="bell")
    try:
        yield bell
    finally:
        bell.close()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
