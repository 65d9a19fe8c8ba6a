"""Whoever owns the database can change every row of it, and each change is found.

What is not tried, since it is none: a row more at the end of a chain, made as the app makes them. Whoever owns the
database can do all that the app can.
"""

# ruff: noqa: S311, S608 - chance that is the same each time, and tables and columns of our own

import hashlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.trail import anchors, chain
from app.trail.models import Anchor, Event, Head
from tests.conftest import NOW
from tests.trail.conftest import Audited

Tamper = Callable[[Any, random.Random], Awaitable[object]]

COLUMNS = [name for name in Event.__struct_fields__ if name != "id"]


async def a_link(raw: Any, rng: random.Random, *, not_last: bool = False) -> asyncpg.Record:
    rows = await raw.fetch(
        """
        SELECT l.* FROM audit_link l JOIN audit_head h USING (shard)
        WHERE NOT $1 OR l.seq < h.seq ORDER BY l.shard, l.seq
        """,
        not_last,
    )
    found: asyncpg.Record = rng.choice(rows)
    return found


async def rehash(raw: Any, shard: int, rng: random.Random) -> None:
    """The whole chain of a shard as if it had always been so, its head too."""
    before = chain.genesis(shard)
    links = await raw.fetch("SELECT event_id, bytes FROM audit_link WHERE shard = $1 ORDER BY seq", shard)
    await raw.execute("DELETE FROM audit_link WHERE shard = $1", shard)
    for seq, link in enumerate(links, 1):
        before = hashlib.sha256(before + link["bytes"]).digest()
        await raw.execute("INSERT INTO audit_link VALUES ($1, $2, $3, $4, $5)", seq, shard, *link, before)
    await raw.execute("UPDATE audit_head SET seq = $2, hash = $3 WHERE shard = $1", shard, len(links), before)


def other(value: Any, rng: random.Random) -> Any:
    """Something else of the same type."""
    match value:
        case int():
            changed: Any = value + rng.randint(1, 9)
        case str():
            changed = value + "x" if value else "door"
        case UUID():
            changed = UUID(int=rng.getrandbits(128))
        case list():
            changed = [*value, "operator"]
        case _:
            changed = value + timedelta(microseconds=rng.randint(1, 10**9))
    return changed


INVENTED = {
    "actor_id": UUID(int=1), "request_id": UUID(int=2), "subject_id": UUID(int=3), "session_id": UUID(int=4),
    "consent_id": UUID(int=5), "purpose": "legal", "detail": "x", "actor_roles": ["peer"], "call_id": 1,
    "patient_id": UUID(int=6), "about_id": UUID(int=7),
}  # fmt: skip


async def change_a_column(raw: Any, rng: random.Random) -> None:
    link = await a_link(raw, rng)
    [event] = await raw.fetch("SELECT * FROM audit_event WHERE id = $1", link["event_id"])
    name = rng.choice(COLUMNS)
    value = other(event[name], rng) if event[name] is not None and rng.random() < 0.8 else None
    if value is None and event[name] is None:
        value = INVENTED[name]
    if value is None and name in ("at", "action", "category", "duty"):
        value = other(event[name], rng)
    # The same change made by somebody who has thought of the checks of the table as well.
    await raw.execute("ALTER TABLE audit_event DROP CONSTRAINT IF EXISTS audit_event_check")
    await raw.execute(f"UPDATE audit_event SET {name} = $2 WHERE id = $1", event["id"], value)


async def change_the_bytes(raw: Any, rng: random.Random) -> None:
    link = await a_link(raw, rng)
    stored = bytearray(link["bytes"])
    stored[rng.randrange(len(stored))] ^= 1 << rng.randrange(8)
    await raw.execute(
        "UPDATE audit_link SET bytes = $3 WHERE (shard, seq) = ($1, $2)", link["shard"], link["seq"], bytes(stored)
    )


async def change_both_alike(raw: Any, rng: random.Random) -> asyncpg.Record:
    link = await a_link(raw, rng)
    await raw.execute(
        "UPDATE audit_event SET actor_id = $2 WHERE id = $1", link["event_id"], UUID(int=rng.getrandbits(128))
    )
    await raw.execute(
        """
        UPDATE audit_link l SET bytes = audit_bytes(e) FROM audit_event e
        WHERE e.id = l.event_id AND (l.shard, l.seq) = ($1, $2)
        """,
        link["shard"], link["seq"],
    )  # fmt: skip
    return link


async def change_and_hash_anew(raw: Any, rng: random.Random) -> None:
    link = await change_both_alike(raw, rng)
    await rehash(raw, link["shard"], rng)


async def change_the_hash(raw: Any, rng: random.Random) -> None:
    link = await a_link(raw, rng)
    await raw.execute(
        "UPDATE audit_link SET hash = $3 WHERE (shard, seq) = ($1, $2)", link["shard"], link["seq"], rng.randbytes(32)
    )


