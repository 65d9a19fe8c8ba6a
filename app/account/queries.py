"""The history of accounts. It is added to, never changed."""

from datetime import datetime
from uuid import UUID

from app.account.models import AccountEvent, Colleague, Happening, Recovery
from db import Connection


async def add(
    db: Connection, event_id: UUID, person_id: UUID, kind: Happening, subject_id: UUID | None, now: datetime
) -> None:
    """Something happened to the caller's own account, by themselves."""
    await db.run(
        """
        INSERT INTO account_event (id, person_id, at, kind, by_person, subject_id) VALUES ($1, $2, $3, $4, $2, $5)
        """,
        event_id,
        person_id,
        now,
        kind,
        subject_id,
    )


async def events(
    db: Connection, person_id: UUID, *, before: tuple[datetime, UUID] | None, limit: int
) -> list[AccountEvent]:
    """What happened to somebody's account, the latest first."""
    at, last = before or (None, None)
    return await db.all(
        AccountEvent,
        """
        SELECT e.id, e.at, e.kind, e.by_person, p.name AS by_name
        FROM account_event e LEFT JOIN person p ON p.id = e.by_person
        WHERE e.person_id = $1 AND ($2::timestamptz IS NULL OR (e.at, e.id) < ($2, $3::uuid))
        ORDER BY e.at DESC, e.id DESC
        LIMIT $4
        """,
        person_id,
        at,
        last,
        limit,
    )


async def holds_factor(db: Connection) -> bool:
    """Whether the caller has something of their own to show that it is them."""
    return await db.value(bool, "SELECT holds_factor()") is True


async def recovery(db: Connection, now: datetime) -> Recovery | None:
    """The way in that somebody made for the caller and that waits."""
    return await db.one(Recovery, "SELECT begun_at, opens_at, by_name FROM own_recovery($1)", now)


async def refuse_recovery(db: Connection, now: datetime) -> bool:
    """Let it open nothing; False where there is none."""
    return await db.value(bool, "SELECT refuse_recovery($1)", now) is True


async def recovery_with(db: Connection, code: str, now: datetime) -> Colleague | None:
    """Whose screen shows this code, where the caller may vouch for them."""
    return await db.one(Colleague, "SELECT person_id, name, made_at, expires_at FROM recovery_with($1, $2)", code, now)


async def vouch(db: Connection, person_id: UUID, code: str, now: datetime) -> bool:
    """Let the link that shows this code open at once; False where the caller may not say so."""
    return await db.value(bool, "SELECT vouch_for_link($1, $2, $3)", person_id, code, now) is True
