"""Whatever breaks off, a phone ends with every message once and in order."""

import asyncio
import random
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import httpx_sse
import pytest

from app import auth
from app.demo import mark, seed
from app.demo.cast import MAYA, SAM, Person
from db import Pool, embedded, migrate, new_id, open_bell, open_pool
from db.pool import connect
from tests.app.test_events import serving
from tests.keys import some_keys
from tests.world import LONG, Clock

DATABASE, MESSAGES, RESTARTS = "live", 40, 4


class House:
    """A server and its database, which both may go down and come back; who has signed in stays so."""

    def __init__(self, home: Path, now: datetime) -> None:
        self._home, self._clock, self._keys = home, Clock(now), some_keys()
        self._stack, self.url, self.up = AsyncExitStack(), "", asyncio.Event()
        self.now, self.headers = now, dict[str, dict[str, str]]()

    async def start(self) -> None:
        """The database as it was left, and a new app."""
        running = await self._stack.enter_async_context(embedded.server(self._home, durable=False))
        dsn = running.dsn(DATABASE, migrate.APP_ROLE)
        pool = await open_pool(dsn, size=6, keys=self._keys)
        self._stack.push_async_callback(pool.close)
        bell = await self._stack.enter_async_context(open_bell(pool, dsn))
        self.url = await self._stack.enter_async_context(serving(pool, bell, self._clock))
        await self._sign_in(pool)
        self.up.set()

    async def stop(self) -> None:
        """Everything goes down."""
        self.up.clear()
        await self._stack.aclose()
        self._stack = AsyncExitStack()

    async def _sign_in(self, pool: Pool) -> None:
        for who in () if self.headers else (MAYA, SAM):
            tokens = await auth.sign_in(pool, who.id, self.now, lasts=LONG)
            self.headers[who.handle] = {"authorization": f"Bearer {tokens.access_token}"}

    def client(self, who: Person) -> httpx.AsyncClient:
        """A phone of this person's."""
        return httpx.AsyncClient(base_url=self.url, headers=self.headers[who.handle], timeout=5)


@pytest.fixture
async def house(now: datetime) -> AsyncIterator[House]:
    """With the cast in it."""
    folder = Path(tempfile.mkdtemp(prefix="cairn-live-"))
    folder.chmod(0o755)
    try:
        async with embedded.server(folder / "postgres", durable=False) as running:
            raw = await connect(running.dsn())
            await raw.execute(f'CREATE DATABASE "{DATABASE}"')
            await raw.close()
            await migrate.migrate(running.dsn(DATABASE))
            raw = await connect(running.dsn(DATABASE))
            await mark.leave(raw, now)
            await seed.people(raw)
            await raw.close()
        made = House(folder / "postgres", now)
        await made.start()
        yield made
        await made.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def again(house: House, who: Person, method: str, path: str, **sent: Any) -> dict[str, Any]:
    """Ask until there is an answer, as a phone does."""
    while True:
        await house.up.wait()
        with suppress(httpx.HTTPError):
            async with house.client(who) as client:
                answer = await client.request(method, path, **sent)
            if answer.status_code < 500:
                assert answer.status_code < 300, answer.text
                found: dict[str, Any] = answer.json()
                return found


class Phone:
    """Sam's: it keeps what it has, asks for what comes after it, and listens from where it left off."""

    def __init__(self, house: House, thread: str) -> None:
        self.house, self.thread = house, thread
        self.kept: list[tuple[int, str]] = []
        self._last = ""

    async def listen(self, chance: random.Random) -> None:
        """Until everything is there; cut off now and then."""
        while len(self.kept) < MESSAGES:
            await self.house.up.wait()
            with suppress(httpx.HTTPError, httpx_sse.SSEError):
                async with self.house.client(SAM) as client:
                    await self._heard(client, chance.randint(1, 6))

    async def _heard(self, client: httpx.AsyncClient, events: int) -> None:
        headers = {"last-event-id": self._last} if self._last else {}
        async with httpx_sse.aconnect_sse(client, "GET", "/v1/events", headers=headers) as stream:
            await self._catch_up()
            async for event in stream.aiter_sse():
                self._last = event.id or self._last
                events -= bool(event.data)
                if event.event == "message":
                    await self._catch_up()
                if events < 0 or len(self.kept) >= MESSAGES:
                    return

    async def _catch_up(self) -> None:
        after = self.kept[-1][0] if self.kept else 0
        path = f"/v1/threads/{self.thread}/messages?after={after}&limit=7"
        found = await again(self.house, SAM, "GET", path)
        self.kept += [(one["seq"], one["text"]) for one in found["items"]]
        if len(found["items"]) == 7:
            await self._catch_up()


@asynccontextmanager
async def unrest(house: House, sent: asyncio.Semaphore) -> AsyncIterator[None]:
    """Everything goes down and comes back after every tenth message."""

    async def run() -> None:
        for _ in range(RESTARTS - 1):
            for _ in range(MESSAGES // RESTARTS):
                await sent.acquire()
            await house.stop()
            await house.start()

    task = asyncio.create_task(run())
    yield
    await task


async def test_a_phone_that_is_cut_off_at_random_ends_with_every_message_once_and_in_order(
    house: House, now: datetime
) -> None:
    """The process and the database go down and come back meanwhile, and whoever writes does not know what arrived."""
    opened = await again(house, MAYA, "POST", "/v1/threads", json={"id": str(new_id(now)), "withId": str(SAM.id)})
    thread, sent = opened["id"], asyncio.Semaphore(0)
    phone = Phone(house, thread)

    async def write() -> None:
        for n in range(MESSAGES):
            new = {"id": str(new_id(now)), "text": f"Line {n}", "sentAt": now.isoformat()}
            await again(house, MAYA, "POST", f"/v1/threads/{thread}/messages", json=new)
            sent.release()

    async with asyncio.timeout(60), unrest(house, sent):
        chance = random.Random(7)  # noqa: S311  # the same cuts each time
        await asyncio.gather(write(), phone.listen(chance))

    assert [seq for seq, _ in phone.kept] == list(range(1, MESSAGES + 1))
    assert [text for _, text in phone.kept] == [f"Line {n}" for n in range(MESSAGES)]
