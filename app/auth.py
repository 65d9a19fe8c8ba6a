"""Who is calling: an opaque token, looked up for every request, so that a change of rights holds at the next one."""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from app.errors import NotSignedIn
from db import DOOR, Connection, Pool, new_id

PREFIX = "cairn_"
TOKEN_LENGTH = len(PREFIX) + 43


class Signed(Struct, frozen=True):
    """Someone who has signed in, with the roles they hold at this moment."""

    id: UUID
    organisation_id: UUID
    session_id: UUID
    language: str
    roles: list[str]

    def has(self, *roles: str) -> bool:
        """Whether they hold one of these roles."""
        return any(role in self.roles for role in roles)


class Tokens(Struct, frozen=True, rename="camel"):
    """What a client keeps after signing in. The token is shown once; only its SHA-256 is stored."""

    access_token: str
    expires_at: datetime


async def who(pool: Pool, authorization: str | None, now: datetime) -> Signed:
    """The person behind an Authorization header; raises `NotSignedIn` and says no more than that."""
    token = _bearer(authorization)
    if token is None:
        raise NotSignedIn
    async with pool.reading() as db:
        found = await db.one(
            Signed, "SELECT id, organisation_id, session_id, language, roles FROM signed_in($1, $2)", sha256(token), now
        )
    if found is None:
        raise NotSignedIn
    return found


async def sign_in(pool: Pool, person_id: UUID, now: datetime, lifetime: timedelta) -> Tokens:
    """Open a session and hand out its token."""
    async with pool.transaction(DOOR) as db:
        return await open_session(db, person_id, now, lifetime)


async def open_session(db: Connection, person_id: UUID, now: datetime, lifetime: timedelta) -> Tokens:
    """The same inside a transaction at the door."""
    token, session, expires = PREFIX + secrets.token_urlsafe(32), new_id(now), now + lifetime
    await db.run("INSERT INTO session (id, person_id, started_at) VALUES ($1, $2, $3)", session, person_id, now)
    await db.run(
        "INSERT INTO access_token (sha256, session_id, expires_at) VALUES ($1, $2, $3)", sha256(token), session, expires
    )
    return Tokens(token, expires)


async def sign_out(db: Connection, me: Signed, now: datetime) -> None:
    """End this session; its token opens nothing from the next request on."""
    await db.run("UPDATE session SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL", me.session_id, now)


def new_secret() -> tuple[str, bytes]:
    """A secret to hand out once, and the hash to keep."""
    secret = secrets.token_urlsafe(32)
    return secret, sha256(secret)


def _bearer(header: str | None) -> str | None:
    scheme, _, token = (header or "").partition(" ")
    usable = scheme.lower() == "bearer" and len(token) == TOKEN_LENGTH and token.startswith(PREFIX)
    return token if usable else None


def sha256(text: str) -> bytes:
    """What is stored instead of a secret."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
