"""The tables of working hours, appointments and calendar feeds."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.appointments.models import (
    Appointment,
    Block,
    Bookable,
    Booking,
    Calendar,
    FeedEntry,
    FeedOwner,
    Missed,
    NewWorkingException,
    Span,
    Status,
    WorkingException,
    WorkingHours,
)
from db import Connection, new_id


async def hours(db: Connection, staff_id: UUID, now: datetime) -> WorkingHours | None:
    """Somebody's week, and their exceptions from yesterday on."""
    return await db.one(
        WorkingHours,
        """
        SELECT p.time_zone,
            (SELECT coalesce(json_agg(json_build_object('weekday', h.weekday, 'starts', to_char(h.starts, 'HH24:MI'),
                'ends', to_char(h.ends, 'HH24:MI')) ORDER BY h.weekday, h.starts), '[]')
             FROM working_hours h WHERE h.staff_id = p.id) AS blocks,
            (SELECT coalesce(json_agg(json_build_object('id', e.id, 'day', e.day,
                'starts', to_char(e.starts, 'HH24:MI'), 'ends', to_char(e.ends, 'HH24:MI'))
                ORDER BY e.day, e.starts), '[]')
             FROM working_exception e WHERE e.staff_id = p.id AND e.day >= ($2::timestamptz)::date - 1) AS exceptions
        FROM person p WHERE p.id = $1 AND p.kind = 'staff'
        """,
        staff_id,
        now,
    )


async def lock_hours(db: Connection, staff_id: UUID) -> None:
    """Let one writer at a time replace somebody's week, so that two at once do not leave both."""
    await db.run("SELECT pg_advisory_xact_lock(hashtextextended('working_hours ' || $1::uuid, 0))", staff_id)


async def replace_hours(db: Connection, staff_id: UUID, blocks: Sequence[Block], now: datetime) -> None:
    """A new week in place of the old one; none for somebody who does not work here."""
    await db.run("DELETE FROM working_hours WHERE staff_id = $1", staff_id)
    await db.run(
        """
        INSERT INTO working_hours (id, staff_id, weekday, starts, ends)
        SELECT id, $1, weekday, starts::time, ends::time
        FROM unnest($2::uuid[], $3::smallint[], $4::text[], $5::text[]) AS block (id, weekday, starts, ends)
        WHERE EXISTS (SELECT FROM person WHERE person.id = $1 AND kind = 'staff')
        """,
        staff_id,
        [new_id(now) for _ in blocks],
        [block.weekday for block in blocks],
        [block.starts for block in blocks],
        [block.ends for block in blocks],
    )


async def add_exception(db: Connection, staff_id: UUID, new: NewWorkingException) -> bool:
    """Whether it is new; False where the id is taken, or this is nobody who works here."""
    added = await db.run(
        """
        INSERT INTO working_exception (id, staff_id, day, starts, ends)
        SELECT $1, person.id, $3, $4::text::time, $5::text::time FROM person WHERE person.id = $2 AND kind = 'staff'
        ON CONFLICT DO NOTHING
        """,
        new.id,
        staff_id,
        new.day,
        new.starts,
        new.ends,
    )
    return added == 1


async def exception(db: Connection, staff_id: UUID, exception_id: UUID) -> WorkingException | None:
    """One of somebody's own exceptions."""
    return await db.one(
        WorkingException,
        """
        SELECT id, day, to_char(starts, 'HH24:MI') AS starts, to_char(ends, 'HH24:MI') AS ends
        FROM working_exception WHERE id = $1 AND staff_id = $2
        """,
        exception_id,
        staff_id,
    )


async def remove_exception(db: Connection, staff_id: UUID, exception_id: UUID) -> bool:
    """Whether there was one of theirs to remove."""
    return await db.run("DELETE FROM working_exception WHERE id = $1 AND staff_id = $2", exception_id, staff_id) == 1


async def bookable(db: Connection, patient_id: UUID, within: Span) -> Bookable | None:
    """The patient, where the caller may book for them."""
    return await db.one(
        Bookable,
        """
        SELECT p.id, (SELECT coalesce(json_agg(json_build_object('startsAt', b.starts_at, 'endsAt', b.ends_at)), '[]')
                      FROM busy_times(p.id, tstzrange($2, $3::timestamptz + interval '1 day')) b) AS busy
        FROM person p
        WHERE p.id = $1 AND p.kind = 'patient' AND p.id IN (SELECT patients_for('book', 'appointments'))
        """,
        patient_id,
        within.starts_at,
        within.ends_at,
    )


