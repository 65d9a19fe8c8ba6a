"""Serve an ASGI app until told to stop: Ctrl-C and SIGTERM end it cleanly."""

import asyncio
import errno
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

GRACE_SECONDS = 8
HEAD_BYTES = 64 * 1024
REQUEST_BYTES = 1024 * 1024

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

STOPPING = (signal.SIGINT, signal.SIGTERM)


class CannotListen(Exception):
    """Nobody can be served there; the reason and what to do about it, each a sentence for who started it."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(f"{what} {advice}")
        self.what, self.advice = what, advice


def bind(host: str, port: int) -> socket.socket:
    """The listening socket; raises `CannotListen`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except (OSError, UnicodeError) as error:
        sock.close()
        raise refused(error, host, port) from error
    sock.listen(2048)
    sock.setblocking(False)  # noqa: FBT003
    return sock


def refused(error: Exception, host: str, port: int) -> CannotListen:
    """What it means that the system does not let us listen there."""
    where = authority(host, port)
    if isinstance(error, socket.gaierror | UnicodeError):
        return CannotListen(f"{host} is no address, and no name that this machine can look up.", "Correct CAIRN_HOST.")
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            what = f"{where} is taken: another Cairn, or another program, serves there."
            return CannotListen(what, "Stop it, or choose another port with CAIRN_PORT.")
        case errno.EADDRNOTAVAIL:
            what = f"{host} is not an address of this machine."
            return CannotListen(what, "Set CAIRN_HOST to one that is; 127.0.0.1 serves this machine alone.")
        case errno.EACCES:
            what = f"This user may not listen on port {port}."
            return CannotListen(what, "Choose one from 1024 on with CAIRN_PORT, and let a web server pass it on.")
        case number:
            what = f"{where} cannot be listened on ({errno.errorcode.get(number or 0, type(error).__name__)})."
            return CannotListen(what, "Change CAIRN_HOST or CAIRN_PORT.")


def authority(host: str, port: int) -> str:
    """Host and port as a URL writes them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _never() -> bool:
    return False


class HeadTooLarge(Exception):
    """A request's head is larger than what can be accepted."""


class Protocol(HttpToolsProtocol):
    """uvicorn's HTTP, which by itself waits for ever and keeps whatever comes, with limits until a request is there.

    A request, and the first one of a connection from its opening on, has 15 seconds to arrive as a whole; a larger body
    than any route takes is the app's to refuse, and an idle connection between two requests is uvicorn's to close.
    """

    seconds: ClassVar[float] = 15.0

    _bytes = 0
    _headed = False
    _complete = False
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own is
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Only what is not yet a whole request is counted and timed: most requests come in one piece."""
        self._bytes, self._complete = self._bytes + len(data), False
        super().data_received(data)
        if self._complete or self.transport.is_closing():
            self._wait_no_more()
        elif self._bytes > (REQUEST_BYTES if self._headed else HEAD_BYTES):
            self._refuse()
        elif self._deadline is None:
            self._wait()

    def on_message_begin(self) -> None:
        """Another request may follow in the same piece."""
        self._complete = False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A head that came in one piece is measured here; what is raised is answered with 400."""
        if self._bytes > HEAD_BYTES and len(self.url) + sum(len(n) + len(v) for n, v in self.headers) > HEAD_BYTES:
            raise HeadTooLarge
        self._headed = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is there."""
        self._bytes, self._headed, self._complete = 0, False, True
        super().on_message_complete()

    def _refuse(self) -> None:
        """Say why, unless an answer to this or an earlier request is on its way."""
        if not self._headed and getattr(self.cycle, "response_complete", True):
            self.transport.write(_TOO_LARGE)
        self.transport.close()

    def _wait(self) -> None:
        self._deadline = self.loop.call_later(self.seconds, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class Server(uvicorn.Server):
    """uvicorn, with a word when it is ready and one before it stops."""

    def __init__(
        self,
        app: Any,
        *,
        started: Callable[[], None],
        stopping: Callable[[], None],
        ended: Callable[[], bool] = _never,
        http: type[Protocol] = Protocol,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="on",
                access_log=False,
                log_config=None,
                http=http,
                server_header=False,
                ws="websockets-sansio",
                ws_max_size=128 * 1024,
                ws_per_message_deflate=False,
                ws_ping_interval=None,
                limit_concurrency=2000,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=GRACE_SECONDS,
                proxy_headers=False,
            )
        )
        self._say_started, self._say_stopping, self._ended = started, stopping, ended

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The first signal lets requests finish, the second one does not; what was started before us stops after us."""
        loop = asyncio.get_running_loop()
        for number in STOPPING:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            _hear_no_more(loop)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say so once it listens."""
        await super().startup(sockets)
        if self.started:
            self._say_started()

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: whether to stop, as when told to, since what we stand on has ended."""
        return await super().on_tick(counter) or self._ended()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let open streams end before waiting for them."""
        self._say_stopping()
        await super().shutdown(sockets)


async def serve(
    app: Any,
    sock: socket.socket,
    *,
    started: Callable[[], None],
    stopping: Callable[[], None],
    ended: Callable[[], bool] = _never,
) -> None:
    """Serve on that socket until a signal says stop, or until what we stand on has ended."""
    server = Server(app, started=started, stopping=stopping, ended=ended)
    await server.serve(sockets=[sock])


async def until_told() -> None:
    """Wait for Ctrl-C or SIGTERM."""
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in STOPPING:
        loop.add_signal_handler(number, told.set)
    await told.wait()
    _hear_no_more(loop)


async def stoppable(duty: Coroutine[Any, Any, None]) -> None:
    """Run a duty; a signal that comes before it serves takes back what was begun, PostgreSQL too, and ends it."""
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(duty)

    def stop() -> None:
        _hear_no_more(loop)
        task.cancel()

    for number in STOPPING:
        loop.add_signal_handler(number, stop)
    with suppress(asyncio.CancelledError):
        await task


def _hear_no_more(loop: asyncio.AbstractEventLoop) -> None:
    """What is being stopped already is not interrupted in it by a second signal."""
    for number in STOPPING:
        loop.add_signal_handler(number, lambda: None)
