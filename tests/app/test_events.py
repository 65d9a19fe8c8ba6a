"""Live events over a real server: in order, resumed without a gap, ended when the server stops."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import httpx
import httpx_sse

from app import auth, server
from app.asgi import create_app
from app.demo.cast import MAYA, NED, SAM, Person
from app.events import actions as events
from db import Bell, Pool, new_id, open_bell, person
from tests.world import SITE, Clock


@asynccontextmanager
async def serving(pool: Pool, bell: Bell, now: datetime) -> AsyncIterator[str]:
    """The app on a port of its own; its address."""
    app, sock = create_app(pool, bell, SITE, clock=Clock(now)), server.bind("127.0.0.1", 0)
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
    tokens = await auth.sign_in(pool, who.id, now, timedelta(days=1))
    return httpx.AsyncClient(base_url=url, headers={"authorization": f"Bearer {tokens.access_token}"}, timeout=10)


async def publish(pool: Pool, who: Person, topic: str, now: datetime) -> None:
    async with pool.transaction(person(MAYA.id)) as db:
        await events.publish(db, [who.id], topic, new_id(now), now)


async def heard(client: httpx.AsyncClient, count: int, last: str | None = None) -> list[httpx_sse.ServerSentEvent]:
    """The next events of a stream."""
    found: list[httpx_sse.ServerSentEvent] = []
    headers = {} if last is None else {"last-event-id": last}
    async with asyncio.timeout(10), httpx_sse.aconnect_sse(client, "GET", "/v1/events", headers=headers) as stream:
        async for event in stream.aiter_sse():
            if event.data:
                found.append(event)
            if len(found) == count:
                break
    return found


async def test_an_event_arrives_live_and_only_with_whom_it_concerns(
    own_database: str, real_pool: Pool, now: datetime
) -> None:
    async with open_bell(real_pool, own_database) as bell, serving(real_pool, bell, now) as url:
        sam, ned = [await client_of(real_pool, url, p, now) for p in (SAM, NED)]
        listening = asyncio.create_task(heard(sam, 1))
        stranger = asyncio.create_task(heard(ned, 1))
        await until_listening(bell, 2)

        await publish(real_pool, SAM, "alert", now)

        [event] = await listening
        assert (event.event, event.json()["topic"]) == ("alert", "alert")
        assert not stranger.done()
        stranger.cancel()
        await asyncio.gather(stranger, return_exceptions=True)
        await sam.aclose()
        await ned.aclose()


async def until_listening(bell: Bell, count: int) -> None:
    """Wait for that many streams, at most ten seconds."""
    async with asyncio.timeout(10):
        while sum(len(ears) for ears in bell._ears.values()) < count:
            await asyncio.sleep(0.01)


async def test_a_stream_resumes_where_it_was_left_without_a_gap_or_a_repeat(
    own_database: str, real_pool: Pool, now: datetime
) -> None:
    async with open_bell(real_pool, own_database) as bell, serving(real_pool, bell, now) as url:
        sam = await client_of(real_pool, url, SAM, now)
        first = asyncio.create_task(heard(sam, 1))
        await until_listening(bell, 1)
        await publish(real_pool, SAM, "one", now)
        [event] = await first
        for topic in ("two", "three", "four"):
            await publish(real_pool, SAM, topic, now)

        missed = await heard(sam, 3, last=event.id)

        assert [e.event for e in missed] == ["two", "three", "four"]
        await sam.aclose()


async def test_a_stream_that_broke_off_before_it_said_anything_resumes_without_a_gap(
    own_database: str, real_pool: Pool, now: datetime
) -> None:
    async with open_bell(real_pool, own_database) as bell, serving(real_pool, bell, now) as url:
        sam = await client_of(real_pool, url, SAM, now)
        async with httpx_sse.aconnect_sse(sam, "GET", "/v1/events") as stream:
            place = (await anext(stream.aiter_sse())).id
        await publish(real_pool, SAM, "missed", now)

        assert [e.event for e in await heard(sam, 1, last=place)] == ["missed"]
        await sam.aclose()


async def test_an_event_of_an_older_transaction_is_never_skipped(
    own_database: str, real_pool: Pool, now: datetime
) -> None:
    async with open_bell(real_pool, own_database) as bell, serving(real_pool, bell, now) as url:
        sam = await client_of(real_pool, url, SAM, now)
        listening = asyncio.create_task(heard(sam, 2))
        await until_listening(bell, 1)

        async with real_pool.transaction(person(MAYA.id)) as slow:
            await events.publish(slow, [SAM.id], "slow", new_id(now), now)
            await publish(real_pool, SAM, "quick", now)

        assert {e.event for e in await listening} == {"slow", "quick"}
        await sam.aclose()


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
        async with serving(real_pool, bell, now) as url:
            sam = await client_of(real_pool, url, SAM, now)
            stream = asyncio.create_task(drained(sam))
            await until_listening(bell, 1)
        assert await asyncio.wait_for(stream, 5) == "ended"
        await sam.aclose()


async def drained(client: httpx.AsyncClient) -> str:
    async with client.stream("GET", "/v1/events") as answer:
        async for _ in answer.aiter_bytes():
            pass
    return "ended"
