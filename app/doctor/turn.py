"""A TURN server asked as a phone asks it (RFC 8489, RFC 8656): who answers, is our credential taken, what is relayed.

The little of the protocol that this needs, over UDP, TCP and TLS. An allocation is given back at the end.
"""

import asyncio
import hashlib
import hmac
import ipaddress
import re
import ssl
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from os import urandom
from typing import Protocol

from msgspec import Struct

MAGIC = 0x2112A442
HEADER = struct.Struct("!HHI12s")
BINDING, ALLOCATE, REFRESH, PERMIT = 0x001, 0x003, 0x004, 0x008
USERNAME, INTEGRITY, ERROR, REALM, NONCE = 0x0006, 0x0008, 0x0009, 0x0014, 0x0015
LIFETIME, PEER, RELAYED, TRANSPORT = 0x000D, 0x0012, 0x0016, 0x0019
UDP = b"\x11\0\0\0"
STALE_NONCE = 438
# A datagram may be lost: asked again after each of these seconds, and given up after the last.
PATIENCE = (0.5, 1.0, 2.0)

_URL = re.compile(r"(turns?):(\[[0-9a-fA-F:.]+\]|[^:?\s\[\]]+)(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?", re.IGNORECASE)


class Refused(Exception):
    """The server said no; `code` is its own, such as 401 for a credential and 403 for a peer."""

    def __init__(self, code: int) -> None:
        super().__init__(f"The TURN server answered with {code}.")
        self.code = code


class NotTurn(Exception):
    """What answers there does not speak TURN, or the address is not one of TURN."""


class Place(Struct, frozen=True):
    """Where a TURN URL leads (RFC 7065)."""

    host: str
    port: int
    transport: str
    tls: bool


class Answer(Struct, frozen=True):
    """A server's answer: its attributes, and the code of an error or 0."""

    attributes: dict[int, bytes]
    code: int


class Line(Protocol):
    """A way to a server that carries one question at a time."""

    async def ask(self, packet: bytes) -> bytes:
        """The answer to this packet; TimeoutError where none comes."""


class Allocation:
    """A relayed address that is ours for as long as the block of `allocated` runs."""

    def __init__(self, line: Line, username: str, credential: str, milliseconds: float) -> None:
        self._line, self._username, self._credential = line, username, credential
        self._realm = self._nonce = b""
        self.milliseconds = milliseconds
        self.relayed = ""

    async def permit(self, peer: str) -> None:
        """Let this IPv4 address send to us; `Refused` (403) where the server does not pass traffic there."""
        await self.request(PERMIT, {PEER: mixed(peer)})

    async def request(self, method: int, attributes: dict[int, bytes]) -> Answer:
        """Ask with our credential; a nonce that has gone stale is replaced once."""
        answer = await self._signed(method, attributes)
        if answer.code == STALE_NONCE:
            self.learn(answer)
            answer = await self._signed(method, attributes)
        if answer.code:
            raise Refused(answer.code)
        return answer

    def learn(self, answer: Answer) -> None:
        """What the server wants a credential to be bound to."""
        self._realm, self._nonce = answer.attributes.get(REALM, b""), answer.attributes.get(NONCE, b"")

    async def _signed(self, method: int, attributes: dict[int, bytes]) -> Answer:
        named = {**attributes, USERNAME: self._username.encode(), REALM: self._realm, NONCE: self._nonce}
        long_term = b":".join((self._username.encode(), self._realm, self._credential.encode()))
        key = hashlib.md5(long_term, usedforsecurity=False).digest()  # RFC 8489 § 9.2.2 says MD5
        return await asked(self._line, method, named, key)


@asynccontextmanager
async def allocated(url: str, username: str, credential: str) -> AsyncIterator[Allocation]:
    """A relayed address at that server; `Refused` with 401 where it does not take the credential."""
    async with _line(place(url)) as line:
        began = time.perf_counter()
        await asked(line, BINDING, {})
        allocation = Allocation(line, username, credential, (time.perf_counter() - began) * 1000)
        allocation.learn(await asked(line, ALLOCATE, {TRANSPORT: UDP}))
        answer = await allocation.request(ALLOCATE, {TRANSPORT: UDP})
        allocation.relayed = unmixed(answer.attributes.get(RELAYED, b""))
        try:
            yield allocation
        finally:
            with suppress(Refused, NotTurn, TimeoutError):
                await allocation.request(REFRESH, {LIFETIME: bytes(4)})


