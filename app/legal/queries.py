"""Legal parameters and texts: read by everybody, written by migrations and by whoever owns the database."""

from datetime import date
from uuid import UUID

from app.legal.models import LegalParameter, Text
from db import Connection


async def parameters(db: Connection, on: date) -> list[LegalParameter]:
    """Every parameter that holds on that day, in each jurisdiction its latest."""
    return await db.all(
        LegalParameter,
        """
        SELECT DISTINCT ON (name, jurisdiction) name, jurisdiction, value, valid_from, valid_until, source
        FROM legal_parameter
        WHERE valid_from <= $1 AND (valid_until IS NULL OR valid_until > $1)
        ORDER BY name, jurisdiction, valid_from DESC
        """,
        on,
    )


async def value(db: Connection, name: str, on: date) -> str | None:
    """What one parameter is on that day."""
    return await db.value(str, "SELECT legal_value($1, $2)", name, on)


async def texts(db: Connection, organisation_id: UUID, language: str, on: date) -> list[Text]:
    """Every text that holds on that day for an organisation: its own before ours, in that language alone."""
    return await db.all(
        Text,
        """
        SELECT DISTINCT ON (name) id, name, language, version, body FROM legal_text
        WHERE (organisation_id = $1 OR organisation_id IS NULL) AND language = $2
          AND valid_from <= $3 AND (valid_until IS NULL OR valid_until > $3)
        ORDER BY name, organisation_id IS NULL, valid_from DESC, version DESC
        """,
        organisation_id,
        language,
        on,
    )
