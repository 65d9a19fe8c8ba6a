"""Server and client processes of a benchmark, as its measuring process holds them."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from tests.bench._load import Burst, Outcome

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 90.0


class Process:
    """A child that answers each line with a line."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        self._in, self._out = child.stdin, child.stdout

    async def line(self) -> bytes:
        """Its next line; a child that ended has none."""
        found = await asyncio.wait_for(self._out.readline(), SECONDS)
        if not found:
            raise ChildProcessError("a process of the benchmark ended early; what it said stands above")
        return found

    async def ask(self, line: bytes) -> bytes:
        """Its answer to a line."""
        self._in.write(line + b"\n")
        return await self.line()

    def end(self) -> None:
        """End its input, which ends it."""
        self._in.close()


@asynccontextmanager
async def _started(*arguments: str) -> AsyncIterator[Process]:
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", *arguments, cwd=ROOT, stdin=pipe, stdout=pipe)
    process = Process(child)
    try:
        yield process
    finally:
        process.end()
        try:
            await asyncio.wait_for(child.wait(), 15)
        except TimeoutError:
            child.kill()
            await child.wait()


class Server(Struct, frozen=True):
    """A peer that listens."""

    peer: str
    port: int
    process: Process

    async def cpu(self) -> float:
        """CPU seconds it has used since it began, of all its threads."""
        return float(await self.process.ask(b"cpu"))


class Client(Struct, frozen=True):
    """What sends the load."""

    process: Process

    async def send(self, port: int, requests: Sequence[str], connections: int) -> Outcome:
        """Send them all and wait for the last answer."""
        burst = Burst(port, connections, list(requests))
        return msgspec.json.decode(await self.process.ask(msgspec.json.encode(burst)), type=Outcome)


@asynccontextmanager
async def server(peer: str, dsn: str) -> AsyncIterator[Server]:
    """A peer served by a process of its own."""
    async with _started("tests.bench._serve", peer, dsn) as process:
        yield Server(peer, int(await process.line()), process)


@asynccontextmanager
async def client() -> AsyncIterator[Client]:
    """The one client process."""
    async with _started("tests.bench._load") as process:
        yield Client(process)
