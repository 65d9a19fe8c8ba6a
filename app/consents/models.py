"""A consent as it is filled in, signed, kept and shown; section numbers are those of 42 CFR part 2 (2024)."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from app.wire import ClientId, Incoming, Language, Line, Model, Page

Kind = Literal["specific", "tpo", "counselling-notes", "legal-proceedings"]
Category = Literal[
    "check-in-levels", "check-ins", "assessments", "return-to-use", "regimens", "dose-log", "appointments",
    "plan-goals", "counselling-notes",
]  # fmt: skip
Purpose = Literal["tpo", "treatment", "payment", "operations", "at-my-request", "legal-proceedings"]
RecipientKind = Literal["person", "organisation", "treating-providers", "elsewhere"]
ExpiresWith = Literal["end-of-treatment", "end-of-proceedings", "none"]
How = Literal["in-app", "in-writing", "by-word", "event", "false"]
State = Literal["live", "expired", "revoked"]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256 of the text's UTF-8 bytes, in hex.")]
Drawing = Annotated[
    str,
    Meta(
        min_length=20, max_length=20_000, pattern="^M[MLCQ0-9 ,.-]+$", description="The path of an SVG, drawn by hand."
    ),
]


class Elements(Incoming, frozen=True):
    """What the patient chooses. Whose, by whom, how to revoke and what may follow come with the form (§ 2.31(a))."""

    kind: Kind
    categories: Annotated[list[Category], Meta(min_length=1, max_length=9, description="§ 2.31(a)(3): what.")]
    recipient_kind: Annotated[RecipientKind, Meta(description="§ 2.31(a)(4): to whom, a person or a class.")]
    purpose: Annotated[Purpose, Meta(description="§ 2.31(a)(5).")]
    recipient_organisation_id: UUID | None = None
    recipient_id: Annotated[UUID | None, Meta(description="Who works there, for one person.")] = None
    recipient: Annotated[Line | None, Meta(description="The name of somebody who is not in Cairn.")] = None
    expires_on: Annotated[date | None, Meta(description="§ 2.31(a)(7): the last day on which it holds.")] = None
    expires_with: Annotated[ExpiresWith | None, Meta(description="Or the event or condition with which it ends.")] = (
        None
    )
    language: Annotated[Language | None, Meta(description="Of the form; your own, unless given.")] = None


class NewConsent(Elements, frozen=True, kw_only=True):
    """The same, signed: the text that was shown is named by its hash, and is what is kept."""

    id: ClientId
    form_sha256: Sha256
    signature: Annotated[Line, Meta(description="Your name, as it stands in the form (§ 2.31(a)(8)).")]
    signature_path: Drawing | None = None


class FilledForm(Model, frozen=True):
    """Exactly what there is to sign. Nothing is kept until it is signed."""

    text: str
    sha256: Sha256
    language: str


class Choice(Model, frozen=True):
    """Something to choose in a form, in words."""

    value: str
    words: str


class ConsentForm(Model, frozen=True):
    """One kind of consent: what can be chosen in it, and what stands in each of them."""

    kind: Kind
    language: str
    version: int
    title: str
    categories: list[Choice]
    purposes: list[Choice]
    recipients: list[Choice]
    expiries: list[Choice]
    right_to_revoke: str
    statements: list[str]
    expires_on: Annotated[date, Meta(description="The day that this site proposes.")]
    notice: Annotated[str, Meta(description="What those who receive it are told each time (§ 2.32(a)(1)).")]


class ConsentSummary(Model, frozen=True):
    """A consent and how it stands."""

    id: UUID
    kind: Kind
    patient_id: UUID
    patient: str
    discloser: str
    categories: list[str]
    sensitivities: list[str]
    recipient_kind: RecipientKind
    recipient_id: UUID | None
    recipient_organisation_id: UUID | None
    recipient: str
    purpose: Purpose
    signed_at: datetime
    expires_at: datetime | None
    expires_with: ExpiresWith | None
    revoked_at: datetime | None
    how: Annotated[How | None, Meta(description="How it was revoked, or what else ended it.")]
    state: State


class Consents(Page, frozen=True, kw_only=True):
    """Consents, the latest first."""

    items: list[ConsentSummary]


class Consent(ConsentSummary, frozen=True, kw_only=True):
    """The signed copy: the exact text that was signed, and the signature."""

    form_text: str
    form_sha256: Sha256
    language: str
    signature: str
    signature_method: Literal["typed", "drawn"]
    signature_path: str | None
    signed_by: Annotated[str, Meta(description="By which factor the signer had proved last who they were.")]


class Row(Struct, frozen=True):
    """A consent as it is kept."""

    id: UUID
    kind: Kind
    patient_id: UUID
    patient: str
    discloser: str
    categories: list[str]
    sensitivities: list[str]
    recipient_kind: RecipientKind
    recipient_id: UUID | None
    recipient_organisation_id: UUID | None
    recipient: str
    purpose: Purpose
    signed_at: datetime
    expires_at: datetime | None
    expires_with: ExpiresWith | None
    revoked_at: datetime | None
    how: How | None
    form_text: str
    form_sha256: str
    language: str
    signature: str
    signature_method: Literal["typed", "drawn"]
    signature_path: str | None
    signed_by: str


class NewRevocation(Incoming, frozen=True):
    """How it ends. A patient says it here; whoever answers for privacy keeps what they were told, or know."""

    how: How = "in-app"


class Signer(Struct, frozen=True):
    """Who signs, and where they are a patient."""

    name: str
    language: str
    time_zone: str
    organisation: str


class Recipient(Struct, frozen=True):
    """Whom a consent names: where they work, and who they are if it is one person."""

    organisation: str
    person: str | None


class Receiver(Model, frozen=True):
    """Somebody who can receive something."""

    id: UUID
    name: str
    roles: list[str]


class ReceivingOrganisation(Model, frozen=True):
    """Another organisation, and those who can be named there."""

    id: UUID
    name: str
    kind: str
    people: list[Receiver]


class Recipients(Page, frozen=True, kw_only=True):
    """Where a record can go to, by name."""

    items: list[ReceivingOrganisation]


class Pinned(Struct, frozen=True):
    """The versions of the texts that a consent is signed under."""

    form: int
    right_to_revoke: int
    redisclosure: int
    refusing: int


class Filled(Struct, frozen=True):
    """A form with everything in it, and what of it is kept in columns of its own."""

    text: str
    sha256: str
    language: str
    discloser: str
    recipient: str
    expires_at: datetime | None
    pinned: Pinned
