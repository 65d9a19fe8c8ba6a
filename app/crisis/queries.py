"""Reads the card of a site, or the default one."""

from uuid import UUID

from app.crisis.models import CrisisResource
from db import Connection


async def resources(db: Connection, *, organisation_id: UUID | None, language: str) -> list[CrisisResource]:
    """A site's own rows in that language replace the default ones altogether."""
    return await db.all(
        CrisisResource,
        """
        SELECT title, detail, call, text_to FROM crisis_resource
        WHERE language = $2 AND organisation_id IS NOT DISTINCT FROM (
            SELECT organisation_id FROM crisis_resource
            WHERE language = $2 AND organisation_id = $1 LIMIT 1)
        ORDER BY position
        """,
        organisation_id,
        language,
    )
