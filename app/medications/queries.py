"""The regimen and occurrence tables."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from app.medications.models import Answer, Dose, DoseDay, Made, NewRegimen, Occurrence, Plan, Regimen
from db import Connection, new_id


async def add(
    db: Connection, patient_id: UUID, me: UUID, new: NewRegimen, time_zone: str, now: datetime
) -> Plan | None:
    """A new regimen of which no dose is made yet; None where the id was used."""
    return await db.one(
        Plan,
        """
        INSERT INTO regimen (id, patient_id, prescribed_by, medicine, times, time_zone, starts_on, ends_on, made_until,
                             created_at)
        VALUES ($1, $2, $3, $4, $5::text[]::time[], $6, $7, $8, $9, $9)
        ON CONFLICT DO NOTHING
        RETURNING id, patient_id, version, times::text[] AS times, time_zone, starts_on, ends_on, made_until
        """,
        new.id,
        patient_id,
        me,
        new.medicine,
        new.times,
        time_zone,
        new.starts_on,
        new.ends_on,
        now,
    )


async def by_id(db: Connection, patient_id: UUID, regimen_id: UUID) -> Regimen | None:
    """One regimen of this patient's."""
    return await db.one(
        Regimen,
        """
        SELECT id, patient_id, medicine, ARRAY(SELECT to_char(t, 'HH24:MI') FROM unnest(times) t ORDER BY t) AS times,
               time_zone, starts_on, ends_on, version, status, prescribed_by, created_at, stopped_at
        FROM regimen WHERE id = $1 AND patient_id = $2
        """,
        regimen_id,
        patient_id,
    )


async def listed(
    db: Connection, patient_id: UUID, *, before: tuple[datetime, UUID] | None, limit: int
) -> list[Regimen]:
    """A patient's regimens, the newest first."""
    made, last = before or (None, None)
    return await db.all(
        Regimen,
        """
        SELECT id, patient_id, medicine, ARRAY(SELECT to_char(t, 'HH24:MI') FROM unnest(times) t ORDER BY t) AS times,
               time_zone, starts_on, ends_on, version, status, prescribed_by, created_at, stopped_at
        FROM regimen WHERE patient_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
        ORDER BY created_at DESC, id DESC
        LIMIT $4
        """,
        patient_id,
        made,
        last,
        limit,
    )


async def is_readable(db: Connection, patient_id: UUID) -> bool:
    """Whether the caller may read this patient's regimens: all of them, or those that they wrote."""
    may = await db.value(
        bool,
        """
        SELECT $1::uuid IN (SELECT patients_for('read', 'regimens'))
            OR $1::uuid IN (SELECT patients_once_for('read', 'regimens'))
        """,
        patient_id,
    )
    return may is True


async def dose_days(db: Connection, patient_id: UUID, *, first: date, last: date, now: datetime) -> list[DoseDay]:
    """Doses that are due by now, counted by the day of their wall time; none of what they are."""
    return await db.all(
        DoseDay,
        """
        SELECT slot::date AS date, count(*)::integer AS due,
               (count(*) FILTER (WHERE state = 'taken'))::integer AS taken,
               (count(*) FILTER (WHERE state = 'skipped'))::integer AS skipped
        FROM occurrence
        WHERE patient_id = $1 AND state <> 'superseded' AND due_at <= $4 AND slot::date BETWEEN $2 AND $3
        GROUP BY 1 ORDER BY 1
        """,
        patient_id,
        first,
        last,
        now,
    )


async def patient_of(db: Connection, regimen_id: UUID) -> UUID | None:
    """Whose regimen it is, where the caller may see that."""
    return await db.value(UUID, "SELECT patient_id FROM regimen WHERE id = $1", regimen_id)


async def stop(db: Connection, regimen_id: UUID, me: UUID, now: datetime) -> bool:
    """Whether it was active until now; waits for doses that are being made at this moment."""
    stopped = await db.run(
        "UPDATE regimen SET status = 'stopped', stopped_by = $2, stopped_at = $3 WHERE id = $1 AND status = 'active'",
        regimen_id,
        me,
        now,
    )
    return stopped == 1


