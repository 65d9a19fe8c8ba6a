"""The socket of a visit: lets a ticket's holder in, and carries out what the room decides.

Inside another Litestar app `socket(config)` is one more route; `create_app(config)` is a process of its own. A visit
lives in one process; uvicorn closes every socket with 1012 when it stops, and clients come back with a new ticket.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from importlib import import_module
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from litestar import HttpMethod, Litestar, Request, Response, WebSocket, route
from litestar.exceptions import HTTPException, WebSocketException
from litestar.handlers import WebsocketRouteHandler, websocket

from signaling import messages, roll
from signaling.hub import Config, Hub, Line, Refused
from signaling.messages import Error, ServerMessage
from signaling.room import Close
from signaling.tickets import Ticket

SEND_SECONDS: Final = 10.0
CLOSE_SECONDS: Final = 1.0
PROBLEM: Final = "application/problem+json"

log = logging.getLogger(__name__)

Socket = WebSocket[Any, Any, Any]
# What a send raises on a socket that is gone: Litestar's exception, uvicorn's OSError, its RuntimeError after a close.
GONE: Final = (WebSocketException, OSError, RuntimeError)


class Gone(Exception):
    """The other end of the socket is not there any more."""


def socket(
    config: Config, *, path: str = "/v1/signaling", opt: dict[str, Any] | None = None, hub: Hub | None = None
) -> WebsocketRouteHandler:
    """The route of the visit's socket, with rooms of its own unless a hub is given."""
    hub = hub or Hub(config)

    async def signaling(socket: Socket) -> None:
        if not is_welcome_from(socket.headers.getall("origin", []), socket.headers.get("host", ""), config):
            await socket.close(messages.NOT_ALLOWED)
            return
        offered = socket.scope.get("subprotocols", [])
        await socket.accept(messages.SUBPROTOCOL if messages.SUBPROTOCOL in offered else None)
        code = await _attend(socket, hub)
        if code is not None:
            await _close(socket, code)

    return websocket(path, opt=opt, name="signaling")(signaling)


def create_app(config: Config) -> Litestar:
    """The signaling process: the socket, and a sign of life."""

    @route("/health/live", http_method=[HttpMethod.GET, HttpMethod.HEAD], sync_to_thread=False)
    def live() -> dict[str, str]:
        """Whether the process answers."""
        return {"status": "ok"}

    return Litestar(
        [socket(config), live],
        exception_handlers={HTTPException: _refused},
        openapi_config=None,
        logging_config=None,
    )


def _refused(_request: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, object]]:
    """There is nothing else here; said as RFC 9457 has it, without a word of what was asked."""
    told = {"type": "about:blank", "title": HTTPStatus(error.status_code).phrase, "status": error.status_code}
    return Response(told, status_code=error.status_code, media_type=PROBLEM, headers=error.headers)


def is_welcome_from(origins: list[str], host: str, config: Config) -> bool:
    """Whether a page of this origin may open the socket: no origin, the host itself, or one that the operator names."""
    if not origins:
        return True
    origin = origins[0].lower()
    same = urlsplit(origin).scheme in {"http", "https"} and origin.partition("://")[2] == host.lower()
    return len(origins) == 1 and (same or origin in config.allowed_origins)


async def _attend(socket: Socket, hub: Hub) -> int | None:
    """From hello to goodbye; the code to close with, None when the socket is already gone."""
    try:
        async with asyncio.timeout(hub.config.hello_seconds) as patience:
            with hub.in_the_lobby(lambda: patience.reschedule(0)):
                frame = await _frame(socket)
    except TimeoutError:
        return messages.HELLO_TIMEOUT
    except Gone:
        return None
    try:
        ticket = hub.admit(frame if frame is not None else "")
    except Refused as refused:
        return refused.code
    try:
        return await _KINDS[ticket.kind](socket, hub, ticket)
    except Exception as error:
        log.error("A socket of %s failed.", ticket.visit, exc_info=_root(error))
        return messages.OUR_MISTAKE


async def _call_the_roll(socket: Socket, hub: Hub, _ticket: Ticket) -> int | None:
    """Say which sessions have a seat, and take the seats of those that are over."""
    try:
        await socket.send_text(roll.write(hub.seated()))
        async with asyncio.timeout(hub.config.hello_seconds):
            hub.hang_up(set(roll.read(await _frame(socket) or "")))
    except (roll.BadRoll, TimeoutError):
        return messages.BAD_MESSAGE
    except (Gone, *GONE):
        return None
    return messages.BYE


def _root(error: Exception) -> Exception:
    """What happened first, out of the groups that tasks wrap around it."""
    return _root(error.exceptions[0]) if isinstance(error, ExceptionGroup) else error


