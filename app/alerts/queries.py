"""The tables of alerts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from app.alerts.models import (
    Alert,
    AlertRow,
    Cause,
    EventKind,
    Lapsed,
    SupportState,
    Worry,
)
from app.escalation.models import Telling
from db import Connection, new_id


def as_json(numbers: Mapping[str, float]) -> str:
    """As the driver hands it to PostgreSQL."""
    return msgspec.json.encode(numbers).decode()


async def open_one(
    db: Connection, alert: Alert, worry: Worry, telling: Telling, cause: Cause, by: UUID | None, now: datetime
) -> bool:
    """Open an alert where it stands in its plan, with its audit row; False when one of that class is open already."""
    opened = await db.value(
        UUID,
        """
        WITH opened AS (
            INSERT INTO alert (id, patient_id, organisation_id, class, reasons, late, check_in_id, opened_at,
                               class_since, counts_from, step, next_step, escalates_at, reached_somebody, opened_by,
                               numbers)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $11, $12, $13, $14, $15::jsonb)
            ON CONFLICT (patient_id, class) WHERE closed_at IS NULL DO NOTHING
            RETURNING id
        )
        SELECT id FROM opened CROSS JOIN LATERAL audit('open', 'alerts', ARRAY[$2::uuid], $1) AS audited
        """,
        alert.id,
        alert.patient_id,
        alert.organisation_id,
        worry.alert_class,
        list(worry.reasons),
        worry.late,
        cause.check_in_id,
        now,
        telling.counts_from,
        telling.step,
        telling.next_step,
        telling.escalates_at,
        telling.on_duty,
        by,
        as_json(worry.numbers),
    )
    return opened is not None


async def join(
    db: Connection, alert: Alert, worry: Worry, cause: Cause, *, reached: bool, lapses_at: datetime | None
) -> bool:
    """Let a second worry be the latest word of an open alert, with its audit row; False when it has been closed.

    With `lapses_at`, whoever answers must say again that contact was tried, before then.
    """
    joined = await db.value(
        bool,
        """
        SELECT joined FROM join_alert($1, $2, $3, $8::jsonb, $4, $5, $6) AS joined
        CROSS JOIN LATERAL audit('join', 'alerts', CASE WHEN joined THEN ARRAY[$7::uuid] ELSE '{}' END, $1) AS audited
        """,
        alert.id,
        cause.check_in_id,
        list(worry.reasons),
        worry.late,
        reached,
        lapses_at,
        alert.patient_id,
        as_json(worry.numbers),
    )
    return joined is True


async def open_of_class(db: Connection, patient_id: UUID, alert_class: str) -> Alert | None:
    """The patient's open alert of that class, for whoever may open one: they join it, known to them or not."""
    return await db.one(
        Alert,
        """
        SELECT alert_class, next_step, counts_from, given_back_by, id, patient_id, organisation_id, class_since, step,
               reached_somebody, claimed_by, contacted_at, closed_at
        FROM open_alert_of($1, $2)
        """,
        patient_id,
        alert_class,
    )


async def by_cause(db: Connection, patient_id: UUID, cause: Cause) -> Alert | None:
    """The alert that this opened or joined, raised since or not."""
    return await db.one(
        Alert,
        """
        SELECT class AS alert_class, next_step, counts_from, given_back_by, id, patient_id, organisation_id,
               class_since, step, reached_somebody, claimed_by, contacted_at, closed_at
        FROM alert
        WHERE patient_id = $1
          AND id = (SELECT alert_id FROM alert_event WHERE cause_id = $3 AND cause = $2 LIMIT 1)
        """,
        patient_id,
        cause.kind,
        cause.id,
    )


