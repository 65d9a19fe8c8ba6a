"""An e-mail address or a telephone number, and what may be done with it."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from app.wire import ClientId, Incoming, Model

Kind = Literal["email", "sms"]
ClosedBecause = Literal["own", "staff", "account"]
Value = Annotated[str, Meta(min_length=3, max_length=254)]


class NewContact(Incoming, frozen=True):
    """Where somebody can be written to, and how careful one has to be there."""

    id: ClientId
    kind: Kind
    value: Value
    may_text: Annotated[bool, Meta(description="A neutral line may be sent there.")] = True
    may_leave_voicemail: bool = False
    shared: Annotated[bool, Meta(description="Somebody else may see what arrives there.")] = False

    def __repr__(self) -> str:
        """The id only: an address is a secret."""
        return f"NewContact(id={self.id})"


class Contact(Model, frozen=True):
    """One of somebody's contacts, for those who may write to them."""

    id: UUID
    kind: Kind
    value: str
    may_text: bool
    may_leave_voicemail: bool
    shared: bool
    added_at: datetime
    verified_at: datetime | None

    def __repr__(self) -> str:
        """The id only."""
        return f"Contact(id={self.id})"


class Contacts(Model, frozen=True):
    """All of them, those first that were shown to be somebody's own."""

    items: list[Contact]


class Care(Incoming, frozen=True):
    """How careful one has to be; what is left out stays."""

    may_text: bool | None = None
    may_leave_voicemail: bool | None = None
    shared: bool | None = None


class Preference(Model, frozen=True):
    """A way to reach somebody, without the address."""

    kind: Kind
    may_text: bool
    may_leave_voicemail: bool
    shared: bool
    verified: bool


class Preferences(Model, frozen=True):
    """The ways to reach somebody; none where nothing was said."""

    items: list[Preference]


class Kept(Struct, frozen=True):
    """A contact as its row holds it."""

    id: UUID
    person_id: UUID
    kind: Kind
    value_sealed: bytes
    may_text: bool
    may_leave_voicemail: bool
    shared: bool
    added_at: datetime
    verified_at: datetime | None


class Owner(Struct, frozen=True):
    """Whose verified contact it is."""

    person_id: UUID
    contact_id: UUID
