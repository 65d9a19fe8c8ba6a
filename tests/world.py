"""The app as people use it: each with a client of their own, at a time that the test says."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Self, cast
from uuid import UUID

import httpx

from app import auth
from app.asgi import create_app
from app.demo.cast import Person
from app.site import Site
from app.stack import signaling_beside
from db import Bell, Pool, new_id
from db import person as as_person
from tests.canaries import WATCH

SITE = Site(ticket_key=b"k" * 32, demo=True, public_url="http://cairn.test", metrics_token="a scraper's own token")

LONG = timedelta(days=3650)
# Whatever the version is now: for a change that nobody else could be making.
AS_IT_IS = {"if-match": "*"}


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


class World:
    """One server, and a client for whomever the test speaks of."""

    def __init__(
        self, pool: Pool, clock: Clock, *, guarded: bool = True, limited: bool = False, site: Site = SITE
    ) -> None:
        self.pool, self.clock, self.bell = pool, clock, Bell()
        pool.ring = self.bell.ring
        self.app = create_app(
            pool, self.bell, site, clock=clock, guarded=guarded, limited=limited, beside=[signaling_beside(site)]
        )
        self._clients: dict[str, httpx.AsyncClient] = {}

    @classmethod
    @asynccontextmanager
    async def over(
        cls, pool: Pool, now: datetime, *, guarded: bool = True, limited: bool = False, site: Site = SITE
    ) -> AsyncIterator[Self]:
        """A server over this pool, which counts nobody's requests unless told to; its clients are closed at the end."""
        world = cls(pool, Clock(now), guarded=guarded, limited=limited, site=site)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(world.close)
            yield world

    async def close(self) -> None:
        """Close every client."""
        WATCH.measured(self.app.state.metrics)
        for client in self._clients.values():
            await client.aclose()

    async def of(self, person: Person) -> httpx.AsyncClient:
        """A client that is signed in as this person."""
        if person.handle not in self._clients:
            header = f"Bearer {(await self._sign_in(person)).access_token}"
            self._clients[person.handle] = self._client({"authorization": header})
        return self._clients[person.handle]

    async def _sign_in(self, person: Person) -> auth.Tokens:
        """Tokens that are good for as long as a test may take, of somebody who keeps confirming that it is them.

        They have been used once, so that a request which is refused writes nothing at all.
        """
        tokens = await auth.sign_in(self.pool, person.id, self.clock.now, lasts=LONG)
        me = await auth.who(self.pool, f"Bearer {tokens.access_token}", self.clock.now)
        async with self.pool.transaction(as_person(person.id)) as db:
            await auth.prove(db, me.session_id, self.clock.now + LONG, "demo")
        return tokens

    def nobody(self) -> httpx.AsyncClient:
        """A client that has not signed in."""
        return self._clients.setdefault("", self._client({}))

    def with_token(self, token: str) -> httpx.AsyncClient:
        """A client that has come in by a way of its own."""
        return self._clients.setdefault(token, self._client({"authorization": f"Bearer {token}"}))

    def new_id(self) -> UUID:
        """An id as a client makes it."""
        return new_id(self.clock.now)

    def _client(self, headers: dict[str, str]) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(cast(Any, self.app), raise_app_exceptions=False)
        hooks = {"response": [WATCH.answered]}
        return httpx.AsyncClient(transport=transport, base_url="http://cairn.test", headers=headers, event_hooks=hooks)


def a_check_in(world: World, **changes: Any) -> dict[str, Any]:
    """A calm day."""
    calm = {
        "id": str(world.new_id()), "date": world.clock.now.date().isoformat(), "mood": 6, "craving": 2,
        "wantsToTalk": False, "note": "", "answeredAt": world.clock.now.isoformat(),
    }  # fmt: skip
    return calm | changes
