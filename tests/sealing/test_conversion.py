"""A database of the release before, in which words and tokens are plain, loses nothing and keeps nothing plain."""

import shutil
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.demo import seed
from app.demo.cast import LEO, MAYA
from app.sealing import conversion
from db import connect, embedded, migrate, new_id, open_pool, person, sealing
from db.connection import Raw
from db.envelope import Place
from notifications.addresses import place
from tests.keys import some_keys

NOTES = 23


@pytest.fixture
async def older(server: embedded.Server, tmp_path: Path, now: datetime) -> AsyncIterator[str]:
    """Notes of two patients, days without one, an open phone and one that is closed."""
    for path in migrate.FOLDER.glob("*.sql"):
        if path.name < "0024_":
            shutil.copy(path, tmp_path)
    name = f"older_{uuid4().hex}"
    raw = await connect(server.dsn())
    await raw.execute(f'CREATE DATABASE "{name}"')
    dsn = server.dsn(name)
    await migrate.migrate(dsn, folder=tmp_path)
    shutil.rmtree(tmp_path)
    shutil.copytree(migrate.FOLDER, tmp_path)
    there = await connect(dsn)
    await seed.people(there)
    for number in range(NOTES):
        await a_note(there, (MAYA, LEO)[number % 2].id, f"canary words {number}", now)
    await a_note(there, MAYA.id, "", now)
    await a_phone(there, MAYA.id, "canary-token-open", now)
    await a_phone(there, LEO.id, "canary-token-closed", now, closed=now)
    await there.close()
    yield dsn
    await raw.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await raw.close()


async def a_note(raw: Raw, patient: UUID, note: str, now: datetime) -> UUID:
    number = new_id(now)
    await raw.execute(
        """
        INSERT INTO check_in (id, patient_id, day, version, mood, craving, wants_to_talk, note, answered_at,
                              received_at)
        VALUES ($1, $2, $3, 1 + (SELECT count(*) FROM check_in), 5, 5, false, $4, $5, $5)
        """,
        number, patient, now.date(), note, now,
    )  # fmt: skip
    return number


async def a_phone(raw: Raw, whose: UUID, token: str, now: datetime, closed: datetime | None = None) -> None:
    await raw.execute(
        """
        INSERT INTO address (id, person_id, kind, value, platform, time_zone, registered_at, closed_at)
        VALUES ($1, $2, 'fcm-token', $3, 'ios', 'UTC', $4, $5)
        """,
        new_id(now), whose, token, now, closed,
    )  # fmt: skip


async def seal(raw: Raw) -> None:
    await conversion.seal_what_is_plain(raw, some_keys())


async def notes(dsn: str) -> list[str]:
    """Every note as the app opens it, in the order in which they were written."""
    pool = await open_pool(dsn, size=1, keys=some_keys())
    raw = await connect(dsn)
    rows = await raw.fetch("SELECT id, patient_id, note_sealed FROM check_in ORDER BY version")
    await raw.close()
    async with pool.transaction(person(MAYA.id)) as db:
        sealed = [
            (row["patient_id"], Place("check_in", "note", row["id"]), row["note_sealed"])
            for row in rows
            if row["note_sealed"]
        ]
        found = await sealing.unseal_all(db, sealed)
    await pool.close()
    return found


WRITTEN = [f"canary words {number}" for number in range(NOTES)]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversion, "BATCH", 5)


async def test_every_word_and_every_token_is_sealed_and_nothing_is_plain_any_more(older: str) -> None:
    ran = await migrate.migrate(older, before={conversion.BEFORE: seal})
    assert conversion.BEFORE in [one.name for one in ran]
    assert await notes(older) == WRITTEN

    pool = await open_pool(older, size=1, keys=some_keys())
    raw = await connect(older)
    rows = await raw.fetch(
        "SELECT id, person_id, value_sealed, value_index FROM address ORDER BY closed_at NULLS FIRST"
    )
    async with pool.transaction(person(MAYA.id)) as db:
        token = await sealing.unseal(db, MAYA.id, place(rows[0]["id"]), rows[0]["value_sealed"])
        assert token == "canary-token-open"
        assert rows[0]["value_index"] == sealing.blind(db, "push fcm-token", token)
    assert (rows[1]["value_sealed"], rows[1]["value_index"]) == (None, None)
    await pool.close()
    await raw.close()


