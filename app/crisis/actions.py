"""The crisis card for whoever needs it."""

from uuid import UUID

from app.crisis import queries
from app.crisis.models import CrisisCard
from app.logs import log
from db import Connection, Pool

LANGUAGES = ("en", "es")

_kept: dict[str, CrisisCard] = {}


async def card(db: Connection, organisation_id: UUID | None, language: str) -> CrisisCard:
    """The card of this organisation in this language; without an organisation, the default card."""
    return CrisisCard(language, await queries.resources(db, organisation_id=organisation_id, language=language))


async def remember(pool: Pool) -> None:
    """Keep the default card in memory: it is the same for everybody, and must be there while the database is not."""
    async with pool.reading() as db:
        for language in LANGUAGES:
            _kept[language] = await card(db, None, language)


async def card_anyway(pool: Pool, organisation_id: UUID | None, language: str) -> CrisisCard:
    """The same card, and the default one from memory when the database does not give it."""
    try:
        async with pool.reading() as db:
            return await card(db, organisation_id, language)
    except Exception as error:
        if language not in _kept:
            raise
        log().warning("the crisis card comes from memory", error=error)
        return _kept[language]
