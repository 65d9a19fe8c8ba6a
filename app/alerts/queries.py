"""The tables of alerts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.alerts.models import Alert, AlertView, EventKind, Hours, Step, Supporter, SupportState, Telling, Worry
from db import Connection, new_id


async def open_one(
    db: Connection, alert: Alert, worry: Worry, telling: Telling, check_in_id: UUID, now: datetime
) -> bool:
    """Open an alert where it stands in its plan; False when one of that class is open for this patient already."""
    opened = await db.run(
        """
        INSERT INTO alert (id, patient_id, organisation_id, class, reasons, late, check_in_id, opened_at,
                           step, next_step, escalates_at, reached_somebody)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (patient_id, class) WHERE closed_at IS NULL DO NOTHING
        """,
        alert.id,
        alert.patient_id,
        alert.organisation_id,
        worry.alert_class,
        list(worry.reasons),
        worry.late,
        check_in_id,
        now,
        telling.step,
        telling.next_step,
        telling.escalates_at,
        telling.on_duty,
    )
    return opened == 1


async def open_of_class(db: Connection, patient_id: UUID, alert_class: str) -> Alert | None:
    """The patient's open alert of that class."""
    return await db.one(
        Alert,
        """
        SELECT id, patient_id, organisation_id, class AS alert_class, next_step, reached_somebody,
               claimed_by, closed_at
        FROM alert WHERE patient_id = $1 AND class = $2 AND closed_at IS NULL
        """,
        patient_id,
        alert_class,
    )


async def by_check_in(
    db: Connection, patient_id: UUID, check_in_id: UUID, alert_class: str | None, received_at: datetime
) -> Alert | None:
    """The alert that an answer opened, or the one of that class that was open when it came, raised since or not."""
    return await db.one(
        Alert,
        """
        SELECT id, patient_id, organisation_id, class AS alert_class, next_step, reached_somebody,
               claimed_by, closed_at
        FROM alert
        WHERE patient_id = $1
          AND (check_in_id = $2
               OR class <= $3 AND opened_at <= $4 AND (closed_at IS NULL OR closed_at > $4))
        ORDER BY check_in_id IS NOT DISTINCT FROM $2 DESC, class DESC
        LIMIT 1
        """,
        patient_id,
        check_in_id,
        alert_class,
        received_at,
    )


async def by_id(db: Connection, alert_id: UUID, me: UUID, *, oversees: bool) -> Alert | None:
    """An alert of which the caller was told, or any of the program for a supervisor.

    Kept from changing until the transaction ends: what the caller may do depends on its class, which somebody else may
    be raising at this moment.
    """
    return await db.one(
        Alert,
        """
        SELECT id, patient_id, organisation_id, class AS alert_class, next_step, reached_somebody,
               claimed_by, closed_at
        FROM alert a
        WHERE id = $1 AND (EXISTS (SELECT FROM alert_told t WHERE t.alert_id = a.id AND t.person_id = $2)
                           OR $3 AND organisation_id = (SELECT organisation_id FROM person WHERE id = $2))
        FOR NO KEY UPDATE OF a
        """,
        alert_id,
        me,
        oversees,
    )


async def plan(db: Connection, organisation_id: UUID, alert_class: str) -> list[Step]:
    """A site's own steps for that class, or else the default ones."""
    return await db.all(
        Step,
        """
        SELECT step, after, after_hours, audience FROM alert_step
        WHERE class = $2 AND organisation_id IS NOT DISTINCT FROM (
            SELECT organisation_id FROM alert_step WHERE class = $2 AND organisation_id = $1 LIMIT 1)
        ORDER BY step, audience
        """,
        organisation_id,
        alert_class,
    )


async def hours(db: Connection, organisation_id: UUID, alert_class: str) -> Hours | None:
    """When the program works, and the limits of that class."""
    return await db.one(
        Hours,
        """
        SELECT o.time_zone,
               (extract(hour FROM o.opens) * 60 + extract(minute FROM o.opens))::integer AS opens_minute,
               (extract(hour FROM o.closes) * 60 + extract(minute FROM o.closes))::integer AS closes_minute,
               l.lapses, l.repeats
        FROM organisation o
        JOIN alert_limit l ON l.class = $2 AND (l.organisation_id = o.id OR l.organisation_id IS NULL)
        WHERE o.id = $1
        ORDER BY l.organisation_id NULLS LAST
        LIMIT 1
        """,
        organisation_id,
        alert_class,
    )


