"""The same request twice: one effect, one answer, and nothing of it to be read from where it is kept."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from litestar.response.base import ASGIResponse
from msgspec import Struct

from app import idempotency
from app.demo.cast import DANA, LEO, MAYA, NELL, ROSA, SAM
from db import Connection, Pool, Principal, Uncertain, envelope
from tests.conftest import NOW
from tests.world import World, a_check_in

KEY = {"idempotency-key": '"4f0f2c1e-6a1d-4a1b-9c55-0a8d6c1d2e3f"'}


def a_patient(world: World) -> dict[str, Any]:
    return {"id": str(world.new_id()), "name": "Somebody new", "timeZone": "UTC", "language": "en"}


async def kept(pool: Pool) -> int | None:
    async with pool.reading() as db:
        return await db.value(int, "SELECT count(*) FROM kept_answer")


async def test_a_hundred_at_once_have_one_effect(real_world: World) -> None:
    rosa, new = await real_world.of(ROSA), a_patient(real_world)

    answers = await asyncio.gather(*(rosa.post("/v1/patients", json=new, headers=KEY) for _ in range(100)))
    last = await rosa.post("/v1/patients", json=new, headers=KEY)

    done = [one for one in answers if one.status_code == 201]
    waits = [one for one in answers if one.status_code == 409]
    # A machine that is busy with other things may have no room for some of them, and says so.
    busy = [one for one in answers if one.status_code == 503]
    assert len(done) + len(waits) + len(busy) == 100
    assert sum("idempotency-replayed" not in one.headers for one in done) == 1
    assert {one.content for one in done} == {last.content}
    assert {(one.json()["code"], one.headers["retry-after"]) for one in waits} <= {("StillRunning", "1")}
    async with real_world.pool.transaction(Principal(person=ROSA.id)) as db:
        audited = await db.value(int, "SELECT count(*) FROM person WHERE id = $1", last.json()["id"])
    assert audited == 1


async def test_something_else_under_the_same_key_is_refused_and_not_done(world: World) -> None:
    rosa, one, other = await world.of(ROSA), a_patient(world), a_patient(world)
    await rosa.post("/v1/patients", json=one, headers=KEY)

    refused = await rosa.post("/v1/patients", json=other, headers=KEY)
    elsewhere = await rosa.post("/v1/patients?x=1", json=one, headers=KEY)

    assert [(a.status_code, a.json()["code"]) for a in (refused, elsewhere)] == [(422, "KeyReused")] * 2
    assert (await rosa.post("/v1/patients", json=other)).status_code == 201


async def test_a_key_is_somebodys_own_and_of_one_operation(world: World) -> None:
    maya, leo, said = await world.of(MAYA), await world.of(LEO), a_check_in(world)
    first = await maya.post("/v1/check-ins", json=said, headers=KEY)
    other = await leo.post("/v1/check-ins", json=said | {"id": str(world.new_id())}, headers=KEY)
    feed = await maya.post("/v1/calendar-feeds", headers=KEY)

    assert [one.status_code for one in (first, other, feed)] == [201, 201, 201]
    assert not [one for one in (first, other, feed) if "idempotency-replayed" in one.headers]


async def test_a_refusal_is_decided_again(world: World) -> None:
    sam = await world.of(SAM)
    refused = await sam.post(f"/v1/alerts/{world.new_id()}/claim", headers=KEY)
    again = await sam.post(f"/v1/alerts/{world.new_id()}/claim", headers=KEY)

    assert (refused.status_code, again.status_code) == (404, 404)
    assert await kept(world.pool) == 0


async def test_after_a_day_a_key_is_new_again_and_nothing_is_left_of_it(world: World) -> None:
    maya = await world.of(MAYA)
    first = await maya.post("/v1/calendar-feeds", headers=KEY)
    world.clock.forward(hours=24)
    again = await maya.post("/v1/calendar-feeds", headers=KEY)

    assert first.json() != again.json()
    assert await idempotency.forget(world.pool, world.clock.now + timedelta(hours=23)) == 0
    assert await idempotency.forget(world.pool, world.clock.now + timedelta(hours=24)) == 1
    assert await kept(world.pool) == 0


@pytest.mark.parametrize("key", ['""', "", "a b", '"é"', "a" * 201, '"a', "a\x7f", "ключ".encode()])
async def test_a_key_that_is_none_is_refused_before_anything_is_done(world: World, key: str | bytes) -> None:
    rosa, new = await world.of(ROSA), a_patient(world)
    headers = httpx.Headers([(b"idempotency-key", key if isinstance(key, bytes) else key.encode())])
    refused = await rosa.post("/v1/patients", json=new, headers=headers)
    twice = await rosa.post("/v1/patients", json=new, headers=[("idempotency-key", "a"), ("idempotency-key", "b")])

    assert [(a.status_code, a.json()["code"]) for a in (refused, twice)] == [(400, "BadKey")] * 2


async def test_what_is_kept_can_be_read_by_nobody_without_the_key(world: World) -> None:
    maya = await world.of(MAYA)
    await maya.post("/v1/check-ins", json=a_check_in(world, note="canary in a note"), headers=KEY)
    async with world.pool.reading() as db:
        [row] = await db.all(Row, "SELECT place, fingerprint, sealed FROM kept_answer")
    found = row.place + row.fingerprint + row.sealed
    assert b"canary" not in found
    assert b"craving" not in found
    assert MAYA.id.bytes not in found
    assert str(MAYA.id).encode() not in found


class Row(Struct, frozen=True):
    """A row as it lies there."""

    place: bytes
    fingerprint: bytes
    sealed: bytes


async def test_what_nobody_knows_the_end_of_is_settled_by_asking_again(
    real_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The COMMIT was sent and its answer never came: the same key finds out, whichever way it went."""
    rosa = await real_world.of(ROSA)
    for committed in (True, False):
        new, key = a_patient(real_world), {"idempotency-key": str(uuid4())}
        _lose_the_next_commit(real_world, monkeypatch, committed=committed)
        unknown = await rosa.post("/v1/patients", json=new, headers=key)
        settled = await rosa.post("/v1/patients", json=new, headers=key)

        assert (unknown.status_code, unknown.json()["code"]) == (503, "Uncertain")
        assert settled.status_code == 201
        assert ("idempotency-replayed" in settled.headers) is committed


