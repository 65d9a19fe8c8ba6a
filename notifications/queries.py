"""The outbox and its deliveries; addresses and receipts have statements of their own beside their verbs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from db import Connection
from notifications.models import Due, Kind, Lane, Leased, Route, Settlement, Swept


async def insert_notifications(
    db: Connection,
    *,
    ids: Sequence[UUID],
    people: Sequence[UUID],
    kind: Kind,
    subject: UUID,
    stage: str,
    urgent: bool,
    due_at: datetime,
    expires_at: datetime,
) -> None:
    """One pending notification for each person; those that exist already stay as they are.

    Nothing is returned and no conflict target is named, because the caller may not be able to read these rows.
    """
    await db.run(
        """
        INSERT INTO notification (id, person_id, kind, subject_id, stage, urgent, due_at, expires_at, next_at)
        SELECT made.id, made.person, $3, $4, $5, $6, $7, $8, $7
        FROM unnest($1::uuid[], $2::uuid[]) AS made (id, person)
        ON CONFLICT DO NOTHING
        """,
        ids,
        people,
        kind,
        subject,
        stage,
        urgent,
        due_at,
        expires_at,
    )


async def withdraw_notifications(db: Connection, kind: Kind, subjects: Sequence[UUID], now: datetime) -> int:
    """Withdraw what is left to plan or to send about these subjects, and drop what is queued; how many there were."""
    return await db.value(int, "SELECT withdraw_notifications($1, $2, $3)", kind, subjects, now) or 0


async def reach_again(db: Connection, now: datetime) -> list[bool]:
    """Plan again what the caller could not be reached for; for each lane in which there is some, whether it is urgent.

    Holds off whoever would find the caller without a phone until this transaction ends.
    """
    return await db.values(bool, "SELECT reach_again($1)", now)


async def wait_for_phones(db: Connection, notifications: Sequence[UUID]) -> None:
    """Wait for whoever registers a phone for one of these people, and let nobody do so until the transaction ends."""
    await db.run(
        """
        SELECT pg_advisory_xact_lock_shared(hashtextextended('phones ' || person_id, 0))
        FROM (SELECT DISTINCT person_id FROM notification WHERE id = ANY ($1::uuid[]) ORDER BY person_id) AS people
        """,
        notifications,
    )


async def lock_due(db: Connection, lane: Lane, now: datetime, limit: int) -> list[Due]:
    """Lock notifications whose time has come, most overdue first; two workers that ask at once get different ones."""
    return await db.all(
        Due,
        """
        SELECT n.id, n.urgent, n.expires_at, EXISTS (
            SELECT FROM delivery d WHERE d.notification_id = n.id AND d.state IN ('queued', 'sent')
        ) AS reached
        FROM notification n
        WHERE n.urgent = $1 AND n.next_at <= $2
        ORDER BY n.next_at
        LIMIT $3
        FOR UPDATE OF n SKIP LOCKED
        """,
        lane is Lane.URGENT,
        now,
        limit,
    )


async def open_routes(db: Connection, notifications: Sequence[UUID]) -> list[Route]:
    """The open addresses of each notification's person for which it has no delivery yet."""
    return await db.all(
        Route,
        """
        SELECT n.id AS notification_id, a.id AS address_id
        FROM notification n JOIN address a ON a.person_id = n.person_id AND a.closed_at IS NULL
        WHERE n.id = ANY ($1::uuid[])
          AND NOT EXISTS (SELECT FROM delivery d WHERE d.notification_id = n.id AND d.address_id = a.id)
        """,
        notifications,
    )


async def insert_deliveries(
    db: Connection, ids: Sequence[UUID], routes: Sequence[tuple[Route, Due]], now: datetime
) -> None:
    """Queue one push for each route, to be sent at once and not after its notification expires."""
    await db.run(
        """
        INSERT INTO delivery (id, notification_id, address_id, urgent, next_at, not_after)
        SELECT id, notification_id, address_id, urgent, $6, not_after
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::boolean[], $5::timestamptz[])
            AS made (id, notification_id, address_id, urgent, not_after)
        ON CONFLICT DO NOTHING
        """,
        ids,
        [route.notification_id for route, _ in routes],
        [route.address_id for route, _ in routes],
        [due.urgent for _, due in routes],
        [due.expires_at for _, due in routes],
        now,
    )


async def finish_planning(db: Connection, states: Mapping[UUID, str]) -> None:
    """Give pending notifications the state that the plan found for them."""
    await db.run(
        """
        UPDATE notification n SET state = planned.state, next_at = NULL
        FROM unnest($1::uuid[], $2::text[]) AS planned (id, state)
        WHERE n.id = planned.id
        """,
        list(states),
        list(states.values()),
    )


