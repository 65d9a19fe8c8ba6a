"""The socket of a visit: lets a ticket's holder in, and carries out what the room decides.

Inside another Litestar app `socket(config)` is one more route; `create_app(config)` is a process of its own. A visit
lives in one process; uvicorn closes every socket with 1012 when it stops, and clients come back with a new ticket.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from importlib import import_module
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from litestar import Litestar, WebSocket, get
from litestar.exceptions import WebSocketException
from litestar.handlers import WebsocketRouteHandler, websocket
from msgspec import Struct

from signaling import ice, messages, room, tickets
from signaling.messages import BadMessage, ClientMessage, Error, Hello, ServerMessage
from signaling.room import Close, Room, Seat, Step
from signaling.tickets import BadTicket, Spent, Ticket

LONGEST_LINE: Final = 256
SEND_SECONDS: Final = 10.0
CLOSE_SECONDS: Final = 1.0

Socket = WebSocket[Any, Any, Any]
# What a send raises on a socket that is gone: Litestar's exception, uvicorn's OSError, its RuntimeError after a close.
GONE: Final = (WebSocketException, OSError, RuntimeError)


class Config(Struct, frozen=True, kw_only=True):
    """What the socket needs to know; seconds where nothing else is said.

    A browser's Origin must be in `allowed_origins` or be the host it talks to; a native app sends none.
    """

    ticket_key: bytes
    clock: Callable[[], datetime]
    turn_urls: tuple[str, ...] = ()
    turn_secret: bytes | None = None
    allowed_origins: tuple[str, ...] = ()
    hello_seconds: float = 5.0
    ice_seconds: int = ice.TTL
    mirrors: int = 4
    mirror_seconds: float = 60.0

    def __post_init__(self) -> None:
        if len(self.ticket_key) < tickets.SHORTEST_KEY:
            raise ValueError("The key of tickets has fewer than 32 bytes.")
        self.ice_for(UUID(int=0))

    def ice_for(self, session: UUID) -> messages.Ice:
        """Fresh TURN credentials for one session."""
        return ice.servers(self.turn_urls, self.turn_secret, session, self.clock(), self.ice_seconds)


class Gone(Exception):
    """The other end of the socket is not there any more."""


class Refused(Exception):
    """A newcomer is not let in; the code closes the socket."""

    def __init__(self, code: int) -> None:
        super().__init__(messages.REASONS[code])
        self.code = code


class Line:
    """What one session is still to be told, in order; one that takes it too slowly is cut off."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[ServerMessage | Close] = asyncio.Queue()
        self.cut_off: Callable[[], object] = lambda: None

    def put(self, item: ServerMessage | Close) -> None:
        """Never waits: a full line is a listener to give up on, not a reason to hold up the room."""
        if self._waiting.qsize() >= LONGEST_LINE and not isinstance(item, Close):
            self.cut_off()
        else:
            self._waiting.put_nowait(item)

    async def next(self) -> ServerMessage | Close:
        """The next thing to tell."""
        return await self._waiting.get()