async def delete_an_event(raw: Any, rng: random.Random) -> None:
    await raw.execute("DELETE FROM audit_event WHERE id = $1", (await a_link(raw, rng))["event_id"])


async def delete_a_link(raw: Any, rng: random.Random) -> None:
    link = await a_link(raw, rng)
    await raw.execute("DELETE FROM audit_link WHERE (shard, seq) = ($1, $2)", link["shard"], link["seq"])


async def delete_both(raw: Any, rng: random.Random) -> int:
    link = await a_link(raw, rng)
    await raw.execute("DELETE FROM audit_event WHERE id = $1", link["event_id"])
    await raw.execute("DELETE FROM audit_link WHERE (shard, seq) = ($1, $2)", link["shard"], link["seq"])
    return int(link["shard"])


async def delete_and_hash_anew(raw: Any, rng: random.Random) -> None:
    await rehash(raw, await delete_both(raw, rng), rng)


async def insert_an_event(raw: Any, rng: random.Random) -> int:
    found: int = await raw.fetchval(
        """
        INSERT INTO audit_event (actor_id, patient_id, action, category) VALUES ($1, $2, 'read', 'check-ins')
        RETURNING id
        """,
        UUID(int=rng.getrandbits(128)), UUID(int=rng.getrandbits(128)),
    )  # fmt: skip
    return found


async def insert_and_hash_anew(raw: Any, rng: random.Random) -> None:
    link, event = await a_link(raw, rng, not_last=True), await insert_an_event(raw, rng)
    await raw.execute("ALTER TABLE audit_link DROP CONSTRAINT audit_link_pkey")
    await raw.execute(
        "INSERT INTO audit_link SELECT $2, $1, e.id, audit_bytes(e), $4 FROM audit_event e WHERE e.id = $3",
        link["shard"], link["seq"], event, bytes(32),
    )  # fmt: skip
    await rehash(raw, link["shard"], rng)


async def duplicate(raw: Any, rng: random.Random) -> None:
    link = await a_link(raw, rng)
    [head] = await raw.fetch("SELECT * FROM audit_head WHERE shard = $1", link["shard"])
    digest = hashlib.sha256(head["hash"] + link["bytes"]).digest()
    await raw.execute(
        "INSERT INTO audit_link VALUES ($1, $2, $3, $4, $5)",
        head["seq"] + 1,
        head["shard"],
        link["event_id"],
        link["bytes"],
        digest,
    )
    await raw.execute("UPDATE audit_head SET seq = seq + 1, hash = $2 WHERE shard = $1", head["shard"], digest)


async def swap(raw: Any, rng: random.Random) -> None:
    one, two = await a_link(raw, rng), await a_link(raw, rng)
    while one == two:
        two = await a_link(raw, rng)
    put = "UPDATE audit_link SET event_id = $3, bytes = $4 WHERE (shard, seq) = ($1, $2)"
    await raw.execute(put, one["shard"], one["seq"], two["event_id"], two["bytes"])
    await raw.execute(put, two["shard"], two["seq"], one["event_id"], one["bytes"])


async def reorder_and_hash_anew(raw: Any, rng: random.Random) -> None:
    one = await a_link(raw, rng, not_last=True)
    [two] = await raw.fetch("SELECT * FROM audit_link WHERE (shard, seq) = ($1, $2)", one["shard"], one["seq"] + 1)
    put = "UPDATE audit_link SET event_id = $3, bytes = $4 WHERE (shard, seq) = ($1, $2)"
    await raw.execute(put, one["shard"], one["seq"], two["event_id"], two["bytes"])
    await raw.execute(put, two["shard"], two["seq"], one["event_id"], one["bytes"])
    await rehash(raw, one["shard"], rng)


async def move_to_another_shard(raw: Any, rng: random.Random) -> None:
    link = await a_link(raw, rng)
    to = (link["shard"] + rng.randint(1, 15)) % 16
    await raw.execute("DELETE FROM audit_link WHERE (shard, seq) = ($1, $2)", link["shard"], link["seq"])
    await raw.execute(
        "INSERT INTO audit_link SELECT seq + 1, $1, $2, $3, $4 FROM audit_head WHERE shard = $1",
        to, link["event_id"], link["bytes"], bytes(32),
    )  # fmt: skip
    await rehash(raw, link["shard"], rng)
    await rehash(raw, to, rng)


async def cut_the_tail(raw: Any, rng: random.Random) -> None:
    """The last rows of a chain as if they had never been, with their events, and the head put back."""
    link = await a_link(raw, rng)
    gone = await raw.fetch(
        "DELETE FROM audit_link WHERE shard = $1 AND seq >= $2 RETURNING event_id", link["shard"], link["seq"]
    )
    await raw.execute("DELETE FROM audit_event WHERE id = ANY ($1)", [one[0] for one in gone])
    await rehash(raw, link["shard"], rng)


