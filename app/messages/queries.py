"""The tables thread, message and thread_mark."""

from datetime import datetime
from uuid import UUID

from app.messages.models import Kept, NewMessage, Pair, Presence, Thread, Waiting
from db import Connection


async def open_one(
    db: Connection, thread_id: UUID, patient_id: UUID, staff_id: UUID, me: UUID, now: datetime
) -> UUID | None:
    """Open a thread of these two; None where they have one, where the id is used, or where they may not."""
    return await db.value(
        UUID,
        """
        INSERT INTO thread (id, patient_id, staff_id, opened_by, opened_at, last_at)
        SELECT $1, $2, $3, $4, $5, $5 WHERE may_write_to_each_other($2, $3)
        ON CONFLICT DO NOTHING
        RETURNING id
        """,
        thread_id,
        patient_id,
        staff_id,
        me,
        now,
    )


async def between(db: Connection, patient_id: UUID, staff_id: UUID) -> UUID | None:
    """The thread that these two have, where the caller is one of them."""
    return await db.value(UUID, "SELECT id FROM thread WHERE patient_id = $1 AND staff_id = $2", patient_id, staff_id)


async def may_write(db: Connection, with_id: UUID) -> bool:
    """Whether the caller and this one may write to each other."""
    return bool(
        await db.value(bool, "SELECT may_write_to_each_other(me(), $1) OR may_write_to_each_other($1, me())", with_id)
    )


async def views(
    db: Connection,
    me: UUID,
    *,
    thread_id: UUID | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 1,
) -> list[Thread]:
    """The caller's own threads, the latest word first: one, or those before a place."""
    last_at, last = before or (None, None)
    return await db.all(
        Thread,
        """
        SELECT t.id, t.patient_id, t.staff_id, other.name AS with_name,
               CASE WHEN t.blocked_at IS NULL AND may_write_to_each_other(t.patient_id, t.staff_id)
                    THEN 'open' ELSE 'closed' END AS state,
               t.blocked_at IS NOT NULL AND t.patient_id = $1 AS blocked,
               t.opened_at, t.last_seq, t.last_at,
               (SELECT count(*) FROM message m
                WHERE m.thread_id = t.id AND m.seq > coalesce(mine.read, 0) AND m.author_id <> $1)::int AS unread,
               json_build_object('delivered', coalesce(mine.delivered, 0), 'read', coalesce(mine.read, 0)) AS yours,
               json_build_object('delivered', coalesce(theirs.delivered, 0), 'read', coalesce(theirs.read, 0))
                   AS theirs
        FROM thread t
        JOIN person other ON other.id = CASE WHEN t.patient_id = $1 THEN t.staff_id ELSE t.patient_id END
        LEFT JOIN thread_mark mine ON mine.thread_id = t.id AND mine.person_id = $1
        LEFT JOIN thread_mark theirs ON theirs.thread_id = t.id AND theirs.person_id = other.id
        WHERE $1 IN (t.patient_id, t.staff_id) AND ($2::uuid IS NULL OR t.id = $2)
          AND ($3::timestamptz IS NULL OR (t.last_at, t.id) < ($3, $4::uuid))
        ORDER BY t.last_at DESC, t.id DESC
        LIMIT $5
        """,
        me,
        thread_id,
        last_at,
        last,
        limit,
    )


async def pair(db: Connection, thread_id: UUID, me: UUID) -> Pair | None:
    """The two whose thread it is, where the caller is one of them."""
    return await db.one(
        Pair,
        """
        SELECT id, patient_id, staff_id, last_seq,
               blocked_at IS NULL AND may_write_to_each_other(patient_id, staff_id) AS open
        FROM thread WHERE id = $1 AND $2 IN (patient_id, staff_id)
        """,
        thread_id,
        me,
    )


async def lock(db: Connection, thread_id: UUID, me: UUID) -> Pair | None:
    """The same, held until this transaction ends: whoever writes, writes alone, and so numbers have no gap."""
    return await db.one(
        Pair,
        """
        SELECT id, patient_id, staff_id, last_seq,
               blocked_at IS NULL AND may_write_to_each_other(patient_id, staff_id) AS open
        FROM thread WHERE id = $1 AND $2 IN (patient_id, staff_id)
        FOR NO KEY UPDATE
        """,
        thread_id,
        me,
    )


async def by_id(db: Connection, message_id: UUID) -> Kept | None:
    """One message of a thread of the caller's."""
    return await db.one(
        Kept,
        """
        SELECT id, thread_id, patient_id, seq, kind, author_id, text_sealed, sent_at, received_at
        FROM message WHERE id = $1
        """,
        message_id,
    )


async def say(
    db: Connection, thread: Pair, new: NewMessage, author_id: UUID, text: bytes, now: datetime
) -> Kept | None:
    """Keep the next message of a thread that is locked; None where the id was used elsewhere."""
    return await db.one(
        Kept,
        """
        WITH said AS (
            INSERT INTO message (id, thread_id, patient_id, staff_id, seq, kind, author_id, text_sealed, sent_at,
                                 received_at)
            VALUES ($1, $2, $3, $4, $5, 'said', $6, $7, $8, $9)
            ON CONFLICT DO NOTHING
            RETURNING id, thread_id, patient_id, seq, kind, author_id, text_sealed, sent_at, received_at
        ), counted AS (
            UPDATE thread SET last_seq = said.seq, last_at = said.received_at FROM said WHERE thread.id = said.thread_id
            RETURNING thread.id
        )
        SELECT said.* FROM said JOIN counted ON counted.id = said.thread_id
        """,
        new.id,
        thread.id,
        thread.patient_id,
        thread.staff_id,
        thread.last_seq + 1,
        author_id,
        text,
        new.sent_at,
        now,
    )