async def by_id(db: Connection, alert_id: UUID, me: UUID) -> Alert | None:
    """An alert of which the caller was told, or any of the program for a supervisor.

    Kept from changing until the transaction ends: what the caller may do depends on its class, which somebody else may
    be raising at this moment.
    """
    return await db.one(
        Alert,
        """
        SELECT class AS alert_class, next_step, counts_from, given_back_by, id, patient_id, organisation_id,
               class_since, step, reached_somebody, claimed_by, contacted_at, closed_at
        FROM alert a
        WHERE id = $1 AND (EXISTS (SELECT FROM alert_told t WHERE t.alert_id = a.id AND t.person_id = $2)
                           OR patient_id IN (SELECT patients_for('claim', 'alerts')))
        FOR NO KEY UPDATE OF a
        """,
        alert_id,
        me,
    )


async def tell(db: Connection, alert_id: UUID, people: Sequence[UUID], step: int, now: datetime) -> None:
    """These people know of the alert from now on, or hear of it again."""
    await db.run(
        """
        INSERT INTO alert_told (alert_id, person_id, step, told_at) SELECT $1, unnest($2::uuid[]), $3, $4
        ON CONFLICT (alert_id, person_id) DO UPDATE SET step = excluded.step, told_at = excluded.told_at
        """,
        alert_id,
        list(people),
        step,
        now,
    )


