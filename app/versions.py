"""Whether what somebody changes is still what they saw: a version of what a change replaces, as a strong entity tag.

A version is a digest of the state itself, so whatever writes it moves it. What only one request can do anyhow (claim,
close, cancel, move, stop) needs none: the second one finds that it has been done.
"""

import hashlib
import re
from typing import Annotated
from uuid import UUID

import msgspec
from litestar.params import HeaderParameter
from msgspec import Meta

from app.errors import Stale
from db import Connection

_SAID = "The `ETag` of what you saw, or its `version` in quotes; another version is refused with 412."
# Litestar asks for the first kind itself; without it the answer is 428.
# The limits are said twice, as those of numbers in a query are.
_Tags = Annotated[str, Meta(min_length=1, max_length=400, description=_SAID)]
IfMatch = Annotated[_Tags, HeaderParameter(name="If-Match", min_length=1, max_length=400)]
# An empty header says as little as none.
_NoTags = Annotated[str, Meta(max_length=400, description=_SAID)]
MayMatch = Annotated[_NoTags | None, HeaderParameter(name="If-Match", max_length=400)]

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')


def of(*state: object) -> str:
    """The version of this state: the same for the same, another one for any other."""
    return hashlib.sha256(msgspec.json.encode(state)).hexdigest()[:16]


def check(seen: str | None, now: str) -> None:
    """Raises `Stale` unless one of the tags is this version; without any, nobody asks."""
    if seen is None or seen.strip() == "*":
        return
    # What a proxy has weakened (W/) is another representation; a version may be followed by a digest of that.
    if not any(not weak and tag.partition(".")[0] == now for weak, tag in _TAG.findall(seen)):
        raise Stale


def tag(version: str, body: bytes | None = None) -> str:
    """The entity tag: with a body, of exactly that representation of the version."""
    return f'"{version}"' if body is None else f'"{version}.{hashlib.sha256(body).hexdigest()[:16]}"'


def is_among(current: str, known: str) -> bool:
    """Whether `If-None-Match` names this tag: then whoever asks has it already."""
    return known.strip() == "*" or current in {f'"{one}"' for _, one in _TAG.findall(known)}


async def alone(db: Connection, what: str, subject: UUID) -> None:
    """Let one at a time change this, until the transaction ends: who comes next finds what the one before has left."""
    await db.run("SELECT pg_advisory_xact_lock(hashtextextended($1::text || ' ' || $2::uuid, 0))", what, subject)
