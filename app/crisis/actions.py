"""The crisis card for whoever needs it."""

from uuid import UUID

from app.crisis import queries
from app.crisis.models import CrisisCard
from db import Connection


async def card(db: Connection, organisation_id: UUID | None, language: str) -> CrisisCard:
    """The card of this organisation in this language; without an organisation, the default card."""
    return CrisisCard(language, await queries.resources(db, organisation_id=organisation_id, language=language))
