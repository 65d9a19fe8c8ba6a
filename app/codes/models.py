"""Asking for a code, and giving it."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from app.auth import Assurance, DeviceKey
from app.wire import VISIBLE, Incoming, Model
from notifications.models import Post

Purpose = Literal["sign-in", "contact", "second-contact"]
ContactText = Annotated[
    str, Meta(min_length=3, max_length=254, description="An e-mail address, or a telephone number with its country.")
]
CodeText = Annotated[
    str,
    Meta(min_length=1, max_length=40, pattern=VISIBLE, description="Eight digits; spaces between them are fine."),
]
Proof = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=1000,
        pattern="^[A-Za-z0-9._-]*$",
        description="A JWS (ES256) by the device's key, as for a refresh, whose `rth` is the SHA-256 of the code's id.",
    ),
]


class CodeAsked(Incoming, frozen=True):
    """Where a code shall go, and the key of the device that will give it."""

    contact: ContactText
    device: DeviceKey | None = None

    def __repr__(self) -> str:
        """Nothing: an address is a secret."""
        return "CodeAsked()"


class SecondAsked(Incoming, frozen=True):
    """Another contact of one's own."""

    contact: ContactText

    def __repr__(self) -> str:
        """Nothing."""
        return "SecondAsked()"


class Challenge(Model, frozen=True):
    """A code was asked for. Whether one was sent is said to nobody but whoever reads there."""

    id: UUID
    expires_at: datetime


class CodeGiven(Incoming, frozen=True):
    """The code, on the device that asked for it."""

    code: CodeText
    device: DeviceKey | None = None
    proof: Proof | None = None

    def __repr__(self) -> str:
        """Nothing."""
        return "CodeGiven()"


class OwnCode(Incoming, frozen=True):
    """The code, in a session."""

    code: CodeText

    def __repr__(self) -> str:
        """Nothing."""
        return "OwnCode()"


class Assured(Model, frozen=True):
    """How sure we are of whoever holds this session from now on."""

    assurance: Assurance


class Tried(Struct, frozen=True):
    """What a challenge's code is made from, and the device that asked."""

    seed: bytes
    device: bytes | None


class Used(Struct, frozen=True):
    """The contact whose code was right."""

    post: Post
    blind: bytes


class Owner(Struct, frozen=True):
    """The patient who reads there; `shared`: somebody else may, too."""

    person_id: UUID
    shared: bool


class Addressed(Struct, frozen=True):
    """Whom a code goes to, and what it is made from."""

    contact_id: UUID
    person_id: UUID
    value_sealed: bytes
    language: str
    seed: bytes
