"""What a socket may do before it has said a whole request: little, and not for long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, ClassVar

import pytest
from litestar import Litestar, Request, WebSocket, get, post, websocket
from websockets.asyncio.client import connect

from app import server


class Hasty(server.Protocol):
    """The same, with less patience."""

    seconds: ClassVar[float] = 0.3


@get("/", sync_to_thread=False)
def hello() -> str:
    """Say something."""
    return "hello"


@post("/")
async def length(request: Request[Any, Any, Any]) -> int:
    """How much was sent."""
    return len(await request.body())


@websocket("/socket")
async def echo(socket: WebSocket[Any, Any, Any]) -> None:
    """Say it back."""
    await socket.accept()
    await socket.send_text(await socket.receive_text())
    await socket.close()


@asynccontextmanager
async def serving(http: type[server.Protocol] = server.Protocol) -> AsyncIterator[int]:
    """A small app on a port of its own; its port."""
    app, sock = Litestar([hello, length, echo], openapi_config=None, logging_config=None), server.bind("127.0.0.1", 0)
    up = asyncio.Event()
    made = server.Server(app, started=up.set, stopping=lambda: None, http=http)
    task = asyncio.create_task(made.serve(sockets=[sock]))
    try:
        await up.wait()
        yield sock.getsockname()[1]
    finally:
        made.should_exit = True
        await asyncio.wait_for(task, 10)
        sock.close()


class Talk:
    """A client that writes bytes of its own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def says(self, data: bytes) -> None:
        """Send, as far as it is taken."""
        with suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()

    async def status(self) -> int:
        """The status of the next answer, which is read to its end."""
        async with asyncio.timeout(10):
            head = await self.reader.readuntil(b"\r\n\r\n")
            sizes = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            await self.reader.readexactly(int(sizes[0].partition(b":")[2]))
        return int(head.split()[1])

    async def closed(self) -> bool:
        """Whether the server hangs up, whatever it says before."""
        async with asyncio.timeout(10):
            with suppress(ConnectionError):
                await self.reader.read()
        return True


@asynccontextmanager
async def talking(port: int) -> AsyncIterator[Talk]:
    """One connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Talk(reader, writer)
    finally:
        writer.transport.abort()


GET = b"GET / HTTP/1.1\r\nhost: x\r\n"


async def test_a_head_without_an_end_is_refused_before_it_fills_the_memory() -> None:
    async with serving() as port, talking(port) as client:
        await client.says(GET)
        for _ in range(200):
            await client.says(b"x-more: " + b"a" * 1000 + b"\r\n")

        assert await client.status() == 431
        assert await client.closed()


@pytest.mark.parametrize("size", [70_000, 150_000])
async def test_a_whole_head_that_is_too_large_is_refused(size: int) -> None:
    async with serving() as port, talking(port) as client:
        await client.says(GET + b"x-more: " + b"a" * size + b"\r\n\r\n")

        assert await client.status() in {400, 431}
        assert await client.closed()


async def test_a_large_head_and_a_body_larger_than_a_head_may_be_are_taken() -> None:
    async with serving() as port, talking(port) as client:
        await client.says(GET + b"x-more: " + b"a" * 60_000 + b"\r\n\r\n")
        assert await client.status() == 200
        await client.says(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 300000\r\n\r\n" + b"a" * 300_000)
        assert await client.status() == 201


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\r\n",
        GET,
        GET + b"\r\n" + GET,
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nslow",
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\ntrailer: ",
    ],
    ids=["nothing", "an empty line", "half a head", "half a second head", "half a body", "half a trailer"],
)
async def test_a_request_that_does_not_arrive_in_time_is_not_waited_for(said: bytes) -> None:
    async with serving(Hasty) as port, talking(port) as client:
        await client.says(said)

        assert await client.closed()


async def test_a_trailer_without_an_end_is_cut_off() -> None:
    async with serving() as port, talking(port) as client:
        await client.says(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\ntrailer: ")
        for _ in range(200):
            await client.says(b"a" * 10_000)

        assert await client.closed()


async def test_a_connection_that_has_said_a_request_may_rest_and_a_socket_may_stay_open() -> None:
    async with serving(Hasty) as port, talking(port) as client, talking(port) as slow:
        await client.says(GET + b"\r\n")
        assert await client.status() == 200
        await slow.says(GET)
        assert await slow.closed()  # as much time has passed

        await client.says(GET + b"\r\n")
        assert await client.status() == 200
        async with connect(f"ws://127.0.0.1:{port}/socket", proxy=None) as socket, talking(port) as slower:
            assert await slower.closed()
            await socket.send("still here")
            assert await socket.recv() == "still here"