async def notice(db: Connection, thread: Pair, notice_id: UUID, now: datetime) -> None:
    """After what has just been said, keep that nobody is there."""
    await db.run(
        """
        WITH counted AS (
            UPDATE thread SET last_seq = last_seq + 1 WHERE id = $2 RETURNING last_seq
        )
        INSERT INTO message (id, thread_id, patient_id, staff_id, seq, kind, sent_at, received_at)
        SELECT $1, $2, $3, $4, last_seq, 'notice', $5, $5 FROM counted
        """,
        notice_id,
        thread.id,
        thread.patient_id,
        thread.staff_id,
        now,
    )


async def presence(db: Connection, thread: Pair, now: datetime) -> Presence:
    """Whether the one beside the patient is on duty or in their working hours, by their own clock."""
    found = await db.one(
        Presence,
        """
        WITH today AS (
            SELECT ($3::timestamptz AT TIME ZONE p.time_zone)::date AS day,
                   ($3::timestamptz AT TIME ZONE p.time_zone)::time AS wall
            FROM person p WHERE p.id = $2
        ), special AS (
            SELECT e.starts, e.ends FROM working_exception e JOIN today ON e.day = today.day WHERE e.staff_id = $2
        ), blocks AS (
            SELECT starts, ends FROM special WHERE NOT EXISTS (SELECT FROM special WHERE starts IS NULL)
            UNION ALL
            SELECT h.starts, h.ends FROM working_hours h JOIN today ON h.weekday = extract(isodow FROM today.day)
            WHERE h.staff_id = $2 AND NOT EXISTS (SELECT FROM special)
        )
        SELECT EXISTS (SELECT FROM duty_shift d WHERE d.staff_id = $2 AND d.during @> $3::timestamptz)
               OR EXISTS (SELECT FROM blocks b, today
                          WHERE today.wall >= b.starts AND (today.wall < b.ends OR b.ends = '00:00')) AS is_there,
               (SELECT max(received_at) FROM message WHERE thread_id = $1 AND kind = 'notice') AS noticed_at
        """,
        thread.id,
        thread.staff_id,
        now,
    )
    return found or Presence(is_there=False, noticed_at=None)


async def newest(db: Connection, thread_id: UUID, *, before: int | None, limit: int) -> list[Kept]:
    """The latest messages before a number, the newest first."""
    return await db.all(
        Kept,
        """
        SELECT id, thread_id, patient_id, seq, kind, author_id, text_sealed, sent_at, received_at
        FROM message WHERE thread_id = $1 AND ($2::integer IS NULL OR seq < $2)
        ORDER BY seq DESC
        LIMIT $3
        """,
        thread_id,
        before,
        limit,
    )


async def after(db: Connection, thread_id: UUID, seq: int, limit: int) -> list[Kept]:
    """What came after a number, the oldest first."""
    return await db.all(
        Kept,
        """
        SELECT id, thread_id, patient_id, seq, kind, author_id, text_sealed, sent_at, received_at
        FROM message WHERE thread_id = $1 AND seq > $2
        ORDER BY seq
        LIMIT $3
        """,
        thread_id,
        seq,
        limit,
    )


async def waiting(db: Connection, thread_id: UUID, reader: UUID) -> Waiting | None:
    """The first message that this one of the two has not read."""
    return await db.one(
        Waiting,
        """
        SELECT m.id, m.received_at FROM message m
        WHERE m.thread_id = $1 AND m.author_id <> $2
          AND m.seq > coalesce((SELECT k.read FROM thread_mark k WHERE k.thread_id = $1 AND k.person_id = $2), 0)
        ORDER BY m.seq
        LIMIT 1
        """,
        thread_id,
        reader,
    )


async def mark(db: Connection, thread: Pair, person_id: UUID, delivered: int, read: int) -> bool:
    """Go on to there, never back and never beyond the last message; whether anything has changed."""
    moved = await db.run(
        """
        INSERT INTO thread_mark AS k (thread_id, patient_id, staff_id, person_id, delivered, read)
        VALUES ($1, $2, $3, $4, least(greatest($5::integer, $6::integer), $7::integer), least($6::integer, $7::integer))
        ON CONFLICT (thread_id, person_id) DO UPDATE
        SET delivered = greatest(k.delivered, excluded.delivered), read = greatest(k.read, excluded.read)
        WHERE k.delivered < excluded.delivered OR k.read < excluded.read
        """,
        thread.id,
        thread.patient_id,
        thread.staff_id,
        person_id,
        delivered,
        read,
        thread.last_seq,
    )
    return moved == 1


async def block(db: Connection, thread_id: UUID, patient_id: UUID, at: datetime | None) -> bool:
    """Block a thread of this patient's, or with None let it go on; whether that has changed anything."""
    changed = await db.run(
        """
        UPDATE thread SET blocked_at = $3
        WHERE id = $1 AND patient_id = $2 AND (blocked_at IS NULL) <> ($3::timestamptz IS NULL)
        """,
        thread_id,
        patient_id,
        at,
    )
    return changed == 1


async def coordinators(db: Connection, organisation_id: UUID) -> list[UUID]:
    """Who arranges the care teams of a program."""
    return await db.values(
        UUID,
        """
        SELECT p.id FROM person p JOIN staff_role r ON r.person_id = p.id AND r.role = 'coordinator'
        WHERE p.organisation_id = $1
        """,
        organisation_id,
    )