class Hub:
    """The rooms of this process and the lines to those who sit in them; a room lasts as long as someone is in it."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.rooms: dict[UUID, Room] = {}
        self.lines: dict[UUID, Line] = {}
        self.spent = Spent()
        self.mirrors = 0
        self.looking: dict[UUID, tuple[UUID, UUID]] = {}

    def admit(self, frame: str) -> Ticket:
        """The ticket of a first frame; any other first frame is refused."""
        try:
            hello = messages.read(frame)
            if not isinstance(hello, Hello) or hello.v != messages.VERSION:
                raise Refused(messages.BAD_MESSAGE)
            now = self.config.clock()
            ticket = tickets.read(self.config.ticket_key, hello.ticket, now)
            self.spent.spend(ticket, now)
        except BadMessage:
            raise Refused(messages.BAD_MESSAGE) from None
        except BadTicket:
            raise Refused(messages.BAD_TICKET) from None
        return ticket

    def join(self, place: UUID, person: UUID, role: messages.Role) -> tuple[UUID, Line]:
        """A new session with a line of its own; what the room makes of it is the first thing on that line."""
        sid, line = uuid4(), Line()
        self.lines[sid] = line
        seat = Seat(sid=sid, person=person, role=role, credited_at=self.config.clock())
        self._take(place, room.join(self._room(place), seat, self.config.ice_for(sid)))
        return sid, line

    def hear(self, place: UUID, sid: UUID, frame: str | None) -> None:
        """A frame from a socket; one that is no text or no message costs the seat."""
        try:
            self.say(place, sid, messages.read(frame) if frame is not None else _not_text())
        except BadMessage:
            self.refuse(place, sid, messages.BAD_MESSAGE)

    def say(self, place: UUID, sid: UUID, message: ClientMessage | None) -> None:
        """What a session says."""
        self._take(place, room.receive(self._room(place), sid, message, self.config.clock()))

    def refuse(self, place: UUID, sid: UUID, code: int) -> None:
        """Take a session's seat away."""
        self._take(place, room.refuse(self._room(place), sid, code))

    def end(self, place: UUID, why: str) -> None:
        """Close a visit for everyone in it."""
        self._take(place, room.end(self._room(place), why))

    def forget(self, place: UUID, sid: UUID) -> None:
        """A session is over, however it ended."""
        self._take(place, room.vacate(self._room(place), sid))
        self.lines.pop(sid, None)

    def _room(self, place: UUID) -> Room:
        return self.rooms.get(place, Room())

    def _take(self, place: UUID, step: Step) -> None:
        """Keep the room as it is now and put its effects on their lines."""
        if step.room.seats:
            self.rooms[place] = step.room
        else:
            self.rooms.pop(place, None)
        for effect in step.effects:
            if line := self.lines.get(effect.to):
                line.put(effect if isinstance(effect, Close) else effect.message)


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

    @get("/health/live", sync_to_thread=False)
    def live() -> dict[str, str]:
        """Whether the process answers."""
        return {"status": "ok"}

    return Litestar([socket(config), live], openapi_config=None, logging_config=None)


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
        async with asyncio.timeout(hub.config.hello_seconds):
            frame = await _frame(socket)
    except TimeoutError:
        return messages.HELLO_TIMEOUT
    except Gone:
        return None
    try:
        ticket = hub.admit(frame if frame is not None else "")
    except Refused as refused:
        return refused.code
    return await (_visit if ticket.kind == "visit" else _look_in_the_mirror)(socket, hub, ticket)


async def _visit(socket: Socket, hub: Hub, ticket: Ticket) -> int | None:
    sid, line = hub.join(ticket.visit, ticket.person, ticket.role)
    try:
        return await _converse(socket, line, partial(hub.hear, ticket.visit, sid))
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
    sid, line = hub.join(ticket.id, ticket.person, ticket.role)
    hub.looking[ticket.person] = (ticket.id, sid)
    try:
        async with asyncio.TaskGroup() as tasks:
            echo = tasks.create_task(_reflect(hub, ticket.id, sid))
            code = await _converse(socket, line, partial(hub.hear, ticket.id, sid))
            echo.cancel()
        return code
    finally:
        hub.forget(ticket.id, sid)
        hub.mirrors -= 1
        if hub.looking.get(ticket.person) == (ticket.id, sid):
            del hub.looking[ticket.person]


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


async def _converse(socket: Socket, line: Line, hear: Callable[[str | None], None]) -> int | None:
    """Listen and tell side by side until one is done; the reader never rests, so a closed socket is noticed."""
    async with asyncio.TaskGroup() as tasks:
        reader = tasks.create_task(_listen(socket, hear))
        writer = tasks.create_task(_tell(socket, line))
        line.cut_off = writer.cancel
        reader.add_done_callback(lambda _: writer.cancel())
        writer.add_done_callback(lambda _: reader.cancel())
    if not reader.cancelled():
        return None
    return messages.TRY_LATER if writer.cancelled() else writer.result()


async def _listen(socket: Socket, hear: Callable[[str | None], None]) -> None:
    with suppress(Gone):
        while True:
            hear(await _frame(socket))


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


def _not_text() -> NoReturn:
    raise BadMessage