def place(url: str) -> Place:
    """Where the URL leads; UDP and the usual ports where it does not say."""
    found = _URL.fullmatch(url)
    if found is None:
        raise NotTurn
    tls = found[1].lower() == "turns"
    transport = (found[4] or ("tcp" if tls else "udp")).lower()
    return Place(found[2].strip("[]"), int(found[3] or (5349 if tls else 3478)), transport, tls)


async def asked(line: Line, method: int, attributes: dict[int, bytes], key: bytes | None = None) -> Answer:
    """One question and its answer."""
    number = urandom(12)
    return _read(await line.ask(_written(method, number, attributes, key)), method)


def _written(method: int, number: bytes, attributes: dict[int, bytes], key: bytes | None) -> bytes:
    body = b"".join(_attribute(kind, value) for kind, value in attributes.items())
    if key is None:
        return HEADER.pack(method, len(body), MAGIC, number) + body
    # The length that is signed already counts the signature itself.
    signed = HEADER.pack(method, len(body) + 24, MAGIC, number) + body
    return signed + _attribute(INTEGRITY, hmac.digest(key, signed, hashlib.sha1))


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _read(packet: bytes, method: int) -> Answer:
    """An answer to this method; anything else is not TURN."""
    try:
        kind, length, magic, _ = HEADER.unpack_from(packet)
        attributes = _attributes(packet[20 : 20 + length])
    except struct.error:
        raise NotTurn from None
    if magic != MAGIC or kind & ~0x110 != method or not kind & 0x100:
        raise NotTurn
    return Answer(attributes, _code(attributes) if kind & 0x10 else 0)


def _attributes(body: bytes) -> dict[int, bytes]:
    """The first of each kind, as the standard wants it."""
    found: dict[int, bytes] = {}
    while body:
        kind, length = struct.unpack_from("!HH", body)
        found.setdefault(kind, body[4 : 4 + length])
        body = body[4 + length + (-length % 4) :]
    return found


def _code(attributes: dict[int, bytes]) -> int:
    value = attributes.get(ERROR, b"")
    if len(value) < 4:
        raise NotTurn
    return (value[2] & 7) * 100 + value[3]


def mixed(address: str, port: int = 9) -> bytes:
    """An IPv4 address as the protocol hides it from middle boxes that rewrite addresses."""
    number = int(ipaddress.IPv4Address(address)) ^ MAGIC
    return struct.pack("!HHI", 1, port ^ (MAGIC >> 16), number)


def unmixed(value: bytes) -> str:
    """The IPv4 address behind it."""
    if len(value) != 8 or value[1] != 1:
        raise NotTurn
    return str(ipaddress.IPv4Address(struct.unpack("!I", value[4:])[0] ^ MAGIC))


@asynccontextmanager
async def _line(where: Place) -> AsyncIterator[Line]:
    if where.transport == "udp":
        if where.tls:
            raise NotTurn
        loop = asyncio.get_running_loop()
        transport, datagrams = await loop.create_datagram_endpoint(_Datagrams, remote_addr=(where.host, where.port))
        try:
            yield datagrams
        finally:
            transport.close()
        return
    reader, writer = await _connected(where)
    try:
        yield _Stream(reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _connected(where: Place) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(sum(PATIENCE)):
        if not where.tls:
            return await asyncio.open_connection(where.host, where.port)
        return await asyncio.open_connection(
            where.host, where.port, ssl=ssl.create_default_context(), ssl_shutdown_timeout=1
        )


class _Datagrams(asyncio.DatagramProtocol):
    """Asks again while no answer comes; passes over answers to earlier questions."""

    def __init__(self) -> None:
        self._heard: asyncio.Queue[bytes | Exception] = asyncio.Queue()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # it is one
        self._transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - connected to one address
        self._heard.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        self._heard.put_nowait(exc)

    async def ask(self, packet: bytes) -> bytes:
        for seconds in PATIENCE:
            self._transport.sendto(packet)
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    return await self._answer_to(packet)
        raise TimeoutError

    async def _answer_to(self, packet: bytes) -> bytes:
        while True:
            heard = await self._heard.get()
            if isinstance(heard, Exception):
                raise heard
            if heard[8:20] == packet[8:20]:
                return heard


class _Stream:
    """TCP or TLS: the header says how much follows it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, packet: bytes) -> bytes:
        self._writer.write(packet)
        try:
            async with asyncio.timeout(sum(PATIENCE)):
                head = await self._reader.readexactly(20)
                return head + await self._reader.readexactly(HEADER.unpack(head)[1])
        except asyncio.IncompleteReadError:
            raise NotTurn from None
