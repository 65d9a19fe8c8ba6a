"""Coverage as it is kept and as it travels."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from app.wire import ClientId, Incoming, Instant, Model, Page


class NewCoverage(Incoming, frozen=True):
    """Who stands in for whom, and for how long."""

    id: ClientId
    covering_id: UUID
    starts_at: Instant
    ends_at: Instant
    covered_id: Annotated[UUID | None, Meta(description="Yourself, unless you oversee the program.")] = None


class Coverage(Model, frozen=True):
    """Somebody stands in for a colleague. It ends by itself, or is ended before."""

    id: UUID
    covered_id: UUID
    covered_name: str
    covering_id: UUID
    covering_name: str
    starts_at: datetime
    ends_at: datetime
    made_by: UUID
    ended_at: datetime | None


class Coverages(Page, frozen=True, kw_only=True):
    """Coverage that holds or is to come, the earliest first."""

    items: list[Coverage]


class Standing(Struct, frozen=True):
    """What the caller is to the two: whether they oversee the program, and whether it may be arranged at all."""

    oversees: bool
    allowed: bool
