"""Who sits in the rooms of a visit, and has to go when their session is over: beside us, or in a process apart.

Signaling knows no database: it says whose sessions have a seat, is told which of them are over, and closes those. It
is asked whenever a session has ended, and every few seconds beside that, for a ticket that was used after the end of
its session, and for a ring that was lost. Nothing is kept on either side, so asking twice or from two processes is
harmless.
"""

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from app.logs import log
from app.sessions import actions as sessions
from app.site import Site
from db import Pool, new_id
from signaling import messages, roll, tickets
from signaling.tickets import Ticket

WITHIN: Final = 2.0
TICKET_LASTS: Final = timedelta(minutes=1)

Over = Callable[[list[UUID]], Awaitable[list[UUID]]]


class Rooms(Protocol):
    """The rooms of one process."""

    def seated(self) -> set[UUID]:
        """The sessions that have a seat."""
        ...

    def hang_up(self, over: Collection[UUID]) -> None:
        """Close the sockets of these sessions."""
        ...


class Seats(Protocol):
    """Rooms, wherever they are."""

    async def call_the_roll(self, over: Over) -> None:
        """Have `over` say which of the sessions that have a seat are over, and close those."""
        ...


class Here:
    """Rooms in this process."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    async def call_the_roll(self, over: Over) -> None:
        """Without a word on any wire."""
        if seated := self._rooms.seated():
            self._rooms.hang_up(await over(sorted(seated)))


class Apart:
    """Rooms in a signaling process: asked over its own socket, with a ticket that only we can sign."""

    def __init__(self, site: Site, clock: Callable[[], datetime]) -> None:
        self._url, self._key, self._clock = site.socket, site.ticket_key, clock

    async def call_the_roll(self, over: Over) -> None:
        """One short call; where nobody answers, nobody is connected either, and the next one comes soon."""
        try:
            async with connect(
                self._url, proxy=None, compression=None, open_timeout=WITHIN, close_timeout=WITHIN
            ) as line:
                await self._ask(line, over)
        except (OSError, TimeoutError, WebSocketException, roll.BadRoll) as error:
            log().warning("signaling was not asked who is there", reason=type(error).__name__)

    async def _ask(self, line: ClientConnection, over: Over) -> None:
        now = self._clock()
        expires = int((now + TICKET_LASTS).timestamp())
        ticket = Ticket(new_id(now), new_id(now), new_id(now), "staff", "roll", expires)
        hello = messages.Hello(v=messages.VERSION, ticket=tickets.issue(self._key, ticket))
        await line.send(messages.write(hello))
        seated = roll.read(str(await line.recv()))
        await line.send(roll.write(await over(seated) if seated else []))
        await line.wait_closed()


async def hang_up(pool: Pool, seats: Seats, now: datetime) -> None:
    """Close the sockets of those who are not signed in any more."""

    async def over(seated: list[UUID]) -> list[UUID]:
        return await sessions.over(pool, seated, now)

    await seats.call_the_roll(over)
