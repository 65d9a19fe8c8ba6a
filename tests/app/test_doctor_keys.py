"""What the doctor says of the keys, and that it makes none."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.demo.cast import MAYA
from app.doctor import sealing as doctor
from app.doctor.findings import Finding, State
from app.sealing import Place, file_ring, opening, seal
from app.settings import Settings
from db import open_pool, person
from tests.sealing.transit_server import TOKEN, key_manager


@pytest.fixture
def of(own_database: str, tmp_path: Path) -> Settings:
    """A clinic whose keys lie in a folder of their own."""
    return Settings(database_url=own_database, key_dir=str(tmp_path / "keys"), state_dir=str(tmp_path / "state"))


async def somebody_wrote(of: Settings, now: datetime) -> None:
    async with opening.keys_of(of, now) as keys:
        pool = await open_pool(of.database_url or "", size=1, keys=keys)
        async with pool.transaction(person(MAYA.id)) as db:
            await seal(db, MAYA.id, Place("check_in", "note", MAYA.id), "words")
        await pool.close()


def told(finding: Finding) -> tuple[Any, str]:
    return finding.state, finding.what


async def test_before_the_first_start_nothing_is_wrong_and_nothing_is_made(of: Settings) -> None:
    assert told(await doctor.keys(of)) == (State.OK, "A key ring is made at the first start.")
    assert not opening.key_folder(of).exists()


async def test_a_ring_that_has_all_that_is_needed_is_well(of: Settings, now: datetime) -> None:
    await somebody_wrote(of, now)
    assert told(await doctor.keys(of)) == (State.OK, "1 in the ring, 1 in use.")


async def test_keys_beside_the_state_are_told(of: Settings, now: datetime) -> None:
    beside = Settings(database_url=of.database_url, state_dir=of.state_dir)
    await somebody_wrote(beside, now)
    seen = await doctor.keys(beside)
    assert seen.state is State.WARN
    assert "no backup of the database" in (seen.advice or "")


async def test_a_ring_that_is_gone_or_another_fails(of: Settings, now: datetime) -> None:
    await somebody_wrote(of, now)
    ring = opening.key_folder(of) / file_ring.NAME
    ring.rename(ring.with_name("away"))
    assert told(await doctor.keys(of)) == (
        State.FAIL, "The database is sealed and the key ring is not here: nothing in it opens.",
    )  # fmt: skip
    file_ring.FileRing.opened(opening.key_folder(of), now)
    seen = await doctor.keys(of)
    assert seen.state is State.FAIL
    assert seen.what.startswith("1 ring keys are lost, such as ")


async def test_keys_that_others_read_fail(of: Settings, now: datetime) -> None:
    await somebody_wrote(of, now)
    (opening.key_folder(of) / file_ring.NAME).chmod(0o644)
    seen = await doctor.keys(of)
    assert (seen.state, "chmod" in (seen.advice or "")) == (State.FAIL, True)


async def test_a_key_manager_is_asked(own_database: str, tmp_path: Path) -> None:
    async with key_manager() as manager:
        of = Settings(
            database_url=own_database, key_manager_url=manager.url, key_manager_token=TOKEN, key_dir=str(tmp_path)
        )
        assert told(await doctor.keys(of)) == (State.OK, "1 in the ring, 0 in use.")
        manager.keys.clear()
        assert (await doctor.keys(of)).state is State.FAIL


async def test_a_database_that_does_not_answer_is_said_elsewhere(tmp_path: Path) -> None:
    of = Settings(database_url="postgresql://nobody@127.0.0.1:1/none", key_dir=str(tmp_path))
    assert (await doctor.keys(of)).state is State.OK
