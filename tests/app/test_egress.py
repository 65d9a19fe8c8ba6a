"""Going out: to the hosts of a use and no others, never inside, never round a corner, never for long."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from app import egress
from app.egress import Egress, NoAnswer, NotAllowed

HOME = frozenset({"127.0.0.1", "localhost", "[::1]"})
Says = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(says: Says, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server that says what a test wants it to."""

    async def heard(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await says(reader, writer)
        writer.close()

    server = await asyncio.start_server(heard, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


def saying(answer: bytes, heard: list[bytes] | None = None) -> Says:
    """A server that always says the same."""

    async def says(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if heard is not None:
            heard.append(head + await reader.read(65536) if b"content-length" in head.lower() else head)
        writer.write(answer)
        await writer.drain()

    return says


OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nset-cookie: a=b\r\n\r\n{}"


async def test_an_answer_comes_back_whole_and_little_is_said_of_us() -> None:
    heard: list[bytes] = []
    async with serving(saying(OK, heard)) as port:
        client = Egress(HOME, loopback=True)
        answers = [await client.send("GET", f"http://127.0.0.1:{port}/a?b=c") for _ in range(2)]
    assert [(one.status, one.headers["content-type"], one.body) for one in answers] == [
        (200, "application/json", b"{}")
    ] * 2
    lines = heard[1].decode().lower().split("\r\n")
    assert lines[0] == "get /a?b=c http/1.1"
    assert "user-agent: cairn" in lines
    assert f"host: 127.0.0.1:{port}" in lines
    assert not [line for line in lines if line.startswith("cookie")]


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/", "http://idp.example/", "https://idp.example.evil.example/", "ftp://idp.example/",
        "https://user:secret@idp.example/", "https://idp.example@elsewhere.example/", "https:///path", "",
        "//idp.example/", "file:///etc/passwd", "https://127.0.0.1/", "https://[::1]/", "https://0x7f.1/", "https://idp.example:zq/",
    ],
)  # fmt: skip
async def test_only_the_hosts_of_a_use_are_called_and_only_by_tls(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Egress, "_looked_up", _never)
    with pytest.raises((NotAllowed, NoAnswer)) as refused:
        await Egress(frozenset({"idp.example"})).send("GET", url)
    assert str(refused.value) in {"", "InvalidURL"}


async def _never(*_: Any) -> str:
    raise AssertionError("it was looked up")


INSIDE = (
    "127.0.0.1", "127.9.9.9", "0.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.0.170", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1",
    "ff02::1", "::ffff:10.1.2.3", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "2001::1",
    "100::1", "fd00:ec2::254",
)  # fmt: skip


@pytest.mark.parametrize("inside", INSIDE)
async def test_a_name_that_leads_inside_is_not_called_even_beside_one_that_does_not(
    inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _resolves(monkeypatch, ["93.184.215.14", inside])
    with pytest.raises(NotAllowed):
        await Egress(frozenset({"idp.example"})).send("GET", "https://idp.example/")


@pytest.mark.parametrize("outside", ["93.184.215.14", "2606:4700::1111", "64:ff9b::808:808"])
def test_the_open_internet_is_open(outside: str) -> None:
    assert egress.is_public(egress._carried(ip_address(outside)))


def _resolves(monkeypatch: pytest.MonkeyPatch, *turns: list[str]) -> list[str]:
    """The name has these addresses, the first time and each time after; which were asked for."""
    asked: list[str] = []

    async def lookup(host: str, port: int, **_: Any) -> list[Any]:
        found = turns[min(len(asked), len(turns) - 1)]
        asked.append(host)
        return [(0, 0, 0, "", (one, port)) for one in found]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup, raising=False)
    return asked


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's and a client's side of a certificate for idp.example."""
    folder: Path = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    _certificate(key, cert, "idp.example")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    return server, ssl.create_default_context(cafile=cert)


def _certificate(key: Path, cert: Path, name: str) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", key, "-out", cert, "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"],
        check=True, capture_output=True,
    )  # fmt: skip


async def test_the_address_that_was_looked_at_is_called_and_tls_proves_the_name(
    tls: tuple[ssl.SSLContext, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that means something else a moment later (DNS rebinding) is not asked a second time."""
    heard: list[bytes] = []
    async with serving(saying(OK, heard), tls[0]) as port:
        asked = _resolves(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])
        client = Egress(frozenset({"idp.example", "other.example"}), loopback=True, trust=tls[1])
        answer = await client.send("POST", f"https://idp.example:{port}/token", form={"code": "x"})
        assert answer.status == 200
        assert asked == ["idp.example"]
        assert f"host: idp.example:{port}".encode() in heard[0].lower()

        _resolves(monkeypatch, ["127.0.0.1"])
        with pytest.raises(NoAnswer):
            await client.send("GET", f"https://other.example:{port}/")
        with pytest.raises(NoAnswer):
            await Egress(frozenset({"idp.example"}), loopback=True).send("GET", f"https://idp.example:{port}/")


async def test_a_redirect_is_an_answer_and_not_a_way() -> None:
    moved = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
    async with serving(saying(moved)) as port:
        answer = await Egress(HOME, loopback=True).send("GET", f"http://127.0.0.1:{port}/")
    assert (answer.status, answer.headers["location"]) == (302, "http://127.0.0.1:1/")


async def _drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    for _ in range(1000):
        writer.write(b"a")
        await writer.drain()
        await asyncio.sleep(0.02)


async def test_it_takes_no_longer_and_no_more_than_it_may() -> None:
    async with serving(_drips) as slow, serving(saying(_large(3000))) as large, serving(saying(_bomb())) as bomb:
        started = asyncio.get_running_loop().time()
        with pytest.raises(NoAnswer, match="TimeoutError"):
            await Egress(HOME, loopback=True, seconds=0.2).send("GET", f"http://127.0.0.1:{slow}/")
        assert asyncio.get_running_loop().time() - started < 1
        for port, why in ((large, "TooLarge"), (bomb, "Packed")):
            with pytest.raises(NoAnswer, match=why):
                await Egress(HOME, loopback=True, most=2000).send("GET", f"http://127.0.0.1:{port}/")


def _large(size: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size + b"a" * size


def _bomb() -> bytes:
    import gzip

    packed = gzip.compress(b"a" * 1_000_000)
    return b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed) + packed


async def test_no_error_says_where_it_went(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    for url in ("http://127.0.0.1:1/canary", "http://localhost:1/canary?canary"):
        with pytest.raises(NoAnswer) as failed:
            await Egress(HOME, loopback=True, seconds=2).send("GET", url)
        assert "canary" not in repr(failed.value)
        assert "127.0.0.1" not in repr(failed.value)
        assert failed.value.__cause__ is None
