"""Keys change while everybody goes on writing and reading; nothing fails, and nothing is left under the old ones."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from app import key_ring
from app.checkins.actions import place
from app.contacts import actions as contacts
from app.contacts.models import NewContact
from app.demo.cast import LEO, MAYA, NOAH, Person
from app.sealing import columns, rotation, shredding
from db import CLOCK, Pool, new_id, open_pool, person, sealing
from db.envelope import version_of
from db.keys import KeyLost, Keys, Shredded, StillNeeded
from tests.app.scene import Seen
from tests.keys import RingOfATest, SecretsOfATest
from tests.world import World, a_check_in

PATIENTS = (MAYA, LEO, NOAH)


@pytest.fixture
async def owner_pool(own_database: str, real_pool: Pool) -> AsyncIterator[Pool]:
    """As the schema's owner, in a process of its own: the same ring and secrets, and nothing remembered."""
    assert real_pool.keys is not None
    pool = await open_pool(own_database.replace("cairn_app", "postgres"), size=2, keys=another_process(real_pool.keys))
    yield pool
    await pool.close()


def another_process(keys: Keys) -> Keys:
    return Keys(keys.ring, keys.secrets, b"i" * 32)


def ring_of(pool: Pool) -> RingOfATest:
    assert pool.keys is not None
    assert isinstance(pool.keys.ring, RingOfATest)
    return pool.keys.ring


async def no_pause(_: float) -> None:
    """Nobody writes in the meantime."""


async def says(world: World, who: Person, note: str, back: int = 0) -> None:
    day = (world.clock.now - timedelta(days=back)).date().isoformat()
    answer = await (await world.of(who)).post("/v1/check-ins", json=a_check_in(world, note=note, date=day))
    assert answer.status_code == 201, answer.text


async def said(world: World, who: Person) -> list[str]:
    answer = await (await world.of(who)).get("/v1/check-ins", params={"limit": 100})
    assert answer.status_code == 200, answer.text
    return [day["note"] for day in answer.json()["items"]]


async def wrapped_with(pool: Pool) -> set[str]:
    async with pool.transaction(CLOCK) as db:
        return set(await db.values(str, "SELECT ring_key FROM data_key WHERE wrapped IS NOT NULL"))


async def under_load(world: World, change: asyncio.Task[object], whole: bool) -> int:
    """Eight people and pages go on writing and reading until the change is over; how often, all of it answered."""
    times, stop = 0, asyncio.Event()
    change.add_done_callback(lambda _: stop.set())

    async def go_on(who: Person, number: int) -> None:
        nonlocal times
        while not stop.is_set() or times < (400 if whole else 80):
            await says(world, who, f"words {number} {times}", back=number % 5)
            assert all(note.startswith("words") for note in await said(world, who))
            times += 2

    await asyncio.gather(*(go_on(PATIENTS[n % 3], n) for n in range(8)))
    await change
    return times


async def test_a_ring_key_is_replaced_under_load_and_can_be_thrown_away(
    real_world: World, owner_pool: Pool, whole: bool
) -> None:
    ring = ring_of(real_world.pool)
    for who in PATIENTS:
        await says(real_world, who, "words from before")

    async def rotate() -> object:
        await ring.rotate(real_world.clock.now)
        return await rotation.rewrap(owner_pool)

    times = await under_load(real_world, asyncio.create_task(rotate()), whole)
    assert times >= 80
    assert await rotation.rewrap(owner_pool) == 0
    assert await wrapped_with(owner_pool) == {"key 2"}

    await key_ring.retire(owner_pool, ring, "first")
    assert list(ring.keys) == ["key 2"]
    assert real_world.pool.keys is not None
    real_world.pool.keys.forget()
    for who in PATIENTS:
        assert await said(real_world, who)


