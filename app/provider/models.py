"""What goes to an OpenID provider and comes back, and whom it knows here."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from app.auth import DeviceKey
from app.wire import Incoming, Model

Purpose = Literal["sign-in", "link", "prove"]

_WRITTEN = "^[!-~]+$(?!\\n)"
Secret = Annotated[str, Meta(min_length=20, max_length=100, pattern=_WRITTEN)]
Word = Annotated[str, Meta(min_length=1, max_length=2048, pattern=_WRITTEN)]


class ProviderName(Model, frozen=True):
    """Which provider staff may sign in with, by the name that a button shows; null where there is none."""

    name: str | None


class Departure(Model, frozen=True):
    """Where to send the browser. It keeps `browser` and gives it back, so that no other one ends what it began."""

    url: str
    browser: str


class Arrival(Incoming, frozen=True):
    """What the provider put into the address of the page that the browser came back to."""

    browser: Secret
    state: Word
    code: Word
    iss: Word | None = None


class ArrivalAtTheDoor(Arrival, frozen=True):
    """The same from somebody who wants to come in."""

    device: DeviceKey | None = None


class ProviderLink(Model, frozen=True):
    """Your account at the provider."""

    id: UUID
    name: Annotated[str, Meta(description="Of the provider.")]
    linked_at: datetime
    last_used_at: datetime | None


class ProviderLinks(Model, frozen=True):
    """Your accounts at providers: none or one."""

    items: list[ProviderLink]


class Attempt(Struct, frozen=True):
    """Somebody who left for the provider."""

    id: UUID
    state_sha256: bytes
    nonce: str
    verifier: str
    begun_at: datetime


class LinkRow(Struct, frozen=True):
    """A link as it is kept."""

    id: UUID
    linked_at: datetime
    last_used_at: datetime | None


class Linked(Struct, frozen=True):
    """Whose a subject is."""

    id: UUID
    person_id: UUID


class Document(Struct, frozen=True):
    """What a provider says of itself (OpenID Connect Discovery 1.0 § 3), as far as we ask."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    code_challenge_methods_supported: tuple[str, ...] | None = None
    response_modes_supported: tuple[str, ...] = ("query",)
    authorization_response_iss_parameter_supported: bool = False


class Answer(Struct, frozen=True):
    """What the token endpoint gives for a code."""

    id_token: str
    access_token: str = ""


class Claims(Struct, frozen=True):
    """What an ID token says, once its signature holds."""

    iss: str
    sub: str
    aud: str | list[str]
    exp: float
    iat: float
    nonce: str | None = None
    azp: str | None = None
    at_hash: str | None = None
    auth_time: float | None = None
    acr: str | None = None
    sid: str | None = None
    email: str | None = None
    email_verified: bool | None = None


class LogoutClaims(Struct, frozen=True):
    """What a logout token says (OpenID Connect Back-Channel Logout 1.0 § 2.4)."""

    iss: str
    aud: str | list[str]
    iat: float
    exp: float
    jti: str
    events: dict[str, dict[str, object]]
    sub: str | None = None
    sid: str | None = None
    nonce: str | None = None
