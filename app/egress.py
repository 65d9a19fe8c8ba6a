"""The one way out: whoever asks another server over HTTP does it here.

A use names the hosts that it may reach, and reaches no others. Every address that a name has is looked at before it is
called, and that one is called: a name that means something else a moment later leads nowhere.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import SOCK_STREAM
from typing import Final, Literal

import httpx
from msgspec import Struct

AGENT: Final = "Cairn"
SECONDS: Final = 10.0
BYTES: Final = 1024 * 1024

# Nothing packed: what it would unpack to is known only afterwards.
_OURS: Final = {"user-agent": AGENT, "accept-encoding": "identity"}

Address = IPv4Address | IPv6Address
# The ways in which IPv6 carries an address of IPv4, which is the one that counts: 6to4 and NAT64 among them.
_NAT64: Final = 0x0064_FF9B << 96


class Answer(Struct, frozen=True):
    """What came back, whole: header names are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NotAllowed(Exception):
    """That is nowhere that this use may reach; nothing was sent."""


class NoAnswer(Exception):
    """Nothing usable came back: no connection, no time, or too much of it."""


class Egress(Struct, frozen=True):
    """A client for one use. It follows no redirect, keeps no cookie, and no environment variable turns it elsewhere.

    `loopback` lets this machine's own addresses be among the hosts, over plain HTTP too: for a demo and for tests.
    `inside` lets addresses of the operator's own network be, for a host that an operator has named; over TLS only.
    `trust` names authorities for TLS other than the usual ones.
    """

    hosts: frozenset[str]
    loopback: bool = False
    inside: bool = False
    seconds: float = SECONDS
    most: int = BYTES
    trust: ssl.SSLContext | None = None

    async def send(
        self,
        method: Literal["GET", "POST"],
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask once, and give the answer whatever its status; raises `NotAllowed` or `NoAnswer`, neither with a URL."""
        wanted = self._permitted(url)
        try:
            async with asyncio.timeout(self.seconds):
                at = await self._looked_up(wanted.host, wanted.port)
                async with self._asked(method, wanted, at, headers or {}, content, form) as answer:
                    body = await self._whole(answer)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError, UnicodeError) as error:
            raise NoAnswer(type(error).__name__) from None
        return Answer(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, body)

    def _permitted(self, url: str) -> httpx.URL:
        """The address taken apart, when it is one that may be called."""
        try:
            wanted = httpx.URL(url)
        except httpx.InvalidURL:
            raise NotAllowed from None
        schemes = {"https", "http"} if self.loopback and _is_loopback(wanted.host) else {"https"}
        if wanted.scheme not in schemes or wanted.host.lower() not in self.hosts or wanted.userinfo:
            raise NotAllowed
        return wanted

    async def _looked_up(self, host: str, port: int | None) -> str:
        """The address to call; one that is not of the open internet spoils them all."""
        found = await asyncio.get_running_loop().getaddrinfo(host, port or 443, type=SOCK_STREAM)
        addresses = [ip_address(str(place[4][0]).partition("%")[0]) for place in found]
        if not addresses or not all(self._is_open(one) for one in addresses):
            raise NotAllowed
        return str(addresses[0])

    def _is_open(self, one: Address) -> bool:
        inner = _carried(one)
        own_network = inner.is_private and not (inner.is_loopback or inner.is_link_local or inner.is_unspecified)
        return is_public(inner) or (self.loopback and inner.is_loopback) or (self.inside and own_network)

    @asynccontextmanager
    async def _asked(
        self,
        method: str,
        wanted: httpx.URL,
        at: str,
        headers: Mapping[str, str],
        content: bytes | None,
        form: Mapping[str, str] | None,
    ) -> AsyncIterator[httpx.Response]:
        """The address is called, and the name is what TLS has to prove."""
        async with httpx.AsyncClient(
            verify=self.trust or True, trust_env=False, follow_redirects=False, timeout=self.seconds
        ) as client:
            request = client.build_request(
                method,
                wanted.copy_with(host=at),
                headers={**headers, "host": wanted.netloc.decode("ascii"), **_OURS},
                content=content,
                data=form,
                extensions={"sni_hostname": wanted.host},
            )
            answer = await client.send(request, stream=True)
            try:
                yield answer
            finally:
                await answer.aclose()

    async def _whole(self, answer: httpx.Response) -> bytes:
        """The body as far as it may go."""
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise NoAnswer("Packed")
        body = bytearray()
        async for piece in answer.aiter_raw(65536):
            body += piece
            if len(body) > self.most:
                raise NoAnswer("TooLarge")
        return bytes(body)


def is_public(one: Address) -> bool:
    """Whether an address is one of the open internet."""
    return one.is_global and not (one.is_multicast or one.is_reserved or one.is_unspecified)


def _carried(one: Address) -> Address:
    if isinstance(one, IPv4Address):
        return one
    nat64 = IPv4Address(int(one) & 0xFFFF_FFFF) if int(one) >> 32 << 32 == _NAT64 else None
    return one.ipv4_mapped or one.sixtofour or nat64 or one


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
