"""The secrets of authenticator apps, sealed."""

from datetime import datetime
from uuid import UUID

from app.totp.models import AuthenticatorApp, Sealed
from db import Connection


async def begin(db: Connection, app_id: UUID, person_id: UUID, sealed: bytes, now: datetime) -> None:
    """Keep a secret that no code has shown yet; one from before that none has shown either is gone."""
    await db.run(
        "UPDATE totp SET removed_at = $2 WHERE person_id = $1 AND confirmed_at IS NULL AND removed_at IS NULL",
        person_id,
        now,
    )
    await db.run(
        "INSERT INTO totp (id, person_id, sealed, begun_at) VALUES ($1, $2, $3, $4)", app_id, person_id, sealed, now
    )


async def begun(db: Connection, person_id: UUID, since: datetime) -> Sealed | None:
    """The secret that the caller has just been shown."""
    return await db.one(
        Sealed,
        """
        SELECT id, sealed, last_step FROM totp
        WHERE person_id = $1 AND confirmed_at IS NULL AND removed_at IS NULL AND begun_at > $2
        """,
        person_id,
        since,
    )


async def confirm(db: Connection, person_id: UUID, app_id: UUID, step: int, now: datetime) -> None:
    """The app shows the right codes: it is the caller's one from now on."""
    await db.run(
        "UPDATE totp SET removed_at = $2 WHERE person_id = $1 AND confirmed_at IS NOT NULL AND removed_at IS NULL",
        person_id,
        now,
    )
    await db.run(
        "UPDATE totp SET confirmed_at = $3, last_step = $4 WHERE id = $2 AND person_id = $1",
        person_id,
        app_id,
        now,
        step,
    )


async def confirmed(db: Connection, person_id: UUID) -> Sealed | None:
    """The caller's app."""
    return await db.one(
        Sealed,
        """
        SELECT id, sealed, last_step FROM totp
        WHERE person_id = $1 AND confirmed_at IS NOT NULL AND removed_at IS NULL
        """,
        person_id,
    )


async def at_the_door(db: Connection, person_id: UUID) -> Sealed | None:
    """The app of somebody who has a link, before they are let in."""
    return await db.one(Sealed, "SELECT id, sealed, last_step FROM totp_at_the_door($1)", person_id)


async def use(db: Connection, app_id: UUID, step: int, now: datetime) -> bool:
    """Take a code once; False where it, or a later one, was taken already."""
    return await db.value(bool, "SELECT use_totp($1, $2, $3)", app_id, step, now) is True


async def mine(db: Connection, person_id: UUID) -> list[AuthenticatorApp]:
    """The caller's app, as it is shown."""
    return await db.all(
        AuthenticatorApp,
        """
        SELECT id, confirmed_at AS added_at, last_used_at FROM totp
        WHERE person_id = $1 AND confirmed_at IS NOT NULL AND removed_at IS NULL
        """,
        person_id,
    )


async def remove(db: Connection, person_id: UUID, app_id: UUID, now: datetime) -> bool:
    """The caller's app counts no more."""
    return bool(
        await db.run(
            """
            UPDATE totp SET removed_at = $3
            WHERE id = $2 AND person_id = $1 AND confirmed_at IS NOT NULL AND removed_at IS NULL
            """,
            person_id,
            app_id,
            now,
        )
    )