async def supporters(db: Connection, alert: Alert, now: datetime) -> list[Supporter]:
    """Everybody of the program who could be told, with what decides whether they are."""
    return await db.all(
        Supporter,
        """
        SELECT p.id, array_agg(DISTINCT r.role) AS roles,
               EXISTS (SELECT FROM duty_shift d WHERE d.staff_id = p.id AND d.during @> $3::timestamptz) AS on_duty,
               bool_or(t.id IS NOT NULL) AS on_team, coalesce(bool_or(t.lead), false) AS lead,
               EXISTS (SELECT FROM alert_told told WHERE told.alert_id = $4 AND told.person_id = p.id) AS told
        FROM person p
        JOIN staff_role r ON r.person_id = p.id
        LEFT JOIN care_team_member t ON t.staff_id = p.id AND t.patient_id = $2 AND t.left_at IS NULL
        WHERE p.organisation_id = $1 AND p.kind = 'staff'
        GROUP BY p.id
        ORDER BY bool_or(t.id IS NOT NULL) DESC, p.id
        """,
        alert.organisation_id,
        alert.patient_id,
        now,
        alert.id,
    )


async def wants_peer_beside(db: Connection, patient_id: UUID) -> bool:
    """Whether the patient has asked for a peer beside the clinician."""
    return await db.value(bool, "SELECT peer_beside FROM patient WHERE person_id = $1", patient_id) is True


async def tell(db: Connection, alert_id: UUID, people: Sequence[UUID], step: int, now: datetime) -> None:
    """These people know of the alert from now on."""
    await db.run(
        """
        INSERT INTO alert_told (alert_id, person_id, step, told_at) SELECT $1, unnest($2::uuid[]), $3, $4
        ON CONFLICT DO NOTHING
        """,
        alert_id,
        list(people),
        step,
        now,
    )


async def log(db: Connection, alert_id: UUID, kind: EventKind, by: UUID | None, step: int, now: datetime) -> None:
    """What happened to the alert, for whoever asks later."""
    await db.run(
        "INSERT INTO alert_event (id, alert_id, at, kind, by_person, step) VALUES ($1, $2, $3, $4, $5, $6)",
        new_id(now),
        alert_id,
        now,
        kind,
        by,
        step,
    )


async def arrange(db: Connection, alert_id: UUID, telling: Telling) -> None:
    """Where the alert stands in its plan, and when it moves on."""
    await db.run(
        """
        UPDATE alert SET step = $2, next_step = $3, escalates_at = $4, reached_somebody = reached_somebody OR $5,
                         version = version + 1
        WHERE id = $1
        """,
        alert_id,
        telling.step,
        telling.next_step,
        telling.escalates_at,
        telling.on_duty,
    )


async def lock_overdue(db: Connection, *, now: datetime, limit: int) -> list[Alert]:
    """Lock unanswered alerts whose step has run out of time, most overdue first.

    Two workers may ask at once; SKIP LOCKED hands each alert to one of them.
    """
    return await db.all(
        Alert,
        """
        SELECT id, patient_id, organisation_id, class AS alert_class, next_step, reached_somebody,
               claimed_by, closed_at
        FROM alert
        WHERE claimed_by IS NULL AND closed_at IS NULL AND escalates_at <= $1
        ORDER BY escalates_at
        LIMIT $2
        FOR UPDATE SKIP LOCKED
        """,
        now,
        limit,
    )


async def put_off(db: Connection, alert_id: UUID, until: datetime, now: datetime) -> None:
    """Let an overdue alert that nobody claims wait until then."""
    await db.run(
        """
        UPDATE alert SET escalates_at = $2, version = version + 1
        WHERE id = $1 AND claimed_by IS NULL AND closed_at IS NULL AND escalates_at <= $3
        """,
        alert_id,
        until,
        now,
    )