def _lose_the_next_commit(world: World, monkeypatch: pytest.MonkeyPatch, *, committed: bool) -> None:
    from db import pool as pools

    real = pools._commit

    async def lost(raw: Any) -> None:
        monkeypatch.setattr(pools, "_commit", real)
        if committed:
            await real(raw)
        raise Uncertain

    monkeypatch.setattr(pools, "_commit", lost)


async def test_a_stranger_gains_nothing_by_somebody_elses_key(world: World) -> None:
    dana, nell = await world.of(DANA), await world.of(NELL)
    new = a_patient(world)
    first = await dana.post("/v1/patients", json=new, headers=KEY)
    other = await nell.post("/v1/patients", json=new, headers=KEY)

    assert (first.status_code, other.status_code, other.json()["code"]) == (201, 409, "IdTaken")


@pytest.fixture
async def connection(pool: Pool) -> AsyncIterator[Connection]:
    async with pool.transaction(Principal()) as db:
        yield db


async def test_a_row_that_was_moved_or_changed_opens_no_answer(connection: Connection) -> None:
    one = idempotency.Asked(b"p" * 32, b"s" * 32, b"f" * 32)
    await idempotency.keep(connection, one, ASGIResponse(body=b"{}"), NOW)
    await connection.run("UPDATE kept_answer SET place = $1", b"q" * 32)
    with pytest.raises(envelope.Tampered):
        await idempotency.begin(connection, idempotency.Asked(b"q" * 32, b"s" * 32, b"f" * 32), NOW)
