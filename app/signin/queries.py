"""What the door may do before anybody is known."""

from datetime import datetime
from uuid import UUID

from app.signin.models import DemoRow, LinkLook, LinkUse, SetUp
from db import Connection


async def use_link(db: Connection, sha256: bytes, now: datetime) -> bool:
    """Whether this one-time link was good; it is not any more."""
    return await db.value(bool, "SELECT use_setup_link($1, $2)", sha256, now) is True


async def make_sign_in_link(
    db: Connection, person_id: UUID, sha256: bytes, now: datetime, expires_at: datetime
) -> str | None:
    """Keep the one link of somebody who works here; None for nobody whom the caller lets in."""
    return await db.value(str, "SELECT make_sign_in_link($1, $2, $3, $4)", person_id, sha256, now, expires_at)


async def look_at_link(db: Connection, sha256: bytes, now: datetime) -> LinkLook | None:
    """What would become of this link; None where nothing would."""
    return await db.one(
        LinkLook, "SELECT person_id, waits, opens_at, code, expires_at, totp FROM look_at_link($1, $2)", sha256, now
    )


async def use_sign_in_link(db: Connection, sha256: bytes, now: datetime, *, code_shown: bool) -> LinkUse | None:
    """Whose link this was; it is not any more. None where it does not open."""
    return await db.one(
        LinkUse, "SELECT person_id, recovers, vouched FROM use_sign_in_link($1, $2, $3)", sha256, now, code_shown
    )


async def add_operator(db: Connection, new: SetUp, now: datetime) -> bool:
    """Make the organisation and its operator; False where one of the ids is taken."""
    made = await db.run(
        """
        INSERT INTO organisation (id, name, kind, part2, time_zone) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
        """,
        new.organisation_id,
        new.organisation_name,
        new.organisation_kind,
        new.organisation_kind == "sud-program",
        new.time_zone,
    )
    added = await db.run(
        """
        INSERT INTO person (id, organisation_id, kind, name, time_zone, created_at)
        VALUES ($1, $2, 'staff', $3, $4, $5) ON CONFLICT DO NOTHING
        """,
        new.operator_id,
        new.organisation_id,
        new.operator_name,
        new.time_zone,
        now,
    )
    if made + added < 2:
        return False
    await db.run("INSERT INTO staff_role (person_id, role) VALUES ($1, 'operator')", new.operator_id)
    return True


async def is_there(db: Connection, person_id: UUID) -> bool:
    """Whether this is a demo's database, and knows them."""
    found = await db.value(bool, "SELECT EXISTS (SELECT FROM demo_people() WHERE id = $1)", person_id)
    return found is True


async def demo_cast(db: Connection, ids: list[UUID], handles: list[str]) -> list[DemoRow]:
    """The demo people that are in this database, and nobody else of it."""
    return await db.all(
        DemoRow,
        """
        SELECT c.handle AS person, d.name, d.organisation, d.roles
        FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS c (id, handle, n) JOIN demo_people() d ON d.id = c.id
        ORDER BY c.n
        """,
        ids,
        handles,
    )
