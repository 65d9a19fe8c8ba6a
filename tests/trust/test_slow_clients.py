"""Whoever is slow, in saying or in hearing, is cut off, and those beside them do not notice.

Against a real server process. `--whole`: five hundred of each kind.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from statistics import quantiles

import pytest

from app import server as served
from app.demo.cast import MAYA
from db import embedded, migrate
from tests.conftest import copied
from tests.trust.processes import Process, running

LONGEST = 15.5  # fifteen seconds, and what a loaded machine takes to notice
HOST = b"host: 127.0.0.1\r\n"


@pytest.fixture(scope="module")
async def serving(
    server: embedded.Server, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Process]:
    """A Cairn of this file's own."""
    async with copied(server, template, "slow") as name:
        with running(tmp_path_factory.mktemp("trust"), "tests.trust._serve", server.dsn(name, migrate.APP_ROLE)) as one:
            yield one


class Line:
    """One connection, of which it is known for how long it was let be."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer, self.opened = reader, writer, time.monotonic()
        self.said = b""

    async def until_closed(self) -> float:
        """Seconds from its opening, or from the last that was heard on it, until the other end hung up."""
        heard = self.opened
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(120):
                while piece := await self.reader.read(65536):
                    self.said, heard = self.said + piece, time.monotonic()
        return time.monotonic() - heard


@asynccontextmanager
async def lines(port: int, count: int) -> AsyncIterator[list[Line]]:
    """So many connections at once."""
    opened = [Line(*await asyncio.open_connection("127.0.0.1", port)) for _ in range(count)]
    try:
        yield opened
    finally:
        for one in opened:
            one.writer.transport.abort()


async def asked(port: int, head: bytes) -> tuple[int, float]:
    """The status of one request on a connection of its own, and the seconds that it took."""
    started = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head)
    answer = await reader.read(65536)
    writer.close()
    return int(answer.split()[1]), time.monotonic() - started


LIVE = b"GET /health/live HTTP/1.1\r\n" + HOST + b"connection: close\r\n\r\n"
CARD = b"GET /v1/crisis-card HTTP/1.1\r\n" + HOST + b"connection: close\r\n\r\n"


async def neighbours(port: int, until: asyncio.Event) -> list[tuple[int, float]]:
    """Ordinary requests, one after the other, for as long as somebody else is slow."""
    found = []
    while not until.is_set():
        found.append(await asked(port, CARD))
        await asyncio.sleep(0.02)
    return found


async def drips(line: Line, pieces: Sequence[bytes], seconds: float) -> None:
    """A piece at a time, for ever."""
    with suppress(ConnectionError):
        while True:
            for piece in pieces:
                line.writer.write(piece)
                await line.writer.drain()
                await asyncio.sleep(seconds)


async def slow_head(line: Line) -> None:
    """A header every second, and never the last one."""
    line.writer.write(b"GET / HTTP/1.1\r\n" + HOST)
    await drips(line, [b"x-more: and more\r\n"], 1)


async def slow_body(line: Line) -> None:
    """A byte of the body every second."""
    line.writer.write(b"POST /v1/check-ins HTTP/1.1\r\n" + HOST + b"content-length: 5000\r\n\r\n")
    await drips(line, [b"a"], 1)


async def slow_chunks(line: Line) -> None:
    """A chunk of one byte every second."""
    line.writer.write(b"POST /v1/setup HTTP/1.1\r\n" + HOST + b"transfer-encoding: chunked\r\n\r\n")
    await drips(line, [b"1\r\na\r\n"], 1)


async def says_nothing(_: Line) -> None:
    """Connected, and silent."""


async def rests(line: Line) -> None:
    """One whole request, and then nothing."""
    line.writer.write(LIVE.replace(b"connection: close\r\n", b""))


KINDS: tuple[Callable[[Line], Awaitable[None]], ...] = (slow_head, slow_body, slow_chunks, says_nothing, rests)


async def test_hundreds_who_are_slow_are_cut_off_in_time_and_nobody_beside_them_waits(
    serving: Process, whole: bool
) -> None:
    before, done = serving.descriptors(), asyncio.Event()
    beside = asyncio.create_task(neighbours(serving.port, done))
    async with lines(serving.port, (500 if whole else 100) * len(KINDS)) as opened:
        work = [asyncio.create_task(_tried(one, KINDS[n % len(KINDS)])) for n, one in enumerate(opened)]
        lasted = await asyncio.gather(*(one.until_closed() for one in opened))
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
    done.set()
    answers = await beside

    late = {KINDS[n % len(KINDS)].__name__: round(s, 1) for n, s in enumerate(lasted) if s > LONGEST}
    assert late == {}
    assert {status for status, _ in answers} == {200}
    assert quantiles([seconds for _, seconds in answers], n=20)[-1] < 1.0
    assert len(answers) > 50
    await _settled(serving, before)


async def _tried(line: Line, kind: Callable[[Line], Awaitable[None]]) -> None:
    with suppress(ConnectionError):
        await kind(line)


async def _settled(serving: Process, before: int) -> None:
    """Whatever was opened for them is closed again."""
    async with asyncio.timeout(20):
        while serving.descriptors() > before + 3:
            await asyncio.sleep(0.1)


async def test_more_idle_sockets_than_there_are_places_push_out_one_another_and_nobody_else(
    serving: Process, whole: bool
) -> None:
    """The one that has been silent for longest makes room, so the places never run out for those who speak."""
    count = served.Protocol.places + (500 if whole else 60)
    async with lines(serving.port, count) as opened:
        assert [status for status, _ in [await asked(serving.port, CARD) for _ in range(20)]] == [200] * 20
        first = await asyncio.gather(*(one.until_closed() for one in opened[: count - served.Protocol.places]))
        assert len(first) == count - served.Protocol.places


async def test_an_answer_that_nobody_takes_is_not_kept_for_ever(serving: Process) -> None:
    """Many answers asked for on one connection and not one read: more than the system's buffers hold."""
    before, memory = serving.descriptors(), serving.memory()
    many = b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"\r\n"
    async with lines(serving.port, 10) as opened:
        for one in opened:
            one.writer.transport.pause_reading()  # type: ignore[attr-defined]
            one.writer.write(many * 400)
        assert (await asked(serving.port, CARD))[0] == 200
        started = time.monotonic()
        await _settled(serving, before)
        assert time.monotonic() - started < 2 * LONGEST
    assert serving.memory() - memory < 200 * 1024 * 1024


