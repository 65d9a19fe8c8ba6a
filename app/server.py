"""Serve an ASGI app until told to stop: Ctrl-C and SIGTERM end it cleanly."""

import asyncio
import errno
import logging
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.protocol import State

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

    A request, and the first one of a connection from its opening on, has 14 seconds to arrive as a whole, and as long
    has an answer to be taken further; a larger body than any route takes is the app's to refuse, and an idle connection
    between two requests is uvicorn's to close. Of those that are waited for only so many have a place: the one that
    has been slow for longest makes room, so that they never fill the server for those who are not.
    """

    seconds: ClassVar[float] = 14.0
    places: ClassVar[int] = 1000
    slow: ClassVar[dict["Protocol", None]] = {}

    _bytes = 0
    _headed = False
    _complete = False
    _deadline: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own is
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._wait_no_more()
        self._was_read()
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
        """The request is there; another one that follows it has a time of its own."""
        self._wait_no_more()
        self._bytes, self._headed, self._complete = 0, False, True
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Nobody takes the answer: for a while that may be a slow network."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(self.seconds, self._cut_off)

    def resume_writing(self) -> None:
        """It is being taken after all."""
        super().resume_writing()
        self._was_read()

    def timeout_keep_alive_handler(self) -> None:
        """An idle connection has had its time."""
        self._hang_up()

    def _too_late(self) -> None:
        """What has not come while we were not listening, being busy with what came before, is not late."""
        self._wait_no_more()
        if self.flow.read_paused:
            self._wait()
        else:
            self._hang_up()

    def _hang_up(self) -> None:
        """Closing waits until all of an answer is taken, and so has an end of its own."""
        self.transport.close()
        self.loop.call_later(self.seconds, self._cut_off)

    def _cut_off(self) -> None:
        """Whoever still answers is told before: a word to a line that is cut would be a mistake."""
        if (cycle := getattr(self, "cycle", None)) is not None:
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.abort()

    def _was_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _refuse(self) -> None:
        """Say why, unless an answer to this or an earlier request is on its way."""
        if not self._headed and getattr(self.cycle, "response_complete", True):
            self.transport.write(_TOO_LARGE)
        self.transport.close()

    def _wait(self) -> None:
        self._deadline = self.loop.call_later(self.seconds, self._too_late)
        if len(self.slow) >= self.places:
            slowest = next(iter(self.slow))
            del self.slow[slowest]
            slowest._cut_off()
        self.slow[self] = None

    def _wait_no_more(self) -> None:
        self.slow.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class Socket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, with limits on what comes beside messages, which the app never sees.

    What is sent without being a message (pings, pongs, pieces of one) is taken two a second, and a hundred at once. An
    answer has 14 seconds to be taken, and so has all that is left when the app is done.
    """

    seconds: ClassVar[float] = 14.0
    rate: ClassVar[float] = 2.0
    burst: ClassVar[float] = 100.0

    _unread: asyncio.TimerHandle | None = None
    _credit = burst
    _credited = 0.0

    def pause_writing(self) -> None:
        """Nobody takes what is said: for a while that may be a slow network."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(self.seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It is being taken after all."""
        super().resume_writing()
        self._was_read()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._was_read()
        super().connection_lost(exc)

    def handle_ping(self) -> None:
        """A pong is written whether or not anybody reads it, so they are counted."""
        if self._may():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        """One that nobody has asked for."""
        if self._may():
            super().handle_pong(event)

    def handle_cont(self, event: Frame) -> None:
        """Pieces may be empty, and so might go on for ever within any size."""
        if self._may():
            super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        """A text that is no UTF-8 is the other end's mistake, and no line in the log."""
        try:
            if self.curr_msg_data_type == "text":
                b"".join(self.frames).decode()
        except UnicodeDecodeError:
            if self.conn.state is State.OPEN:
                self.conn.send_close(1007)
                self.handle_parser_exception()
        else:
            super().send_receive_event_to_app()

    async def run_asgi(self) -> None:
        """Closing waits until all that was said is taken, and so has an end of its own."""
        await super().run_asgi()
        self.loop.call_later(self.seconds, self.transport.abort)

    def _may(self) -> bool:
        """Whether this one is within the rate; the first that is not ends it."""
        now = self.loop.time()
        self._credit = min(self.burst, self._credit + (now - self._credited) * self.rate) - 1
        self._credited = now
        if self._credit < 0:
            self.transport.abort()
        return self._credit >= 0

    def _was_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None


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
                ws=Socket,
                ws_max_size=128 * 1024,
                ws_per_message_deflate=False,
                ws_ping_interval=None,
                limit_concurrency=2000,
                timeout_keep_alive=14,
                timeout_graceful_shutdown=GRACE_SECONDS,
                proxy_headers=False,
            )
        )
        # It warns of each request that cannot be read: that is told to whoever sent it, and would fill a log. What went
        # wrong in an answer is told by the app itself.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
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
