"""Sealing as every peer does it: with the same cipher, and the key that was unwrapped a moment ago."""

from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from app.checkins import rules
from app.checkins.actions import place
from app.checkins.models import KeptWithDays
from app.thresholds import rules as thresholds
from db.connection import Connection, Raw
from db.envelope import DataKey
from db.keys import Kept
from db.rows import Reader, reader
from tests.keys import some_keys

KEYS = some_keys()


@cache
def _reader(columns: tuple[str, ...]) -> Reader:
    return reader(KeptWithDays, columns)


async def sealed(raw: Raw, patient: UUID, number: UUID, note: str) -> bytes | None:
    """The words as they are stored."""
    return (await key(patient, lambda: _row(raw, patient))).seal(place(number), note) if note else None


def with_words(row: Any, note: str) -> list[Any]:
    """A row with its words in the place of the sealed ones."""
    return [note if name == "note_sealed" else value for name, value in row.items()]


def judged(row: Any, new: Any) -> tuple[KeptWithDays, bool]:
    """A row that was kept of what was sent, and whether it worries anybody."""
    kept: KeptWithDays = _reader(tuple(row.keys())).one(row)
    rules.check_asked(new, kept.asked)
    facts = thresholds.facts(rules.answered(kept), kept.recent, kept.days, kept.thresholds)
    return kept, thresholds.worry(facts, kept.thresholds) is not None


async def opened(raw: Raw, patient: UUID, rows: Sequence[Any]) -> list[str]:
    """The words of rows that have an id and sealed words."""
    if not any(row["note_sealed"] for row in rows):
        return [""] * len(rows)
    with_it = await key(patient, lambda: _row(raw, patient))
    return [with_it.unseal(place(row["id"]), row["note_sealed"]) if row["note_sealed"] else "" for row in rows]


async def key(patient: UUID, read: Callable[[], Awaitable[Kept | None]]) -> DataKey:
    """This patient's key, read only where it is not remembered."""
    known = KEYS.remembered(patient)
    if known is None:
        row = await read()
        if row is None:
            raise LookupError("a patient of the benchmark has no key")
        known = await KEYS.open(row)
        KEYS.writes_with(known)
    return known


async def _row(raw: Raw, patient: UUID) -> Kept | None:
    return await Connection(raw).one(
        Kept, "SELECT person_id, version, ring_key, wrapped FROM newest_data_key($1)", patient
    )