async def test_a_stream_of_events_that_nobody_reads_does_not_hold_up_a_neighbour(serving: Process) -> None:
    token = await _token(serving.port)
    head = b"GET /v1/events HTTP/1.1\r\n" + HOST + b"authorization: Bearer " + token + b"\r\n\r\n"
    async with lines(serving.port, 50) as opened:
        for one in opened:
            one.writer.transport.pause_reading()  # type: ignore[attr-defined]
            one.writer.write(head)
        answers = [await asked(serving.port, CARD) for _ in range(20)]
    assert {status for status, _ in answers} == {200}


async def _token(port: int) -> bytes:
    body = b'{"person": "%b"}' % MAYA.handle.encode()
    head = b"POST /v1/demo/sign-ins HTTP/1.1\r\n" + HOST + b"content-type: application/json\r\nconnection: close\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head + b"content-length: %d\r\n\r\n" % len(body) + body)
    answer = await reader.read()
    writer.close()
    return answer.partition(b'"accessToken":"')[2].partition(b'"')[0]


async def test_thousands_of_requests_in_one_breath_are_answered_in_order_and_others_meanwhile(
    serving: Process,
) -> None:
    async with lines(serving.port, 1) as [line]:

        async def speaks() -> None:
            for _ in range(10):
                line.writer.write(LIVE.replace(b"connection: close\r\n", b"") * 200)
                await line.writer.drain()
            line.writer.write(LIVE)

        work = asyncio.create_task(speaks())
        hearing = asyncio.create_task(line.until_closed())
        beside = [await asked(serving.port, CARD) for _ in range(10)]
        await asyncio.gather(work, hearing)
    assert line.said.count(b"HTTP/1.1 200 OK") == 2_001
    assert {status for status, _ in beside} == {200}
    assert max(seconds for _, seconds in beside) < 10


CHUNKED = b"transfer-encoding: chunked\r\n"
# Two readers that take one of these for two different requests let one through inside the other.
SMUGGLED = {
    "a length and chunks": b"content-length: 6\r\n" + CHUNKED + b"\r\n0\r\n\r\nG",
    "chunks and a length": CHUNKED + b"content-length: 6\r\n\r\n0\r\n\r\nG",
    "two lengths": b"content-length: 1\r\ncontent-length: 2\r\n\r\nab",
    "a list of lengths": b"content-length: 1, 2\r\n\r\nab",
    "a length that is none": b"content-length: +1\r\n\r\na",
    "a length with words": b"content-length: 1 a\r\n\r\na",
    "chunked, twice": b"transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked, and then not": b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "another coding": b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
    "a folded header": b"x-a: b\r\n transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "a bare line feed": b"x-a: b\ncontent-length: 1\n\na",
    "a byte of zero": b"x-a: b\x00c\r\n\r\n",
    "a carriage return alone": b"x-a: b\rcontent-length: 1\r\n\r\na",
    "a size that is none": CHUNKED + b"\r\nzq\r\na\r\n0\r\n\r\n",
    "a size beyond all": CHUNKED + b"\r\nfffffffffffffffffff\r\na\r\n0\r\n\r\n",
    "a negative size": CHUNKED + b"\r\n-1\r\na\r\n0\r\n\r\n",
    "a chunk that is longer than it says": CHUNKED + b"\r\n1\r\naGET / HTTP/1.1\r\n\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("what", SMUGGLED)
async def test_a_request_that_can_be_read_in_two_ways_is_refused_and_the_line_is_closed(
    serving: Process, what: str
) -> None:
    hidden = b"GET /v1/crisis-card HTTP/1.1\r\n" + HOST + b"\r\n"
    async with lines(serving.port, 1) as [line]:
        line.writer.write(b"POST /v1/setup HTTP/1.1\r\n" + HOST + SMUGGLED[what] + hidden)
        line.writer.write_eof()
        assert await line.until_closed() < LONGEST
    statuses = [int(part.split()[0]) for part in line.said.split(b"HTTP/1.1 ")[1:]]
    assert 200 not in statuses, line.said
    assert statuses[-1:] in ([400], [415], []), line.said
    assert len(statuses) <= 1, line.said


async def test_nothing_of_all_this_was_a_mistake_of_ours(serving: Process, tmp_path: Path) -> None:
    assert serving.running
    assert '"level":"error"' not in serving.log()
