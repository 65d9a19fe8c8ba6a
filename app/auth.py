"""Who is calling: an opaque token, looked up for every request, so that a change of rights holds at the next one.

A session is opened here, by whatever way somebody came in, and proved anew or ended here; `app.sessions` refreshes it.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from app import proofs
from app.errors import NotSignedIn
from app.wire import Incoming, Line, Model
from db import DOOR, Connection, Pool, new_id

PREFIX = "cairn_"
TOKEN_LENGTH = len(PREFIX) + 43
REFRESH_PREFIX = "cairnr_"
FAMILY_LENGTH = len(REFRESH_PREFIX) + 22
REFRESH_LENGTH = FAMILY_LENGTH + 43

ACCESS_LASTS = timedelta(minutes=10)
# How long a factor that was shown counts as just shown, for what asks for a fresh one.
FRESH = timedelta(minutes=5)

# What a session may do: whoever came in by a code on a new device alone is who they say, perhaps; see Rule.limited.
Assurance = Literal["limited", "full"]
Factor = Literal[
    "demo", "link", "code", "passkey", "oidc", "totp", "recovery-code", "vouch", "other-device", "second-contact"
]
# Why a session ended before its time.
Because = Literal["signed-out", "elsewhere", "reuse", "person-closed", "recovery", "operator"]


class DeviceKey(Incoming, frozen=True):
    """A key of the device alone: with it, the session lives longer, and a stolen token cannot be refreshed."""

    public_key: Annotated[
        str,
        Meta(
            min_length=122,
            max_length=122,
            pattern="^[A-Za-z0-9_-]*$",
            description="Of a P-256 key pair for ES256: SubjectPublicKeyInfo in DER, as base64url without padding.",
        ),
    ]
    name: Annotated[Line | None, Meta(description="By which the person knows the device again.")] = None


class Signed(Struct, frozen=True):
    """Someone who has signed in, with the roles they hold at this moment."""

    id: UUID
    organisation_id: UUID
    session_id: UUID
    language: str
    roles: list[str]
    assurance: Assurance
    proved_at: datetime | None
    proved_by: Factor | None
    device: bool

    def has(self, *roles: str) -> bool:
        """Whether they hold one of these roles."""
        return any(role in self.roles for role in roles)

    @property
    def is_sure(self) -> bool:
        """Whether it is them, and not perhaps somebody who has their telephone number by now."""
        return self.assurance == "full"

    def is_fresh(self, now: datetime) -> bool:
        """Whether they have shown a factor in the last five minutes, their sign-in included."""
        return self.proved_at is not None and now - self.proved_at <= FRESH


class Tokens(Model, frozen=True):
    """What a client keeps after signing in. Both tokens are shown once; only their SHA-256 is stored."""

    access_token: str
    expires_at: datetime
    refresh_token: Annotated[str, Meta(description="Brings the next pair, once: POST /v1/session/refresh.")]
    refresh_expires_at: Annotated[datetime, Meta(description="When the session ends, unless it is refreshed before.")]
    assurance: Assurance


class Pair(Struct, frozen=True):
    """An access token and a refresh token, before anybody has them."""

    access: str
    refresh: str


class Lasts(Struct, frozen=True):
    """Until when each of a pair holds."""

    access_until: datetime
    refresh_until: datetime


async def who(pool: Pool, authorization: str | None, now: datetime) -> Signed:
    """The person behind an Authorization header; raises `NotSignedIn` and says no more than that."""
    token = _bearer(authorization)
    if token is None:
        raise NotSignedIn
    async with pool.reading() as db:
        found = await db.one(
            Signed,
            """
            SELECT id, organisation_id, session_id, language, roles, assurance, proved_at, proved_by, device
            FROM signed_in($1, $2)
            """,
            sha256(token),
            now,
        )
    if found is None:
        raise NotSignedIn
    return found


async def sign_in(
    pool: Pool, person_id: UUID, now: datetime, factor: Factor = "link", *, lasts: timedelta = ACCESS_LASTS
) -> Tokens:
    """Open a session and hand out its tokens; `lasts` is for clients that cannot refresh, such as a benchmark's."""
    async with pool.transaction(DOOR) as db:
        return await open_session(db, person_id, now, factor, lasts=lasts)


