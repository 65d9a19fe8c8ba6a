"""Every query of the product fits the schema, whether or not a test runs it."""

from pathlib import Path

from db import Pool, embedded
from db.pool import connect
from db.statements import Statement, check, found

ROOT = Path(__file__).parents[2]


async def test_every_statement_prepares_and_fits_its_struct(server: embedded.Server, shared_pool: Pool) -> None:
    statements = list(found(ROOT, ("app", "notifications")))
    raw = await connect(server.dsn("shared"))
    try:
        wrong = [problem for s in statements if (problem := await check(raw, s))]
    finally:
        await raw.close()

    assert wrong == []
    assert len(statements) > 50


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
