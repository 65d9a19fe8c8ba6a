"""A row of the audit, and what a patient sees of it."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from app.wire import Model, Page

By = Literal["you", "staff", "cairn", "calendar", "server", "somebody"]


class Event(Struct, frozen=True):
    """A row of audit_event, column by column; also what its stored bytes hold, where a null is left out."""

    id: int
    at: datetime
    actor_id: UUID | None = None
    duty: str = ""
    request_id: UUID | None = None
    patient_id: UUID | None = None
    action: str = ""
    category: str = ""
    subject_id: UUID | None = None
    about_id: UUID | None = None
    actor_roles: list[str] | None = None
    session_id: UUID | None = None
    purpose: str | None = None
    consent_id: UUID | None = None
    detail: str | None = None
    call_id: int | None = None


class Seen(Struct, frozen=True):
    """An event with the name and the organisation of who did it, for people."""

    event: Event
    name: str | None
    organisation: str | None


class Looker(Struct, frozen=True):
    """A patient whose audit somebody may read; their own, or one of a program that they supervise."""

    id: UUID
    own: bool


class Look(Model, frozen=True):
    """Somebody looked at your record, or changed it. What they saw is not repeated here."""

    id: int
    at: datetime
    by: Annotated[
        By,
        Meta(
            description="`cairn` is the program itself at work, `calendar` whoever has your calendar's address, "
            "`server` whoever owns the database."
        ),
    ]
    name: str | None
    roles: Annotated[list[str], Meta(description="What they were at that moment.")]
    organisation: str | None
    action: Annotated[str, Meta(description="What was done: a word of a closed set, never localised.")]
    category: Annotated[str, Meta(description="To which part of the record: a word of a closed set.")]
    purposes: Annotated[list[str], Meta(description="For what their roles let them do it.")]


class Looks(Page, frozen=True, kw_only=True):
    """The newest first."""

    items: list[Look]


class SecurityEvent(Model, frozen=True):
    """Something about an account: a sign-in, a role. Nobody's record."""

    id: int
    at: datetime
    account: Annotated[UUID | None, Meta(description="Whose account it is about.")]
    actor: UUID | None
    name: Annotated[str | None, Meta(description="Who did it; null where nobody was signed in yet.")]
    action: str
    category: str
    detail: str | None


class SecurityEvents(Page, frozen=True, kw_only=True):
    """The newest first."""

    items: list[SecurityEvent]


class Head(Struct, frozen=True):
    """Where the chain of a shard ends."""

    shard: int
    seq: int
    hash: bytes


class Anchor(Struct, frozen=True):
    """A row of audit_anchor: signed bytes, and by which key."""

    number: int
    at: datetime
    kind: Literal["heads", "key"]
    key_id: str
    signed: bytes
    signature: bytes