async def open_session(
    db: Connection,
    person_id: UUID,
    now: datetime,
    factor: Factor,
    *,
    assurance: Assurance = "full",
    device: DeviceKey | None = None,
    lasts: timedelta = ACCESS_LASTS,
) -> Tokens:
    """The same inside a transaction at the door, the only place where a session begins.

    The factor counts as shown just now. Raises `Invalid` for a device key that is none.
    """
    pair = new_pair()
    opened = await db.one(
        Lasts,
        """
        SELECT access_until, refresh_until
        FROM open_session($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """,
        new_id(now),
        person_id,
        now,
        factor,
        assurance,
        None if device is None else proofs.key_of(device.public_key),
        None if device is None else device.name,
        family_of(pair.refresh),
        sha256(pair.refresh),
        sha256(pair.access),
        lasts,
    )
    if opened is None:
        raise PermissionError("a session begins in a transaction at the door")
    return Tokens(pair.access, opened.access_until, pair.refresh, opened.refresh_until, assurance)


async def prove(
    db: Connection, session_id: UUID, now: datetime, factor: Factor, *, assurance: Assurance | None = None
) -> None:
    """A factor was shown in this session just now; `assurance` says what it is worth from now on.

    In a transaction of the session's own person, or at the door: what others say for somebody is redeemed by
    themselves. Raises `NotSignedIn` where there is no such session any more.
    """
    if not await db.value(bool, "SELECT prove_session($1, $2, $3, $4)", session_id, now, factor, assurance):
        raise NotSignedIn


async def end_sessions(
    db: Connection, person_id: UUID, now: datetime, because: Because, *, spared: UUID | None = None
) -> int:
    """End everything that a person has open, or all but one; their open streams close once this has committed.

    For oneself, at the door, for an operator and, of patients, for a coordinator; for anybody else it ends nothing.
    """
    ended = await db.values(UUID, "SELECT end_sessions($1, $2, $3, $4)", person_id, now, because, spared)
    if ended:
        wake_streams(db, person_id)
    return len(ended)


async def sign_out(db: Connection, me: Signed, now: datetime) -> None:
    """End this session; its token opens nothing from the next request on."""
    await end_session(db, me, me.session_id, now, "signed-out")


async def end_session(db: Connection, me: Signed, session_id: UUID, now: datetime, because: Because) -> bool:
    """End one of the caller's own; whether it was theirs. Twice is once."""
    found = await db.run(
        """
        UPDATE session SET ended_at = coalesce(ended_at, $3), ended_because = coalesce(ended_because, $4)
        WHERE id = $1 AND person_id = $2
        """,
        session_id,
        me.id,
        now,
        because,
    )
    wake_streams(db, me.id)
    return found == 1


def wake_streams(db: Connection, person_id: UUID) -> None:
    """Have whatever this person has open asked again whether it may go on, once this transaction has committed."""
    db.wake(bell_name(person_id))
    db.wake(ENDED)


def bell_name(person_id: UUID) -> str:
    """The bell that rings for one person's events."""
    return f"events:{person_id.hex}"


# The bell that rings when a session has ended or rights have changed, for those who watch over sockets.
ENDED = "sessions"


def new_secret() -> tuple[str, bytes]:
    """A secret to hand out once, and the hash to keep."""
    secret = secrets.token_urlsafe(32)
    return secret, sha256(secret)


def new_pair(family: str | None = None) -> Pair:
    """Tokens that nobody has seen; all refresh tokens of a session begin alike, with the name of its family."""
    name = family or REFRESH_PREFIX + secrets.token_urlsafe(16)
    return Pair(PREFIX + secrets.token_urlsafe(32), name + secrets.token_urlsafe(32))


def family_of(refresh_token: str) -> bytes:
    """What is stored instead of the part that a session's refresh tokens share."""
    return sha256(refresh_token[:FAMILY_LENGTH])


def sha256(text: str) -> bytes:
    """What is stored instead of a secret."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def _bearer(header: str | None) -> str | None:
    scheme, _, token = (header or "").partition(" ")
    usable = scheme.lower() == "bearer" and len(token) == TOKEN_LENGTH and token.startswith(PREFIX)
    return token if usable else None
