"""What goes with a disclosure, and how it is accounted for."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from app.wire import Model, Page


class DisclosureNotice(Model, frozen=True):
    """What goes with a record that is shown to another organisation (42 CFR 2.32): the statement, and the scope.

    § 2.32(b) wants a copy of the consent or a clear explanation of its scope beside each: this is the latter.
    """

    statement: str
    version: int
    language: str
    scope: Annotated[list[str], Meta(description="The categories that the consent names; empty in an emergency.")]
    purpose: str
    consent_id: UUID | None
    break_glass_id: UUID | None
    expires_at: datetime | None
    expires_with: str | None


class Disclosed(Model, frozen=True, kw_only=True):
    """An answer about one patient; across organisations it carries what the law wants beside it."""

    disclosure: Annotated[
        DisclosureNotice | msgspec.UnsetType,
        Meta(description="There only when a patient of another organisation is shown: it belongs to what is shown."),
    ] = msgspec.UNSET


class DisclosedPage(Page, frozen=True, kw_only=True):
    """A page about one patient; across organisations it carries what the law wants beside it."""

    disclosure: Annotated[
        DisclosureNotice | msgspec.UnsetType,
        Meta(description="There only when a patient of another organisation is shown: it belongs to what is shown."),
    ] = msgspec.UNSET


class Written(Struct, frozen=True):
    """A row of the accounting that was just written, and what goes with it."""

    patient_id: UUID
    across: bool
    consent_id: UUID | None
    break_glass_id: UUID | None
    purpose: str
    categories: list[str] | None
    expires_at: datetime | None
    expires_with: str | None
    statement: str
    version: int
    language: str


class Disclosure(Model, frozen=True):
    """One time that something about a patient was shown to somebody (42 CFR 2.25)."""

    id: UUID
    patient_id: UUID
    disclosed_at: datetime
    discloser: str
    recipient: str
    recipient_organisation: str
    category: str
    purpose: str
    consent_id: UUID | None
    break_glass_id: UUID | None


class Disclosures(Page, frozen=True, kw_only=True):
    """The accounting of the last years, the latest first."""

    items: list[Disclosure]
    since: Annotated[datetime, Meta(description="How far back it goes.")]