async def lapse_claims(db: Connection, *, now: datetime, limit: int) -> list[Alert]:
    """End claims in which nobody was contacted in time; the alert is open to all again."""
    return await db.all(
        Alert,
        """
        UPDATE alert SET claimed_by = NULL, claimed_at = NULL, contacted_at = NULL, lapses_at = NULL,
                         next_step = step, escalates_at = $1, version = version + 1
        WHERE id IN (SELECT id FROM alert WHERE closed_at IS NULL AND lapses_at <= $1
                     ORDER BY lapses_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        RETURNING id, patient_id, organisation_id, class AS alert_class, next_step, reached_somebody,
                  claimed_by, closed_at
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


async def contact(db: Connection, alert_id: UUID, supporter_id: UUID, now: datetime) -> bool:
    """Note a contact attempt; the claim no longer lapses."""
    noted = await db.run(
        """
        UPDATE alert SET contacted_at = coalesce(contacted_at, $3), lapses_at = NULL, version = version + 1
        WHERE id = $1 AND claimed_by = $2 AND closed_at IS NULL
        """,
        alert_id,
        supporter_id,
        now,
    )
    return noted == 1


async def release(db: Connection, alert_id: UUID, supporter_id: UUID, now: datetime) -> bool:
    """Give the alert back: the step at which it stood is told again at once."""
    released = await db.run(
        """
        UPDATE alert SET claimed_by = NULL, claimed_at = NULL, contacted_at = NULL, lapses_at = NULL,
                         next_step = step, escalates_at = $3, version = version + 1
        WHERE id = $1 AND claimed_by = $2 AND closed_at IS NULL
        """,
        alert_id,
        supporter_id,
        now,
    )
    return released == 1


async def raise_to(db: Connection, alert_id: UUID, alert_class: str, now: datetime) -> bool:
    """Make it more urgent, never less; False where the patient has an open alert of that class already."""
    return await db.value(bool, "SELECT raise_alert($1, $2, $3)", alert_id, alert_class, now) is True


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
    oversees: bool,
    clinician: bool,
    closed_after: datetime,
    alert_id: UUID | None = None,
    limit: int = 100,
) -> list[AlertView]:
    """Alerts of which the caller was told, open or closed lately, open ones first.

    The patient is there only where the relation allows it.
    """
    return await db.all(
        AlertView,
        """
        SELECT a.id, a.class AS alert_class, a.late, a.opened_at, a.step, a.claimed_by, s.name AS claimed_by_name,
               a.claimed_at, a.contacted_at, a.closed_at, a.outcome, a.version, a.reasons,
               CASE WHEN p.id IS NOT NULL THEN json_build_object('id', p.id, 'name', p.name) END AS patient,
               CASE WHEN p.id IS NOT NULL AND c.id IS NOT NULL THEN json_build_object(
                   'mood', c.mood, 'craving', c.craving, 'wantsToTalk', c.wants_to_talk) END AS level
        FROM alert a
        LEFT JOIN person s ON s.id = a.claimed_by
        LEFT JOIN person p ON p.id = a.patient_id
             AND (a.claimed_by = $1 AND a.closed_at IS NULL OR $2
                  OR EXISTS (SELECT FROM care_team_member t
                             WHERE t.patient_id = a.patient_id AND t.staff_id = $1 AND t.left_at IS NULL))
        LEFT JOIN check_in c ON c.id = a.check_in_id AND (a.class NOT IN ('p0', 'p1') OR $3)
        WHERE ($4::uuid IS NULL OR a.id = $4) AND (a.closed_at IS NULL OR a.closed_at > $5)
          AND (EXISTS (SELECT FROM alert_told t WHERE t.alert_id = a.id AND t.person_id = $1)
               OR $2 AND a.organisation_id = (SELECT organisation_id FROM person WHERE id = $1))
        ORDER BY a.closed_at IS NOT NULL, a.claimed_by IS NOT NULL, a.class, a.opened_at DESC
        LIMIT $6
        """,
        me,
        oversees,
        clinician,
        alert_id,
        closed_after,
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
