"""Text of the cast's, closed with their own keys over a real database."""

import asyncio
from datetime import datetime
from uuid import UUID, uuid4

import pytest

from app import sealing
from app.demo.cast import DANA, LEO, MAYA, SAM
from app.sealing import KeysUnavailable, Place, Shredded, Tampered, opening
from db import CLOCK, DOOR, Pool, Principal, connect, envelope, open_pool, person
from db.keys import KEPT_AT_MOST, KEPT_SECONDS, KEPT_THROUGH_OUTAGE, Keys, NoKeys, context_of
from tests.keys import RingOfATest, SecretsOfATest, some_keys
from tests.world import World, a_check_in

PLACE = Place("check_in", "note", uuid4())


async def sealed_for(pool: Pool, owner: UUID, text: str = "words", *, by: Principal | None = None) -> bytes:
    async with pool.transaction(by or person(owner)) as db:
        return await sealing.seal(db, owner, PLACE, text)


async def opened(pool: Pool, owner: UUID, sealed: bytes, *, by: Principal | None = None) -> str:
    async with pool.transaction(by or person(owner)) as db:
        return await sealing.unseal(db, owner, PLACE, sealed)


async def test_what_one_seals_another_who_reads_the_row_opens(pool: Pool) -> None:
    sealed = await sealed_for(pool, MAYA.id)
    assert b"words" not in sealed
    assert await opened(pool, MAYA.id, sealed, by=person(DANA.id)) == "words"


@pytest.mark.parametrize("by", [person(MAYA.id), person(DANA.id), CLOCK, DOOR], ids=["own", "staff", "clock", "door"])
async def test_whoever_writes_first_for_somebody_makes_their_key(pool: Pool, by: Principal) -> None:
    assert await opened(pool, MAYA.id, await sealed_for(pool, MAYA.id, by=by)) == "words"


async def test_nobody_makes_a_key_for_anybody(pool: Pool) -> None:
    with pytest.raises(Shredded):
        await sealed_for(pool, MAYA.id, by=Principal())


async def test_each_has_a_key_of_their_own(pool: Pool) -> None:
    sealed = await sealed_for(pool, MAYA.id)
    await sealed_for(pool, LEO.id)
    with pytest.raises(Tampered):
        await opened(pool, LEO.id, sealed)


async def test_many_texts_of_many_people_come_back_in_their_order(pool: Pool) -> None:
    people = [MAYA.id, LEO.id, SAM.id, MAYA.id]
    sealed = [(one, PLACE, await sealed_for(pool, one, f"words {n}")) for n, one in enumerate(people)]
    async with pool.transaction(CLOCK) as db:
        assert await sealing.unseal_all(db, sealed) == [f"words {n}" for n in range(4)]
        assert await sealing.unseal_all(db, []) == []


async def test_a_key_whose_transaction_is_undone_is_never_used_again(real_pool: Pool) -> None:
    class Undone(Exception):
        pass

    async def undone() -> None:
        async with real_pool.transaction(person(MAYA.id)) as db:
            await sealing.seal(db, MAYA.id, PLACE, "lost with it")
            await sealing.seal(db, MAYA.id, PLACE, "this too")
            raise Undone

    with pytest.raises(Undone):
        await undone()
    assert await opened(real_pool, MAYA.id, await sealed_for(real_pool, MAYA.id)) == "words"


async def test_two_who_write_first_at_the_same_moment_come_to_one_key(real_pool: Pool) -> None:
    async with real_pool.transaction(person(MAYA.id)) as first:
        one = await sealing.seal(first, MAYA.id, PLACE, "one")
        assert await sealing.unseal(first, MAYA.id, PLACE, one) == "one"
        other = asyncio.create_task(sealed_for(real_pool, MAYA.id, "other"))
        await asyncio.sleep(0)
    assert await opened(real_pool, MAYA.id, one) == "one"
    assert await opened(real_pool, MAYA.id, await other) == "other"


async def test_the_ring_is_asked_once_a_minute_for_a_person(own_database: str) -> None:
    ring, clock = RingOfATest(), [0.0]
    pool = await open_pool(own_database, size=1, keys=Keys(ring, SecretsOfATest(), b"i" * 32, lambda: clock[0]))
    sealed = await sealed_for(pool, MAYA.id)
    for _ in range(5):
        await opened(pool, MAYA.id, sealed)
        await sealed_for(pool, MAYA.id)
    assert ring.opened == 1
    clock[0] = KEPT_SECONDS
    await opened(pool, MAYA.id, sealed)
    assert ring.opened == 2
    await pool.close()


async def test_a_ring_that_is_away_stops_nobody_whose_key_was_known_an_hour_ago(own_database: str) -> None:
    ring, clock = RingOfATest(), [0.0]
    pool = await open_pool(own_database, size=1, keys=Keys(ring, SecretsOfATest(), b"i" * 32, lambda: clock[0]))
    sealed = await sealed_for(pool, MAYA.id)
    await opened(pool, MAYA.id, sealed)
    ring.away, clock[0] = True, KEPT_THROUGH_OUTAGE - 1
    assert await opened(pool, MAYA.id, sealed) == "words"
    assert await opened(pool, MAYA.id, await sealed_for(pool, MAYA.id, "more")) == "more"
    clock[0] = KEPT_THROUGH_OUTAGE
    with pytest.raises(KeysUnavailable):
        await opened(pool, MAYA.id, sealed)
    with pytest.raises(KeysUnavailable):
        await sealed_for(pool, LEO.id)
    await pool.close()


async def destroyed(pool: Pool, owner: UUID, now: datetime) -> int | None:
    async with pool.transaction(CLOCK) as db:
        return await db.value(int, "SELECT destroy_data_keys($1, $2)", owner, now)


