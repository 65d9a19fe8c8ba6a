"""The check_in table: written once, never changed."""

from datetime import date, datetime
from uuid import UUID

from app.checkins.models import HarmReduction, Kept, KeptWithDays, NewCheckIn, TrendDay, Unanswered, Window
from db import Connection


async def record(
    db: Connection, patient_id: UUID, organisation_id: UUID, new: NewCheckIn, note: bytes | None, now: datetime
) -> KeptWithDays | None:
    """Keep the next version of that day, with what the rules must know of it; None when the id was used already.

    One statement, with the audit row of what it kept: the days are those before this one, each in its latest version;
    thresholds and questions are the program's own, or else the default ones.
    """
    return await db.one(
        KeptWithDays,
        """
        WITH recent AS MATERIALIZED (
            SELECT DISTINCT ON (day) day, version, mood, craving FROM check_in
            WHERE patient_id = $2 AND day BETWEEN $4::date - 21 AND $4
            ORDER BY day, version DESC
        ), kept AS (
            INSERT INTO check_in (id, patient_id, day, version, mood, craving, wants_to_talk, in_danger, sleep_hours,
                                  triggers, used, medication_taken, note_sealed, answered_at, received_at)
            SELECT $1, $2, $4, 1 + coalesce((SELECT version FROM recent WHERE day = $4), 0),
                   $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15
            ON CONFLICT DO NOTHING
            RETURNING *
        )
        SELECT id, day AS date, version, mood, craving, wants_to_talk, in_danger, sleep_hours, triggers, used,
               medication_taken, note_sealed, answered_at, received_at,
               coalesce((SELECT json_agg(json_build_object('day', day, 'mood', mood, 'craving', craving) ORDER BY day)
                         FROM recent WHERE day < $4), '[]') AS recent,
               1 + (SELECT count(DISTINCT day) FROM check_in WHERE patient_id = $2 AND day <> $4)::integer AS days,
               thresholds_of($3, $15) AS thresholds, questions_of($3) AS asked
        FROM kept CROSS JOIN LATERAL audit('record', 'check-ins', ARRAY[$2::uuid], $1) AS audited
        """,
        new.id,
        patient_id,
        organisation_id,
        new.date,
        new.mood,
        new.craving,
        new.wants_to_talk,
        new.in_danger,
        new.sleep_hours,
        new.triggers,
        new.used,
        new.medication_taken,
        note,
        new.answered_at,
        now,
    )


async def lock_day(db: Connection, patient_id: UUID, day: date) -> None:
    """Let one answer at a time into this day, so that each finds the version before its own."""
    await db.run(
        "SELECT pg_advisory_xact_lock(hashtextextended('check_in ' || $1::uuid || $2::date, 0))", patient_id, day
    )


async def by_id(db: Connection, patient_id: UUID, check_in_id: UUID) -> Kept | None:
    """One answer of this patient's."""
    return await db.one(
        Kept,
        """
        SELECT id, day AS date, version, mood, craving, wants_to_talk, in_danger, sleep_hours, triggers, used,
               medication_taken, note_sealed, answered_at, received_at
        FROM check_in WHERE id = $1 AND patient_id = $2
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
               id, day AS date, version, mood, craving, wants_to_talk, in_danger, sleep_hours, triggers, used,
               medication_taken, CASE WHEN (SELECT data_keys_live($1)) THEN note_sealed END AS note_sealed,
               answered_at, received_at
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


async def of_day(db: Connection, patient_id: UUID, day: date) -> Kept | None:
    """What holds of one day."""
    return await db.one(
        Kept,
        """
        SELECT id, day AS date, version, mood, craving, wants_to_talk, in_danger, sleep_hours, triggers, used,
               medication_taken, note_sealed, answered_at, received_at
        FROM check_in WHERE patient_id = $1 AND day = $2 ORDER BY version DESC LIMIT 1
        """,
        patient_id,
        day,
    )


async def days(db: Connection, patient_id: UUID) -> list[date]:
    """Every day with an answer, oldest first."""
    return await db.values(date, "SELECT DISTINCT day FROM check_in WHERE patient_id = $1 ORDER BY day", patient_id)


async def harm_reduction(db: Connection, organisation_id: UUID | None, language: str) -> HarmReduction:
    """A site's own lines in that language replace the default ones altogether."""
    lines = await db.values(
        str,
        """
        SELECT line FROM harm_reduction_line
        WHERE language = $2 AND organisation_id IS NOT DISTINCT FROM (
            SELECT organisation_id FROM harm_reduction_line
            WHERE language = $2 AND organisation_id = $1 LIMIT 1)
        ORDER BY position
        """,
        organisation_id,
        language,
    )
    return HarmReduction(language, lines)


async def window(db: Connection, organisation_id: UUID) -> Window | None:
    """When a day of this program can be answered."""
    return await db.one(
        Window,
        """
        SELECT (extract(hour FROM opens) * 60 + extract(minute FROM opens))::integer AS opens_minute,
               (extract(hour FROM closes) * 60 + extract(minute FROM closes))::integer AS closes_minute
        FROM check_in_window WHERE organisation_id = $1 OR organisation_id IS NULL
        ORDER BY organisation_id NULLS LAST LIMIT 1
        """,
        organisation_id,
    )


async def unanswered(db: Connection, *, now: datetime, limit: int) -> list[Unanswered]:
    """Whose last closed day has no answer, and was not noticed yet; for the clock alone."""
    return await db.all(
        Unanswered,
        "SELECT patient_id, organisation_id, day, days, already_raised, missed_days FROM unanswered($1, $2)",
        now,
        limit,
    )


async def missed(db: Connection, missed_id: UUID, row: Unanswered, *, raised: bool, now: datetime) -> bool:
    """Keep that a day went by without an answer, with its audit row; False where that is known already."""
    kept = await db.value(
        UUID,
        """
        WITH kept AS (
            INSERT INTO missed_check_in (id, patient_id, day, noticed_at, raised) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT DO NOTHING
            RETURNING id
        )
        SELECT id FROM kept CROSS JOIN LATERAL audit('miss', 'check-ins', ARRAY[$2::uuid], $1) AS audited
        """,
        missed_id,
        row.patient_id,
        row.day,
        now,
        raised,
    )
    return kept is not None
