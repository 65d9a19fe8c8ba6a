"""The history of the schema: each file once, in order, never edited, on every PostgreSQL that we promise."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest

from app.demo import seed
from app.demo.cast import CAST
from db import binaries, embedded, migrate
from db.migrate import EditedHistory
from db.pool import connect
from db.statements import check_all

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def empty(server: embedded.Server) -> AsyncIterator[str]:
    """A database with nothing in it."""
    raw = await connect(server.dsn())
    await raw.execute("CREATE DATABASE empty")
    yield server.dsn("empty")
    await raw.execute("DROP DATABASE empty WITH (FORCE)")
    await raw.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two small migrations of our own."""
    (tmp_path / "0001_one.sql").write_text("CREATE TABLE one (id int);")
    (tmp_path / "0002_two.sql").write_text("CREATE TABLE two (id int); INSERT INTO two VALUES (1);")
    return tmp_path


async def tables(dsn: str) -> set[str]:
    raw = await connect(dsn)
    try:
        rows = await raw.fetch(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        return {row["relname"] for row in rows}
    finally:
        await raw.close()


async def test_each_migration_runs_once_and_in_order(empty: str, folder: Path) -> None:
    first = await migrate.migrate(empty, folder=folder)
    (folder / "0003_three.sql").write_text("ALTER TABLE two ADD COLUMN more int;")
    second = await migrate.migrate(empty, folder=folder)
    third = await migrate.migrate(empty, folder=folder)

    assert [[m.name for m in ran] for ran in (first, second, third)] == [
        ["0001_one.sql", "0002_two.sql"], ["0003_three.sql"], [],
    ]  # fmt: skip


async def test_a_plan_tells_and_changes_nothing(empty: str, folder: Path) -> None:
    assert [m.name for m in await migrate.plan(empty, folder)] == ["0001_one.sql", "0002_two.sql"]
    assert await tables(empty) == set()


async def test_history_that_was_edited_or_removed_is_refused_and_nothing_runs(empty: str, folder: Path) -> None:
    await migrate.migrate(empty, folder=folder)
    (folder / "0003_three.sql").write_text("CREATE TABLE three (id int);")
    (folder / "0001_one.sql").write_text("CREATE TABLE one (id bigint);")

    with pytest.raises(EditedHistory, match="0001_one"):
        await migrate.migrate(empty, folder=folder)
    (folder / "0001_one.sql").unlink()
    with pytest.raises(EditedHistory, match="0001_one"):
        await migrate.plan(empty, folder)

    assert "three" not in await tables(empty)


async def test_a_migration_that_fails_leaves_nothing_of_itself_and_all_before_it(empty: str, folder: Path) -> None:
    (folder / "0002_two.sql").write_text("CREATE TABLE two (id int); SELECT 1 / 0;")

    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate.migrate(empty, folder=folder)

    assert await tables(empty) == {"migration", "one"}


async def test_what_cannot_run_in_a_transaction_says_so_in_its_first_line(empty: str, folder: Path) -> None:
    (folder / "0003_index.sql").write_text("-- no-transaction\nCREATE INDEX CONCURRENTLY ON two (id);")

    assert len(await migrate.migrate(empty, folder=folder)) == 3


async def test_two_starters_at_once_run_it_once(empty: str, folder: Path) -> None:
    ran = await asyncio.gather(*(migrate.migrate(empty, folder=folder) for _ in range(4)))

    assert sorted(len(names) for names in ran) == [0, 0, 0, 2]


async def test_the_role_of_the_app_gets_its_password_whatever_is_in_it(empty: str, folder: Path) -> None:
    await migrate.migrate(empty, app_password='it\'s "a" \\ word', folder=folder)

    raw = await connect(empty)
    assert (await raw.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = 'cairn_app'")).startswith("SCRAM")
    await raw.execute("ALTER ROLE cairn_app PASSWORD NULL")
    await raw.close()


@pytest.mark.parametrize("origin", ["found", "wheel"])
async def test_the_schema_runs_on_every_postgres_that_is_here(origin: str) -> None:
    """Debian's is 15, the wheel's is 18: the two ends of what is promised."""
    candidates = [each for each in binaries.available() if each.origin.value == origin]
    assert candidates, f"no PostgreSQL is {origin} here"
    with TemporaryDirectory(prefix="cairn-schema-", ignore_cleanup_errors=True) as place:
        Path(place).chmod(0o755)
        async with embedded.server(Path(place) / "postgres", durable=False, candidates=candidates) as server:
            await migrate.migrate(server.dsn())
            raw = await connect(server.dsn())
            await seed.people(raw)
            assert await raw.fetchval("SELECT count(*) FROM person") == len(CAST)
            await raw.close()
            assert await check_all(server.dsn(user=migrate.APP_ROLE), ROOT, ("app", "notifications")) > 50