async def test_nothing_plain_is_left_in_the_files(older: str) -> None:
    raw = await connect(older)
    before = await on_disk(raw)
    assert b"canary words 7" in before
    assert b"canary-token" in before
    await migrate.migrate(older, before={conversion.BEFORE: seal})
    assert b"canary" not in await on_disk(raw)
    await raw.close()


async def on_disk(raw: Raw) -> bytes:
    await raw.execute("CHECKPOINT")
    return b"".join(
        [await raw.fetchval("SELECT pg_read_binary_file(pg_relation_filepath($1))", t) for t in ("check_in", "address")]
    )


async def test_nothing_is_dropped_before_it_is_sealed(older: str) -> None:
    with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
        await migrate.migrate(older)
    raw = await connect(older)
    assert await raw.fetchval("SELECT count(*) FROM check_in WHERE note LIKE 'canary%'") == NOTES
    await raw.close()


async def test_cut_off_in_the_middle_it_goes_on_where_it_was(older: str) -> None:
    class CutOff(Exception):
        pass

    keys, sealed = some_keys(), 0

    async def cut_off(raw: Raw) -> None:
        nonlocal sealed
        made = keys.fresh

        async def seldom(person: UUID, version: int) -> object:
            nonlocal sealed
            sealed += 1
            if sealed > 1:
                raise CutOff
            return await made(person, version)

        keys.fresh = seldom  # type: ignore[assignment, method-assign]  # the second person's key is never made
        await conversion.seal_what_is_plain(raw, keys)

    raw = await connect(older)
    await raw.execute(
        """
        UPDATE check_in c SET patient_id = CASE WHEN n > 10 THEN $2::uuid ELSE $1 END
        FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM check_in WHERE note <> '') AS places
        WHERE c.id = places.id
        """,
        MAYA.id, LEO.id,
    )  # fmt: skip
    with pytest.raises(CutOff):
        await migrate.migrate(older, before={conversion.BEFORE: cut_off})
    assert await raw.fetchval("SELECT count(*) FROM check_in WHERE note_sealed IS NOT NULL") == 10
    await migrate.migrate(older, before={conversion.BEFORE: seal})
    assert await notes(older) == WRITTEN
    await raw.close()


async def test_what_the_release_before_still_writes_is_not_lost(older: str, now: datetime) -> None:
    """A process of it runs on, and writes between the sealing and the drop; a phone of it brings another token."""
    times = 0

    async def seal_and_be_passed(raw: Raw) -> None:
        nonlocal times
        times += 1
        await seal(raw)
        if times == 1:
            await a_note(raw, MAYA.id, "canary words at the last moment", now)
            await raw.execute("UPDATE address SET value = 'canary-token-newer' WHERE closed_at IS NULL")

    await migrate.migrate(older, before={conversion.BEFORE: seal_and_be_passed})
    assert times == 2
    assert await notes(older) == [*WRITTEN, "canary words at the last moment"]
    raw = await connect(older)
    [row] = await raw.fetch("SELECT id, value_sealed FROM address WHERE closed_at IS NULL")
    await raw.close()
    pool = await open_pool(older, size=1, keys=some_keys())
    async with pool.transaction(person(MAYA.id)) as db:
        assert await sealing.unseal(db, MAYA.id, place(row["id"]), row["value_sealed"]) == "canary-token-newer"
    await pool.close()


async def test_an_empty_database_needs_no_keys(older: str) -> None:
    raw = await connect(older)
    await raw.execute("TRUNCATE check_in, address CASCADE")
    asked = []

    async def step(raw: Raw) -> None:
        asked.append(await conversion.is_any_plain(raw))

    await migrate.migrate(older, before={conversion.BEFORE: step})
    await raw.close()
    assert asked == [False]
