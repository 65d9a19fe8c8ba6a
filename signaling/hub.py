"""The rooms of this process: who is let in, who sits where, and what each is still to be told.

There is no socket here; `signaling.asgi` carries frames in and lines out.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final, NoReturn
from uuid import UUID, uuid4

from msgspec import Struct

from signaling import ice, messages, room, tickets
from signaling.messages import BadMessage, ClientMessage, Hello, ServerMessage
from signaling.room import Close, Room, Seat, Step
from signaling.tickets import BadTicket, Spent, Ticket

LOBBY: Final = 200
LONGEST_LINE: Final = 256
HEAVIEST_LINE: Final = 1024 * 1024


class Config(Struct, frozen=True, kw_only=True):
    """What the socket needs to know; seconds where nothing else is said.

    A browser's Origin must be in `allowed_origins` or be the host it talks to; a native app sends none. A client pings
    every 15 seconds; a socket on which nothing comes for `silence_seconds` is closed.
    """

    ticket_key: bytes
    clock: Callable[[], datetime]
    turn_urls: tuple[str, ...] = ()
    turn_secret: bytes | None = None
    allowed_origins: tuple[str, ...] = ()
    hello_seconds: float = 5.0
    silence_seconds: float = 45.0
    ice_seconds: int = ice.TTL
    mirrors: int = 4
    mirror_seconds: float = 60.0

    def __post_init__(self) -> None:
        if len(self.ticket_key) < tickets.SHORTEST_KEY:
            raise ValueError("The key of tickets has fewer than 32 bytes.")
        self.ice_for(UUID(int=0))

    def ice_for(self, session: UUID, closes_at: int | None = None) -> messages.Ice:
        """Fresh TURN credentials for one session, that end with its visit."""
        now = self.clock()
        ttl = ice.lasting(now, closes_at, self.ice_seconds)
        return ice.servers(self.turn_urls, self.turn_secret, session, now, ttl)


class Refused(Exception):
    """A newcomer is not let in; the code closes the socket."""

    def __init__(self, code: int) -> None:
        super().__init__(messages.REASONS[code])
        self.code = code


class Line:
    """What one session is still to be told, in order; one that takes it too slowly is cut off."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[ServerMessage | Close] = asyncio.Queue()
        self._weight = 0
        self.cut_off: Callable[[], object] = lambda: None

    def put(self, item: ServerMessage | Close) -> None:
        """Never waits: a full line is a listener to give up on, not a reason to hold up the room."""
        weight = 0 if isinstance(item, Close) else messages.weight(item)
        full = self._waiting.qsize() >= LONGEST_LINE or self._weight + weight > HEAVIEST_LINE
        if full and not isinstance(item, Close):
            self.cut_off()
        else:
            self._weight += weight
            self._waiting.put_nowait(item)

    async def next(self) -> ServerMessage | Close:
        """The next thing to tell."""
        item = await self._waiting.get()
        self._weight -= 0 if isinstance(item, Close) else messages.weight(item)
        return item


class Hub:
    """The rooms of this process and the lines to those who sit in them; a room lasts as long as someone is in it."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.rooms: dict[UUID, Room] = {}
        self.lines: dict[UUID, Line] = {}
        self._signed: dict[UUID, tuple[UUID, UUID]] = {}
        self.spent = Spent()
        self.mirrors = 0
        self.looking: dict[UUID, tuple[UUID, UUID]] = {}
        self._lobby: dict[object, Callable[[], object]] = {}

    @contextmanager
    def in_the_lobby(self, leave: Callable[[], object]) -> Iterator[None]:
        """A place to say hello from. There are so many; where they are taken, whoever has waited longest has to leave.

        Nobody is known in here, so that nobody can be kept out by others who say nothing.
        """
        if len(self._lobby) >= LOBBY:
            self._lobby.pop(next(iter(self._lobby)))()
        place = object()
        self._lobby[place] = leave
        try:
            yield
        finally:
            self._lobby.pop(place, None)

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

    def join(
        self,
        place: UUID,
        person: UUID,
        role: messages.Role,
        signed_in: UUID | None = None,
        closes_at: int | None = None,
    ) -> tuple[UUID, Line]:
        """A new session with a line of its own; what the room makes of it is the first thing on that line.

        `signed_in` is the session of the API that it was opened from, which it does not outlast.
        """
        sid, line = uuid4(), Line()
        self.lines[sid] = line
        if signed_in is not None:
            self._signed[sid] = (place, signed_in)
        seat = Seat(sid=sid, person=person, role=role, credited_at=self.config.clock())
        self._take(place, room.join(self._room(place), seat, self.config.ice_for(sid, closes_at)))
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
        self._signed.pop(sid, None)

    def seated(self) -> set[UUID]:
        """The sessions of the API from which somebody is here."""
        return {signed_in for _, signed_in in self._signed.values()}

    def hang_up(self, over: Collection[UUID]) -> None:
        """Take the seats of those who came from these sessions; whoever is opposite is told that they left."""
        for sid, (place, signed_in) in list(self._signed.items()):
            if signed_in in over:
                self.refuse(place, sid, messages.SIGNED_OUT)

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


def _not_text() -> NoReturn:
    raise BadMessage
