"""Every query of the product fits the schema, whether or not a test runs it."""

from pathlib import Path

import pytest

from db import Pool, embedded
from db.pool import connect
from db.statements import Misfit, Statement, check, check_all

ROOT = Path(__file__).parents[2]


async def test_every_statement_prepares_and_fits_its_struct(server: embedded.Server, shared_pool: Pool) -> None:
    assert await check_all(server.dsn("shared"), ROOT, ("app", "notifications")) > 50


async def test_a_schema_of_another_version_is_told_apart_before_anybody_is_served(
    server: embedded.Server, own_database: str
) -> None:
    raw = await connect(own_database.replace("cairn_app@", "postgres@"))
    await raw.execute("ALTER TABLE check_in RENAME COLUMN mood TO feeling")

    with pytest.raises(Misfit, match=r"app\.checkins\.queries:\d+"):
        await check_all(own_database, ROOT, ("app", "notifications"))

    await raw.execute("DROP SCHEMA public CASCADE")
    await raw.close()
    with pytest.raises(Misfit, match=r"… and \d+ more\.") as misfit:
        await check_all(own_database, ROOT, ("app", "notifications"))
    assert len(str(misfit.value).splitlines()) < 10


async def test_a_statement_that_does_not_fit_is_found(server: embedded.Server, shared_pool: Pool) -> None:
    raw = await connect(server.dsn("shared"))
    try:
        missing = await check(raw, Statement("app.people.models", 1, "SELECT id FROM person", "Patient"))
        broken = await check(raw, Statement("app.people.models", 1, "SELECT nothing FROM person", None))
    finally:
        await raw.close()

    assert missing is not None
    assert "fields too few" in missing
    assert broken is not None
    assert "nothing" in broken
