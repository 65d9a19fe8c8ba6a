"""What it takes to come in."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, structs

from app.auth import DeviceKey, Tokens
from app.totp.models import Digits
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
    code: Annotated[Digits | None, Meta(description="Of your authenticator app, where you have one.")] = None
    device: DeviceKey | None = None


class LinkLooked(Incoming, frozen=True):
    """The secret of a one-time link, which stays good."""

    secret: Secret


class LinkState(Model, frozen=True):
    """What a link is good for just now."""

    opens: Annotated[bool, Meta(description="It signs in whoever redeems it.")]
    opens_at: Annotated[datetime | None, Meta(description="From when on it opens without anybody's help.")]
    app: Annotated[bool, Meta(description="A code of your authenticator app opens it as well.")]
    code: Annotated[
        str | None, Meta(description="Read this to a colleague who vouches for you, then it opens at once.")
    ]
    expires_at: datetime


class LinkLook(Struct, frozen=True):
    """A link and whose it is. `waits`: they have a factor of their own, and it does not open by itself yet."""

    person_id: UUID
    waits: bool
    opens_at: datetime | None
    code: str
    expires_at: datetime
    totp: bool


class LinkUse(Struct, frozen=True):
    """A link that was used. `recovers`: its person had a factor, and came in without it."""

    person_id: UUID
    recovers: bool
    vouched: bool


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