async def test_data_keys_are_replaced_under_load_and_the_old_ones_are_gone(
    real_world: World, owner_pool: Pool, whole: bool
) -> None:
    for who in PATIENTS:
        await says(real_world, who, "words from before", back=6)
    written = asyncio.Event()

    async def until_forgotten(_: float) -> None:
        """What the app remembers grows old; until then it has gone on to seal with the older key."""
        await written.wait()
        assert real_world.pool.keys is not None
        real_world.pool.keys.forget()
        await asyncio.sleep(0.2)  # whoever sealed a moment before has committed

    async def change() -> object:
        return await rotation.reseal(owner_pool, until_forgotten)

    task: asyncio.Task[object] = asyncio.create_task(change())
    asyncio.get_running_loop().call_later(1.0, written.set)
    await under_load(real_world, task, whole)
    done = task.result()
    assert isinstance(done, rotation.Resealed)
    assert (done.people, done.removed) == (3, 3)
    async with owner_pool.transaction(CLOCK) as db:
        assert {version_of(one) for one in await db.values(bytes, "SELECT note_sealed FROM check_in")} == {2}
        assert await db.values(int, "SELECT DISTINCT version FROM data_key") == [2]
    assert await said(real_world, MAYA)


async def test_every_sealed_column_is_sealed_anew(real_world: World, owner_pool: Pool, now: datetime) -> None:
    await says(real_world, MAYA, "words")
    device = {"id": str(real_world.new_id()), "kind": "fcm-token", "token": "a-token", "platform": "ios"}
    await (await real_world.of(MAYA)).post("/v1/devices", json=device | {"timeZone": "UTC"})
    async with real_world.pool.transaction(person(MAYA.id)) as db:
        await contacts.add(db, MAYA.id, NewContact(new_id(now), "email", "maya@example.org"), MAYA.id, now)

    assert await rotation.reseal(owner_pool, no_pause) == rotation.Resealed(people=1, rows=3, removed=1)
    assert real_world.pool.keys is not None
    real_world.pool.keys.forget()
    assert await said(real_world, MAYA) == ["words"]
    async with real_world.pool.transaction(person(MAYA.id)) as db:
        assert [one.value for one in await contacts.of(db, MAYA.id)] == ["maya@example.org"]


async def test_every_sealed_column_of_the_schema_is_known_to_rotation(seen_pool: Seen) -> None:
    found = await seen_pool.owner(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name LIKE '%sealed' AND data_type = 'bytea'"
    )
    # What was answered to a key lies under that key, which nobody here has, and is gone in a day.
    theirs = {("kept_answer", "sealed")}
    assert {(row[0], row[1]) for row in found} - theirs == {(one.table, one.name) for one in columns.COLUMNS}


async def test_cut_off_in_the_middle_a_rotation_goes_on(
    real_world: World, owner_pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "BATCH", 1)
    for who in PATIENTS:
        await says(real_world, who, "words")
    ring, wrap, times = ring_of(real_world.pool), RingOfATest.wrap, 0
    await ring.rotate(real_world.clock.now)

    async def dies(*asked: object) -> object:
        nonlocal times
        times += 1
        if times == 2:
            raise ConnectionError
        return await wrap(*asked)  # type: ignore[arg-type]  # as it was asked

    with monkeypatch.context() as patch:
        patch.setattr(RingOfATest, "wrap", dies)
        with pytest.raises(ConnectionError):
            await rotation.rewrap(owner_pool)
    assert await wrapped_with(owner_pool) == {"first", "key 2"}
    assert await rotation.rewrap(owner_pool) == 2
    assert await wrapped_with(owner_pool) == {"key 2"}


async def test_a_ring_key_that_is_needed_is_not_thrown_away(real_world: World, owner_pool: Pool) -> None:
    await says(real_world, MAYA, "words")
    ring = ring_of(real_world.pool)
    await ring.rotate(real_world.clock.now)
    with pytest.raises(StillNeeded, match="1 data keys are wrapped with first: run"):
        await key_ring.retire(owner_pool, ring, "first")
    await rotation.rewrap(owner_pool)
    with pytest.raises(StillNeeded):
        await key_ring.retire(owner_pool, ring, "key 2")
    await key_ring.retire(owner_pool, ring, "first")


