"""A demo's database and that of real people are never the same one."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest

from app import setup
from app.demo import mark, seed
from app.demo.cast import CAST, HOUSES, JUNE
from app.demo.rules import Misplaced
from db import embedded, migrate, new_id
from db.connection import Raw
from db.pool import connect

MARKED_SINCE = "0016"
REAL = "INSERT INTO organisation (id, name, kind, part2, time_zone) VALUES ($1, 'Lakeside', 'sud-program', true, 'UTC')"


@pytest.fixture
async def empty(server: embedded.Server) -> AsyncIterator[str]:
    """A migrated database with nobody in it, as its owner."""
    raw = await connect(server.dsn())
    await raw.execute("CREATE DATABASE unmarked")
    await migrate.migrate(server.dsn("unmarked"))
    yield server.dsn("unmarked")
    await raw.execute("DROP DATABASE unmarked WITH (FORCE)")
    await raw.close()


@asynccontextmanager
async def looking(dsn: str) -> AsyncIterator[Raw]:
    raw = await connect(dsn)
    try:
        yield raw
    finally:
        await raw.close()


async def test_a_demos_database_is_served_in_demo_mode_alone(empty: str, now: datetime) -> None:
    await seed.everything(empty, now)
    await seed.everything(empty, now)

    await mark.check(empty, demo=True)
    with pytest.raises(Misplaced, match="demo mode alone"):
        await mark.check(empty, demo=False)


async def test_any_other_database_is_served_outside_demo_mode_alone(empty: str) -> None:
    await mark.check(empty, demo=False)
    with pytest.raises(Misplaced, match="not made for a demo"):
        await mark.check(empty, demo=True)


async def test_the_cast_is_not_put_beside_an_organisation_of_real_people(empty: str, now: datetime) -> None:
    async with looking(empty) as raw:
        await raw.execute(REAL, new_id(now))

        with pytest.raises(Misplaced, match="not of the demo"):
            await seed.everything(empty, now)

        assert await raw.fetchval("SELECT count(*) FROM person") == 0
    await mark.check(empty, demo=False)


async def test_a_link_for_a_first_operator_lets_nobody_into_a_demo(empty: str, now: datetime) -> None:
    assert await setup.link(empty, "http://localhost", now)

    await seed.everything(empty, now)

    async with looking(empty) as raw:
        assert await raw.fetchval("SELECT count(*) FROM setup_link") == 0


async def before_the_mark(server: embedded.Server, folder: Path, fill: Callable[[Raw], Awaitable[object]]) -> str:
    """A database of an earlier release with something in it, brought up to date."""
    for path in migrate.FOLDER.glob("*.sql"):
        if path.name < MARKED_SINCE:
            shutil.copy(path, folder)
    async with looking(server.dsn()) as raw:
        await raw.execute("DROP DATABASE IF EXISTS older")
        await raw.execute("CREATE DATABASE older")
    dsn = server.dsn("older")
    await migrate.migrate(dsn, folder=folder)
    async with looking(dsn) as raw:
        await fill(raw)
    await migrate.migrate(dsn)
    return dsn


async def test_a_demo_from_before_the_mark_is_known_by_its_organisations(
    server: embedded.Server, tmp_path: Path, now: datetime
) -> None:
    demo = await before_the_mark(server, tmp_path, lambda raw: seed.people(raw, [p for p in CAST if p is not JUNE]))

    with pytest.raises(Misplaced):
        await mark.check(demo, demo=False)
    await seed.everything(demo, now)
    async with looking(demo) as raw:
        assert await raw.fetchval("SELECT count(*) FROM person") == len(CAST)


async def test_real_people_from_before_the_mark_stay_served(
    server: embedded.Server, tmp_path: Path, now: datetime
) -> None:
    real = await before_the_mark(server, tmp_path, lambda raw: raw.execute(REAL, new_id(now)))

    await mark.check(real, demo=False)


def test_every_organisation_of_the_demo_gives_it_away() -> None:
    [marked] = [m for m in migrate.read() if m.name.startswith(MARKED_SINCE)]
    assert all(str(house.id) in marked.sql for house in HOUSES)
