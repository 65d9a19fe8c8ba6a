"""That the comparison is fair: the same statements in the same order, and a cost that outliers do not move."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from app.demo.cast import MAYA
from db import open_pool
from tests.bench import checkins
from tests.bench._load import length_of
from tests.bench._pairs import undisturbed
from tests.bench._peers import bare, fastapi_asyncpg, pool
from tests.world import World, a_check_in


class Ear:
    """The statements that a connection is asked, from when it is told to listen."""

    def __init__(self) -> None:
        self.said = list[str]()

    async def listen(self, raw: Any) -> None:
        """Hear whatever this connection is asked from now on."""
        raw.add_query_logger(self._hear)

    def _hear(self, record: Any) -> None:
        """Only the caller's, the request's and the session's ids and the instant differ in an opening."""
        asked = re.sub(r"(?<=cairn\.now = ')[-+.:T0-9]+", "…", " ".join(record.query.split()))
        self.said.append(re.sub("'[0-9a-f]{32}'", "'…'", asked))


@pytest.fixture
async def narrow_world(own_database: str, now: datetime) -> AsyncIterator[World]:
    """The app over a single connection, so that all that it says is heard."""
    narrow = await open_pool(own_database, size=1)
    async with World.over(narrow, now) as world:
        yield world
    await narrow.close()


async def test_cairn_and_its_leaner_peers_send_the_very_same_statements(narrow_world: World, own_database: str) -> None:
    ears = Ear(), Ear(), Ear()
    cairn = await narrow_world.of(MAYA)
    async with narrow_world.pool.reading() as db:
        await ears[0].listen(db._raw)
    async with (
        await pool.opened(own_database, 1, ears[1].listen) as for_bare,
        await pool.opened(own_database, 1, ears[2].listen) as for_fastapi,
    ):
        apps: list[Any] = [narrow_world.app, bare.over(for_bare), fastapi_asyncpg.over(for_fastapi)]
        for app, ear in zip(apps, ears, strict=True):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://peer.test", headers=cairn.headers
            ) as phone:
                await _ask_both(phone, narrow_world)  # the driver's own questions about types come once
                ear.said.clear()
                await _ask_both(phone, narrow_world)
    assert ears[0].said == ears[1].said == ears[2].said
    assert len(ears[0].said) == 8  # who is it, begin, the work with its audit row, commit


async def _ask_both(phone: httpx.AsyncClient, world: World) -> None:
    assert (await phone.post("/v1/check-ins", json=a_check_in(world))).status_code == 201
    assert (await phone.get("/v1/check-ins", params={"limit": 50})).status_code == 200
    await asyncio.sleep(0)  # the driver tells of a statement at the loop's next turn


def test_the_first_quartile_of_the_rounds_is_the_cost_and_an_outlier_is_not() -> None:
    measured = ((100.0, 900.0), (9000.0, 10.0), (120.0, 950.0))
    assert checkins.cost([checkins.Round(*one) for one in measured]) == checkins.Cost(100.0, 900.0)


def test_a_ratio_says_how_many_times_our_cpu_a_peer_needs() -> None:
    costs = {"cairn": checkins.Cost(200, 1000), "slow": checkins.Cost(1000, 200)}
    assert checkins._ratio("POST", costs, "slow", 5).value == 5


def test_every_server_is_asked_first_in_turn() -> None:
    assert [checkins.turned(checkins.PEERS, turn)[0] for turn in range(5)] == [*checkins.PEERS, checkins.PEERS[0]]


def test_what_comes_between_now_and_then_does_not_count() -> None:
    assert undisturbed([1.0] * 80 + [50.0] * 20) == 1.0


@pytest.mark.parametrize(
    ("arrived", "length"),
    [
        (b"HTTP/1.1 201 Created\r\nContent-", None),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nx: y\r\n\r\n{", 48),
    ],
)
def test_an_answer_is_over_when_its_head_says_so(arrived: bytes, length: int | None) -> None:
    assert length_of(arrived) == (length and len(arrived) + 1)
