"""The ring and people's secrets as files: made once, closed to others, seen by every process, destroyed for good."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from app.sealing import opening, private
from app.sealing.file_ring import FileRing
from app.sealing.folder import SecretsFolder
from app.settings import BadSettings, read
from db.envelope import Tampered
from db.keys import KeyLost, Shredded, StillNeeded, Wrapped

CONTEXT = {"person": "maya", "version": "1"}


async def test_a_ring_is_made_at_the_first_start_and_found_at_the_next(tmp_path: Path, now: datetime) -> None:
    first = FileRing.opened(tmp_path / "keys", now)
    wrapped = await first.wrap(b"a key", CONTEXT)
    later = FileRing.opened(tmp_path / "keys", now)
    assert await later.unwrap(wrapped, CONTEXT) == b"a key"
    assert later.index_key == first.index_key
    assert len(first.index_key) == 32
    with pytest.raises(Tampered):
        await later.unwrap(wrapped, CONTEXT | {"version": "2"})


async def test_two_first_starts_at_once_come_to_one_ring(tmp_path: Path, now: datetime) -> None:
    rings = await asyncio.gather(*(asyncio.to_thread(FileRing.opened, tmp_path / "keys", now) for _ in range(8)))
    assert len({ring.index_key for ring in rings}) == 1


async def test_another_process_sees_a_rotation_at_once(tmp_path: Path, now: datetime) -> None:
    one, other = FileRing.opened(tmp_path / "keys", now), FileRing.opened(tmp_path / "keys", now)
    old = await one.wrap(b"a key", CONTEXT)
    new = await one.rotate(now + timedelta(days=90))
    assert await other.current() == new
    assert await other.ids() == [old.ring_key, new]
    assert (await other.wrap(b"a key", CONTEXT)).ring_key == new
    assert await other.unwrap(old, CONTEXT) == b"a key"


async def test_a_retired_key_opens_nothing_and_the_current_one_stays(tmp_path: Path, now: datetime) -> None:
    ring = FileRing.opened(tmp_path / "keys", now)
    old = await ring.wrap(b"a key", CONTEXT)
    new = await ring.rotate(now + timedelta(days=90))
    await ring.retire(old.ring_key)
    with pytest.raises(KeyLost):
        await ring.unwrap(old, CONTEXT)
    for one in (new, old.ring_key):
        with pytest.raises(StillNeeded):
            await ring.retire(one)


async def test_an_unknown_key_is_lost_and_not_guessed(tmp_path: Path, now: datetime) -> None:
    with pytest.raises(KeyLost):
        await FileRing.opened(tmp_path / "keys", now).unwrap(Wrapped("another", b"x" * 60), CONTEXT)


@pytest.mark.parametrize("what", ["keys", "keys/ring.json"])
async def test_keys_that_others_may_read_are_refused_with_the_way_out(tmp_path: Path, now: datetime, what: str) -> None:
    FileRing.opened(tmp_path / "keys", now)
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "keys/ring.json").stat().st_mode & 0o777 == 0o600
    (tmp_path / what).chmod(0o750)
    with pytest.raises(BadSettings, match=r"open to others. Close it: chmod -R go= "):
        FileRing.opened(tmp_path / "keys", now)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"current": 1}', b"\xff"])
async def test_a_broken_ring_is_never_replaced(tmp_path: Path, now: datetime, content: bytes) -> None:
    FileRing.opened(tmp_path / "keys", now)
    private.replace(tmp_path / "keys/ring.json", content)
    with pytest.raises(BadSettings, match="is no key ring"):
        FileRing.opened(tmp_path / "keys", now)
    assert (tmp_path / "keys/ring.json").read_bytes() == content


async def test_a_ring_that_is_gone_is_said(tmp_path: Path, now: datetime) -> None:
    ring = FileRing.opened(tmp_path / "keys", now)
    (tmp_path / "keys/ring.json").unlink()
    with pytest.raises(BadSettings, match="Put the key ring back"):
        await ring.current()


async def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path, now: datetime) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(BadSettings, match="CAIRN_KEY_DIR"):
        FileRing.opened(tmp_path / "file" / "keys", now)


async def test_a_ring_does_not_show_itself(tmp_path: Path, now: datetime) -> None:
    ring = FileRing.opened(tmp_path / "keys", now)
    secrets = [*(await ring.ids())]
    shown = repr(ring) + repr(ring._read()) + repr(await ring.wrap(b"a key", CONTEXT))
    assert not [key for one in secrets if (key := ring._read().keys[one]) in shown]


async def test_a_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    one, other, maya = SecretsFolder(tmp_path / "keys"), SecretsFolder(tmp_path / "keys"), uuid4()
    with pytest.raises(KeyLost):
        await one.of(maya)
    made = await asyncio.gather(*(folder.make(maya) for folder in (one, other) * 4))
    assert len(set(made)) == 1
    assert len(made[0]) == 32
    assert await other.of(maya) == made[0]
    assert await one.make(uuid4()) != made[0]


async def test_a_destroyed_secret_is_never_made_again(tmp_path: Path) -> None:
    folder, maya = SecretsFolder(tmp_path / "keys"), uuid4()
    secret = await folder.make(maya)
    for _ in range(2):
        await folder.destroy(maya)
    for ask in (folder.of, folder.make):
        with pytest.raises(Shredded):
            await ask(maya)
    assert not [path for path in (tmp_path / "keys").rglob("*") if path.is_file() and secret in path.read_bytes()]


async def test_somebody_who_never_wrote_can_be_destroyed_too(tmp_path: Path) -> None:
    folder, maya = SecretsFolder(tmp_path / "keys"), uuid4()
    await folder.destroy(maya)
    with pytest.raises(Shredded):
        await folder.make(maya)


async def test_a_destruction_that_was_cut_off_is_one(tmp_path: Path) -> None:
    folder, maya = SecretsFolder(tmp_path / "keys"), uuid4()
    await folder.make(maya)
    [path] = [path for path in (tmp_path / "keys").rglob("*") if path.is_file()]
    private.overwrite(path, 32)
    with pytest.raises(Shredded):
        await folder.of(maya)
    path.write_bytes(b"half")
    with pytest.raises(KeyLost):
        await folder.of(maya)


async def test_files_of_people_say_nothing_of_them_but_their_id(tmp_path: Path) -> None:
    folder, maya = SecretsFolder(tmp_path / "keys"), uuid4()
    await folder.make(maya)
    [path] = [path for path in (tmp_path / "keys").rglob("*") if path.is_file()]
    assert path.name == maya.hex
    assert path.stat().st_mode & 0o777 == 0o600


async def test_keys_lie_beside_the_state_unless_they_are_told_where(tmp_path: Path, now: datetime) -> None:
    assert opening.key_folder(read({"CAIRN_STATE_DIR": "/srv/cairn"})) == Path("/srv/cairn/keys")
    settings = read({"CAIRN_KEY_DIR": str(tmp_path / "elsewhere")})
    async with opening.keys_of(settings, now) as keys:
        kept, key = await keys.fresh(uuid4(), 1)
        assert (await keys.open(kept)).version == key.version
    assert (tmp_path / "elsewhere/ring.json").exists()


async def test_a_key_manager_wants_a_token(now: datetime) -> None:
    with pytest.raises(BadSettings, match="needs CAIRN_KEY_MANAGER_TOKEN"):
        async with opening.keys_of(read({"CAIRN_KEY_MANAGER_URL": "https://bao.example.org"}), now):
            pass