async def _visit(socket: Socket, hub: Hub, ticket: Ticket) -> int | None:
    sid, line = hub.join(ticket.visit, ticket.person, ticket.role, ticket.session, ticket.closes_at)
    try:
        return await _converse(socket, line, partial(hub.hear, ticket.visit, sid), hub.config.silence_seconds)
    finally:
        hub.forget(ticket.visit, sid)


async def _look_in_the_mirror(socket: Socket, hub: Hub, ticket: Ticket) -> int | None:
    """A room of one person and an echo. Few fit into a process, and a person has one at a time."""
    if older := hub.looking.get(ticket.person):
        hub.refuse(*older, messages.REPLACED)
    if hub.mirrors >= hub.config.mirrors:
        busy = Error(re="hello", code="mirrorBusy", msg="The mirror is in use. Please try again in a minute.")
        return messages.TRY_LATER if await _send(socket, busy) else None
    hub.mirrors += 1
    sid, line = hub.join(ticket.id, ticket.person, ticket.role, ticket.session)
    hub.looking[ticket.person] = (ticket.id, sid)
    try:
        async with asyncio.TaskGroup() as tasks:
            echo = tasks.create_task(_reflect(hub, ticket.id, sid))
            code = await _converse(socket, line, partial(hub.hear, ticket.id, sid), hub.config.silence_seconds)
            echo.cancel()
        return code
    finally:
        hub.forget(ticket.id, sid)
        hub.mirrors -= 1
        if hub.looking.get(ticket.person) == (ticket.id, sid):
            del hub.looking[ticket.person]


_KINDS: Final[dict[str, Callable[[Socket, Hub, Ticket], Awaitable[int | None]]]] = {
    "visit": _visit, "mirror": _look_in_the_mirror, "roll": _call_the_roll,
}  # fmt: skip


async def _reflect(hub: Hub, place: UUID, opposite: UUID) -> None:
    """The other side of a mirror, until its time is up; a bad offer costs the person opposite the seat."""
    # aiortc takes a second and 60 MB to load: only a process that really mirrors does, and not on the event loop.
    peers = await asyncio.to_thread(import_module, "signaling.peers")
    sid, line = hub.join(place, uuid4(), "mirror")
    try:
        async with asyncio.timeout(hub.config.mirror_seconds):
            await peers.reflect(line.next, partial(hub.say, place, sid), hub.config.ice_for(sid))
    except TimeoutError:
        hub.end(place, "timeIsUp")
    except peers.BadOffer:
        hub.refuse(place, opposite, messages.BAD_MESSAGE)
    finally:
        hub.forget(place, sid)


async def _converse(socket: Socket, line: Line, hear: Callable[[str | None], None], silence: float) -> int | None:
    """Listen and tell side by side until one is done; the reader never rests, so a closed socket is noticed."""
    async with asyncio.TaskGroup() as tasks:
        reader = tasks.create_task(_listen(socket, hear, silence))
        writer = tasks.create_task(_tell(socket, line))
        line.cut_off = writer.cancel
        reader.add_done_callback(lambda _: writer.cancel())
        writer.add_done_callback(lambda _: reader.cancel())
    if not reader.cancelled():
        return reader.result()
    return messages.TRY_LATER if writer.cancelled() else writer.result()


async def _listen(socket: Socket, hear: Callable[[str | None], None], silence: float) -> int | None:
    """Hear every frame; the code to close with when none comes for too long, None when the other end is gone."""
    try:
        while True:
            async with asyncio.timeout(silence):
                frame = await _frame(socket)
            hear(frame)
    except TimeoutError:
        return messages.SILENT
    except Gone:
        return None


async def _tell(socket: Socket, line: Line) -> int | None:
    """Send what is on the line; the code of the Close at its end, None when nobody takes it any more."""
    while not isinstance(item := await line.next(), Close):
        if not await _send(socket, item):
            return None
    return item.code


async def _frame(socket: Socket) -> str | None:
    """The next frame, None when it is not text."""
    event = await socket.receive()
    if event["type"] != "websocket.receive":
        raise Gone
    return event.get("text")


async def _send(socket: Socket, message: ServerMessage) -> bool:
    """Whether the message went out in time."""
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await socket.send_text(messages.write(message))
    except GONE:
        return False
    return True


async def _close(socket: Socket, code: int) -> None:
    """The reason is a constant, so that nothing that went wrong is ever told to a stranger."""
    with suppress(*GONE):
        async with asyncio.timeout(CLOSE_SECONDS):
            await socket.close(code, messages.REASONS[code])