async def calendars(db: Connection, patient_id: UUID, role: str, staff_id: UUID | None, within: Span) -> list[Calendar]:
    """Everybody of the patient's program with that role and some working hours, or the one who is asked for."""
    return await db.all(
        Calendar,
        """
        SELECT s.id AS staff_id, s.name AS staff_name, s.time_zone,
            EXISTS (SELECT FROM care_team_member t
                    WHERE t.patient_id = p.id AND t.staff_id = s.id AND t.left_at IS NULL) AS on_your_team,
            (SELECT coalesce(json_agg(json_build_object('weekday', h.weekday, 'starts', to_char(h.starts, 'HH24:MI'),
                'ends', to_char(h.ends, 'HH24:MI'))), '[]')
             FROM working_hours h WHERE h.staff_id = s.id) AS blocks,
            (SELECT coalesce(json_agg(json_build_object('id', e.id, 'day', e.day,
                'starts', to_char(e.starts, 'HH24:MI'), 'ends', to_char(e.ends, 'HH24:MI'))), '[]')
             FROM working_exception e WHERE e.staff_id = s.id
               AND e.day BETWEEN ($4::timestamptz)::date - 2 AND ($5::timestamptz)::date + 2) AS exceptions,
            (SELECT coalesce(json_agg(json_build_object('startsAt', b.starts_at, 'endsAt', b.ends_at)), '[]')
             FROM busy_times(s.id, tstzrange($4, $5::timestamptz + interval '1 day')) b) AS busy
        FROM person p JOIN person s ON s.organisation_id = p.organisation_id AND s.kind = 'staff'
        WHERE p.id = $1 AND ($3::uuid IS NULL OR s.id = $3)
          AND EXISTS (SELECT FROM staff_role r WHERE r.person_id = s.id AND r.role = $2)
          AND (EXISTS (SELECT FROM working_hours h WHERE h.staff_id = s.id)
               OR EXISTS (SELECT FROM working_exception e WHERE e.staff_id = s.id AND e.starts IS NOT NULL))
        """,
        patient_id,
        role,
        staff_id,
        within.starts_at,
        within.ends_at,
    )


async def book(db: Connection, booking: Booking, me: UUID, now: datetime) -> bool:
    """Whether the time is kept now; False where either of the two is taken then, or the id was used."""
    booked = await db.run(
        """
        INSERT INTO appointment (id, patient_id, staff_id, kind, during, booked_by, booked_at, moved_from)
        VALUES ($1, $2, $3, $4, tstzrange($5, $6), $7, $8, $9)
        ON CONFLICT DO NOTHING
        """,
        booking.id,
        booking.patient_id,
        booking.staff_id,
        booking.kind,
        booking.during.starts_at,
        booking.during.ends_at,
        me,
        now,
        booking.moved_from,
    )
    return booked == 1


async def lock_calendars(db: Connection, booking: Booking) -> None:
    """Let one move at a time into these two people's days.

    A move frees one time and takes another: two people who swap theirs at the same moment would wait for each other.
    """
    await db.run(
        """
        SELECT pg_advisory_xact_lock(hashtextextended('appointment ' || person, 0))
        FROM (SELECT unnest(ARRAY[$1, $2]::uuid[]) AS person ORDER BY 1) AS both_people
        """,
        booking.patient_id,
        booking.staff_id,
    )


async def taken(db: Connection, booking: Booking) -> bool:
    """Whether either of the two has something else then."""
    found = await db.value(
        bool,
        "SELECT EXISTS (SELECT FROM unnest(ARRAY[$1, $2]::uuid[]) AS person, busy_times(person, tstzrange($3, $4)))",
        booking.patient_id,
        booking.staff_id,
        booking.during.starts_at,
        booking.during.ends_at,
    )
    return found is True


async def not_asked_after(db: Connection, *, now: datetime, limit: int) -> list[Missed]:
    """Appointments to which somebody did not come, as was said at least five minutes ago; for the clock alone."""
    return await db.all(
        Missed, "SELECT appointment_id, patient_id, organisation_id FROM not_asked_after($1, $2)", now, limit
    )


async def lock(db: Connection, appointment_id: UUID) -> None:
    """Wait for whoever is changing this appointment.

    A statement by itself: one that waits would show the row as it is then, and what it is joined to as it was before.
    """
    await db.run("SELECT FROM appointment WHERE id = $1 FOR NO KEY UPDATE", appointment_id)