async def sweep(db: Connection, lane: Lane, now: datetime, limit: int) -> list[Swept]:
    """Take out of the queue what expired, what was withdrawn, and what would ring at a closed address.

    Locks the notifications first, as every writer of both tables does, so that none waits for another in a circle.
    """
    return await db.all(
        Swept,
        """
        WITH stale AS (
            SELECT d.id, d.not_after <= $2 AS expired
            FROM delivery d JOIN notification n ON n.id = d.notification_id JOIN address a ON a.id = d.address_id
            WHERE d.urgent = $1 AND d.next_at <= $2
              AND (d.not_after <= $2 OR n.state = 'withdrawn' OR a.closed_at IS NOT NULL)
            ORDER BY d.next_at
            LIMIT $3
            FOR UPDATE OF n SKIP LOCKED
        )
        UPDATE delivery d SET state = CASE WHEN stale.expired THEN 'expired' ELSE 'dropped' END,
            next_at = NULL, lease = NULL, settled_at = $2
        FROM stale WHERE d.id = stale.id AND d.next_at <= $2
        RETURNING d.notification_id, d.state
        """,
        lane is Lane.URGENT,
        now,
        limit,
    )


async def plan_again(db: Connection, notifications: Sequence[UUID], now: datetime) -> None:
    """Look for another phone where the last queued one is gone; the caller holds these notifications' locks."""
    await db.run(
        """
        UPDATE notification n SET state = 'pending', next_at = $2
        WHERE n.id = ANY ($1::uuid[]) AND n.state = 'planned' AND n.expires_at > $2
          AND NOT EXISTS (SELECT FROM delivery d WHERE d.notification_id = n.id AND d.state IN ('queued', 'sent'))
        """,
        notifications,
        now,
    )


async def lease(db: Connection, lane: Lane, *, token: UUID, now: datetime, until: datetime, limit: int) -> list[Leased]:
    """Take due deliveries for ourselves until the lease ends, each for one worker only; tokens are as they lie there.

    A delivery whose lease ran out is due again: its worker died, or was so slow that its answer no longer counts.
    """
    return await db.all(
        Leased,
        """
        WITH due AS (
            SELECT d.id FROM delivery d
            WHERE d.urgent = $1 AND d.next_at <= $2 AND d.not_after > $2
              AND EXISTS (SELECT FROM notification n WHERE n.id = d.notification_id AND n.state <> 'withdrawn')
              AND EXISTS (SELECT FROM address a WHERE a.id = d.address_id AND a.closed_at IS NULL)
            ORDER BY d.next_at
            LIMIT $3
            FOR UPDATE OF d SKIP LOCKED
        )
        UPDATE delivery d SET next_at = $4, lease = $5, attempt = d.attempt + 1
        FROM due, notification n, address a, person p
        WHERE d.id = due.id AND n.id = d.notification_id AND a.id = d.address_id AND p.id = n.person_id
        RETURNING d.id, d.notification_id, n.person_id, n.subject_id, d.address_id, n.kind, p.language,
            a.kind AS address_kind, a.value_sealed AS token, a.value_index AS token_index, a.platform, d.urgent,
            d.attempt, d.not_after, d.next_at AS leased_until
        """,
        lane is Lane.URGENT,
        now,
        limit,
        until,
        token,
    )


async def lock_notifications(db: Connection, notifications: Sequence[UUID]) -> None:
    """Wait for these notifications and keep them until the transaction ends."""
    await db.run(
        "SELECT FROM notification WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE",
        notifications,
    )


async def settle(db: Connection, settlements: Sequence[Settlement], *, token: UUID, now: datetime) -> set[UUID]:
    """Write what became of leased deliveries; those whose lease is no longer ours stay as they are.

    Returns the ids of those that were ours.
    """
    return set(
        await db.values(
            UUID,
            """
            UPDATE delivery d SET state = s.state, next_at = s.next_at, provider_id = s.provider_id, error = s.error,
                lease = NULL, settled_at = CASE WHEN s.state <> 'queued' THEN $7::timestamptz END
            FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[])
                AS s (id, state, next_at, provider_id, error)
            WHERE d.id = s.id AND d.lease = $6
            RETURNING d.id
            """,
            [s.delivery.id for s in settlements],
            [s.state for s in settlements],
            [s.next_at for s in settlements],
            [s.provider_id for s in settlements],
            [s.error for s in settlements],
            token,
            now,
        )
    )


async def close_dead_addresses(db: Connection, settlements: Sequence[Settlement], now: datetime) -> None:
    """Close addresses that will never ring again, unless the phone has brought a newer token meanwhile."""
    await db.run(
        """
        UPDATE address a SET closed_at = $4, closed_because = dead.because, value_sealed = NULL, value_index = NULL
        FROM unnest($1::uuid[], $2::bytea[], $3::text[]) AS dead (id, value_index, because)
        WHERE a.id = dead.id AND a.value_index = dead.value_index AND a.closed_at IS NULL
        """,
        [s.delivery.address_id for s in settlements],
        [s.delivery.token_index for s in settlements],
        [s.close for s in settlements],
        now,
    )