async def test_a_destroyed_key_opens_nothing_from_the_commit_on_however_well_it_is_remembered(
    real_pool: Pool, now: datetime
) -> None:
    sealed = await sealed_for(real_pool, MAYA.id)
    assert await opened(real_pool, MAYA.id, sealed) == "words"

    assert await destroyed(real_pool, MAYA.id, now) == 1
    with pytest.raises(Shredded):
        await opened(real_pool, MAYA.id, sealed)
    assert real_pool.keys is not None
    real_pool.keys.forget()
    with pytest.raises(Shredded):
        await sealed_for(real_pool, MAYA.id)


async def test_whoever_is_shredded_reads_as_silent_and_their_numbers_stay(world: World, now: datetime) -> None:
    maya = await world.of(MAYA)
    for _ in range(2):
        await maya.post("/v1/check-ins", json=a_check_in(world, note="Not easy."))
    dana = await world.of(DANA)
    [day] = (await dana.get(f"/v1/patients/{MAYA.id}/check-ins")).json()["items"]
    assert day["note"] == "Not easy."
    await destroyed(world.pool, MAYA.id, now)
    [day] = (await dana.get(f"/v1/patients/{MAYA.id}/check-ins")).json()["items"]
    assert (day["note"], day["mood"]) == ("", 6)


async def test_no_word_lies_in_the_database(world: World, server: object) -> None:
    maya = await world.of(MAYA)
    await maya.post("/v1/check-ins", json=a_check_in(world, note="canary words"))
    async with world.pool.transaction(person(MAYA.id)) as db:
        rows = await db.values(str, "SELECT c::text FROM check_in c")
        sealed = await db.values(bytes, "SELECT note_sealed FROM check_in")
    assert len(rows) == 1
    assert "canary" not in rows[0]
    assert b"canary" not in sealed[0]
    assert len(sealed[0]) == 33 + len("canary words")


async def test_sending_a_sealed_answer_again_is_the_same_answer(world: World) -> None:
    maya, said = await world.of(MAYA), a_check_in(world, note="Not easy.")
    first, again = [await maya.post("/v1/check-ins", json=said) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    other = await maya.post("/v1/check-ins", json=said | {"note": "Something else."})
    assert other.json()["code"] == "IdTaken"


async def test_danger_is_heard_while_the_keys_are_away_and_other_words_wait(world: World) -> None:
    assert world.pool.keys is not None
    ring = world.pool.keys.ring
    assert isinstance(ring, RingOfATest)
    ring.away = True
    maya = await world.of(MAYA)

    calm = await maya.post("/v1/check-ins", json=a_check_in(world, note="words"))
    assert (calm.status_code, calm.json()["code"]) == (503, "Overloaded")
    said = a_check_in(world, note="words", inDanger=True)
    danger = await maya.post("/v1/check-ins", json=said)
    assert (danger.status_code, danger.json()["note"]) == (201, "")
    assert danger.json()["alertId"] is not None
    assert (await maya.post("/v1/check-ins", json=said)).json() == danger.json()


async def test_what_is_remembered_is_bounded(pool: Pool) -> None:
    keys = some_keys()
    made = [await keys.fresh(uuid4(), 1) for _ in range(KEPT_AT_MOST + 10)]
    for kept, _ in made:
        keys.writes_with(await keys.open(kept))
    assert sum(keys.remembered(kept.person_id) is not None for kept, _ in made) == KEPT_AT_MOST
    assert keys.remembered(made[-1][0].person_id) is not None


async def test_an_index_finds_equals_and_is_apart_for_each_purpose(pool: Pool) -> None:
    async with pool.transaction(DOOR) as db:
        assert sealing.blind(db, "email", "a@b.example") == sealing.blind(db, "email", "a@b.example")
        found = [sealing.blind(db, *one) for one in (("email", "x"), ("sms", "x"), ("emai", "lx"), ("email", "y"))]
    assert len(set(found)) == 4
    assert {len(one) for one in found} == {32}
    assert Keys(RingOfATest(), SecretsOfATest(), b"j" * 32).blind("email", "x") not in found


async def test_a_process_without_keys_says_so(own_database: str) -> None:
    pool = await open_pool(own_database, size=1)
    with pytest.raises(NoKeys):
        await sealed_for(pool, MAYA.id)
    await pool.close()


async def test_a_ring_key_that_is_not_there_is_found_before_anybody_is_served(real_pool: Pool) -> None:
    await sealed_for(real_pool, MAYA.id)
    await opening.check(real_pool)
    other = RingOfATest()
    other.keys, other.newest = {"second": b"s" * 32}, "second"
    real_pool.keys = some_keys(other)
    with pytest.raises(opening.KeysMissing, match="such as first"):
        await opening.check(real_pool)


async def test_the_owner_of_the_database_has_wrapped_keys_and_nothing_that_opens(
    real_pool: Pool, own_database: str
) -> None:
    sealed = await sealed_for(real_pool, MAYA.id)
    raw = await connect(own_database.replace("cairn_app", "postgres"))
    [row] = await raw.fetch("SELECT ring_key, wrapped FROM data_key WHERE person_id = $1", MAYA.id)
    await raw.close()
    assert row["ring_key"] == "first"
    assert len(row["wrapped"]) == 32 + 2 * (12 + 16)
    inner = envelope.unwrap(b"r" * 32, row["wrapped"], context_of(MAYA.id, 1))
    with pytest.raises(Tampered):  # the ring alone is not enough either
        envelope.DataKey(MAYA.id, 1, inner[12:44]).unseal(PLACE, sealed)
