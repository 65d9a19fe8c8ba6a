"""A ring that somebody else keeps: busy, slow, away, and sometimes no longer ours."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest

from app.egress import Egress
from app.sealing import opening
from app.sealing.transit import TRIES, TransitRing
from app.settings import read
from db.keys import KeyLost, KeysUnavailable, StillNeeded
from tests.sealing.transit_server import TOKEN, KeyManager, key_manager

CONTEXT = {"person": "maya", "version": "1"}


@pytest.fixture
async def manager() -> AsyncIterator[KeyManager]:
    async with key_manager() as running:
        yield running


class Pauses(list[float]):
    """How long it would have waited."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def ring(manager: KeyManager, pauses: Pauses) -> TransitRing:
    return a_ring(manager, pauses)


def a_ring(manager: KeyManager, pauses: Pauses, token: str = TOKEN, seconds: float = 2) -> TransitRing:
    egress = Egress(frozenset({"127.0.0.1"}), loopback=True, seconds=seconds)
    return TransitRing(egress, manager.url, "cairn", token, pause=pauses)


async def test_what_it_wraps_it_unwraps_for_the_same_context_only(ring: TransitRing, manager: KeyManager) -> None:
    wrapped = await ring.wrap(b"a key", CONTEXT)
    assert wrapped.ring_key == "cairn:v1"
    assert b"a key" not in wrapped.sealed
    assert await ring.unwrap(wrapped, CONTEXT) == b"a key"
    for other in (CONTEXT | {"version": "2"}, CONTEXT | {"person": "leo"}, {}):
        with pytest.raises(KeyLost):
            await ring.unwrap(wrapped, other)


async def test_it_rotates_and_retires(ring: TransitRing, now: datetime) -> None:
    old = await ring.wrap(b"a key", CONTEXT)
    assert await ring.rotate(now) == await ring.current() == "cairn:v2"
    assert await ring.unwrap(old, CONTEXT) == b"a key"
    with pytest.raises(StillNeeded):
        await ring.retire("cairn:v2")
    await ring.retire("cairn:v1")
    assert await ring.ids() == ["cairn:v2"]
    with pytest.raises(KeyLost):
        await ring.unwrap(old, CONTEXT)
    with pytest.raises(StillNeeded):
        await ring.retire("cairn:v1")


async def test_while_it_is_busy_it_is_asked_again_and_when_it_says_so(
    ring: TransitRing, manager: KeyManager, pauses: Pauses
) -> None:
    manager.busy = [(429, {"Retry-After": "1"}), (503, {})]
    assert (await ring.wrap(b"a key", CONTEXT)).ring_key == "cairn:v1"
    assert pauses[0] == 1
    assert 0.1 <= pauses[1] <= 0.2


async def test_one_that_stays_busy_is_given_up(ring: TransitRing, manager: KeyManager) -> None:
    manager.busy = [(503, {})] * 20
    with pytest.raises(KeysUnavailable):
        await ring.wrap(b"a key", CONTEXT)
    assert len(manager.asked) == TRIES


async def test_one_that_never_answers_is_given_up_in_time(manager: KeyManager, pauses: Pauses) -> None:
    manager.slow = 1
    with pytest.raises(KeysUnavailable):
        await a_ring(manager, pauses, seconds=0.05).wrap(b"a key", CONTEXT)


async def test_one_that_is_not_there_is_away(pauses: Pauses) -> None:
    egress = Egress(frozenset({"127.0.0.1"}), loopback=True)
    with pytest.raises(KeysUnavailable):
        await TransitRing(egress, "http://127.0.0.1:1", "cairn", TOKEN, pause=pauses).current()
    with pytest.raises(KeysUnavailable):
        await TransitRing(egress, "http://127.0.0.2:1", "cairn", TOKEN, pause=pauses).current()


async def test_a_grant_that_is_taken_away_is_no_lost_key(ring: TransitRing, manager: KeyManager) -> None:
    wrapped = await ring.wrap(b"a key", CONTEXT)
    manager.grants.clear()
    with pytest.raises(KeysUnavailable):
        await ring.unwrap(wrapped, CONTEXT)
    manager.grants.add(TOKEN)
    assert await ring.unwrap(wrapped, CONTEXT) == b"a key"


async def test_a_key_that_it_does_not_know_is_lost(ring: TransitRing, manager: KeyManager) -> None:
    del manager.keys["cairn"]
    with pytest.raises(KeyLost):
        await ring.current()


async def test_an_answer_that_is_none_is_not_believed(manager: KeyManager, pauses: Pauses) -> None:
    manager.answer = lambda *_: (200, {}, ["not an answer"])  # type: ignore[method-assign]  # for this test
    with pytest.raises(KeysUnavailable):
        await a_ring(manager, pauses).current()


async def test_a_process_is_opened_with_it_from_the_settings(
    manager: KeyManager, tmp_path: Path, now: datetime
) -> None:
    given = {"CAIRN_KEY_MANAGER_URL": manager.url, "CAIRN_KEY_MANAGER_TOKEN": TOKEN, "CAIRN_KEY_DIR": f"{tmp_path}/k"}
    maya = uuid4()
    async with opening.keys_of(read(given), now) as one, opening.keys_of(read(given), now) as other:
        kept, key = await one.fresh(maya, 1)
        assert kept.ring_key == "cairn:v1"
        assert (await other.open(kept)).version == key.version
        assert one.blind("email", "x") == other.blind("email", "x")
    assert not (tmp_path / "k/ring.json").exists()