async def open_doses(db: Connection, regimen_id: UUID, *, since: datetime) -> list[UUID]:
    """Doses due after `since` that nobody has answered yet; an answer given at this moment comes before or after.

    Locked before their reminders are, as an answer locks them, so that none waits for another in a circle.
    """
    return await db.values(
        UUID,
        """
        SELECT id FROM occurrence WHERE regimen_id = $1 AND state = 'pending' AND due_at > $2
        ORDER BY due_at
        FOR UPDATE
        """,
        regimen_id,
        since,
    )


async def supersede(db: Connection, regimen_id: UUID, now: datetime) -> None:
    """Doses to come are not planned any more; a past one can still be answered."""
    await db.run(
        "UPDATE occurrence SET state = 'superseded' WHERE regimen_id = $1 AND state = 'pending' AND due_at > $2",
        regimen_id,
        now,
    )


async def lock_unmade(db: Connection, *, below: datetime, limit: int) -> list[Plan]:
    """Lock active regimens whose doses do not reach until `below`, the emptiest first.

    Two workers may ask at once; SKIP LOCKED hands each regimen to one of them. One whose last day is over is left out,
    and so is one whose first day has not begun by then anywhere: east of Greenwich it begins on the day before.
    """
    return await db.all(
        Plan,
        """
        SELECT id, patient_id, version, times::text[] AS times, time_zone, starts_on, ends_on, made_until
        FROM regimen
        WHERE status = 'active' AND made_until < $1 AND (ends_on IS NULL OR made_until::date <= ends_on + 1)
          AND starts_on <= $1::date + 1
        ORDER BY made_until
        LIMIT $2
        FOR UPDATE SKIP LOCKED
        """,
        below,
        limit,
    )


async def make(db: Connection, plan: Plan, doses: Sequence[Dose], until: datetime, now: datetime) -> list[Made]:
    """Give each of these doses its row, once whoever asks and however often; those that are new."""
    await db.run("UPDATE regimen SET made_until = $2 WHERE id = $1 AND made_until < $2", plan.id, until)
    return await db.all(
        Made,
        """
        INSERT INTO occurrence (id, regimen_id, patient_id, version, slot, due_at)
        SELECT id, $1, $2, $3, slot, due_at
        FROM unnest($4::uuid[], $5::timestamp[], $6::timestamptz[]) AS dose (id, slot, due_at)
        ON CONFLICT DO NOTHING
        RETURNING id, due_at
        """,
        plan.id,
        plan.patient_id,
        plan.version,
        [new_id(now) for _ in doses],
        [dose.slot for dose in doses],
        [dose.due_at for dose in doses],
    )


async def occurrences(
    db: Connection, patient_id: UUID, *, until: datetime, after: tuple[datetime, UUID], limit: int
) -> list[Occurrence]:
    """A patient's doses that are planned or answered, the earliest first."""
    return await db.all(
        Occurrence,
        """
        SELECT o.id, o.regimen_id, r.medicine, to_char(o.slot, 'YYYY-MM-DD"T"HH24:MI') AS slot, r.time_zone, o.due_at,
               o.state, o.answered_at
        FROM occurrence o JOIN regimen r ON r.id = o.regimen_id
        WHERE o.patient_id = $1 AND o.state <> 'superseded' AND (o.due_at, o.id) > ($3, $4) AND o.due_at <= $2
        ORDER BY o.due_at, o.id
        LIMIT $5
        """,
        patient_id,
        until,
        *after,
        limit,
    )


async def occurrence(db: Connection, patient_id: UUID, occurrence_id: UUID) -> Occurrence | None:
    """One dose of this patient's, kept from changing until the transaction ends."""
    return await db.one(
        Occurrence,
        """
        SELECT o.id, o.regimen_id, r.medicine, to_char(o.slot, 'YYYY-MM-DD"T"HH24:MI') AS slot, r.time_zone, o.due_at,
               o.state, o.answered_at
        FROM occurrence o JOIN regimen r ON r.id = o.regimen_id
        WHERE o.id = $1 AND o.patient_id = $2
        FOR UPDATE OF o
        """,
        occurrence_id,
        patient_id,
    )


async def answer(db: Connection, patient_id: UUID, occurrence_id: UUID, answer: Answer, now: datetime) -> None:
    """Keep what the patient said about a dose that is open."""
    await db.run(
        """
        UPDATE occurrence SET state = $3, answered_at = $4 WHERE id = $1 AND patient_id = $2 AND state = 'pending'
        """,
        occurrence_id,
        patient_id,
        answer,
        now,
    )
