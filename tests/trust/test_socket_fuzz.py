"""Whatever is written to the socket of a visit, a visit that goes on beside it does not notice.

Against a real signaling process, by raw sockets. `--whole`: a hundred thousand frames.
"""

import asyncio
import base64
import os
import random
import struct
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect

from app.clock import system_clock
from signaling import hub, messages, tickets
from signaling.tickets import Ticket
from tests.trust.processes import Process, running

KEY = bytes(range(32))
PATH = b"GET /v1/signaling HTTP/1.1\r\n"
AT_ONCE = 24
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A signaling process of this file's own."""
    with running(tmp_path_factory.mktemp("trust"), "tests.trust._signal", KEY.hex()) as one:
        yield one


def a_ticket(visit: UUID, role: str = "patient") -> str:
    until = int((system_clock() + timedelta(minutes=1)).timestamp())
    return tickets.issue(KEY, Ticket(uuid4(), visit, uuid4(), role, "visit", until))  # type: ignore[arg-type]


def hello(visit: UUID, role: str = "patient") -> bytes:
    return msgspec.json.encode({"t": "hello", "v": 1, "ticket": a_ticket(visit, role)})


def a_frame(
    content: bytes, opcode: int = TEXT, *, fin: bool = True, reserved: int = 0, masked: bool = True, length: int = -1
) -> bytes:
    """A frame as RFC 6455 has it, or nearly; `length` says another length than there is."""
    said = len(content) if length < 0 else length
    head = bytes([fin << 7 | reserved << 4 | opcode])
    bit = 0x80 if masked else 0
    if said < 126:
        head += bytes([bit | said])
    elif said < 65536:
        head += bytes([bit | 126]) + struct.pack("!H", said)
    else:
        head += bytes([bit | 127]) + struct.pack("!Q", said)
    if not masked:
        return head + content
    mask = os.urandom(4)
    return head + mask + bytes(byte ^ mask[n % 4] for n, byte in enumerate(content))


def handshake(**changes: bytes) -> bytes:
    """The opening of a socket; a change of None leaves a header out."""
    headers = {
        "host": b"127.0.0.1", "upgrade": b"websocket", "connection": b"Upgrade", "sec-websocket-version": b"13",
        "sec-websocket-key": base64.b64encode(os.urandom(16)), "sec-websocket-protocol": b"visit.v1",
    } | {name.replace("_", "-"): value for name, value in changes.items()}  # fmt: skip
    return PATH + b"".join(name.encode() + b": " + value + b"\r\n" for name, value in headers.items()) + b"\r\n"


