"""A link and a key."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from app.auth import DeviceKey
from app.codes.models import ContactText
from app.signin.models import Secret
from app.wire import VISIBLE, Incoming, Model
from notifications.models import Post

KeyText = Annotated[
    str, Meta(min_length=1, max_length=40, pattern=VISIBLE, description="Eight characters, in whatever case.")
]


class NewInvitation(Incoming, frozen=True):
    """How the link shall travel: to a contact of theirs, or shown to whoever makes it."""

    send_to: ContactText | None = None

    def __repr__(self) -> str:
        """Nothing: an address is a secret."""
        return "NewInvitation()"


class Invitation(Model, frozen=True):
    """An invitation, shown this one time. The key is told or printed, and never sent the way that the link goes."""

    id: UUID
    key: Annotated[str, Meta(description="Eight characters, to be read out or printed.")]
    expires_at: datetime
    sent_by: Annotated[Post | None, Meta(description="How the link went to them; null where it is shown here.")]
    url: Annotated[str | None, Meta(description="For the page; what follows `#invitation=` is the secret.")]
    qr: Annotated[str | None, Meta(description="The same address as a picture: an SVG document in a data URI.")]

    def __repr__(self) -> str:
        """The id only."""
        return f"Invitation(id={self.id})"


class InvitationGiven(Incoming, frozen=True):
    """The link's secret and the key, on the device that shall be theirs."""

    secret: Secret
    key: KeyText
    device: DeviceKey | None = None

    def __repr__(self) -> str:
        """Nothing."""
        return "InvitationGiven()"


class Tried(Struct, frozen=True):
    """What an invitation's key is made from."""

    id: UUID
    seed: bytes


class Used(Struct, frozen=True):
    """Whose it was, whether they have been here before, and where its link had been sent."""

    person_id: UUID
    again: bool
    post: Post | None
    blind: bytes | None


class Addressed(Struct, frozen=True):
    """Whom a link goes to, and what it is made from."""

    contact_id: UUID
    person_id: UUID
    value_sealed: bytes
    language: str
    seed: bytes