async def log(
    db: Connection,
    alert_id: UUID,
    kind: EventKind,
    by: UUID | None,
    step: int,
    now: datetime,
    cause: Cause | None = None,
    told: Sequence[UUID] = (),
) -> None:
    """What happened to the alert and whose phones rang, for whoever asks later."""
    await db.run(
        """
        INSERT INTO alert_event (id, alert_id, at, kind, by_person, step, cause, cause_id, told)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        new_id(now),
        alert_id,
        now,
        kind,
        by,
        step,
        cause.kind if cause else None,
        cause.id if cause else None,
        list(told),
    )


async def last_said(db: Connection, alert_id: UUID) -> str | None:
    """What its history said last."""
    return await db.value(
        str, "SELECT kind FROM alert_event WHERE alert_id = $1 ORDER BY at DESC, seq DESC LIMIT 1", alert_id
    )


async def arrange(db: Connection, alert_id: UUID, telling: Telling) -> None:
    """Where the alert stands in its plan, and when it moves on."""
    await db.run(
        """
        UPDATE alert SET step = $2, next_step = $3, counts_from = $4, escalates_at = $5, given_back_by = NULL,
                         reached_somebody = reached_somebody OR $6, version = version + 1
        WHERE id = $1
        """,
        alert_id,
        telling.step,
        telling.next_step,
        telling.counts_from,
        telling.escalates_at,
        telling.on_duty,
    )


async def wait(db: Connection, alert_id: UUID, until: datetime | None) -> None:
    """When an alert takes its next turn; nothing else of it changes. The caller has locked it."""
    await db.run("UPDATE alert SET escalates_at = $2 WHERE id = $1 AND closed_at IS NULL", alert_id, until)


async def lock_overdue(db: Connection, *, now: datetime, limit: int) -> list[Alert]:
    """Lock alerts whose turn has come, most overdue first, answered or not.

    Two workers may ask at once; SKIP LOCKED hands each alert to one of them.
    """
    return await db.all(
        Alert,
        """
        SELECT class AS alert_class, next_step, counts_from, given_back_by, id, patient_id, organisation_id,
               class_since, step, reached_somebody, claimed_by, contacted_at, closed_at
        FROM alert
        WHERE closed_at IS NULL AND escalates_at <= $1
        ORDER BY escalates_at
        LIMIT $2
        FOR UPDATE SKIP LOCKED
        """,
        now,
        limit,
    )


async def put_off(db: Connection, alert_id: UUID, until: datetime, now: datetime) -> None:
    """Let an alert whose turn failed wait until then, unless something else has become of it."""
    await db.run(
        "UPDATE alert SET escalates_at = $2 WHERE id = $1 AND closed_at IS NULL AND escalates_at <= $3",
        alert_id,
        until,
        now,
    )


async def lapse_claims(db: Connection, *, now: datetime, limit: int) -> list[Lapsed]:
    """End claims in which nobody was contacted in time; the alert is open to all again, where it stood."""
    return await db.all(
        Lapsed,
        """
        UPDATE alert a SET claimed_by = NULL, claimed_at = NULL, contacted_at = NULL, lapses_at = NULL,
                           next_step = a.step, escalates_at = $1,
                           counts_from = a.counts_from + ($1 - greatest(a.claimed_at, a.class_since)),
                           version = a.version + 1
        FROM (SELECT id, claimed_by FROM alert WHERE closed_at IS NULL AND lapses_at <= $1
              ORDER BY lapses_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS lapsed
        WHERE a.id = lapsed.id
        RETURNING a.class AS alert_class, a.next_step, a.counts_from, a.given_back_by, a.id, a.patient_id,
                  a.organisation_id, a.class_since, a.step, a.reached_somebody, a.claimed_by, a.contacted_at,
                  a.closed_at,
                  lapsed.claimed_by AS was_claimed_by
        """,
        now,
        limit,
    )


async def claim(db: Connection, alert_id: UUID, supporter_id: UUID, lapses_at: datetime, now: datetime) -> bool:
    """Whether the caller is now the one who answers; of many at once, one is."""
    claimed = await db.run(
        """
        UPDATE alert SET claimed_by = $2, claimed_at = $4, lapses_at = $3, escalates_at = NULL, version = version + 1
        WHERE id = $1 AND claimed_by IS NULL AND closed_at IS NULL
        """,
        alert_id,
        supporter_id,
        lapses_at,
        now,
    )
    return claimed == 1


async def contact(
    db: Connection, alert_id: UUID, supporter_id: UUID, brought_up_at: datetime | None, now: datetime
) -> bool:
    """Note a contact attempt: the claim no longer lapses, and is brought up again unless the alert is closed."""
    noted = await db.run(
        """
        UPDATE alert SET contacted_at = coalesce(contacted_at, $4), lapses_at = NULL, escalates_at = $3,
                         version = version + 1
        WHERE id = $1 AND claimed_by = $2 AND closed_at IS NULL
        """,
        alert_id,
        supporter_id,
        brought_up_at,
        now,
    )
    return noted == 1


async def release(db: Connection, alert_id: UUID, supporter_id: UUID, now: datetime) -> bool:
    """Give the alert back: the step at which it stood is told again at once, to others."""
    released = await db.run(
        """
        UPDATE alert SET claimed_by = NULL, claimed_at = NULL, contacted_at = NULL, lapses_at = NULL,
                         given_back_by = $2, next_step = step, escalates_at = $3,
                         counts_from = counts_from + ($3 - greatest(claimed_at, class_since)), version = version + 1
        WHERE id = $1 AND claimed_by = $2 AND closed_at IS NULL
        """,
        alert_id,
        supporter_id,
        now,
    )
    return released == 1


async def raise_to(
    db: Connection, alert_id: UUID, alert_class: str, *, stays: bool, lapses_at: datetime, now: datetime
) -> bool:
    """Make it more urgent, never less; False where the patient has an open alert of that class already."""
    raised = await db.value(
        bool, "SELECT raise_alert($1, $2, $3, $4, $5)", alert_id, alert_class, stays, lapses_at, now
    )
    return raised is True


async def close(db: Connection, alert_id: UUID, me: UUID, outcome: str, now: datetime) -> bool:
    """Close it for good."""
    closed = await db.run(
        """
        UPDATE alert SET closed_at = $4, closed_by = $2, outcome = $3, escalates_at = NULL, lapses_at = NULL,
                         version = version + 1
        WHERE id = $1 AND closed_at IS NULL
        """,
        alert_id,
        me,
        outcome,
        now,
    )
    return closed == 1


async def told(db: Connection, alert_id: UUID) -> list[UUID]:
    """Everybody who knows of it."""
    return await db.values(
        UUID, "SELECT person_id FROM alert_told WHERE alert_id = $1 ORDER BY told_at, person_id", alert_id
    )


async def views(
    db: Connection,
    me: UUID,
    *,
    clinician: bool,
    closed_after: datetime,
    alert_id: UUID | None = None,
    after: tuple[bool, bool, str, float, UUID] | None = None,
    limit: int = 1,
) -> list[AlertRow]:
    """Alerts of which the caller was told, open or closed lately, in the order of `rules.place`.

    The patient is there only where the relation allows it. Patients may read what was opened about them as well, but
    not in this list: its place is in their own copy of everything.
    """
    return await db.all(
        AlertRow,
        """
        WITH mine AS (
            SELECT a.id, a.class AS alert_class, a.late, a.opened_at, a.step, a.claimed_by, s.name AS claimed_by_name,
                   a.claimed_at, a.contacted_at, a.closed_at, a.outcome, a.version, a.reasons,
                   a.numbers,
                   CASE WHEN p.id IS NOT NULL THEN json_build_object('id', p.id, 'name', p.name) END AS patient,
                   CASE WHEN p.id IS NOT NULL AND (a.class NOT IN ('p0', 'p1') OR $2) THEN a.check_in_id END AS answer,
                   extract(epoch FROM a.opened_at)::double precision
                       * CASE WHEN a.closed_at IS NULL THEN 1 ELSE -1 END AS turn
            FROM alert a
            LEFT JOIN person s ON s.id = a.claimed_by
            LEFT JOIN person p ON p.id = a.patient_id AND p.id IN (
                SELECT reach('team', 'covering', 'claimed') UNION ALL SELECT patients_for('claim', 'alerts'))
            WHERE ($3::uuid IS NULL OR a.id = $3) AND (a.closed_at IS NULL OR a.closed_at > $4)
              AND (EXISTS (SELECT FROM alert_told t WHERE t.alert_id = a.id AND t.person_id = $1)
                   OR a.patient_id IN (SELECT patients_for('claim', 'alerts')))
        ), page AS (
            SELECT * FROM mine
            WHERE $5::boolean IS NULL
               OR (closed_at IS NOT NULL, claimed_by IS NOT NULL, alert_class, turn, id)
                  > ($5, $6::boolean, $7::text, $8::double precision, $9::uuid)
            ORDER BY closed_at IS NOT NULL, claimed_by IS NOT NULL, alert_class, turn, id
            LIMIT $10
        )
        SELECT page.id, alert_class, late, opened_at, step, claimed_by, claimed_by_name, claimed_at, contacted_at,
               closed_at, outcome, version, reasons, numbers, patient,
               CASE WHEN c.id IS NOT NULL THEN json_build_object(
                   'mood', c.mood, 'craving', c.craving, 'wantsToTalk', c.wants_to_talk) END AS level
        FROM page LEFT JOIN levels_of(ARRAY(SELECT answer FROM page)) c ON c.id = page.answer
        ORDER BY closed_at IS NOT NULL, claimed_by IS NOT NULL, alert_class, turn, page.id
        """,
        me,
        clinician,
        alert_id,
        closed_after,
        *(after or (None,) * 5),
        limit,
    )


async def patients_of(db: Connection, alert_ids: Sequence[UUID]) -> list[UUID]:
    """Whose alerts these are; for the audit, which knows them also where the reader does not."""
    return await db.values(UUID, "SELECT DISTINCT patient_id FROM alert WHERE id = ANY ($1::uuid[])", list(alert_ids))


async def support_state(db: Connection, patient_id: UUID) -> SupportState | None:
    """How the patient's most pressing open alert stands."""
    return await db.one(
        SupportState,
        """
        SELECT CASE WHEN a.claimed_by IS NOT NULL THEN 'answering'
                    WHEN a.reached_somebody THEN 'told' ELSE 'nobody' END AS state,
               a.opened_at AS since, s.name AS answered_by
        FROM alert a LEFT JOIN person s ON s.id = a.claimed_by
        WHERE a.patient_id = $1 AND a.closed_at IS NULL
        ORDER BY a.class, a.opened_at
        LIMIT 1
        """,
        patient_id,
    )