async def test_what_is_written_meanwhile_with_the_older_key_is_sealed_anew(real_world: World, owner_pool: Pool) -> None:
    for back in (0, 1):
        await says(real_world, MAYA, "words", back)  # from now on the app remembers the older key

    async def writes_with_the_older(_: float) -> None:
        await says(real_world, MAYA, "more words", back=2)
        async with owner_pool.transaction(CLOCK) as db:
            assert 1 in {version_of(one) for one in await db.values(bytes, "SELECT note_sealed FROM check_in")}

    done = await rotation.reseal(owner_pool, writes_with_the_older)
    assert (done.rows, done.removed) == (3, 1)
    assert await said(real_world, MAYA) == ["words", "words", "more words"]


async def destroyed(pool: Pool, who: UUID, now: datetime) -> None:
    async with pool.transaction(CLOCK) as db:
        await shredding.destroy(db, who, now)


async def test_a_backup_from_before_opens_nothing_of_whoever_was_destroyed_since(
    real_world: World, own_database: str, owner_pool: Pool, now: datetime
) -> None:
    """The copy is taken block by block, as a backup of the server's files is; ring and secrets are as they are now."""
    await says(real_world, MAYA, "words of Maya")
    await says(real_world, LEO, "words of Leo")
    assert real_world.pool.keys is not None
    keys = real_world.pool.keys
    await owner_pool.close()
    await real_world.pool.close()
    own = own_database.replace("cairn_app", "postgres")
    name = own.split("/")[-1].split("?")[0] if "://" in own else ""
    server = await open_pool(own.replace(f"/{name}?", "/postgres?"), size=1, keys=keys)
    async with server.reading() as db:
        await db.run(f'CREATE DATABASE "{name}_backup" TEMPLATE "{name}"')
    try:
        live = await open_pool(own_database, size=1, keys=another_process(keys))
        await destroyed(live, MAYA.id, now)
        assert await shredding.erase(live, now) == 1
        assert await shredding.erase(live, now) == 0
        await live.close()

        restored = await open_pool(own.replace(f"/{name}?", f"/{name}_backup?"), size=1, keys=another_process(keys))
        assert await readable(restored, LEO.id) == ["words of Leo"]
        with pytest.raises(Shredded):
            await readable(restored, MAYA.id)
        assert await shredding.look(restored, now) == shredding.Looked(open=1, shredded=1, lost=0)
        assert await shredding.look(restored, now) == shredding.Looked(open=1, shredded=0, lost=0)
        await restored.close()
    finally:
        async with server.reading() as db:
            await db.run(f'DROP DATABASE "{name}_backup" WITH (FORCE)')
        await server.close()


async def readable(pool: Pool, who: UUID) -> list[str]:
    async with pool.transaction(person(who)) as db:
        rows = await db.all(
            rotation.Sealed, "SELECT id, note_sealed AS sealed FROM check_in WHERE patient_id = $1", who
        )
        return await sealing.unseal_all(db, [(who, place(row.id), row.sealed) for row in rows])


async def test_a_lost_secret_is_found_and_is_not_taken_for_a_destroyed_one(
    real_world: World, owner_pool: Pool, now: datetime
) -> None:
    await says(real_world, MAYA, "words")
    assert owner_pool.keys is not None
    assert isinstance(owner_pool.keys.secrets, SecretsOfATest)
    owner_pool.keys.secrets.lost.add(MAYA.id)
    assert await shredding.look(owner_pool, now) == shredding.Looked(open=0, shredded=0, lost=1)
    with pytest.raises(KeyLost):
        await readable(owner_pool, MAYA.id)
    owner_pool.keys.secrets.lost.clear()
    assert await shredding.look(owner_pool, now) == shredding.Looked(open=1, shredded=0, lost=0)


async def test_what_is_destroyed_in_the_database_is_erased_outside_it_however_often_the_clock_is_cut_off(
    real_world: World, owner_pool: Pool, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    await says(real_world, MAYA, "words")
    await destroyed(real_world.pool, MAYA.id, now)

    async def cut_off(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(SecretsOfATest, "destroy", cut_off)
        with pytest.raises(ConnectionError):
            await shredding.erase(real_world.pool, now)
    assert await shredding.erase(real_world.pool, now) == 1
    assert real_world.pool.keys is not None
    with pytest.raises(Shredded):
        await real_world.pool.keys.secrets.of(MAYA.id)
