"""Live events over a real server: in order, resumed without a gap, ended when the server stops."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import httpx
import httpx_sse
import pytest

from app import auth, server
from app.asgi import create_app
from app.auth import Signed
from app.demo.cast import KAI, MAYA, NED, SAM, Person
from app.events import actions as events
from app.people import actions as people
from app.people.models import RoleChange
from app.sessions import actions as sessions
from app.sessions.models import Refresh
from db import Bell, Pool, new_id, open_bell, open_pool, person
from tests.world import SITE, Clock


@asynccontextmanager
async def serving(pool: Pool, bell: Bell, clock: Clock) -> AsyncIterator[str]:
    """The app on a port of its own; its address."""
    app, sock = create_app(pool, bell, SITE, clock=clock), server.bind("127.0.0.1", 0)
    up = asyncio.Event()
    made = server.Server(app, started=up.set, stopping=bell.close)
    task = asyncio.create_task(made.serve(sockets=[sock]))
    try:
        await up.wait()
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        made.should_exit = True
        await asyncio.wait_for(task, 10)
        sock.close()


async def client_of(pool: Pool, url: str, who: Person, now: datetime) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, headers=await header_of(pool, who, now), timeout=10)


async def header_of(pool: Pool, who: Person, now: datetime) -> dict[str, str]:
    """Somebody signs in now."""
    tokens = await auth.sign_in(pool, who.id, now)
    return {"authorization": f"Bearer {tokens.access_token}"}


async def publish(pool: Pool, who: Person, topic: str, now: datetime) -> None:
    async with pool.transaction(person(MAYA.id)) as db:
        await events.publish(db, [who.id], topic, new_id(now), now)


class Stream:
    """A stream that has taken its place."""

    def __init__(self, events: AsyncIterator[httpx_sse.ServerSentEvent], first: httpx_sse.ServerSentEvent) -> None:
        self._events, self.first = events, first

    async def heard(self, count: int) -> list[httpx_sse.ServerSentEvent]:
        """The next events, in order."""
        found: list[httpx_sse.ServerSentEvent] = []
        async with asyncio.timeout(10):
            while len(found) < count:
                found += [event] if (event := await anext(self._events)).data else []
        return found


@asynccontextmanager
async def listening(client: httpx.AsyncClient, last: str | None = None) -> AsyncIterator[Stream]:
    """Listen, and go on when the place is taken."""
    headers = {} if last is None else {"last-event-id": last}
    async with httpx_sse.aconnect_sse(client, "GET", "/v1/events", headers=headers) as stream:
        events = stream.aiter_sse()
        async with asyncio.timeout(10):
            first = await anext(events)
        yield Stream(events, first)


async def until_listening(bell: Bell, count: int) -> None:
    """Wait for that many streams, at most ten seconds."""
    async with asyncio.timeout(10):
        while sum(len(ears) for ears in bell._ears.values()) < count:
            await asyncio.sleep(0.01)


@asynccontextmanager
async def sam_and_his_phone(own_database: str, pool: Pool, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    """A server, and Sam signed in there."""
    async with (
        open_bell(pool, own_database) as bell,
        serving(pool, bell, clock) as url,
        await client_of(pool, url, SAM, clock.now) as sam,
    ):
        yield sam


async def test_an_event_arrives_live_and_only_with_whom_it_concerns(
    own_database: str, real_pool: Pool, now: datetime
) -> None:
    async with open_bell(real_pool, own_database) as bell, serving(real_pool, bell, Clock(now)) as url:
        sam, ned = [await client_of(real_pool, url, p, now) for p in (SAM, NED)]
        async with sam, ned, listening(sam) as of_sam, listening(ned) as of_ned:
            await publish(real_pool, SAM, "alert", now)
            await publish(real_pool, NED, "visit", now)

            [event] = await of_sam.heard(1)
            assert (event.event, event.json()["topic"]) == ("alert", "alert")
            assert [e.event for e in await of_ned.heard(1)] == ["visit"]


async def test_a_stream_resumes_where_it_was_left_without_a_gap_or_a_repeat(
    own_database: str, real_pool: Pool, now: datetime
) -> None:
    async with sam_and_his_phone(own_database, real_pool, Clock(now)) as sam:
        async with listening(sam) as stream:
            await publish(real_pool, SAM, "one", now)
            [event] = await stream.heard(1)
        for topic in ("two", "three", "four"):
            await publish(real_pool, SAM, topic, now)

        async with listening(sam, event.id) as again:
            assert [e.event for e in await again.heard(3)] == ["two", "three", "four"]


async def test_a_stream_that_broke_off_before_it_said_anything_resumes_without_a_gap(
    own_database: str, real_pool: Pool, now: datetime
) -> None:
    async with sam_and_his_phone(own_database, real_pool, Clock(now)) as sam:
        async with listening(sam) as stream:
            place = stream.first.id
        await publish(real_pool, SAM, "missed", now)

        async with listening(sam, place) as again:
            assert [e.event for e in await again.heard(1)] == ["missed"]


async def test_a_slow_transaction_neither_holds_back_an_event_nor_is_missed_after_a_resume(
    own_database: str, real_pool: Pool, now: datetime
) -> None:
    async with sam_and_his_phone(own_database, real_pool, Clock(now)) as sam:
        async with listening(sam) as stream, listening(sam) as whole:
            async with real_pool.transaction(person(MAYA.id)) as slow:
                await events.publish(slow, [SAM.id], "slow", new_id(now), now)
                await publish(real_pool, SAM, "quick", now)
                [quick], [same] = await stream.heard(1), await whole.heard(1)
                assert (quick.event, same.event) == ("quick", "quick")
            await publish(real_pool, SAM, "last", now)

            assert {e.event for e in await whole.heard(2)} == {"slow", "last"}
        async with listening(sam, quick.id) as again:
            assert [e.event for e in await again.heard(3)] == ["slow", "quick", "last"]


async def test_more_events_than_one_look_takes_are_told_beside_a_slow_transaction(
    own_database: str, real_pool: Pool, now: datetime
) -> None:
    async with (
        sam_and_his_phone(own_database, real_pool, Clock(now)) as sam,
        listening(sam) as stream,
        real_pool.transaction(person(MAYA.id)) as slow,
    ):
        await events.publish(slow, [NED.id], "slow", new_id(now), now)
        many = [new_id(now) for _ in range(events.BATCH + 20)]
        async with real_pool.transaction(person(MAYA.id)) as db:
            for each in many:
                await events.publish(db, [SAM.id], "alert", each, now)

        assert [e.json()["subjectId"] for e in await stream.heard(len(many))] == [str(each) for each in many]


async def test_who_begins_beside_a_slow_transaction_hears_nothing_of_before(
    own_database: str, real_pool: Pool, now: datetime
) -> None:
    async with (
        sam_and_his_phone(own_database, real_pool, Clock(now)) as sam,
        real_pool.transaction(person(MAYA.id)) as slow,
    ):
        await events.publish(slow, [NED.id], "slow", new_id(now), now)
        await publish(real_pool, SAM, "before", now)
        async with listening(sam) as stream:
            await publish(real_pool, SAM, "after", now)

            assert [e.event for e in await stream.heard(1)] == ["after"]


@pytest.mark.parametrize(
    "last",
    [
        pytest.param("900000000-0-{now}", id="of a database that is further on"),
        pytest.param("1-0-{old}", id="as old as what is forgotten"),
        pytest.param("once upon a time", id="never given"),
    ],
)
async def test_a_cursor_that_leads_nowhere_is_answered_by_a_reset_and_a_new_place(
    own_database: str, real_pool: Pool, now: datetime, last: str
) -> None:
    old = now - timedelta(days=2)
    async with sam_and_his_phone(own_database, real_pool, Clock(now)) as sam:
        await publish(real_pool, SAM, "before", now)
        named = last.format(now=int(now.timestamp()), old=int(old.timestamp()))
        async with listening(sam, named) as stream:
            await publish(real_pool, SAM, "after", now)

            assert (stream.first.event, stream.first.json()["topic"]) == ("reset", "reset")
            assert [e.event for e in await stream.heard(1)] == ["after"]
        await publish(real_pool, SAM, "later", now)
        async with listening(sam, stream.first.id) as again:
            assert [again.first.event, *(e.event for e in await again.heard(2))] == ["message", "after", "later"]


async def test_who_was_away_for_a_day_resumes_and_for_two_days_is_told_to_read_anew(
    own_database: str, real_pool: Pool, now: datetime
) -> None:
    clock = Clock(now)
    async with sam_and_his_phone(own_database, real_pool, clock) as sam:
        async with listening(sam) as stream:
            place = stream.first.id
        await publish(real_pool, SAM, "missed", now)

        await events.forget(real_pool, clock.forward(days=1))
        sam.headers.update(await header_of(real_pool, SAM, clock.now))
        async with listening(sam, place) as again:
            assert [e.event for e in await again.heard(1)] == ["missed"]
        await events.forget(real_pool, clock.forward(days=1, seconds=1))
        sam.headers.update(await header_of(real_pool, SAM, clock.now))
        async with listening(sam, place) as too_late:
            assert too_late.first.event == "reset"


async def test_a_ring_reaches_the_other_processes(own_database: str, real_pool: Pool) -> None:
    """Two bells on one database are two processes."""
    other_pool = real_pool
    async with open_bell(other_pool, own_database) as here:
        elsewhere = Bell()
        task = asyncio.create_task(elsewhere.run(own_database))
        with elsewhere.listening("alerts") as ear:
            async with asyncio.timeout(10):
                await ear.wait()  # every listener looks once the bell is connected
                ear.clear()
                here.ring(["alerts"])
                await ear.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_open_streams_end_when_the_server_stops(own_database: str, real_pool: Pool, now: datetime) -> None:
    async with open_bell(real_pool, own_database) as bell:
        async with serving(real_pool, bell, Clock(now)) as url:
            sam = await client_of(real_pool, url, SAM, now)
            stream = asyncio.create_task(drained(sam))
            await until_listening(bell, 1)
        assert await asyncio.wait_for(stream, 5) == "ended"
        await sam.aclose()


async def end_all(pool: Pool, who: Person, now: datetime) -> None:
    async with pool.transaction(person(who.id)) as db:
        await auth.end_sessions(db, who.id, now, "elsewhere")


async def other_roles(pool: Pool, who: Person, now: datetime) -> None:
    """An operator gives a role."""
    async with pool.transaction(person(KAI.id)) as db:
        me = Signed(KAI.id, KAI.house.id, KAI.id, "en", ["operator"], "full", now, "link", device=False)
        await people.give_roles(db, me, who.id, RoleChange(["peer", "peer-lead"]), "*")


async def by_hand(pool: Pool, who: Person, now: datetime) -> None:
    """A statement that knows nothing of bells."""
    async with pool.transaction(person(who.id)) as db:
        await db.run("UPDATE session SET ended_at = $1, ended_because = 'signed-out' WHERE person_id = $2", now, who.id)


@pytest.mark.parametrize("change", [end_all, other_roles, by_hand])
async def test_a_stream_ends_within_two_seconds_of_its_session_or_its_rights_and_others_go_on(
    own_database: str, real_pool: Pool, now: datetime, change: Callable[[Pool, Person, datetime], Awaitable[None]]
) -> None:
    """Told through the database, as to another process: the one that changes it rings a bell of its own."""
    async with open_bell(real_pool, own_database) as bell, serving(real_pool, bell, Clock(now)) as url:
        sam, ned = [await client_of(real_pool, url, p, now) for p in (SAM, NED)]
        async with sam, ned, listening(ned) as of_ned:
            stream = asyncio.create_task(drained(sam))
            await until_listening(bell, 2)
            elsewhere = await open_pool(own_database, size=1)
            async with open_bell(elsewhere, own_database):
                await asyncio.sleep(0.5)  # a bell that has just been connected wakes everybody
                await change(elsewhere, SAM, now)
                assert await asyncio.wait_for(stream, 2) == "ended"
            await elsewhere.close()
            await publish(real_pool, NED, "visit", now)
            assert [e.event for e in await of_ned.heard(1)] == ["visit"]


async def test_a_stream_ends_when_the_time_of_its_session_is_up_and_goes_on_where_it_is_refreshed(
    own_database: str, real_pool: Pool, now: datetime
) -> None:
    clock = Clock(now)
    async with open_bell(real_pool, own_database) as bell, serving(real_pool, bell, clock) as url:
        tokens = await auth.sign_in(real_pool, SAM.id, now)
        header = {"authorization": f"Bearer {tokens.access_token}"}
        async with httpx.AsyncClient(base_url=url, headers=header, timeout=10) as sam:
            stream = asyncio.create_task(drained(sam))
            await until_listening(bell, 1)
            clock.forward(minutes=29)
            await sessions.refresh(real_pool, Refresh(tokens.refresh_token), clock.now)
            clock.forward(minutes=29)
            await publish(real_pool, SAM, "alert", clock.now)
            await asyncio.sleep(0.3)
            assert not stream.done()
            clock.forward(minutes=1)
            bell.wake_all()
            assert await asyncio.wait_for(stream, 5) == "ended"


async def drained(client: httpx.AsyncClient) -> str:
    async with client.stream("GET", "/v1/events") as answer:
        async for _ in answer.aiter_bytes():
            pass
    return "ended"
