"""The contact table."""

from datetime import datetime
from uuid import UUID

from app.contacts.models import Care, ClosedBecause, Kept, NewContact, Owner, Preference
from db import Connection


async def add(
    db: Connection, person_id: UUID, new: NewContact, sealed: bytes, index: bytes, added_by: UUID, now: datetime
) -> Kept | None:
    """Keep a contact that is not verified yet; None where this person has it already, or the id is taken."""
    return await db.one(
        Kept,
        """
        INSERT INTO contact (id, person_id, kind, value_sealed, value_index, may_text, may_leave_voicemail, shared,
                             added_by, added_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT DO NOTHING
        RETURNING id, person_id, kind, value_sealed, may_text, may_leave_voicemail, shared, added_at, verified_at
        """,
        new.id,
        person_id,
        new.kind,
        sealed,
        index,
        new.may_text,
        new.may_leave_voicemail,
        new.shared,
        added_by,
        now,
    )


async def same(db: Connection, person_id: UUID, kind: str, index: bytes) -> Kept | None:
    """This person's open contact with that value."""
    return await db.one(
        Kept,
        """
        SELECT id, person_id, kind, value_sealed, may_text, may_leave_voicemail, shared, added_at, verified_at
        FROM contact WHERE person_id = $1 AND kind = $2 AND value_index = $3 AND closed_at IS NULL
        """,
        person_id,
        kind,
        index,
    )


async def of(db: Connection, person_id: UUID) -> list[Kept]:
    """A person's open contacts, the verified ones first, each kind in the order in which they were added."""
    return await db.all(
        Kept,
        """
        SELECT id, person_id, kind, value_sealed, may_text, may_leave_voicemail, shared, added_at, verified_at
        FROM contact WHERE person_id = $1 AND closed_at IS NULL
        ORDER BY verified_at IS NULL, added_at, id
        """,
        person_id,
    )


async def owner(db: Connection, kind: str, index: bytes) -> Owner | None:
    """Whose verified contact this is; at the door only."""
    return await db.one(Owner, "SELECT person_id, contact_id FROM contact_owner($1, $2)", kind, index)


async def verify(db: Connection, contact_id: UUID, now: datetime) -> bool:
    """Note that whoever reads there has shown it; closes it where it was another's until now."""
    return bool(await db.value(bool, "SELECT verify_contact($1, $2)", contact_id, now))


async def close(db: Connection, contact_id: UUID, because: ClosedBecause, now: datetime) -> bool:
    """Forget a contact's value; whether there was one that the caller may close."""
    closed = await db.run(
        """
        UPDATE contact SET closed_at = $3, closed_because = $2, value_sealed = NULL, value_index = NULL
        WHERE id = $1 AND closed_at IS NULL
        """,
        contact_id,
        because,
        now,
    )
    return closed == 1


async def care(db: Connection, me: UUID, contact_id: UUID, new: Care) -> Kept | None:
    """Change what may be done with one of the caller's own."""
    return await db.one(
        Kept,
        """
        UPDATE contact SET may_text = coalesce($3, may_text),
            may_leave_voicemail = coalesce($4, may_leave_voicemail), shared = coalesce($5, shared)
        WHERE id = $1 AND person_id = $2 AND closed_at IS NULL
        RETURNING id, person_id, kind, value_sealed, may_text, may_leave_voicemail, shared, added_at, verified_at
        """,
        contact_id,
        me,
        new.may_text,
        new.may_leave_voicemail,
        new.shared,
    )


async def preferences(db: Connection, patient_id: UUID) -> list[Preference] | None:
    """The ways to reach a patient; None where the caller does not stand beside them."""
    if await db.value(bool, "SELECT stands_beside($1)", patient_id) is not True:
        return None
    return await db.all(
        Preference,
        "SELECT kind, may_text, may_leave_voicemail, shared, verified FROM contact_preferences($1)",
        patient_id,
    )
