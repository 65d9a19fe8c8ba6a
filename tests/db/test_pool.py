"""The pool gives every connection back, whatever happens to whoever borrowed it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, ClassVar

import asyncpg
import pytest

from app.demo.cast import MAYA, NOAH
from db import Bell, Busy, NotCommitted, Pool, Uncertain, meaning, migrate, open_bell, open_pool, person
from db.bell import payloads
from db.connection import Raw
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


async def test_a_commit_that_postgres_turns_into_a_rollback_is_an_error_and_rings_no_bell(small: Pool) -> None:
    rung: list[set[str]] = []
    small.ring = rung.append

    async def overlooking() -> None:
        async with small.transaction(person(MAYA.id)) as db:
            db.wake("something")
            with contextlib.suppress(asyncpg.DivisionByZeroError):
                await db.value(int, "SELECT 1 / 0")

    with pytest.raises(NotCommitted) as refused:
        await overlooking()

    assert (meaning(refused.value), rung) == ("mistake", [])
    assert [await whoami(small) for _ in range(4)] == [""] * 4


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        (TimeoutError(), Uncertain),
        (ConnectionResetError(), Uncertain),
        (asyncpg.ConnectionDoesNotExistError(), Uncertain),
        (asyncpg.AdminShutdownError(), Uncertain),
        (asyncpg.QueryCanceledError(), Uncertain),
        (asyncpg.InternalClientError(), Uncertain),
        (asyncpg.ForeignKeyViolationError(), asyncpg.ForeignKeyViolationError),
        (asyncpg.SerializationError(), asyncpg.SerializationError),
    ],
)
async def test_only_an_answer_of_postgres_says_that_a_commit_failed(answer: Exception, raised: type[Exception]) -> None:
    async def connect() -> Any:
        return AtCommit(answer)

    with pytest.raises(raised):
        async with Pool(connect, 1).transaction(person(MAYA.id)):
            pass


class AtCommit:
    """A connection whose COMMIT ends like this."""

    def __init__(self, answer: Exception) -> None:
        self.answer = answer

    async def execute(self, statement: str) -> str:
        if statement == "COMMIT":
            raise self.answer
        return statement


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


class Unlucky(Bell):
    """A bell whose first connections are lost in ways of their own."""

    troubles: ClassVar[list[Exception]] = [RuntimeError(), asyncpg.InternalClientError()]

    async def _connected(self, dsn: str) -> None:
        if self.troubles:
            raise self.troubles.pop()
        await super()._connected(dsn)


async def test_a_bell_connects_again_whatever_its_connection_was_lost_to(
    own_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    bell = Unlucky()
    task = asyncio.create_task(bell.run(own_database))
    with bell.listening("mine") as mine:
        async with asyncio.timeout(15):
            await mine.wait()  # everybody looks once the bell is connected

    assert [record.name for record in caplog.records] == ["db.bell"] * 2
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


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


LIMITS = {
    "idle_in_transaction_session_timeout": "10s",
    "statement_timeout": "6s",
    "lock_timeout": "4s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "15s",
}


async def settings_of(raw: Raw) -> dict[str, str]:
    """What was asked for; a setting of the socket reads 0 where the socket is a local one."""
    rows = await raw.fetch("SELECT name, reset_val, unit FROM pg_settings WHERE name = ANY($1)", list(LIMITS))
    return {row["name"]: _seconds(row["reset_val"], row["unit"]) for row in rows}


def _seconds(value: str, unit: str | None) -> str:
    return f"{int(value) // 1000}s" if unit == "ms" else value


async def test_postgres_itself_gives_up_a_client_that_is_frozen_or_gone(small: Pool) -> None:
    raw = await small.take()

    assert await settings_of(raw) == LIMITS
    small.give_back(raw)


async def test_a_migration_takes_as_long_as_it_takes(own_database: str) -> None:
    raw = await connect(own_database)

    found = await settings_of(raw)
    assert {found[name] for name in LIMITS if not name.startswith("tcp_")} == {"0s"}
    assert {found[name] for name in LIMITS if name.startswith("tcp_")} == {"10", "5", "3", "15s"}
    await raw.close()
