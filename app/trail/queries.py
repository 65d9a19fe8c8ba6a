"""The tables of the audit, as they are read; they are written by `app.audit` and by the database itself."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.trail.models import Anchor, Head, Looker, Seen
from db import Connection


async def about(
    db: Connection,
    patient_id: UUID,
    *,
    others_only: bool,
    before: int | None,
    first: datetime | None,
    last: datetime | None,
    limit: int,
) -> list[Seen]:
    """What was done with a patient's record from `first` on and before `last`, the newest first."""
    return await db.all(
        Seen,
        """
        SELECT row_to_json(e) AS event, p.name, o.name AS organisation
        FROM audit_event e LEFT JOIN person p ON p.id = e.actor_id LEFT JOIN organisation o ON o.id = p.organisation_id
        WHERE e.patient_id = $1 AND NOT ($2 AND e.actor_id IS NOT DISTINCT FROM $1)
          AND ($3::bigint IS NULL OR e.id < $3)
          AND ($4::timestamptz IS NULL OR e.at >= $4) AND ($5::timestamptz IS NULL OR e.at < $5)
        ORDER BY e.id DESC
        LIMIT $6
        """,
        patient_id,
        others_only,
        before,
        first,
        last,
        limit,
    )


async def of_accounts(db: Connection, *, before: int | None, limit: int) -> list[Seen]:
    """What concerns the accounts that the caller oversees, the newest first."""
    return await db.all(
        Seen,
        """
        SELECT row_to_json(e) AS event, p.name, o.name AS organisation
        FROM audit_event e LEFT JOIN person p ON p.id = e.actor_id LEFT JOIN organisation o ON o.id = p.organisation_id
        WHERE e.patient_id IS NULL AND e.about_id IS NOT NULL AND ($1::bigint IS NULL OR e.id < $1)
        ORDER BY e.id DESC
        LIMIT $2
        """,
        before,
        limit,
    )


async def watched(db: Connection, me: UUID, patient_id: UUID) -> Looker | None:
    """The patient, when it is the caller, or the caller supervises their program."""
    return await db.one(
        Looker,
        """
        SELECT p.id, p.id = $1 AS own FROM person p JOIN person m ON m.id = $1 AND m.organisation_id = p.organisation_id
        WHERE p.id = $2 AND p.kind = 'patient' AND (
            p.id = $1 OR EXISTS (SELECT FROM staff_role WHERE person_id = $1 AND role = 'supervisor'))
        """,
        me,
        patient_id,
    )


async def lock_anchors(db: Connection, lock: int) -> None:
    """One who signs at a time, for as long as this transaction lasts."""
    await db.run("SELECT pg_advisory_xact_lock($1)", lock)


async def heads(db: Connection) -> list[Head]:
    """Where every chain ends, all at one instant."""
    return await db.all(Head, "SELECT shard, seq, hash FROM audit_head ORDER BY shard")


async def last_anchor(db: Connection) -> Anchor | None:
    """The newest one."""
    return await db.one(
        Anchor,
        "SELECT number, at, kind, key_id, signed, signature FROM audit_anchor ORDER BY number DESC LIMIT 1",
    )


async def anchors_from(db: Connection, number: int) -> list[Anchor]:
    """Those from a number on, in their order."""
    return await db.all(
        Anchor,
        "SELECT number, at, kind, key_id, signed, signature FROM audit_anchor WHERE number >= $1 ORDER BY number",
        number,
    )


async def keep(db: Connection, anchors: Sequence[Anchor]) -> None:
    """Write these down; a number that is taken fails all of it."""
    for one in anchors:
        await db.run(
            "INSERT INTO audit_anchor (number, at, kind, key_id, signed, signature) VALUES ($1, $2, $3, $4, $5, $6)",
            one.number,
            one.at,
            one.kind,
            one.key_id,
            one.signed,
            one.signature,
        )
