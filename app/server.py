"""Serve an ASGI app until told to stop: Ctrl-C and SIGTERM end it cleanly."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

GRACE_SECONDS = 8


class PortTaken(Exception):
    """Something listens there already."""


def bind(host: str, port: int) -> socket.socket:
    """The listening socket; raises `PortTaken` with a sentence for the person who started a second one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise PortTaken(
            f"{host}:{port} is taken: another Cairn, or another program, serves there. "
            "Stop it, or choose another port with CAIRN_PORT."
        ) from error
    sock.listen(2048)
    sock.setblocking(False)  # noqa: FBT003
    return sock


def _never() -> bool:
    return False


class Server(uvicorn.Server):
    """uvicorn, with a word when it is ready and one before it stops."""

    def __init__(
        self, app: Any, *, started: Callable[[], None], stopping: Callable[[], None], ended: Callable[[], bool] = _never
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="on",
                access_log=False,
                log_config=None,
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
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, lambda: None)

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
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    await told.wait()
