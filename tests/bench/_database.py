"""A throw-away PostgreSQL with the schema, the cast and some patients who have checked in for two months."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from msgspec import Struct

from app import auth
from app.checkins.actions import place
from app.demo import seed
from app.demo.cast import HARBOR
from db import connect, embedded, migrate, new_id, open_pool
from db.connection import Raw
from tests.bench._peers.closed import KEYS

NAME = "bench"
DAYS = 60


class Patient(Struct, frozen=True):
    """Somebody who is signed in."""

    id: UUID
    token: str


class Database(Struct, frozen=True):
    """How to reach it as its owner and as the app's role, and what it is."""

    owner: str
    app: str
    version: str


@asynccontextmanager
async def opened() -> AsyncIterator[Database]:
    """PostgreSQL for this run alone; nothing is written through to the disk, so no disk is measured."""
    with tempfile.TemporaryDirectory(prefix="cairn-bench-") as folder:
        async with embedded.server(Path(folder), durable=False) as running:
            raw = await connect(running.dsn())
            await raw.execute(f'CREATE DATABASE "{NAME}"')
            await raw.close()
            owner = running.dsn(NAME)
            await migrate.migrate(owner)
            yield Database(owner, running.dsn(NAME, migrate.APP_ROLE), f"{running.version} ({running.origin.value})")


async def patients(database: Database, count: int, now: datetime) -> list[Patient]:
    """So many patients of the program, each with two months of calm days, a token and up-to-date statistics."""
    ids = [new_id(now) for _ in range(count)]
    raw = await connect(database.owner)
    try:
        await seed.people(raw)
        await raw.executemany(
            "INSERT INTO person (id, organisation_id, kind, name, time_zone, created_at)"
            " VALUES ($1, $2, 'patient', 'Patient', 'America/New_York', $3)",
            [(patient, HARBOR.id, now) for patient in ids],
        )
        await raw.execute("INSERT INTO patient (person_id) SELECT unnest($1::uuid[])", ids)
        await raw.execute(
            """
            INSERT INTO check_in (id, patient_id, day, version, mood, craving, wants_to_talk, answered_at, received_at)
            SELECT gen_random_uuid(), patient, $2::timestamptz::date - back, 1, 4 + back % 5, back % 4, false,
                   $2 - back * interval '1 day', $2 - back * interval '1 day'
            FROM unnest($1::uuid[]) AS patient, generate_series(1, $3::int) AS back
            """,
            ids,
            now,
            DAYS,
        )
        await _sealed(raw, ids)
    finally:
        await raw.close()
    signed = await _signed_in(database, ids, now)
    await settle(database)
    return signed


async def _sealed(raw: Raw, patients: list[UUID]) -> None:
    """Every day has words, sealed with a key of its patient's."""
    for patient in patients:
        kept, key = await KEYS.fresh(patient, 1)
        await raw.execute(
            "INSERT INTO data_key (person_id, version, ring_key, wrapped) VALUES ($1, 1, $2, $3)",
            patient, kept.ring_key, kept.wrapped,
        )  # fmt: skip
        days = [row[0] for row in await raw.fetch("SELECT id FROM check_in WHERE patient_id = $1", patient)]
        await raw.execute(
            "UPDATE check_in c SET note_sealed = s.note FROM unnest($1::uuid[], $2::bytea[]) AS s (id, note)"
            " WHERE c.id = s.id",
            days, [key.seal(place(day), "Slept well, went for a walk.") for day in days],
        )  # fmt: skip


async def settle(database: Database) -> None:
    """Statistics and visibility up to date, so that no round meets a vacuum."""
    raw = await connect(database.owner)
    await raw.execute("VACUUM ANALYZE", timeout=60)
    await raw.close()


async def _signed_in(database: Database, ids: list[UUID], now: datetime) -> list[Patient]:
    pool = await open_pool(database.app, size=1)
    try:
        tokens = [await auth.sign_in(pool, patient, now, lasts=timedelta(days=1)) for patient in ids]
    finally:
        await pool.close()
    return [Patient(patient, found.access_token) for patient, found in zip(ids, tokens, strict=True)]
