"""What it takes to come in."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, structs

from app.auth import DeviceKey, Tokens
from app.wire import ClientId, Incoming, Line, Model, ZoneName

Secret = Annotated[str, Meta(min_length=20, max_length=100)]


class DemoSignIn(Incoming, frozen=True):
    """Which person of the demo cast to be."""

    person: Annotated[str, Meta(min_length=1, max_length=40, pattern="^[a-z-]+$")]
    device: DeviceKey | None = None


class SignedIn(Tokens, frozen=True):
    """Tokens, and whose they are."""

    person_id: UUID


def signed_in(tokens: Tokens, person_id: UUID) -> SignedIn:
    """What every way in answers with."""
    return SignedIn(**structs.asdict(tokens), person_id=person_id)


class SetUp(Incoming, frozen=True):
    """The first operator and their organisation, with the secret of the one-time link."""

    secret: Secret
    organisation_id: ClientId
    organisation_name: Line
    organisation_kind: Literal["sud-program", "primary-care"]
    operator_id: ClientId
    operator_name: Line
    time_zone: ZoneName
    device: DeviceKey | None = None


class SignInLink(Model, frozen=True):
    """A way in that works once. It is shown this one time; only its hash is kept."""

    url: Annotated[
        str, Meta(description="For the page; what follows `#invite=` is the secret that any client redeems.")
    ]
    expires_at: datetime


class Redeemed(Incoming, frozen=True):
    """The secret of a one-time link."""

    secret: Secret
    device: DeviceKey | None = None


class DemoRow(Struct, frozen=True):
    """Somebody of the demo cast with all their roles."""

    person: str
    name: str
    organisation: str
    roles: list[str]


class DemoPerson(Model, frozen=True):
    """Somebody of the demo cast."""

    person: str
    name: str
    role: str
    organisation: str


class DemoCast(Model, frozen=True):
    """Everybody whom a demo visitor can be; empty outside demo mode."""

    items: list[DemoPerson]
    inbox_url: Annotated[str | None, Meta(description="Where the demo's pushes can be seen.")] = None
