"""Look up what holds on a day."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from app.legal import queries
from app.legal.models import LegalParameters, Text
from db import Connection


async def parameters(db: Connection, on: date) -> LegalParameters:
    """Every parameter that holds on that day."""
    return LegalParameters(items=await queries.parameters(db, on))


async def number(db: Connection, name: str, on: date, default: int) -> int:
    """A parameter that is a number, or what stands in for one that does not hold on that day."""
    found = await queries.value(db, name, on)
    return default if found is None else int(found)


async def texts(db: Connection, organisation_id: UUID, language: str, on: date) -> Mapping[str, Text]:
    """The texts of an organisation that hold on that day, by name."""
    return {text.name: text for text in await queries.texts(db, organisation_id, language, on)}
