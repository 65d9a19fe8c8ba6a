"""What a phone says about a push that reached it, and what it may ask."""

from datetime import datetime
from uuid import UUID

from db import Connection
from notifications.models import Event, Told


async def receive(db: Connection, person_id: UUID, delivery_id: UUID, event: Event, at: datetime) -> bool:
    """Note that a push was delivered, opened or acted upon; the first report of each stays.

    False where there is no such delivery to a phone of this person.
    """
    found = await db.value(
        UUID,
        """
        WITH mine AS (
            SELECT d.id FROM delivery d JOIN address a ON a.id = d.address_id WHERE d.id = $1 AND a.person_id = $2
        ), noted AS (
            INSERT INTO receipt (delivery_id, event, at) SELECT id, $3, $4 FROM mine ON CONFLICT DO NOTHING
        )
        SELECT id FROM mine
        """,
        delivery_id,
        person_id,
        event,
        at,
    )
    return found is not None


async def ask(db: Connection, person_id: UUID, delivery_id: UUID) -> Told | None:
    """What a push was about, asked by the phone after it is unlocked; None where it is not this person's."""
    return await db.one(
        Told,
        """
        SELECT d.id AS delivery_id, n.kind, n.subject_id, n.stage, n.due_at
        FROM delivery d JOIN notification n ON n.id = d.notification_id
        WHERE d.id = $1 AND n.person_id = $2
        """,
        delivery_id,
        person_id,
    )
