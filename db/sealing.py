"""Text that is kept closed: sealed with its owner's data key, found by a blind index, opened for who reads its row.

Sealing reads nothing while a data key is known that was unwrapped in the last minute. Opening reads the key's row each
time, in the caller's transaction, so that a destroyed key opens nothing from the commit on.
"""

from collections.abc import Sequence
from uuid import UUID

from db.connection import Connection
from db.envelope import HEAD, DataKey, Place, version_of
from db.keys import Kept, KeyLost, Shredded


async def seal(db: Connection, owner: UUID, place: Place, text: str) -> bytes:
    """The text as it may be stored at this place; the owner's data key is made where they have none yet.

    Raises `Shredded` where the owner's keys were destroyed: nothing more is written for them.
    """
    key = db.keys.remembered(owner) or await _newest(db, owner)
    return key.seal(place, text)


async def unseal(db: Connection, owner: UUID, place: Place, sealed: bytes) -> str:
    """The text that was sealed at this place; raises `Shredded` where its key was destroyed, `Tampered`, `KeyLost`."""
    [text] = await unseal_all(db, [(owner, place, sealed)])
    return text


async def unseal_all(db: Connection, sealed: Sequence[tuple[UUID, Place, bytes]]) -> list[str]:
    """The same for many texts of whatever owners, with one look at their keys."""
    found = await _opened(db, {(owner, version_of(one)) for owner, _, one in sealed})
    return [found[owner, version_of(one)].unseal(place, one) for owner, place, one in sealed]


async def unseal_live(db: Connection, owner: UUID, sealed: Sequence[tuple[Place, bytes]]) -> list[str]:
    """The same for texts whose own statement has seen that their owner's keys live: `data_keys_live(owner)`.

    Without another statement as long as those keys were unwrapped in the last minute.
    """
    one_of_each = {one[:HEAD]: one for _, one in sealed}
    known = {head: db.keys.remembered(owner, version_of(one)) for head, one in one_of_each.items()}
    if None in known.values():
        return await unseal_all(db, [(owner, place, one) for place, one in sealed])
    return [key.unseal(place, one) for place, one in sealed if (key := known[one[:HEAD]])]


def blind(db: Connection, purpose: str, text: str) -> bytes:
    """What a text is found by where it is sealed: HMAC-SHA-256 under the ring's index key, apart for each purpose.

    Equal texts give equal bytes, so normalise before. It cannot be guessed at without the key.
    """
    return db.keys.blind(purpose, text)


async def _opened(db: Connection, wanted: set[tuple[UUID, int]]) -> dict[tuple[UUID, int], DataKey]:
    """The data keys of these owners in these versions, each read from its row now."""
    if not wanted:
        return {}
    owners, versions = zip(*sorted(wanted), strict=True)
    rows = await db.all(
        Kept, "SELECT person_id, version, ring_key, wrapped FROM data_keys_of($1, $2)", owners, versions
    )
    if len(rows) < len(wanted):
        raise KeyLost
    return {(row.person_id, row.version): await db.keys.open(row) for row in rows}


async def _newest(db: Connection, owner: UUID) -> DataKey:
    """The key that the owner's text is sealed with now.

    One that this transaction made is used in it and not remembered beyond it: it may yet be rolled back.
    """
    if owner in db.made:
        return db.made[owner]
    row = await _newest_row(db, owner)
    if row is None:
        return await _made(db, owner)
    key = await db.keys.open(row)
    db.keys.writes_with(key)
    return key


async def _newest_row(db: Connection, owner: UUID) -> Kept | None:
    return await db.one(Kept, "SELECT person_id, version, ring_key, wrapped FROM newest_data_key($1)", owner)


async def _made(db: Connection, owner: UUID) -> DataKey:
    """The owner's first key; where somebody else makes it at the same moment, theirs, once they have committed."""
    kept, key = await db.keys.fresh(owner, 1)
    mine = await db.value(
        bool, "SELECT keep_data_key($1, $2, $3, $4)", owner, kept.version, kept.wrapped, kept.ring_key
    )
    if mine:
        db.made[owner] = key
        return key
    row = await _newest_row(db, owner)
    if row is None:
        raise Shredded
    return await db.keys.open(row)
