"""The client process of a benchmark: `python -m tests.bench._load`.

Each line read is a `Burst`, each line written what became of it. Connections are kept alive, one request in flight on
each; a burst that takes too long ends the process.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from typing import cast

import msgspec
import uvloop
from msgspec import Struct

SECONDS = 60.0


class Burst(Struct, frozen=True):
    """Whole requests as text, to be sent to one port over so many connections."""

    port: int
    connections: int
    requests: list[str]


class Outcome(Struct, frozen=True):
    """How it went: seconds for all of it, how many answers of each status, and the middle one's milliseconds."""

    seconds: float
    statuses: dict[int, int]
    median_ms: float


class _Caller(asyncio.Protocol):
    """One connection, which asks for as long as there is something to ask."""

    def __init__(self, requests: Iterator[bytes], answers: list[tuple[int, float]]) -> None:
        self._requests, self._answers = requests, answers
        self._got, self._asked = b"", 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own kind does not inherit from it
        self._ask()

    def _ask(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._asked = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._got += data
        whole = length_of(self._got)
        if whole is not None and len(self._got) >= whole:
            self._answers.append((int(self._got[9:12]), time.perf_counter() - self._asked))
            self._got = b""
            self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server hung up"))


def length_of(answer: bytes) -> int | None:
    """How long the whole answer is, once its head has arrived; every peer says its body's length."""
    head, found, _ = answer.partition(b"\r\n\r\n")
    if not found:
        return None
    length = head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]
    return len(head) + 4 + int(length)


async def send(burst: Burst) -> Outcome:
    """All requests of a burst, as fast as the server answers."""
    loop, answers = asyncio.get_running_loop(), list[tuple[int, float]]()
    requests = iter([request.encode() for request in burst.requests])
    started = time.perf_counter()
    async with asyncio.timeout(SECONDS):
        made = [loop.create_connection(lambda: _Caller(requests, answers), "127.0.0.1", burst.port)
                for _ in range(burst.connections)]  # fmt: skip
        for _, caller in await asyncio.gather(*made):
            await caller.done
    seconds = time.perf_counter() - started
    statuses = [status for status, _ in answers]
    median = sorted(took for _, took in answers)[len(answers) // 2]
    return Outcome(seconds, {status: statuses.count(status) for status in set(statuses)}, median * 1000)


def main() -> None:
    """Burst after burst until the input ends."""
    for line in sys.stdin:
        outcome = uvloop.run(send(msgspec.json.decode(line, type=Burst)))
        sys.stdout.write(msgspec.json.encode(outcome).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
