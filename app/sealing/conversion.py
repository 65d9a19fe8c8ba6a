"""Seal what an earlier release has kept plain, in batches that each commit: cut off anywhere, the next run goes on.

Runs between two migrations, as the owner of the schema: one has made the sealed columns, the next drops the plain ones
and refuses as long as anything is left in them.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from db import sealing
from db.connection import Connection, Raw
from db.envelope import Place
from db.keys import Keys

BATCH = 500
BEFORE = "0024b_plain_text_is_gone.sql"
_START = UUID(int=0)


async def is_any_plain(raw: Raw) -> bool:
    """Whether there is anything to seal, so that nobody needs keys for an empty database."""
    return bool(
        await raw.fetchval(
            """
            SELECT EXISTS (SELECT FROM check_in WHERE note <> '' AND note_sealed IS NULL)
                OR EXISTS (SELECT FROM address WHERE value IS NOT NULL AND value_sealed IS NULL)
            """
        )
    )


async def seal_what_is_plain(raw: Raw, keys: Keys) -> int:
    """Every note and every push token that is plain still; how many there were."""
    return await _walked(raw, keys, _notes) + await _walked(raw, keys, _tokens)


async def _walked(raw: Raw, keys: Keys, seal: Any) -> int:
    """One walk over a table by its key, a batch in each transaction."""
    last, done = _START, 0
    while True:
        async with raw.transaction():
            await raw.execute("SELECT set_config('cairn.duty', 'clock', true)")
            rows = await seal(raw, Connection(raw, keys), last)
        keys.forget()  # a key that was made in there is known from its row from here on
        if not rows:
            return done
        last, done = rows[-1]["id"], done + len(rows)


async def _notes(raw: Raw, db: Connection, after: UUID) -> Sequence[Any]:
    rows = await raw.fetch(
        """
        SELECT id, patient_id, note FROM check_in WHERE note <> '' AND note_sealed IS NULL AND id > $1
        ORDER BY id LIMIT $2 FOR UPDATE
        """,
        after,
        BATCH,
    )
    sealed = [
        await sealing.seal(db, row["patient_id"], Place("check_in", "note", row["id"]), row["note"]) for row in rows
    ]
    await raw.execute(
        """
        UPDATE check_in c SET note_sealed = s.note FROM unnest($1::uuid[], $2::bytea[]) AS s (id, note)
        WHERE c.id = s.id
        """,
        [row["id"] for row in rows],
        sealed,
    )
    return rows


async def _tokens(raw: Raw, db: Connection, after: UUID) -> Sequence[Any]:
    rows = await raw.fetch(
        """
        SELECT id, person_id, kind, value FROM address WHERE value IS NOT NULL AND value_sealed IS NULL AND id > $1
        ORDER BY id LIMIT $2 FOR UPDATE
        """,
        after,
        BATCH,
    )
    sealed = [
        await sealing.seal(db, row["person_id"], Place("address", "value", row["id"]), row["value"]) for row in rows
    ]
    await raw.execute(
        """
        UPDATE address a SET value_sealed = s.value, value_index = s.index
        FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS s (id, value, index) WHERE a.id = s.id
        """,
        [row["id"] for row in rows],
        sealed,
        [sealing.blind(db, f"push {row['kind']}", row["value"]) for row in rows],
    )
    return rows
