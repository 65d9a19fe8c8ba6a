"""The export table; and every table that holds something of a patient, read with that patient's own eyes."""

from datetime import datetime, timedelta
from uuid import UUID

from app.exports.models import (
    Alarm,
    Archive,
    Dose,
    Export,
    Leased,
    Look,
    Member,
    NewExport,
    Phone,
    Regimen,
    SealedAnswer,
    SealedLine,
    Visit,
    Who,
)
from db import Connection


async def ask(db: Connection, patient_id: UUID, new: NewExport, downloads: int, now: datetime) -> Export | None:
    """Ask for one; None where one is on its way already, or the id is used."""
    return await db.one(
        Export,
        """
        INSERT INTO export (id, patient_id, asked_at, next_at) VALUES ($1, $2, $3, $3) ON CONFLICT DO NOTHING
        RETURNING id, asked_at, state, progress, ready_at, expires_at, bytes, $4 - downloads AS downloads_left
        """,
        new.id,
        patient_id,
        now,
        downloads,
    )


async def mine(db: Connection, patient_id: UUID, downloads: int) -> list[Export]:
    """One's own of the last year, the newest first."""
    return await db.all(
        Export,
        """
        SELECT id, asked_at, state, progress, ready_at, expires_at, bytes, $2 - downloads AS downloads_left
        FROM export WHERE patient_id = $1 ORDER BY asked_at DESC, id DESC LIMIT 20
        """,
        patient_id,
        downloads,
    )


async def by_id(db: Connection, patient_id: UUID, export_id: UUID, downloads: int) -> Export | None:
    """One of one's own."""
    return await db.one(
        Export,
        """
        SELECT id, asked_at, state, progress, ready_at, expires_at, bytes, $3 - downloads AS downloads_left
        FROM export WHERE id = $1 AND patient_id = $2
        """,
        export_id,
        patient_id,
        downloads,
    )


async def download(db: Connection, patient_id: UUID, export_id: UUID, most: int, now: datetime) -> Archive | None:
    """Count one more download of what is ready; None where it is not, or no more."""
    return await db.one(
        Archive,
        """
        UPDATE export SET downloads = downloads + 1
        WHERE id = $1 AND patient_id = $2 AND state = 'ready' AND expires_at > $4 AND downloads < $3
        RETURNING id, archive_sealed
        """,
        export_id,
        patient_id,
        most,
        now,
    )


async def lease(db: Connection, now: datetime, until: datetime) -> Leased | None:
    """Take the one that waits longest, for one worker only; one whose maker died is due again."""
    return await db.one(
        Leased,
        """
        UPDATE export SET state = 'making', next_at = $2, attempt = attempt + 1 WHERE id = (
            SELECT id FROM export WHERE next_at <= $1 ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING id, patient_id, attempt
        """,
        now,
        until,
    )


async def advance(db: Connection, export_id: UUID, progress: int) -> None:
    """Say how far it is."""
    await db.run("UPDATE export SET progress = $2 WHERE id = $1 AND state = 'making'", export_id, progress)


async def finish(db: Connection, export_id: UUID, sealed: bytes, size: int, now: datetime, lives: timedelta) -> None:
    """It may be downloaded from now on, for a while."""
    await db.run(
        """
        UPDATE export SET state = 'ready', next_at = NULL, progress = 100, archive_sealed = $2, bytes = $3,
            ready_at = $4, expires_at = $4::timestamptz + $5::interval
        WHERE id = $1 AND state = 'making'
        """,
        export_id,
        sealed,
        size,
        now,
        lives,
    )


async def fail(db: Connection, export_id: UUID) -> None:
    """Nothing will come of it; the patient may ask again."""
    await db.run("UPDATE export SET state = 'failed', next_at = NULL WHERE id = $1", export_id)


async def forget(db: Connection, now: datetime, downloads: int) -> list[UUID]:
    """Throw away what is too old or was downloaded often enough; whose they were."""
    return await db.values(
        UUID,
        """
        UPDATE export SET state = 'gone', archive_sealed = NULL
        WHERE state = 'ready' AND (expires_at <= $1 OR downloads >= $2) RETURNING patient_id
        """,
        now,
        downloads,
    )


async def who(db: Connection, patient_id: UUID) -> Who | None:
    """The patient and their program."""
    return await db.one(
        Who,
        """
        SELECT p.id, p.name, p.language, p.time_zone, p.created_at, o.id AS organisation_id, o.name AS organisation
        FROM person p JOIN organisation o ON o.id = p.organisation_id WHERE p.id = $1
        """,
        patient_id,
    )


