"""What it takes to go on, and what a person sees of where they are signed in."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from app.auth import REFRESH_LENGTH, Assurance
from app.wire import Incoming, Model

Outcome = Literal["refreshed", "unknown", "ended", "expired", "unproved", "stale", "reuse"]
Proof = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=1024,
        pattern="^[A-Za-z0-9_.-]*$",
        description=(
            "A compact JWS of this request, signed by the device's key. Its header is exactly "
            '`{"typ": "cairn-proof+jwt", "alg": "ES256"}`; its payload has `htm` "POST", `htu` "/v1/session/refresh", '
            "`rth`, the SHA-256 of the refresh token as base64url, and `iat`, seconds since 1970 that may have a "
            "fraction and are later than in the proof before."
        ),
    ),
]


class Refresh(Incoming, frozen=True):
    """The refresh token and, in a session that has a device key, a proof that the device is there."""

    refresh_token: Annotated[
        str,
        Meta(
            min_length=REFRESH_LENGTH,
            max_length=REFRESH_LENGTH,
            pattern="^cairnr_[A-Za-z0-9_-]*$",
            examples=["cairnr_".ljust(REFRESH_LENGTH, "x")],
        ),
    ]
    proof: Proof | None = None


class Refreshed(Struct, frozen=True):
    """What became of a refresh; without an outcome of `refreshed` there are no times."""

    outcome: Outcome
    session_id: UUID | None
    person_id: UUID | None
    assurance: Assurance | None
    access_until: datetime | None
    refresh_until: datetime | None


class Kept(Struct, frozen=True):
    """A session as it is kept."""

    id: UUID
    device: str | None
    signed_in_by: str
    assurance: Assurance
    started_at: datetime
    last_used_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    ended_because: str | None


class Session(Model, frozen=True):
    """One device on which you are, or were, signed in."""

    id: UUID
    this: Annotated[bool, Meta(description="The session in which you are asking.")]
    device: Annotated[str | None, Meta(description="The name that the device gave itself.")]
    signed_in_by: str
    assurance: Assurance
    started_at: datetime
    last_used_at: Annotated[datetime, Meta(description="When it was last refreshed: up to ten minutes behind.")]
    expires_at: Annotated[datetime, Meta(description="When it ends, unless it is refreshed before.")]
    ended_at: datetime | None
    ended_because: Annotated[
        str | None, Meta(description="`reuse`: somebody else had its token, perhaps, so it was ended for everybody.")
    ]


class Sessions(Model, frozen=True):
    """Where you are signed in, the latest first, and what was ended to protect you in the last 30 days."""

    items: list[Session]
