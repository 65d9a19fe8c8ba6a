"""Whoever is signed out leaves the visit as well, whether signaling runs beside the API or apart from it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import UUID, uuid4

import msgspec
import pytest

from app import auth, seats
from app.clock import system_clock
from app.demo.cast import DANA, MAYA, Person
from app.seats import Apart, Here, Seats
from db import Pool, person
from signaling import messages, tickets
from signaling.asgi import create_app, socket
from signaling.hub import Config, Hub
from signaling.tickets import Ticket
from tests.signaling.conftest import Caller, Server, serving
from tests.world import SITE, World

CONFIG = Config(ticket_key=SITE.ticket_key, clock=system_clock)


class Visit:
    """A signaling process, and the rooms in it as the watcher sees them."""

    def __init__(self, server: Server, rooms: Seats, pool: Pool) -> None:
        self.server, self.rooms, self.pool, self.place = server, rooms, pool, uuid4()

    def ticket(self, who: Person, session: UUID) -> str:
        """As the API signs it."""
        until = int(system_clock().timestamp()) + 60
        made = Ticket(uuid4(), self.place, who.id, "staff" if who.roles else "patient", "visit", until, session)
        return tickets.issue(SITE.ticket_key, made)


@pytest.fixture(params=["beside", "apart"])
async def visit(real_world: World, request: pytest.FixtureRequest) -> AsyncIterator[Visit]:
    """The same, both ways."""
    hub = Hub(CONFIG)
    app = create_app(CONFIG)
    if request.param == "beside":
        app.register(socket(CONFIG, path="/v1/beside", hub=hub))
    async with serving(app) as server:
        rooms: Seats = Here(hub)
        if request.param == "beside":
            server.url = server.url.replace("/v1/signaling", "/v1/beside")
        else:
            rooms = Apart(msgspec.structs.replace(SITE, signaling_url=server.url), system_clock)
        yield Visit(server, rooms, real_world.pool)


async def session_of(pool: Pool, who: Person) -> UUID:
    """A session that has just begun."""
    tokens = await auth.sign_in(pool, who.id, system_clock())
    return (await auth.who(pool, f"Bearer {tokens.access_token}", system_clock())).session_id


async def end(pool: Pool, who: Person, session: UUID) -> None:
    async with pool.transaction(person(who.id)) as db:
        await auth.end_sessions(db, who.id, system_clock(), "elsewhere", spared=session)


async def test_who_is_signed_out_leaves_the_visit_and_the_other_stays(visit: Visit) -> None:
    pool = visit.pool
    ended, kept, of_dana = [await session_of(pool, who) for who in (MAYA, MAYA, DANA)]
    async with AsyncExitStack() as stack:
        maya = await stack.enter_async_context(visit.server.enter(visit.ticket(MAYA, ended)))
        dana = await stack.enter_async_context(visit.server.enter(visit.ticket(DANA, of_dana)))
        await seats.hang_up(pool, visit.rooms, system_clock())
        await maya.say({"t": "media", "audio": True, "video": True})
        assert (await dana.hear("media"))["audio"] is True

        await end(pool, MAYA, kept)
        await seats.hang_up(pool, visit.rooms, system_clock())
        assert await maya.closed() == messages.SIGNED_OUT
        assert (await dana.hear("peer"))["presence"] == "left"

        again = await stack.enter_async_context(visit.server.enter(visit.ticket(MAYA, kept)))
        await seats.hang_up(pool, visit.rooms, system_clock())
        await again.say({"t": "media", "audio": False, "video": True})
        assert (await dana.hear("peer"))["presence"] == "here"


async def test_a_ticket_that_is_used_after_the_end_of_its_session_does_not_last(visit: Visit) -> None:
    ended, kept = [await session_of(visit.pool, MAYA) for _ in range(2)]
    await end(visit.pool, MAYA, kept)
    async with visit.server.enter(visit.ticket(MAYA, ended)) as late:
        await seats.hang_up(visit.pool, visit.rooms, system_clock())
        assert await late.closed() == messages.SIGNED_OUT


async def test_where_no_signaling_answers_the_worker_goes_on(real_world: World) -> None:
    nowhere = Apart(msgspec.structs.replace(SITE, signaling_url="ws://127.0.0.1:9/v1/signaling"), system_clock)

    await seats.hang_up(real_world.pool, nowhere, system_clock())


@pytest.mark.parametrize("answer", ["", "no list", '["x"]', "[" * 5000])
async def test_who_calls_the_roll_and_answers_with_no_list_ends_nothing(visit: Visit, answer: str) -> None:
    session = await session_of(visit.pool, MAYA)
    made = Ticket(uuid4(), uuid4(), uuid4(), "staff", "roll", int(system_clock().timestamp()) + 60)
    async with visit.server.enter(visit.ticket(MAYA, session)) as maya, visit.server.open() as line:
        caller = Caller(line)
        await caller.say({"t": "hello", "v": 1, "ticket": tickets.issue(SITE.ticket_key, made)})
        assert msgspec.json.decode(await line.recv()) == [str(session)]
        await line.send(answer)
        assert await caller.closed() == messages.BAD_MESSAGE
        await maya.say({"t": "ping", "ack": 0})
        await maya.hear("pong")


async def test_a_ticket_for_a_visit_calls_no_roll(visit: Visit) -> None:
    """Nobody is told who is there who was not given a ticket for just that."""
    session = await session_of(visit.pool, MAYA)
    async with visit.server.enter(visit.ticket(MAYA, session)) as maya:
        assert str(session) not in str(maya.welcome)
