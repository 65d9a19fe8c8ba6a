"""Anchors: one an hour whoever comes first, each signed over the one before, kept where the database cannot reach."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.settings import BadSettings, Settings
from app.trail import actions, anchors, chain, notary, verifying
from app.trail.anchors import Statement
from app.trail.models import Anchor, Head
from app.trail.notary import Notary
from app.trail.verifying import Kept
from db import Pool, migrate
from db.reading import reading
from tests.conftest import NOW
from tests.trail.conftest import a_morning, a_notary

HOUR = timedelta(hours=1)
HEADS = [Head(shard, 0, chain.genesis(shard)) for shard in range(chain.SHARDS)]


def some(key: Ed25519PrivateKey, count: int = 3) -> list[Anchor]:
    """The key's first word, then one anchor an hour."""
    made = [anchors.first(key, NOW)]
    for hour in range(1, count):
        made.append(anchors.over(key, made[-1], HEADS, NOW + hour * HOUR))
    return made


def reasons(given: Sequence[Anchor], pinned: str | None = None) -> list[str]:
    return [fault.reason for fault in anchors.check(given, pinned).faults]


def public(key: Ed25519PrivateKey) -> str:
    return anchors.public_text(key.public_key())


async def test_one_is_signed_an_hour_however_many_workers_there_are(real_pool: Pool, tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    workers = [Notary(key, tmp_path / str(n % 3) / "anchors.jsonl") for n in range(8)]
    for minutes in (0, 0, 30, 59, 60, 61, 125):
        await a_morning(real_pool, minutes)
        now = NOW + timedelta(minutes=minutes)
        await asyncio.gather(*(actions.anchor(real_pool, worker, now) for worker in workers))
    await asyncio.gather(*(actions.anchor(real_pool, worker, now) for worker in workers))
    files = [anchors.read(worker.log) for worker in workers]
    assert [anchor.kind for anchor in files[0]] == ["key", "heads", "heads", "heads"]
    assert all(file == files[0] for file in files)
    assert reasons(files[0], public(key)) == []


async def test_a_file_that_was_lost_is_written_anew_and_half_a_line_too(real_pool: Pool, tmp_path: Path) -> None:
    signs = a_notary(tmp_path)
    await actions.anchor(real_pool, signs, NOW)
    whole = signs.log.read_bytes()
    signs.log.write_bytes(whole[:-100])
    assert len(anchors.read(signs.log)) == 1
    assert await actions.anchor(real_pool, signs, NOW) == 1
    assert signs.log.read_bytes() == whole
    signs.log.unlink()
    assert await actions.anchor(real_pool, signs, NOW) == 2
    assert (signs.log.read_bytes(), signs.log.stat().st_mode & 0o777) == (whole, 0o600)
    assert await actions.anchor(real_pool, signs, NOW) == 0


async def test_a_database_that_was_set_back_is_not_signed_for(
    real_pool: Pool, own_database: str, tmp_path: Path
) -> None:
    signs, elsewhere = a_notary(tmp_path), tmp_path / "elsewhere.jsonl"
    await actions.anchor(real_pool, signs, NOW)
    other = anchors.over(signs.key, anchors.read(signs.log)[-1], HEADS, NOW + HOUR)
    anchors.append(signs.log, [*anchors.read(signs.log), other])
    with pytest.raises(anchors.OlderDatabase):
        await actions.anchor(real_pool, signs, NOW + 2 * HOUR)
    async with reading(own_database.replace(migrate.APP_ROLE, "postgres")) as db:
        told = verifying.in_words(await verifying.verify(db, Kept(anchors.read(signs.log), signs.public_key)))
    assert "does NOT hold" in told
    assert "the database was set back" in told or "differ" in told
    assert not elsewhere.exists()


async def test_another_key_signs_nothing_until_it_was_handed_on(
    real_pool: Pool, own_database: str, tmp_path: Path
) -> None:
    owner = own_database.replace(migrate.APP_ROLE, "postgres")
    old, new = a_notary(tmp_path), Ed25519PrivateKey.generate()
    await actions.anchor(real_pool, old, NOW)
    successor = Notary(new, old.log)
    with pytest.raises(actions.ForeignKey):
        await actions.anchor(real_pool, successor, NOW + HOUR)
    with pytest.raises(BadSettings):
        await notary.hand_on(owner, successor, old.key, NOW + HOUR)

    anchors.append(old.log, await notary.hand_on(owner, old, new, NOW + HOUR))
    await actions.anchor(real_pool, successor, NOW + 2 * HOUR)
    with pytest.raises(actions.ForeignKey):
        await actions.anchor(real_pool, old, NOW + 3 * HOUR)
    kept = anchors.read(old.log)
    assert [one.kind for one in kept] == ["key", "heads", "key", "heads", "heads"]
    assert reasons(kept, public(new)) == reasons(kept, old.public_key) == []
    async with reading(owner) as db:
        report = await verifying.verify(db, Kept(kept, public(new)))
    assert (report.faults, report.public_key) == ([], public(new))


async def test_where_nothing_was_signed_yet_the_old_key_introduces_itself_before_it_hands_on(
    real_pool: Pool, own_database: str, tmp_path: Path
) -> None:
    old, new = a_notary(tmp_path), Ed25519PrivateKey.generate()
    kept = await notary.hand_on(own_database.replace(migrate.APP_ROLE, "postgres"), old, new, NOW)
    assert [one.kind for one in kept] == ["key", "key", "heads"]
    assert reasons(kept, public(new)) == []


async def test_a_check_may_begin_at_an_anchor(real_pool: Pool, own_database: str, tmp_path: Path) -> None:
    owner, signs = own_database.replace(migrate.APP_ROLE, "postgres"), a_notary(tmp_path)
    await a_morning(real_pool, 0)
    await actions.anchor(real_pool, signs, NOW)
    await a_morning(real_pool, 1)
    await actions.anchor(real_pool, signs, NOW + HOUR)
    kept, seen = Kept(anchors.read(signs.log), signs.public_key), list[tuple[int, int]]()
    async with reading(owner) as db:
        whole = await verifying.verify(db, kept)
        later = await verifying.verify(db, kept, since=NOW, told=lambda done, total: seen.append((done, total)))
        early = await verifying.verify(db, kept, since=NOW - HOUR)
    assert whole.faults == later.faults == early.faults == []
    assert 0 < later.rows < whole.rows == early.rows
    assert seen[-1] == (later.rows, later.rows)
    assert "It holds" in verifying.in_words(later)


def test_a_file_alone_is_held_against_the_key_that_one_was_told() -> None:
    key, stranger = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    made = some(key)
    assert reasons(made, public(key)) == []
    assert verifying.offline(made, public(key)).holds
    assert not verifying.offline([], public(key)).holds
    assert reasons(made, public(stranger)) == ["no anchor is signed by the key that was given"]


def test_who_only_names_a_key_has_not_signed_by_it() -> None:
    """A history of one's own that ends by handing on to the key that auditors know."""
    known, stranger = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    made = some(stranger)
    made.append(anchors.handed_on(stranger, made[-1], known.public_key(), NOW + 5 * HOUR))
    assert reasons(made, public(known)) == ["no anchor is signed by the key that was given"]


def test_each_way_of_forging_anchors_is_told_apart() -> None:
    key, stranger = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    first, second, third = some(key)
    older = anchors.signed(key, Statement(3, NOW - HOUR, "heads", anchors.digest(second)))
    beside = anchors.signed(key, Statement(3, NOW + HOUR, "heads", anchors.digest(first)))
    foreign = anchors.over(stranger, second, HEADS, NOW + HOUR)
    replaced = msgspec.structs.replace(third, signed=b"{}")
    assert reasons([first, third]) == ["the one before it is missing"]
    assert reasons([first, second, older]) == ["it is older than the one before it"]
    assert reasons([first, second, beside]) == ["it was signed after another one than stands before it"]
    assert reasons([first, second, foreign]) == ["its signature does not hold"]
    assert reasons([first, second, msgspec.structs.replace(third, signature=bytes(64))]) == [
        "its signature does not hold"
    ]
    assert reasons([first, second, replaced]) == ["it is no statement"]
    assert reasons([first, second, msgspec.structs.replace(third, at=NOW)]) == [
        "its columns differ from what was signed"
    ]
    assert reasons([anchors.signed(key, Statement(1, NOW, "heads"))]) == ["its signature does not hold"]
    assert reasons([anchors.signed(key, Statement(1, NOW, "key", public_key="no key"))]) == [
        "its signature does not hold"
    ]


def test_a_line_of_the_file_that_is_none_holds_in_no_way(tmp_path: Path) -> None:
    path = tmp_path / "anchors.jsonl"
    anchors.append(path, some(Ed25519PrivateKey.generate()))
    path.write_bytes(path.read_bytes() + b"not a line\n")
    assert [fault.anchor for fault in anchors.check(anchors.read(path)).faults] == [0]
    assert anchors.compared(anchors.read(path)[:3], anchors.read(path)) != []


def test_a_machine_makes_its_own_key_once_and_says_what_is_no_key(tmp_path: Path) -> None:
    settings = Settings(state_dir=str(tmp_path))
    made = notary.appointed(settings)
    assert notary.appointed(settings).public_key == made.public_key
    assert notary.key_file(settings).stat().st_mode & 0o777 == 0o600
    assert "PRIVATE" not in repr(made)
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for wrong in (other, "no key of any kind, and long enough to be one"):
        with pytest.raises(BadSettings, match="CAIRN_ANCHOR_KEY"):
            notary.appointed(Settings(state_dir=str(tmp_path), anchor_key=wrong))