async def change_a_head(raw: Any, rng: random.Random) -> None:
    what = rng.choice(["hash = sha256(hash)", "seq = seq + 1"])
    await raw.execute(f"UPDATE audit_head SET {what} WHERE shard = $1", rng.randrange(16))


async def remove_a_head(raw: Any, rng: random.Random) -> None:
    await raw.execute("DELETE FROM audit_head WHERE shard = $1", rng.randrange(16))


async def switch_a_guard_off(raw: Any, rng: random.Random) -> None:
    table = rng.choice(["audit_event", "audit_link", "audit_head", "audit_anchor"])
    await raw.execute(f"ALTER TABLE {table} DISABLE TRIGGER {rng.choice(['USER', 'stays', 'stays_whole'])}")


async def an_anchor(raw: Any, rng: random.Random) -> Anchor:
    rows = await raw.fetch("SELECT number, at, kind, key_id, signed, signature FROM audit_anchor ORDER BY number")
    return Anchor(*rng.choice(rows))


async def put_anchor(raw: Any, anchor: Anchor) -> None:
    await raw.execute(
        "UPDATE audit_anchor SET at = $2, kind = $3, key_id = $4, signed = $5, signature = $6 WHERE number = $1",
        *(getattr(anchor, name) for name in Anchor.__struct_fields__),
    )


async def change_an_anchor(raw: Any, rng: random.Random) -> None:
    found, field = await an_anchor(raw, rng), rng.choice(["signed", "signature"])
    value = bytearray(getattr(found, field))
    value[rng.randrange(len(value))] ^= 1 << rng.randrange(8)
    await put_anchor(raw, msgspec.structs.replace(found, **{field: bytes(value)}))


async def remove_an_anchor(raw: Any, rng: random.Random) -> None:
    await raw.execute("DELETE FROM audit_anchor WHERE number = $1", (await an_anchor(raw, rng)).number)


async def sign_all_anchors_anew(raw: Any, rng: random.Random) -> None:
    """With a key of one's own, over a chain that was changed."""
    await change_and_hash_anew(raw, rng)
    heads = [Head(*one) for one in await raw.fetch("SELECT shard, seq, hash FROM audit_head ORDER BY shard")]
    key = Ed25519PrivateKey.generate()
    last = anchors.first(key, NOW)
    await put_anchor(raw, last)
    for number in range(2, 1 + int(await raw.fetchval("SELECT count(*) FROM audit_anchor"))):
        last = anchors.over(key, last, heads, NOW + timedelta(hours=number))
        await put_anchor(raw, last)


async def restore_a_backup(raw: Any, rng: random.Random) -> None:
    """Everything as it was at an earlier anchor, all of it whole."""
    rows = await raw.fetch("SELECT number, signed FROM audit_anchor WHERE kind = 'heads' ORDER BY number")
    number, text = rng.choice(rows[:-1])
    for head in msgspec.json.decode(text)["heads"]:
        await raw.execute("DELETE FROM audit_link WHERE shard = $1 AND seq > $2", head["shard"], head["seq"])
        await raw.execute(
            "UPDATE audit_head SET seq = $2, hash = $3 WHERE shard = $1",
            head["shard"],
            head["seq"],
            bytes.fromhex(head["hash"]),
        )
    await raw.execute("DELETE FROM audit_event WHERE id NOT IN (SELECT event_id FROM audit_link)")
    await raw.execute("DELETE FROM audit_anchor WHERE number > $1", number)


TAMPERINGS: Mapping[str, Tamper] = {
    one.__name__: one
    for one in (
        change_a_column, change_the_bytes, change_both_alike, change_and_hash_anew, change_the_hash, delete_an_event,
        delete_a_link, delete_both, delete_and_hash_anew, insert_an_event, insert_and_hash_anew, duplicate, swap,
        reorder_and_hash_anew, move_to_another_shard, cut_the_tail, change_a_head, remove_a_head, switch_a_guard_off,
        change_an_anchor, remove_an_anchor, sign_all_anchors_anew, restore_a_backup,
    )
}  # fmt: skip
TIMES = 1000


async def test_a_thousand_tamperings_are_all_found(audited: Audited) -> None:
    rng, missed, tried = random.Random(20261126), list[str](), Counter[str]()
    for number in range(TIMES):
        name = rng.choice([*TAMPERINGS, *["change_a_column"] * 8])
        async with audited.undone():
            await TAMPERINGS[name](audited.raw, rng)
            report = await audited.report()
        tried[name] += 1
        missed += [] if report.faults else [f"{number}: {name}"]
    assert missed == []
    assert set(tried) == set(TAMPERINGS)
    assert (await untouched(audited)).faults == []


async def untouched(audited: Audited) -> Any:
    async with audited.undone():
        return await audited.report()
