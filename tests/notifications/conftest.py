"""A database of its own for each test, and two people with phones."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID, uuid4

import pytest
from msgspec import Struct

import db as database
from db import Pool, embedded, migrate
from tests.conftest import copied
from tests.keys import some_keys
from tests.notifications.phones import Phones


class Cast(Struct, frozen=True):
    """Maya is a patient who reads Spanish, Sam a peer on duty; Bea is a stranger to both."""

    maya: UUID
    sam: UUID
    bea: UUID


@pytest.fixture
async def name(server: embedded.Server, template: str) -> AsyncIterator[str]:
    """The name of a fresh database."""
    async with copied(server, template, f"notifications_{uuid4().hex}") as name:
        yield name


@pytest.fixture
def owner(server: embedded.Server, name: str) -> str:
    """The database as the role that owns it."""
    return server.dsn(name)


@pytest.fixture
def dsn(server: embedded.Server, name: str) -> str:
    """The database as the role that owns nothing."""
    return server.dsn(name, migrate.APP_ROLE)


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[Pool]:
    """Connections that really commit: what is tested here is who sees what when."""
    pool = await database.open_pool(dsn, size=4, keys=some_keys())
    yield pool
    await pool.close()


@pytest.fixture
def phones() -> Phones:
    return Phones()


@pytest.fixture
async def cast(owner: str, now: datetime) -> Cast:
    cast = Cast(*(database.new_id(now) for _ in range(3)))
    program = database.new_id(now)
    raw = await database.connect(owner)
    await raw.execute("INSERT INTO organisation VALUES ($1, 'Canary Clinic', 'sud-program', true, 'UTC')", program)
    await raw.executemany(
        """
        INSERT INTO person (id, organisation_id, kind, name, time_zone, language, created_at)
        VALUES ($1, $2, $3, $4, 'UTC', $5, $6)
        """,
        [
            (cast.maya, program, "patient", "Canary Maya", "es", now),
            (cast.sam, program, "staff", "Canary Sam", "en", now),
            (cast.bea, program, "patient", "Canary Bea", "en", now),
        ],
    )
    await raw.close()
    return cast
