"""Where the media of a visit may pass: through TURN alone when there is TURN, so that nobody learns an address."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from signaling.messages import Ice, IceServer

TTL: Final = 600


def lasting(now: datetime, closes_at: int | None, most: int = TTL) -> int:
    """For how many seconds to lend something: a while, and never beyond the end of the visit."""
    return most if closes_at is None else max(1, min(most, closes_at - int(now.timestamp())))


def servers(turn_urls: Sequence[str], secret: bytes | None, session: UUID, now: datetime, ttl: int = TTL) -> Ice:
    """TURN credentials of one session, good for `ttl` seconds (coturn's `use-auth-secret`).

    They name the session, never the person. When they expire, new allocations stop and nothing else; a visit is ended
    elsewhere. There is no STUN: without TURN two people meet at the addresses that they have.
    """
    if not turn_urls:
        return Ice(servers=(), ttl=ttl, policy="all")
    if not secret:
        raise ValueError("TURN addresses need the secret that is shared with coturn.")
    username = f"{int(now.timestamp()) + ttl}:{session.hex}"
    return Ice((IceServer(tuple(turn_urls), username, credential(secret, username)),), ttl, "relay")


def credential(secret: bytes, username: str) -> str:
    """The password that coturn works out for itself from the same secret; SHA-1 is its choice."""
    return base64.b64encode(hmac.digest(secret, username.encode(), hashlib.sha1)).decode()
