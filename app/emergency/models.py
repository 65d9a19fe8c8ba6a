"""The record of a broken glass, and what came of its review."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from app.wire import ClientId, Incoming, Model, Page, Prose

Finding = Literal["justified", "not-justified", "follow-up"]
Nature = Annotated[
    str,
    Meta(min_length=10, max_length=1000, pattern=r"^(?=(?:[\s]*[^\s]){10})[^\u0000-\u0008\u000b\u000c\u000e-\u001f]*$"),
]


class NewBreakGlass(Incoming, frozen=True):
    """An emergency in which somebody cannot be asked."""

    id: ClientId
    nature: Annotated[Nature, Meta(description="The nature of the emergency, in a sentence (42 CFR 2.51(c)(4)).")]


class NewReview(Incoming, frozen=True):
    """What somebody who answers for privacy finds afterwards."""

    finding: Finding
    note: Prose = ""


class BreakGlass(Model, frozen=True):
    """Who read without consent, of whom, when and why (42 CFR 2.51(c)); read-only, until `endsAt`."""

    id: UUID
    patient_id: UUID
    patient: str
    recipient_id: UUID
    recipient: str
    affiliation: str
    discloser: str
    broken_at: datetime
    ends_at: datetime
    nature: str
    reviewed_by: UUID | None
    reviewed_at: datetime | None
    finding: Finding | None
    note: str | None


class Row(Struct, frozen=True):
    """A broken glass as it is kept: words are sealed, and null where their patient's keys were destroyed."""

    id: UUID
    patient_id: UUID
    patient: str
    recipient_id: UUID
    recipient: str
    affiliation: str
    discloser: str
    broken_at: datetime
    ends_at: datetime
    nature_sealed: bytes | None
    reviewed_by: UUID | None
    reviewed_at: datetime | None
    finding: Finding | None
    note_sealed: bytes | None


class BreakGlasses(Page, frozen=True, kw_only=True):
    """Broken glasses that concern the caller, the latest first."""

    items: list[BreakGlass]
