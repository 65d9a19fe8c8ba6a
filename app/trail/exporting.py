"""A patient's audit as a file: as FHIR AuditEvents, or with the stored bytes and their place in the chain."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from app.trail import fhir
from app.trail.models import Event, Seen
from db.connection import Raw
from db.reading import Reading

Format = Literal["fhir", "jsonl"]

_COLUMNS = ", ".join(f"e.{name}" for name in Event.__struct_fields__)
_OF_PATIENT = f"""
    SELECT l.seq, l.shard, l.bytes, l.hash, p.name, o.name, {_COLUMNS}
    FROM audit_event e JOIN audit_link l ON l.event_id = e.id
    LEFT JOIN person p ON p.id = e.actor_id AND p.kind = 'staff' LEFT JOIN organisation o ON o.id = p.organisation_id
    WHERE e.patient_id = $1 AND e.at >= $2
    ORDER BY e.id
"""  # noqa: S608 - the names of our own fields


class Proof(Struct, frozen=True):
    """An event as it is stored: SHA-256 of the hash before it in its shard, and of these bytes, is its hash."""

    shard: int
    seq: int
    stored: str
    hash: str


async def note(raw: Raw, patient_id: UUID) -> None:
    """That somebody who owns the database takes this with them is on record before the first line is read."""
    await raw.execute(
        """
        INSERT INTO audit_event (duty, patient_id, action, category)
        VALUES ('console', $1, 'export', 'audit-events')
        """,
        patient_id,
    )


async def lines(db: Reading, patient_id: UUID, since: datetime, form: Format) -> AsyncIterator[bytes]:
    """One line of JSON for each event, the oldest first."""
    async for part in db.in_parts(_OF_PATIENT, patient_id, since):
        for one in part:
            yield _fhir(one) if form == "fhir" else _proof(one)


def _fhir(one: Sequence[Any]) -> bytes:
    return msgspec.json.encode(fhir.audit_event(Seen(Event(*one[6:]), one[4], one[5])))


def _proof(one: Sequence[Any]) -> bytes:
    return msgspec.json.encode(Proof(one[1], one[0], one[2].decode(), one[3].hex()))