@asynccontextmanager
async def a_line(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection, which is cut afterwards."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


class Malice:
    """One source of chance, so that what is found is found again."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311  # chance for a test

    def noise(self, most: int) -> bytes:
        return self.dice.randbytes(self.dice.randrange(most))

    def said(self) -> bytes:
        """Something like a message of the protocol."""
        kinds = ["hello", "ping", "pong", "desc", "cand", "renew", "media", "leave", "end", "zq", "", 5, None]
        values: list[Any] = [
            0, -1, 1, 2**31, 2**53, 2**64, 1.5, True, None, "", "zq" * 50, [], {}, [[]] * 20, "\u0000", "x" * 3000,
            {"candidate": "candidate:1 1 udp 1 10.0.0.1 9 typ host"}, "offer", "v=0\r\n",
        ]  # fmt: skip
        fields = ["id", "ack", "gen", "n", "type", "sdp", "cands", "end", "why", "audio", "video", "v", "ticket", "zq"]
        made = {"t": self.dice.choice(kinds)}
        made |= {name: self.dice.choice(values) for name in self.dice.sample(fields, self.dice.randrange(8))}
        return msgspec.json.encode(made)

    def frame(self) -> bytes:
        """One frame, of any kind of wrong or right."""
        return self.dice.choice(self._kinds())()

    def _kinds(self) -> list[Callable[[], bytes]]:
        dice = self.dice
        return [
            lambda: a_frame(self.said()),
            lambda: a_frame(self.said()),
            lambda: a_frame(self.said()[: dice.randrange(40)]),
            lambda: a_frame(self.noise(200)),
            lambda: a_frame(self.noise(200), BINARY),
            lambda: a_frame(b'{"t":' + b"[" * dice.randrange(5000)),
            lambda: a_frame(b"\xed\xa0\x80\xff"),
            lambda: a_frame(b"9" * 10_000),
            lambda: a_frame(self.said(), fin=False),
            lambda: a_frame(self.noise(20), 0, fin=dice.random() < 0.5),
            lambda: a_frame(b"", 0, fin=False),
            lambda: a_frame(self.noise(130), PING),
            lambda: a_frame(self.noise(130), PONG),
            lambda: a_frame(b"zq", PING, fin=False),
            lambda: a_frame(self.noise(130), CLOSE),
            lambda: a_frame(
                struct.pack("!H", dice.choice([0, 999, 1000, 1005, 1006, 1015, 5000, 65535])) + b"zq", CLOSE
            ),
            lambda: a_frame(self.said(), reserved=dice.randrange(8)),
            lambda: a_frame(self.said(), dice.randrange(16)),
            lambda: a_frame(self.said(), masked=False),
            lambda: a_frame(b"zq", length=dice.choice([3, 126, 65535, 2**31, 2**63 - 1, 2**64 - 1])),
            lambda: a_frame(b"x" * dice.choice([65_000, 66_000, 140_000])),
            lambda: self.noise(300),
            lambda: b"\x00" * dice.randrange(300),
            lambda: PATH,
        ]

    def opening(self, visit: UUID) -> bytes:
        """A handshake that is mostly right, and for some a seat in a room of their own."""
        wrong: list[dict[str, bytes]] = [
            {"origin": b"https://elsewhere.example"}, {"sec_websocket_version": b"12"}, {"sec_websocket_key": b"zq"},
            {"upgrade": b"zq"}, {"sec_websocket_protocol": b"zq, " * 50}, {"host": b""}, {"content_length": b"5"},
            {"sec_websocket_extensions": b"permessage-deflate; client_max_window_bits"}, {"origin": b"null"},
        ]  # fmt: skip
        if self.dice.random() < 0.15:
            return handshake(**self.dice.choice(wrong))
        seated = a_frame(hello(visit, self.dice.choice(["patient", "staff"]))) if self.dice.random() < 0.5 else b""
        return handshake() + seated


async def harass(port: int, malice: Malice, left: list[int], sent: Counter[str]) -> None:
    """One socket after the other, each written to until it is closed or has had enough."""
    while left[0] > 0:
        with suppress(OSError, TimeoutError):
            await _one_socket(port, malice, left, sent)
        sent["sockets"] += 1


async def _one_socket(port: int, malice: Malice, left: list[int], sent: Counter[str]) -> None:
    async with a_line(port) as (reader, writer):
        if malice.dice.random() < 0.1:
            writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(malice.opening(uuid4()))
        for _ in range(malice.dice.randrange(1, 60)):
            writer.write(malice.frame())
            left[0] -= 1
            sent["frames"] += 1
            if reader.at_eof() or writer.is_closing():
                break
            await asyncio.wait_for(writer.drain(), 5)
        if malice.dice.random() < 0.5:
            writer.close()
            async with asyncio.timeout(1):
                await writer.wait_closed()


class Caller:
    """Somebody in a visit that shall go on."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._told = socket, 0

    async def say(self, **message: Any) -> None:
        self._told += 1
        await self._socket.send(msgspec.json.encode({"id": self._told, "ack": 0, **message}).decode())

    async def hear(self, kind: str) -> dict[str, Any]:
        async with asyncio.timeout(20):
            while True:
                message: dict[str, Any] = msgspec.json.decode(await self._socket.recv())
                if message["t"] == kind:
                    return message


@asynccontextmanager
async def in_a_visit(port: int, visit: UUID, role: str) -> AsyncIterator[Caller]:
    """A seat, by the proper way."""
    where = f"ws://127.0.0.1:{port}/v1/signaling"
    async with connect(where, compression=None, proxy=None, subprotocols=["visit.v1"]) as socket:  # type: ignore[list-item]
        await socket.send(hello(visit, role).decode())
        caller = Caller(socket)
        await caller.hear("welcome")
        yield caller


async def goes_on(port: int, over: asyncio.Event) -> list[float]:
    """Two people who say something to each other all the time; how long each word took."""
    took: list[float] = []
    visit = uuid4()
    async with in_a_visit(port, visit, "patient") as one, in_a_visit(port, visit, "staff") as other:
        while not over.is_set():
            for says, hears in ((one, other), (other, one)):
                started = time.monotonic()
                await says.say(t="media", audio=len(took) % 2 == 0, video=True)
                heard = await hears.hear("media")
                assert heard["audio"] is (len(took) % 2 == 0)
                took.append(time.monotonic() - started)
            await asyncio.sleep(0.05)
    return took


async def settles(serving: Process, descriptors: int, tasks: int) -> tuple[int, int]:
    """What is still open once nobody is there any more."""
    with suppress(TimeoutError):
        async with asyncio.timeout(60):
            while serving.descriptors() > descriptors or serving.tasks() > tasks:
                await asyncio.sleep(0.2)
    return serving.descriptors(), serving.tasks()


async def test_any_frames_at_all_leave_a_visit_beside_them_alone_and_nothing_behind(
    serving: Process, whole: bool
) -> None:
    descriptors, tasks, memory = serving.descriptors(), serving.tasks(), serving.memory()
    over, sent = asyncio.Event(), Counter[str]()
    left = [100_000 if whole else 6_000]
    visit = asyncio.create_task(goes_on(serving.port, over))
    await asyncio.gather(*(harass(serving.port, Malice(seed), left, sent) for seed in range(AT_ONCE)))
    over.set()
    took = await visit

    assert sent["frames"] >= (100_000 if whole else 6_000)
    assert len(took) > 50
    assert max(took) < 10
    assert await settles(serving, descriptors, tasks) == (descriptors, tasks)
    assert serving.memory() - memory < 64 * 1024 * 1024
    assert '"level":"error"' not in serving.log(), serving.log()[-3000:]


async def test_more_who_say_nothing_than_there_are_places_do_not_keep_anybody_out(serving: Process) -> None:
    descriptors, tasks = serving.descriptors(), serving.tasks()
    async with AsyncExitStack() as stack:
        for _ in range(hub.LOBBY + 50):
            await stack.enter_async_context(a_socket(serving.port))
        over = asyncio.Event()
        visit = asyncio.create_task(goes_on(serving.port, over))
        await asyncio.sleep(1)
        over.set()
        assert len(await visit) > 5
    assert await settles(serving, descriptors, tasks) == (descriptors, tasks)


@asynccontextmanager
async def a_socket(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection whose handshake is over."""
    async with a_line(port) as (reader, writer):
        writer.write(handshake())
        await reader.readuntil(b"\r\n\r\n")
        yield reader, writer


@pytest.mark.parametrize("opcode", [PING, PONG, 0], ids=["pings", "pongs", "pieces of nothing"])
async def test_what_is_no_message_is_taken_only_so_often(serving: Process, opcode: int) -> None:
    """A pong is written for every ping, whether anybody reads it or not; a message may have endless empty pieces."""
    memory, started = serving.memory(), time.monotonic()
    async with a_socket(serving.port) as (reader, writer):
        writer.write(a_frame(hello(uuid4())) + (a_frame(b"", fin=False) if opcode == 0 else b""))
        with suppress(ConnectionError):
            for _ in range(2000):
                writer.write(a_frame(b"", opcode, fin=opcode != 0) * 50)
                await writer.drain()
            while await reader.read(65536):
                pass
    assert time.monotonic() - started < 10
    assert serving.memory() - memory < 16 * 1024 * 1024


async def test_a_page_from_elsewhere_opens_no_socket(serving: Process) -> None:
    for origin, status in ((b"https://elsewhere.example", 403), (b"null", 403), (b"http://127.0.0.1", 101)):
        async with a_line(serving.port) as (reader, writer):
            writer.write(handshake(origin=origin))
            assert int((await reader.readuntil(b"\r\n\r\n")).split()[1]) == status, origin


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (a_frame(b"\xff\xfe"), 1007),
        (a_frame(b"{}"), messages.BAD_MESSAGE),
        (a_frame(b"{}", BINARY), messages.BAD_MESSAGE),
        (a_frame(b'{"t":"hello","v":1,"ticket":"zqmark"}'), messages.BAD_TICKET),
        (a_frame(b"{}", reserved=1), 1002),
        (a_frame(b"{}", masked=False), 1002),
        (a_frame(b"{}", 5), 1002),
        (a_frame(b"zq", length=140_000), 1009),
    ],
    ids=["no UTF-8", "no message", "bytes", "no ticket", "reserved bit", "no mask", "no such frame", "too long"],
)
async def test_a_socket_is_closed_with_a_constant_and_never_with_what_was_sent(
    serving: Process, frame: bytes, code: int
) -> None:
    async with a_socket(serving.port) as (reader, writer), asyncio.timeout(10):
        writer.write(frame)
        opcode, length = await reader.readexactly(2)
        said = await reader.readexactly(length)
    assert (opcode, int.from_bytes(said[:2], "big")) == (0x80 | CLOSE, code)
    assert b"zq" not in said
    # What the library says of a frame that is none speaks of the frame's head alone.
    assert said[2:].decode() in {*messages.REASONS.values(), ""} or code in {1002, 1009}


async def test_nothing_of_all_this_was_a_mistake_of_ours(serving: Process) -> None:
    assert serving.running
    assert '"level":"error"' not in serving.log(), serving.log()[-3000:]
