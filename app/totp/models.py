"""An authenticator app, and what it shows."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from app.wire import Incoming, Model

Digits = Annotated[str, Meta(min_length=6, max_length=6, pattern="^[0-9]{6}$(?!\\n)")]


class Enrolment(Model, frozen=True):
    """What an app has to be told, this one time."""

    secret: Annotated[str, Meta(description="In base32, for typing in.")]
    uri: Annotated[str, Meta(description="The same as an `otpauth:` link, for an app on this device.")]
    qr: Annotated[str, Meta(description="The link as a QR code: an image as a `data:` address, of SVG.")]


class Code(Incoming, frozen=True):
    """What the app shows just now."""

    code: Digits


class AuthenticatorApp(Model, frozen=True):
    """An app that shows codes for you."""

    id: UUID
    added_at: datetime
    last_used_at: datetime | None


class AuthenticatorApps(Model, frozen=True):
    """Your apps: none or one."""

    items: list[AuthenticatorApp]


class Sealed(Struct, frozen=True):
    """A secret as it is kept, and the step of the last code that was taken."""

    id: UUID
    sealed: bytes
    last_step: int