async def settle(db: Connection, appointment_id: UUID, status: Status, me: UUID, now: datetime) -> None:
    """What became of an appointment that the caller has locked; one that was given back is never taken again."""
    await db.run(
        """
        UPDATE appointment SET status = $2, settled_by = $3, settled_at = $4, version = version + 1
        WHERE id = $1 AND status <> 'cancelled'
        """,
        appointment_id,
        status,
        me,
        now,
    )


async def by_id(db: Connection, me: UUID, appointment_id: UUID) -> Appointment | None:
    """The appointment, if the caller is one of its two people, booked it, treats the patient or oversees them."""
    return await db.one(
        Appointment,
        """
        SELECT a.id, a.patient_id, p.name AS patient_name, a.staff_id, s.name AS staff_name, a.kind,
               lower(a.during) AS starts_at, upper(a.during) AS ends_at, a.status, a.booked_at, a.moved_from,
               n.id AS moved_to
        FROM appointment a JOIN person s ON s.id = a.staff_id
        JOIN patients_of_appointments(ARRAY[$2::uuid]) p ON p.id = a.id
        LEFT JOIN appointment n ON n.moved_from = a.id
        CROSS JOIN granted('read', 'appointments') AS as_whom
        WHERE a.id = $2
          AND (a.patient_id = $1 AND 'self' = ANY (as_whom) OR a.staff_id = $1 AND 'held' = ANY (as_whom)
               OR a.booked_by = $1 OR a.patient_id IN (SELECT patients_for('read', 'appointments')))
        """,
        me,
        appointment_id,
    )


async def listed(
    db: Connection, me: UUID, *, since: datetime, after: tuple[datetime, UUID], limit: int
) -> list[Appointment]:
    """The appointments of which the caller is one of the two people and which end after `since`, in order of time."""
    return await db.all(
        Appointment,
        """
        WITH page AS (
            SELECT * FROM appointment
            WHERE (patient_id = $1 OR staff_id = $1) AND upper(during) > $2 AND (lower(during), id) > ($3, $4)
            ORDER BY lower(during), id
            LIMIT $5
        )
        SELECT a.id, a.patient_id, p.name AS patient_name, a.staff_id, s.name AS staff_name, a.kind,
               lower(a.during) AS starts_at, upper(a.during) AS ends_at, a.status, a.booked_at, a.moved_from,
               n.id AS moved_to
        FROM page a JOIN person s ON s.id = a.staff_id
        JOIN patients_of_appointments(ARRAY(SELECT id FROM page)) p ON p.id = a.id
        LEFT JOIN appointment n ON n.moved_from = a.id
        ORDER BY lower(a.during), a.id
        """,
        me,
        since,
        *after,
        limit,
    )


async def keep_feed(db: Connection, person_id: UUID, token_sha256: bytes, now: datetime) -> None:
    """A new key to somebody's feed; the old one opens nothing from the commit on."""
    await db.run(
        """
        INSERT INTO calendar_feed (sha256, person_id, made_at) VALUES ($1, $2, $3)
        ON CONFLICT (person_id) WHERE revoked_at IS NULL
        DO UPDATE SET sha256 = excluded.sha256, made_at = excluded.made_at
        """,
        token_sha256,
        person_id,
        now,
    )


async def revoke_feed(db: Connection, person_id: UUID, now: datetime) -> None:
    """No key opens somebody's feed any more; twice is once."""
    await db.run("UPDATE calendar_feed SET revoked_at = $2 WHERE person_id = $1 AND revoked_at IS NULL", person_id, now)


async def feed_owner(db: Connection, token_sha256: bytes) -> UUID | None:
    """Whose feed this key opens; asked before anybody is known."""
    return await db.value(UUID, "SELECT calendar_owner($1)", token_sha256)


async def owner(db: Connection, person_id: UUID) -> FeedOwner | None:
    """The owner of a feed, asked on their behalf."""
    return await db.one(
        FeedOwner, "SELECT id, language, kind = 'patient' AS is_patient FROM person WHERE id = $1", person_id
    )


async def feed(db: Connection, person_id: UUID, within: Span, limit: int) -> list[FeedEntry]:
    """When somebody's appointments are that still take place or took place, in order of time."""
    return await db.all(
        FeedEntry,
        """
        SELECT id, lower(during) AS starts_at, upper(during) AS ends_at, patient_id,
               coalesce(settled_at, booked_at) AS changed_at
        FROM appointment
        WHERE (patient_id = $1 OR staff_id = $1) AND status <> 'cancelled' AND during && tstzrange($2, $3)
        ORDER BY lower(during), id
        LIMIT $4
        """,
        person_id,
        within.starts_at,
        within.ends_at,
        limit,
    )
