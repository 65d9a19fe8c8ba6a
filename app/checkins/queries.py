"""The check_in table: written once, never changed."""

from datetime import date, datetime
from uuid import UUID

from app.checkins.models import Kept, KeptWithDays, NewCheckIn, TrendDay
from db import Connection


async def record(
    db: Connection, patient_id: UUID, new: NewCheckIn, note: bytes | None, now: datetime
) -> KeptWithDays | None:
    """Keep the next version of that day, and look at the fortnight before it; None when the id was used already.

    One statement, with the audit row of what it kept: the median is of the days before this one, each in its latest
    version.
    """
    return await db.one(
        KeptWithDays,
        """
        WITH recent AS MATERIALIZED (
            SELECT DISTINCT ON (day) day, version, craving FROM check_in
            WHERE patient_id = $2 AND day BETWEEN $3::date - 14 AND $3
            ORDER BY day, version DESC
        ), kept AS (
            INSERT INTO check_in (id, patient_id, day, version, mood, craving, wants_to_talk, in_danger, note_sealed,
                                  answered_at, received_at)
            SELECT $1, $2, $3, 1 + coalesce((SELECT version FROM recent WHERE day = $3), 0),
                   $4, $5, $6, $7, $8, $9, $10
            ON CONFLICT DO NOTHING
            RETURNING *
        )
        SELECT id, day AS date, version, mood, craving, wants_to_talk, in_danger, note_sealed, answered_at, received_at,
               (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY craving)
                FROM recent WHERE day < $3) AS median_craving
        FROM kept CROSS JOIN LATERAL audit('record', 'check-ins', ARRAY[$2::uuid], $1) AS audited
        """,
        new.id,
        patient_id,
        new.date,
        new.mood,
        new.craving,
        new.wants_to_talk,
        new.in_danger,
        note,
        new.answered_at,
        now,
    )


async def lock_day(db: Connection, patient_id: UUID, day: date) -> None:
    """Let one answer at a time into this day, so that each finds the version before its own."""
    await db.run(
        "SELECT pg_advisory_xact_lock(hashtextextended('check_in ' || $1::uuid || $2::date, 0))", patient_id, day
    )


async def by_id(db: Connection, patient_id: UUID, check_in_id: UUID) -> KeptWithDays | None:
    """One answer of this patient's, with the fortnight before it as it is known now."""
    return await db.one(
        KeptWithDays,
        """
        SELECT id, day AS date, version, mood, craving, wants_to_talk, in_danger, note_sealed, answered_at, received_at,
               (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY craving)
                FROM (SELECT DISTINCT ON (day) craving FROM check_in
                      WHERE patient_id = $2 AND day >= kept.day - 14 AND day < kept.day
                      ORDER BY day, version DESC) AS fortnight) AS median_craving
        FROM check_in AS kept WHERE id = $1 AND patient_id = $2
        """,
        check_in_id,
        patient_id,
    )


async def history(db: Connection, patient_id: UUID, *, before: date, limit: int) -> list[Kept]:
    """The latest version of each day before `before`, newest first, with the audit row of this look.

    One statement: a condition that hangs on no row is settled before any is read, so a look that finds nothing leaves
    its audit row as well.
    """
    return await db.all(
        Kept,
        """
        SELECT DISTINCT ON (day)
               id, day AS date, version, mood, craving, wants_to_talk, in_danger,
               CASE WHEN (SELECT data_keys_live($1)) THEN note_sealed END AS note_sealed, answered_at, received_at
        FROM check_in WHERE patient_id = $1 AND day < $2
          AND (SELECT true FROM audit('read', 'check-ins', ARRAY[$1::uuid], NULL) AS audited)
        ORDER BY day DESC, version DESC
        LIMIT $3
        """,
        patient_id,
        before,
        limit,
    )


async def levels(db: Connection, patient_id: UUID, *, first: date, last: date) -> list[TrendDay]:
    """Levels only of the days from `first` to `last`, oldest first, each in its latest version; none of a stranger."""
    return await db.all(
        TrendDay,
        """
        SELECT day AS date, mood, craving, wants_to_talk FROM levels_between($1, $2, $3) ORDER BY day
        """,
        patient_id,
        first,
        last,
    )
