"""The pool gives every connection back, whatever happens to whoever borrowed it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from app.demo.cast import MAYA, NOAH
from db import Bell, Busy, Pool, meaning, migrate, open_bell, open_pool, person
from db.bell import payloads
from db.pool import connect


@pytest.fixture
async def small(own_database: str) -> AsyncIterator[Pool]:
    """Two connections."""
    pool = await open_pool(own_database, size=2)
    yield pool
    await pool.close()


async def whoami(pool: Pool) -> str:
    async with pool.reading() as db:
        return await db.value(str, "SELECT coalesce(current_setting('cairn.person', true), '')") or ""


async def test_an_identity_ends_with_its_transaction(small: Pool) -> None:
    async with small.transaction(person(MAYA.id)) as db:
        assert await db.value(str, "SELECT me()::text") == str(MAYA.id)

    assert [await whoami(small) for _ in range(4)] == [""] * 4


async def test_what_raises_is_rolled_back_and_rings_no_bell(small: Pool) -> None:
    rung: list[set[str]] = []
    small.ring = rung.append

    async def mistaken() -> None:
        async with small.transaction(person(MAYA.id)) as db:
            await db.run("UPDATE session SET ended_at = now()")
            db.wake("something")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await mistaken()
    async with small.transaction(person(MAYA.id)) as db:
        db.wake("something else")

    assert rung == [{"something else"}]


async def test_a_borrower_who_is_cancelled_in_a_statement_gives_its_connection_back(small: Pool) -> None:
    async def sleeper() -> None:
        async with small.transaction(person(MAYA.id)) as db:
            await db.run("SELECT pg_sleep(30)")

    for _ in range(6):
        tasks = [asyncio.create_task(sleeper()) for _ in range(2)]
        await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    assert [await whoami(small) for _ in range(4)] == [""] * 4


async def test_when_every_connection_is_lent_the_next_one_is_told_so_in_time(small: Pool) -> None:
    async with small.transaction(person(MAYA.id)), small.transaction(person(NOAH.id)):
        async with asyncio.timeout(4):
            with pytest.raises(Busy) as refused:
                await whoami(small)

    assert meaning(refused.value) == "try-again"


async def test_a_lost_connection_is_replaced(small: Pool, own_database: str) -> None:
    owner = await connect(own_database.replace(f"{migrate.APP_ROLE}@", "postgres@"))
    await owner.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", migrate.APP_ROLE)
    await owner.close()

    meanings = []
    for _ in range(6):
        try:
            meanings.append(await whoami(small))
        except Exception as error:
            meanings.append(meaning(error))

    assert set(meanings) <= {"", "try-again"}
    assert meanings[-2:] == ["", ""]


async def test_a_bell_that_is_closed_right_after_a_ring_ends(small: Pool, own_database: str) -> None:
    for _ in range(20):
        async with asyncio.timeout(10), open_bell(small, own_database) as bell:
            bell.ring(["one"])
    assert bell.closed


async def test_a_bell_wakes_only_who_listens_to_that_name(now: datetime) -> None:
    bell = Bell()
    with bell.listening("mine") as mine, bell.listening("yours") as yours:
        bell.ring(["mine"])
        assert (mine.is_set(), yours.is_set()) == (True, False)


def test_many_names_go_in_payloads_that_postgres_takes() -> None:
    names = [f"events:{n:032x}" for n in range(2000)]

    sent = payloads(names)

    assert "\n".join(sent).split("\n") == names
    assert max(len(p.encode()) for p in sent) < 8000
    assert len(sent) < 15
