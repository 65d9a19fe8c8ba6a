"""A signaling server on a real socket, and the people who come to it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

import msgspec
import pytest
import uvicorn
from litestar import Litestar
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from signaling import tickets
from signaling.asgi import create_app
from signaling.hub import Config
from signaling.tickets import Ticket

KEY = b"a key of thirty-two bytes or more"
# The hour at which every test happens; the server's clock is stopped there unless a test moves it.
NOON = datetime(2031, 5, 14, 12, tzinfo=UTC)

Role = Literal["patient", "staff"]


def a_config(**changes: Any) -> Config:
    return msgspec.structs.replace(Config(ticket_key=KEY, clock=lambda: NOON), **changes)


def a_ticket(
    visit: UUID | None = None,
    *,
    person: UUID | None = None,
    role: Role = "patient",
    kind: Literal["visit", "mirror"] = "visit",
    until: datetime = NOON + timedelta(minutes=1),
) -> Ticket:
    return Ticket(uuid4(), visit or uuid4(), person or uuid4(), role, kind, int(until.timestamp()))


class Server:
    """A running server: where it is, and how to knock."""

    def __init__(self, port: int, uvicorn_server: uvicorn.Server) -> None:
        self.port = port
        self.url = f"ws://127.0.0.1:{port}/v1/signaling"
        self._server = uvicorn_server

    def pass_for(self, visit: UUID, role: Role = "patient", person: UUID | None = None) -> str:
        return tickets.issue(KEY, a_ticket(visit, role=role, person=person))

    def mirror_pass(self, person: UUID | None = None) -> str:
        return tickets.issue(KEY, a_ticket(person=person, kind="mirror"))

    def open(self, **options: Any) -> connect:
        return connect(self.url, compression=None, proxy=None, **options)

    @asynccontextmanager
    async def enter(self, ticket: str) -> AsyncIterator["Caller"]:
        async with self.open() as connection:
            caller = Caller(connection)
            await caller.say({"t": "hello", "v": 1, "ticket": ticket})
            caller.welcome = await caller.hear("welcome")
            yield caller

    def stop(self) -> None:
        """As SIGTERM does."""
        self._server.should_exit = True


class Caller:
    """A client that speaks the protocol by hand, so that the tests see what is really on the wire."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.welcome: dict[str, Any] = {}

    async def say(self, message: object) -> None:
        await self.connection.send(msgspec.json.encode(message).decode())

    async def hear(self, kind: str) -> dict[str, Any]:
        """The next message, which is of this kind."""
        async with asyncio.timeout(5):
            message: dict[str, Any] = msgspec.json.decode(await self.connection.recv())
        assert message["t"] == kind, message
        return message

    async def closed(self) -> int | None:
        """The code with which the server closes, whatever it says before."""
        async with asyncio.timeout(5):
            with suppress(ConnectionClosed):
                while True:
                    await self.connection.recv()
        return self.connection.close_code


@asynccontextmanager
async def serving(app: Litestar) -> AsyncIterator[Server]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="critical", access_log=False, timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0)
    try:
        yield Server(listener.getsockname()[1], server)
    finally:
        server.should_exit = True
        await running


async def until(settled: Callable[[], bool], seconds: float = 5) -> bool:
    """Look at the world outside the event loop (descriptors, tasks) until it is as wanted; False when it never is."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not settled():
                await asyncio.sleep(0.01)
    return settled()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving(create_app(a_config())) as running:
        yield running


@pytest.fixture
def visit() -> UUID:
    return uuid4()
