"""Every query of the product fits the schema, whether or not a test runs it."""

from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import pytest

from app.appointments.models import Span
from db import Pool, embedded
from db.pool import connect
from db.rows import fits
from db.statements import Misfit, Statement, check, check_all
from notifications import Kind

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


@pytest.mark.parametrize(
    ("hint", "given", "whether"),
    [
        (str, "text", True), (str | None, "text", True), (Literal["a", "b"], "text", True), (Kind, "text", True),
        (int, "int2", True), (float | None, "float8", True), (datetime, "timestamptz", True), (date, "date", True),
        (list[str], "text[]", True), (Span, "json", True), (list[Span], "json", True), (Span | None, "jsonb", True),
        (int, "text", False), (str, "uuid", False), (date, "timestamptz", False), (datetime, "date", False),
        (int, "bool", False), (bool, "int4", False), (list[str], "uuid[]", False), (str, "text[]", False),
        (list[str], "text", False), (str, "json", False), (Span, "text", False), (int | str, "text", False),
        (datetime, "timestamp", False), (float, "numeric", False), (Any, "point", False), (Any, "point[]", False),
    ],
)  # fmt: skip
def test_a_type_fits_what_the_driver_makes_of_it(hint: Any, given: str, *, whether: bool) -> None:
    assert fits(hint, given) is whether


async def test_a_column_of_another_type_than_its_field_is_found(server: embedded.Server, shared_pool: Pool) -> None:
    columns = "SELECT id, name, {zone} AS time_zone, language FROM person"
    raw = await connect(server.dsn("shared"))
    try:
        shape = await check(raw, Statement("app.people.models", 1, columns.format(zone="created_at"), "Patient"))
        right = await check(raw, Statement("app.people.models", 1, columns.format(zone="time_zone"), "Patient"))
        kind = await check(raw, Statement("app.people.queries", 1, "SELECT name FROM person", None, "UUID"))
        several = await check(raw, Statement("app.people.queries", 1, "SELECT id, name FROM person", None, "UUID"))
    finally:
        await raw.close()

    assert right is None
    assert shape == "app.people.models:1: Patient: time_zone is timestamptz"
    assert kind == "app.people.queries:1: UUID: text"
    assert several == "app.people.queries:1: UUID: uuid, text"


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
