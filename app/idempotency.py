"""The same request twice has one effect: `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).

What was answered is kept in the transaction of what was done, so both are there or neither. It may be about a patient,
and lies sealed under a key made from the server's secret and the one that the client sent: whoever has the database has
nothing. A refusal undoes its transaction and is not kept: asked again, it is decided again.
"""

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response
from litestar.response.base import ASGIResponse
from msgspec import Struct

from app import keys
from app.errors import BadKey, KeyReused, StillRunning
from db import CLOCK, Connection, Pool, envelope

HEADER: Final = "Idempotency-Key"
LASTS: Final = timedelta(hours=24)
# A structured-field string, or the bare word that most clients send.
_KEY = re.compile(r'"([\x20-\x21\x23-\x5b\x5d-\x7e]{1,200})"|([A-Za-z0-9._:=+/-]{1,200})')
# What an answer says about itself; all else belongs to the moment in which it is sent.
_LASTING: Final = ("etag", "location", "vary")


class Kept(Struct, frozen=True):
    """An answer as it was sent."""

    status: int
    media_type: str
    headers: dict[str, str]
    body: bytes


class Replayed(Exception):
    """This was done before; here is what was answered then."""

    def __init__(self, kept: Kept) -> None:
        super().__init__()
        self.kept = kept


class Asked(Struct, frozen=True):
    """A request with a key: where its answer is kept, what seals that, and what the request was."""

    place: bytes
    seal: bytes
    fingerprint: bytes


class _Row(Struct, frozen=True):
    fingerprint: bytes
    sealed: bytes


def key_of(request: Request[Any, Any, Any]) -> str | None:
    """The key that was sent with a change; None where there is none. Raises `BadKey`."""
    sent = request.headers.getall(HEADER, []) if request.method not in {"GET", "HEAD"} else []
    if not sent:
        return None
    found = _KEY.fullmatch(sent[0].strip()) if len(sent) == 1 else None
    if found is None:
        raise BadKey
    return found[1] or found[2]


async def asked(request: Request[Any, Any, Any], key: str, person: UUID) -> Asked:
    """A key means something for one person at one operation; another address or body is another request."""
    secret = keys.derive(request.app.state.site.ticket_key.hex(), "kept answers")
    whose = [person.bytes, request.method.encode(), str(request.route_handler.operation_id).encode(), key.encode()]
    seal, scope = _mac(secret, b"seal", *whose), request.scope
    said = [scope.get("raw_path", b""), scope["query_string"], *_preconditions(request), await request.body()]
    return Asked(_mac(secret, b"place", *whose), seal, _mac(seal, *said))


def _preconditions(request: Request[Any, Any, Any]) -> list[bytes]:
    return [request.headers.get("if-match", "").encode("latin-1", "replace")]


def _mac(key: bytes, *parts: bytes) -> bytes:
    """Of these parts and no others: each is told with its length."""
    return hmac.digest(key, b"".join(len(part).to_bytes(4, "big") + part for part in parts), hashlib.sha256)


async def begin(db: Connection, one: Asked, now: datetime) -> None:
    """Go on when this is new; raises `Replayed`, or `KeyReused` where the key was something else's, or `StillRunning`.

    Whoever comes first holds the place until their transaction ends; nobody waits for them with a connection in hand.
    """
    if not await db.value(
        bool, "SELECT pg_try_advisory_xact_lock($1)", int.from_bytes(one.place[:8], "big", signed=True)
    ):
        raise StillRunning
    row = await db.one(
        _Row, "SELECT fingerprint, sealed FROM kept_answer WHERE place = $1 AND kept_at > $2", one.place, now - LASTS
    )
    if row is None:
        return
    if not hmac.compare_digest(row.fingerprint, one.fingerprint):
        raise KeyReused
    raise Replayed(_opened(one, row.sealed))


async def keep(db: Connection, one: Asked, answer: ASGIResponse, now: datetime) -> None:
    """Keep what is about to be answered, in the transaction of what was done."""
    said = {name: answer.headers[name] for name in _LASTING if name in answer.headers}
    kept = Kept(answer.status_code, answer.headers.get("content-type", ""), said, answer.body)
    await db.run(
        """
        INSERT INTO kept_answer (place, fingerprint, sealed, kept_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (place) DO UPDATE
        SET fingerprint = excluded.fingerprint, sealed = excluded.sealed, kept_at = excluded.kept_at
        """,
        one.place,
        one.fingerprint,
        _sealed(one, kept),
        now,
    )


async def forget(pool: Pool, now: datetime) -> int:
    """Remove what is a day old; how much there was."""
    async with pool.transaction(CLOCK) as db:
        return await db.run("DELETE FROM kept_answer WHERE kept_at <= $1", now - LASTS)


def again(kept: Kept) -> Response[bytes]:
    """The answer from before, and that it is from before."""
    headers = {**kept.headers, "Idempotency-Replayed": "true"}
    return Response(kept.body, status_code=kept.status, media_type=kept.media_type or None, headers=headers)


def _sealed(one: Asked, kept: Kept) -> bytes:
    return envelope.wrap(one.seal, msgspec.msgpack.encode(kept), _where(one))


def _opened(one: Asked, sealed: bytes) -> Kept:
    return msgspec.msgpack.decode(envelope.unwrap(one.seal, sealed, _where(one)), type=Kept)


def _where(one: Asked) -> dict[str, str]:
    """An answer opens for the question that it was given to, and for no other."""
    return {"place": one.place.hex(), "fingerprint": one.fingerprint.hex()}
