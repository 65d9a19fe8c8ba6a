"""The table duty_rotation, and the shifts that are made of it."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec.structs import asdict

from app.rotations.models import KeptRotation, NewRotation, Turn, Unmade
from db import Connection


async def fit(db: Connection, organisation_id: UUID, new: NewRotation) -> bool:
    """Whether each of them works in that program as what is wanted."""
    fits = await db.value(
        bool,
        "SELECT bool_and(fits_rotation(one, $1, $2)) FROM unnest($3::uuid[]) AS one",
        organisation_id,
        new.wanted,
        new.members,
    )
    return fits is True


async def add(db: Connection, new: NewRotation, now: datetime) -> None:
    """Plan it; nothing happens where the id is used, or for whoever may not."""
    await db.run("SELECT plan_rotation($1, $2)", msgspec.json.encode(asdict(new)).decode(), now)


async def by_id(db: Connection, organisation_id: UUID, rotation_id: UUID) -> KeptRotation | None:
    """One of the program's, also one that was ended."""
    return await db.one(
        KeptRotation,
        """
        SELECT id, name, wanted, time_zone, starts_on, members, every, hands_over, windows, ended_at
        FROM duty_rotation WHERE id = $2 AND organisation_id = $1
        """,
        organisation_id,
        rotation_id,
    )


async def listed(db: Connection, organisation_id: UUID, *, after: UUID | None, limit: int) -> list[KeptRotation]:
    """Those of the program that go on."""
    return await db.all(
        KeptRotation,
        """
        SELECT id, name, wanted, time_zone, starts_on, members, every, hands_over, windows, ended_at
        FROM duty_rotation
        WHERE organisation_id = $1 AND ended_at IS NULL AND ($2::uuid IS NULL OR id > $2)
        ORDER BY id LIMIT $3
        """,
        organisation_id,
        after,
        limit,
    )


async def end(db: Connection, rotation_id: UUID, now: datetime) -> bool | None:
    """Whether it went on until now: its shifts that have not begun are taken back. None for whoever may not end it."""
    return await db.value(bool, "SELECT end_rotation($1, $2)", rotation_id, now)


async def unmade(db: Connection, *, below: datetime, limit: int) -> list[Unmade]:
    """Rotations whose shifts are made no further than that, of all programs."""
    return await db.all(
        Unmade,
        """
        SELECT id, name, wanted, time_zone, starts_on, members, every, hands_over, windows, ended_at, made_until
        FROM duty_rotation WHERE ended_at IS NULL AND made_until < $1 ORDER BY made_until LIMIT $2
        """,
        below,
        limit,
    )


async def make(db: Connection, rotation: Unmade, until: datetime, turns: list[Turn]) -> int:
    """Make these shifts; none where another worker has made them, or the rotation was ended."""
    made = await db.value(
        int,
        "SELECT make_shifts($1, $2, $3, $4)",
        rotation.id,
        rotation.made_until,
        until,
        msgspec.json.encode([asdict(turn) for turn in turns]).decode(),
    )
    return made or 0