async def team(db: Connection, patient_id: UUID) -> list[Member]:
    """Everybody who is or was on the care team."""
    return await db.all(
        Member,
        """
        SELECT t.id, t.staff_id, p.name,
               ARRAY(SELECT role FROM staff_role r WHERE r.person_id = p.id ORDER BY 1) AS roles,
               t.lead, t.joined_at, t.left_at
        FROM care_team_member t JOIN person p ON p.id = t.staff_id WHERE t.patient_id = $1 ORDER BY t.joined_at, t.id
        """,
        patient_id,
    )


async def visits(db: Connection, patient_id: UUID) -> list[Visit]:
    """Every appointment."""
    return await db.all(
        Visit,
        """
        SELECT a.id, a.kind, a.status, lower(a.during) AS starts_at, upper(a.during) AS ends_at, a.booked_at,
               p.id AS staff_id, p.name AS staff
        FROM appointment a JOIN person p ON p.id = a.staff_id WHERE a.patient_id = $1 ORDER BY lower(a.during), a.id
        """,
        patient_id,
    )


async def answers(db: Connection, patient_id: UUID) -> list[SealedAnswer]:
    """Every check-in, in every version."""
    return await db.all(
        SealedAnswer,
        """
        SELECT id, day, version, mood, craving, wants_to_talk, in_danger, sleep_hours, triggers, used, medication_taken,
               note_sealed, answered_at, received_at
        FROM check_in WHERE patient_id = $1 ORDER BY day, version
        """,
        patient_id,
    )


async def lines(db: Connection, patient_id: UUID) -> list[SealedLine]:
    """Every message of every thread, thread by thread."""
    return await db.all(
        SealedLine,
        """
        SELECT m.id, m.staff_id, p.name AS staff, m.author_id = $1 AS by_patient, m.text_sealed, m.sent_at,
               m.received_at
        FROM message m JOIN person p ON p.id = m.staff_id WHERE m.patient_id = $1 AND m.kind = 'said'
        ORDER BY m.thread_id, m.seq
        """,
        patient_id,
    )


async def regimens(db: Connection, patient_id: UUID) -> list[Regimen]:
    """Every regimen."""
    return await db.all(
        Regimen,
        """
        SELECT r.id, r.medicine, ARRAY(SELECT to_char(t, 'HH24:MI') FROM unnest(r.times) t ORDER BY t) AS times,
               r.time_zone, r.starts_on, r.ends_on, r.status, r.created_at, r.stopped_at,
               p.id AS prescriber_id, p.name AS prescriber
        FROM regimen r JOIN person p ON p.id = r.prescribed_by WHERE r.patient_id = $1 ORDER BY r.created_at, r.id
        """,
        patient_id,
    )


async def doses(db: Connection, patient_id: UUID) -> list[Dose]:
    """Every dose that was taken or skipped."""
    return await db.all(
        Dose,
        """
        SELECT o.id, o.regimen_id, r.medicine, o.due_at, o.state, o.answered_at
        FROM occurrence o JOIN regimen r ON r.id = o.regimen_id
        WHERE o.patient_id = $1 AND o.state IN ('taken', 'skipped') ORDER BY o.due_at, o.id
        """,
        patient_id,
    )


async def alarms(db: Connection, patient_id: UUID) -> list[Alarm]:
    """Every alert."""
    return await db.all(
        Alarm,
        """
        SELECT id, class AS level, reasons, opened_at, closed_at, outcome FROM alert
        WHERE patient_id = $1 ORDER BY opened_at, id
        """,
        patient_id,
    )


async def looks(db: Connection, patient_id: UUID) -> list[Look]:
    """Who read and changed the record, the latest ten thousand times."""
    return await db.all(
        Look,
        """
        SELECT e.id, e.at, e.action, e.category, e.actor_id, p.name AS actor
        FROM audit_event e LEFT JOIN person p ON p.id = e.actor_id WHERE e.patient_id = $1
        ORDER BY e.id DESC LIMIT 10000
        """,
        patient_id,
    )


async def phones(db: Connection, patient_id: UUID) -> list[Phone]:
    """Every phone; its token is nothing that is told."""
    return await db.all(
        Phone,
        """
        SELECT id, platform, registered_at, closed_at FROM address WHERE person_id = $1 ORDER BY registered_at, id
        """,
        patient_id,
    )
