"""Limits: each has its own budget, whoever uses one up is told when to come back, and a crisis waits for nobody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.datastructures import Headers
from litestar.routes import HTTPRoute

from app import access, limits, stack
from app.crisis import actions as crisis
from app.demo.cast import LEO, MAYA
from app.errors import TooMany
from app.limits import CRISIS, SIGN_IN, WRITE, Counts, Limit
from db import DOOR, Pool
from db.pool import Busy
from tests.conftest import NOW
from tests.world import World, a_check_in

THREE = Limit("three", 3, timedelta(seconds=30))
SOMEBODY, ANOTHER = b"somebody", b"another"


@pytest.fixture
async def limited(pool: Pool) -> AsyncIterator[World]:
    """The app as it is served: it counts."""
    async with World.over(pool, NOW, limited=True) as world:
        yield world


async def test_so_many_are_had_at_once_and_then_as_they_come_back(pool: Pool) -> None:
    async with pool.transaction(DOOR) as db:
        left = [(await limits.take(db, THREE, SOMEBODY, NOW)).remaining for _ in range(3)]
        with pytest.raises(TooMany) as refused:
            await limits.take(db, THREE, SOMEBODY, NOW)
        again = await limits.take(db, THREE, SOMEBODY, NOW + timedelta(seconds=10))
        with pytest.raises(TooMany):
            await limits.take(db, THREE, SOMEBODY, NOW + timedelta(seconds=10))

    assert left == [2, 1, 0]
    assert refused.value.retry_after == 10
    assert (again.remaining, again.resets_at) == (0, NOW + timedelta(seconds=40))


async def test_neither_another_subject_nor_another_limit_is_touched(pool: Pool) -> None:
    other = Limit("other", 3, timedelta(seconds=30))
    async with pool.transaction(DOOR) as db:
        for _ in range(3):
            await limits.take(db, THREE, SOMEBODY, NOW)
        assert (await limits.take(db, THREE, ANOTHER, NOW)).remaining == 2
        assert (await limits.take(db, other, SOMEBODY, NOW)).remaining == 2


async def test_a_guess_that_fails_has_been_counted_all_the_same(pool: Pool) -> None:
    """What is taken in the transaction of the guess is undone with it, which is why there is `spend`."""
    for _ in range(3):
        await limits.spend(pool, THREE, SOMEBODY, NOW)
        with pytest.raises(ArithmeticError):
            async with pool.transaction(DOOR):
                raise ArithmeticError
    with pytest.raises(TooMany):
        await limits.spend(pool, THREE, SOMEBODY, NOW)


async def test_of_two_hundred_at_once_exactly_as_many_get_through_as_may(real_pool: Pool) -> None:
    twenty = Limit("twenty", 20, timedelta(minutes=1))

    async def one() -> bool:
        while True:
            try:
                await limits.spend(real_pool, twenty, SOMEBODY, NOW)
            except TooMany:
                return False
            except Busy:  # the machine has other things to do
                continue
            return True

    assert sum(await asyncio.gather(*(one() for _ in range(200)))) == 20


async def test_nobody_can_be_found_in_what_is_counted_and_it_goes_by_itself(pool: Pool) -> None:
    await limits.spend(pool, THREE, b"maya@example.org", NOW)
    async with pool.reading() as db:
        assert await db.values(str, "SELECT encode(t::text::bytea, 'escape') FROM taken t WHERE t::text ~ 'maya'") == []
    assert await limits.forget(pool, NOW + timedelta(seconds=9)) == 0
    assert await limits.forget(pool, NOW + timedelta(seconds=10)) == 1


@given(st.lists(st.integers(0, 20), max_size=60))
def test_the_count_in_a_process_never_lets_more_through_than_the_limit_in_any_while(waits: list[int]) -> None:
    counts, now, let = Counts(), NOW, list[datetime]()
    for seconds in waits:
        now += timedelta(seconds=seconds)
        with suppress(TooMany):
            counts.take(THREE, SOMEBODY, now)
            let.append(now)
    # All at once, and what comes back meanwhile: never more than twice the limit in its while.
    assert all(sum(at <= one < at + THREE.per for one in let) <= 2 * THREE.count for at in let)


async def test_both_counts_are_the_same_arithmetic(pool: Pool) -> None:
    counts, now = Counts(), NOW
    for seconds in (0, 0, 0, 0, 3, 7, 0, 25, 1, 0, 0, 0, 60, 0):
        now += timedelta(seconds=seconds)
        told = list[object]()
        try:
            told.append(counts.take(THREE, SOMEBODY, now))
        except TooMany as refused:
            told.append(refused.retry_after)
        try:
            told.append(await limits.spend(pool, THREE, SOMEBODY, now))
        except TooMany as refused:
            told.append(refused.retry_after)
        assert told[0] == told[1], seconds


def test_a_process_keeps_only_so_many_counts_and_forgets_the_least_used_first() -> None:
    counts = Counts(most=10)
    for _ in range(3):
        counts.take(THREE, "greedy", NOW)
    for n in range(100):
        counts.take(THREE, n, NOW)
    assert len(counts) <= 10
    with pytest.raises(TooMany):
        counts.take(THREE, "greedy", NOW)


async def test_every_answer_of_a_limited_route_says_what_is_left(limited: World) -> None:
    maya = await limited.of(MAYA)
    first, second = await maya.get("/v1/me"), await maya.get("/v1/me")
    refused = await maya.patch("/v1/me", json={"timeZone": 5})

    assert first.headers["ratelimit-policy"] == '"read";q=1200;w=60'
    assert [one.headers["ratelimit"] for one in (first, second)] == ['"read";r=1199;t=1', '"read";r=1198;t=1']
    assert (refused.status_code, refused.headers["ratelimit"]) == (422, '"write";r=299;t=1')


async def test_whoever_uses_up_a_limit_is_told_when_to_come_back_and_others_go_on(limited: World) -> None:
    maya, leo = await limited.of(MAYA), await limited.of(LEO)
    for _ in range(WRITE.count):
        await maya.patch("/v1/me", json={})
    refused = await maya.patch("/v1/me", json={})

    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (429, "TooMany", "1")
    assert refused.headers["ratelimit"] == '"write";r=0;t=1'
    assert (await leo.patch("/v1/me", json={})).status_code == 200
    assert (await maya.get("/v1/me")).status_code == 200
    limited.clock.forward(seconds=1)
    assert (await maya.patch("/v1/me", json={})).status_code == 200


async def test_a_check_in_is_heard_when_all_else_is_used_up(limited: World) -> None:
    maya = await limited.of(MAYA)
    for _ in range(WRITE.count + 1):
        last = await maya.patch("/v1/me", json={})
    heard = await maya.post("/v1/check-ins", json=a_check_in(limited, inDanger=True))

    assert (last.status_code, heard.status_code) == (429, 201)
    assert heard.json()["crisis"] is not None
    assert heard.headers["ratelimit-policy"] == '"crisis";q=60;w=60'


def test_nothing_of_a_crisis_waits_for_a_store() -> None:
    found = {path: handler.opt[limits.KEY] for path, handler in _handlers("/v1/check-ins", "/v1/crisis-card")}
    assert found == {"/v1/check-ins": CRISIS, "/v1/crisis-card": None}
    assert not CRISIS.exact


async def test_a_stranger_is_counted_by_address_and_only_where_they_act(limited: World) -> None:
    nobody = limited.nobody()
    card = await nobody.get("/v1/crisis-card")
    for _ in range(SIGN_IN.count):
        answer = await nobody.post("/v1/sign-in-links/redeem", json={"secret": "a guess that leads nowhere"})
    refused = await nobody.post("/v1/demo/sign-ins", json={"person": "maya"})

    assert "ratelimit" not in card.headers
    assert (answer.status_code, answer.headers["ratelimit"]) == (403, '"sign-in";r=0;t=60')
    assert refused.status_code == 429


async def test_while_the_store_is_away_no_stranger_is_let_in_and_the_card_answers(
    limited: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await crisis.remember(limited.pool)
    monkeypatch.setattr(limited.app.state, "pool", Pool.none())
    nobody = limited.nobody()
    assert (await nobody.post("/v1/demo/sign-ins", json={"person": "maya"})).status_code == 503
    assert (await nobody.get("/v1/crisis-card")).status_code == 200


def test_every_route_that_anybody_may_call_and_that_does_something_is_limited() -> None:
    table = {(method, path) for method, path, rule in access.ruled(stack.app_without_database()) if rule.public}
    acts = {path for method, path in table if method not in {"GET", "HEAD", "WS"}}
    assert acts
    assert [path for path, handler in _handlers(*acts) if handler.opt[limits.KEY] is None] == []


def _handlers(*paths: str) -> list[tuple[str, Any]]:
    """What handles the acting method of a path, or its only one."""
    app = stack.app_without_database()
    found = {r.path_format: r.route_handler_map for r in app.routes if isinstance(r, HTTPRoute)}
    return [(path, (found[path].get("POST") or found[path]["GET"])[0]) for path in paths]


@pytest.mark.parametrize(
    ("near", "forwarded", "seen"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.7", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.7", "192.0.2.66, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.7", "198.51.100.1, 10.0.0.8", "198.51.100.1"),
        ("10.0.0.7", "zqmark", "unknown"),
        ("10.0.0.7", None, "10.0.0.7"),
        ("2001:db8:1:2:3::4", None, "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", None, "203.0.113.9"),
    ],
)
def test_an_address_is_what_the_nearest_proxy_that_is_trusted_says(near: str, forwarded: str | None, seen: str) -> None:
    class Site:
        trusted_proxies = ("10.0.0.0/24",)

    class Asked:
        scope: ClassVar = {"client": (near, 1)}
        headers = Headers({"x-forwarded-for": forwarded} if forwarded else {})
        app = SimpleNamespace(state=SimpleNamespace(site=Site))

    assert limits.address(Asked()) == seen.encode()  # type: ignore[arg-type]
