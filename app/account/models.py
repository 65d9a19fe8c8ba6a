"""What happens to somebody's ways to sign in."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from litestar.params import FromQuery
from msgspec import Meta

from app.wire import Incoming, Model, Page

Happening = Literal[
    "passkey-added", "passkey-removed", "passkey-suspended", "authenticator-added", "authenticator-removed",
    "provider-linked", "provider-unlinked", "link-made", "recovery-begun", "recovery-vouched", "recovery-refused",
    "recovered",
]  # fmt: skip

EvenTheLast = FromQuery[Annotated[bool, Meta(description="Also where nothing else is left to show that it is you.")]]


class AccountEvent(Model, frozen=True):
    """Something that happened to a way to sign in."""

    id: UUID
    at: datetime
    kind: str
    by_person: Annotated[UUID | None, Meta(description="Null where nobody had signed in yet.")]
    by_name: Annotated[str | None, Meta(description="Of staff and of yourself.")]


class AccountEvents(Page, frozen=True, kw_only=True):
    """What happened to one's ways to sign in, the latest first."""

    items: list[AccountEvent]


Digits = Annotated[str, Meta(min_length=8, max_length=8, pattern="^[0-9]{8}$(?!\\n)")]


class Recovery(Model, frozen=True):
    """A way in that somebody made for you, although you have one of your own."""

    begun_at: datetime
    opens_at: Annotated[datetime, Meta(description="From when on it opens without anybody's help.")]
    by_name: str


class Account(Model, frozen=True):
    """How well your account is held."""

    has_factor: Annotated[bool, Meta(description="A passkey, an authenticator app or a provider's account.")]
    recovery: Recovery | None


class RecoveryCode(Incoming, frozen=True):
    """What a colleague reads to you from their screen."""

    code: Digits


class Vouch(Incoming, frozen=True):
    """You have seen this colleague, and this is what their screen shows."""

    person_id: UUID
    code: Digits


class Colleague(Model, frozen=True):
    """Whose screen shows that code."""

    person_id: UUID
    name: str
    made_at: datetime
    expires_at: datetime
