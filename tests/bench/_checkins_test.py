"""That the comparison is fair: the same statements in the same order, and a median that is one."""

from typing import Any

import httpx
import pytest

from app.demo.cast import MAYA
from db import Pool
from tests.bench import checkins
from tests.bench._load import length_of
from tests.bench._pairs import undisturbed
from tests.bench._peers import bare, fastapi_asyncpg
from tests.world import World, a_check_in

TOLD_APART = ("BEGIN; SET LOCAL cairn.person",)


class Overheard:
    """The statements that a pool's connections are asked, while the block runs."""

    def __init__(self, pool: Pool) -> None:
        self._pool, self.said = pool, list[str]()

    async def __aenter__(self) -> list[str]:
        async with self._pool._raw.acquire() as raw:
            raw.add_query_logger(self._hear)
        return self.said

    async def __aexit__(self, *_: object) -> None:
        async with self._pool._raw.acquire() as raw:
            raw.remove_query_logger(self._hear)

    def _hear(self, record: Any) -> None:
        same = next((start for start in TOLD_APART if record.query.startswith(start)), record.query)
        self.said.append(" ".join(same.split()))


@pytest.fixture
async def narrow_world(own_database: str, now: Any) -> Any:
    """The app over a single connection, so that all that it says is heard."""
    from db import open_pool

    pool = await open_pool(own_database, size=1)
    async with World.over(pool, now) as world:
        yield world
    await pool.close()


async def test_cairn_and_its_leaner_peers_send_the_very_same_statements(narrow_world: World) -> None:
    cairn = await narrow_world.of(MAYA)
    raw = narrow_world.pool._raw
    heard = []
    apps: list[Any] = [narrow_world.app, bare._over(raw), fastapi_asyncpg._app(raw)]
    for app in apps:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://peer.test", headers=cairn.headers) as phone:
            await _ask_both(phone, narrow_world)  # the driver's own questions about types come once
            async with Overheard(narrow_world.pool) as said:
                await _ask_both(phone, narrow_world)
        heard.append(said)
    assert heard[0] == heard[1] == heard[2]
    assert len(heard[0]) == 10  # twice: who is it, begin, the work, the audit row, commit


async def _ask_both(phone: httpx.AsyncClient, world: World) -> None:
    assert (await phone.post("/v1/check-ins", json=a_check_in(world))).status_code == 201
    assert (await phone.get("/v1/check-ins", params={"limit": 50})).status_code == 200


def test_the_middle_of_three_rounds_is_the_cost_and_an_outlier_is_not() -> None:
    rounds = [checkins.Round(cpu, per_second) for cpu, per_second in ((100.0, 900.0), (9000.0, 10.0), (120.0, 950.0))]
    assert checkins.cost(rounds) == checkins.Cost(120.0, 900.0)


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
