"""How much of what anybody may do in a while: a closed set of limits, each with a budget of its own.

Ordinary reading and writing is counted in this process, by account: a count in the database would be one more write for
every request. With several processes behind one address each has its own count, so that somebody may get as often the
budget as there are processes; what must be exact (whoever guesses, and what is heavy) is counted in PostgreSQL.
A check-in has a budget of its own and asks no store, so neither another's use nor an outage refuses it.
"""

import hashlib
from collections.abc import Hashable
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import Any

from litestar import Request
from msgspec import Struct
from msgspec.structs import force_setattr

from app.errors import TooMany
from db import CLOCK, DOOR, Connection, Pool

KEY = "limit"
# So many counts fit into a process; beyond that, those that are used least are forgotten.
COUNTS = 50_000


class Limit(Struct, frozen=True):
    """So many in a while: all at once if need be, then as they come back, evenly.

    `exact` is for what is counted in the database, whichever process asks. `unit` is how long it takes until one more
    may be had, `policy` how the answer's header says all this: both are worked out once.
    """

    name: str
    count: int
    per: timedelta
    exact: bool = False
    unit: timedelta = timedelta()
    policy: bytes = b""

    def __post_init__(self) -> None:
        force_setattr(self, "unit", timedelta(microseconds=self.per // timedelta(microseconds=1) // self.count))
        said = b'"%b";q=%d;w=%d' % (self.name.encode(), self.count, self.per.total_seconds())
        force_setattr(self, "policy", said)


# By account. A page reads a handful of things when it opens, and anew at each live event.
READ = Limit("read", 1200, timedelta(minutes=1))
WRITE = Limit("write", 300, timedelta(minutes=1))
# One a second comes back, so that a telephone that repeats itself is heard all the same.
CRISIS = Limit("crisis", 60, timedelta(minutes=1))
# A quick talk, and no machine.
MESSAGES = Limit("messages", 120, timedelta(minutes=1))
HEAVY = Limit("heavy", 20, timedelta(minutes=10), exact=True)
# Nobody has so many emergencies, and nobody finds out who is a patient by trying.
EMERGENCY = Limit("emergency", 12, timedelta(hours=1), exact=True)

# Whoever asks for codes, or guesses. A contact's own: nobody's mailbox is filled, and a stranger who uses it up keeps
# its owner from codes for an hour at most, and from nothing else.
CODES_TO_CONTACT = Limit("codes-to-contact", 5, timedelta(hours=1), exact=True)
CODES_FROM_DEVICE = Limit("codes-from-device", 10, timedelta(hours=1), exact=True)
RECOVERY = Limit("recovery", 10, timedelta(days=1), exact=True)
VOUCHES = Limit("vouches", 20, timedelta(hours=1), exact=True)

# By address, and loosely: a whole clinic may come from one.
SIGN_IN = Limit("sign-in", 120, timedelta(minutes=1), exact=True)
# By person, wherever they are: six digits of an app, and eight that a colleague reads out. A day of guesses at the
# first finds one app in ten thousand.
TOTP = Limit("totp", 5, timedelta(minutes=10), exact=True)
TOTP_DAILY = Limit("totp-daily", 30, timedelta(days=1), exact=True)
VOUCH = Limit("vouch", 10, timedelta(hours=1), exact=True)
RENEW = Limit("renew", 1200, timedelta(minutes=1))


class Left(Struct, frozen=True):
    """What is left of a limit, and when all of it is there again."""

    limit: Limit
    remaining: int
    resets_at: datetime


async def take(db: Connection, limit: Limit, subject: bytes, now: datetime) -> Left:
    """Use one of it for this subject, by one row in the caller's transaction; raises `TooMany` when none is left.

    Any principal may: it works at the door. Only a hash of the subject is kept. What is rolled back is not counted:
    before something that may fail, such as a guess, call `spend`.
    """
    hashed = hashlib.sha256(subject).digest()
    full_at = await db.value(
        datetime,
        """
        INSERT INTO taken AS t (limited, subject, full_at) VALUES ($1, $2, $3::timestamptz + $4::interval)
        ON CONFLICT (limited, subject) DO UPDATE SET full_at = greatest(t.full_at, $3) + $4
        WHERE greatest(t.full_at, $3) + $4 <= $3 + $5::interval
        RETURNING full_at
        """,
        limit.name,
        hashed,
        now,
        limit.unit,
        limit.per,
    )
    if full_at is None:
        raise await _used_up(db, limit, hashed, now)
    return _left(limit, full_at, now)


async def spend(pool: Pool, limit: Limit, subject: bytes, now: datetime) -> Left:
    """The same, committed by itself before anything is tried: whatever becomes of the try, it has been counted.

    While the database does not answer nothing is let through.
    """
    async with pool.transaction(DOOR) as db:
        return await take(db, limit, subject, now)


async def forget(pool: Pool, now: datetime) -> int:
    """Remove every count that says no more than that nothing is used; how many there were."""
    async with pool.transaction(CLOCK) as db:
        return await db.run("DELETE FROM taken WHERE full_at <= $1", now)


async def _used_up(db: Connection, limit: Limit, hashed: bytes, now: datetime) -> TooMany:
    full_at = await db.value(
        datetime, "SELECT full_at FROM taken WHERE limited = $1 AND subject = $2", limit.name, hashed
    )
    return TooMany(_wait(limit, full_at or now, now))


def _left(limit: Limit, full_at: datetime, now: datetime) -> Left:
    return Left(limit, (limit.per - (full_at - now)) // limit.unit, full_at)


def _wait(limit: Limit, full_at: datetime, now: datetime) -> int:
    """Whole seconds until one more may be had."""
    return max(1, ceil((full_at + limit.unit - limit.per - now).total_seconds()))


class Counts:
    """What is used of each limit in this process: the same arithmetic, without a store."""

    def __init__(self, most: int = COUNTS) -> None:
        self._full_at: dict[Hashable, datetime] = {}
        self._most = most

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, limit: Limit, subject: Hashable, now: datetime) -> Left:
        """Use one of it; raises `TooMany` when none is left."""
        key = (limit.name, subject)
        before = self._full_at.get(key, now)
        full_at = (max(now, before)) + limit.unit
        if full_at - now > limit.per:
            raise TooMany(_wait(limit, before, now))
        if len(self._full_at) >= self._most and key not in self._full_at:
            self._make_room(now)
        self._full_at[key] = full_at
        return _left(limit, full_at, now)

    def _make_room(self, now: datetime) -> None:
        """Forget what says nothing any more, and where that is not enough, the half that says least."""
        self._full_at = {key: at for key, at in self._full_at.items() if at > now}
        if len(self._full_at) >= self._most:
            said = sorted(self._full_at.items(), key=lambda one: one[1])
            self._full_at = dict(said[len(said) // 2 :])


def usual(method: str, *, public: bool) -> Limit | None:
    """The limit of a route that names none: whoever has signed in by account, a stranger only where they act."""
    reads = method in {"GET", "HEAD", "OPTIONS"}
    if public:
        return None if reads else SIGN_IN
    return READ if reads else WRITE


async def hold(request: Request[Any, Any, Any], limit: Limit, subject: bytes) -> None:
    """Count this request for its subject, and leave word of it for the answer's headers; raises `TooMany`."""
    app = request.app.state
    now = app.clock()
    left = Left(limit, 0, now)
    try:
        left = await spend(app.pool, limit, subject, now) if limit.exact else app.counts.take(limit, subject, now)
    except TooMany as none:
        left = Left(limit, 0, now + timedelta(seconds=none.retry_after))
        raise
    finally:
        request.scope["cairn_limit"] = told(limit, left, now)  # type: ignore[typeddict-unknown-key]


def told(limit: Limit, left: Left, now: datetime) -> tuple[tuple[bytes, bytes], ...]:
    """`RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): what may be had, and what is left."""
    seconds = ceil((left.resets_at - now).total_seconds())
    return (
        (b"ratelimit-policy", limit.policy),
        (b"ratelimit", b'"%b";r=%d;t=%d' % (limit.name.encode(), left.remaining, seconds)),
    )


def address(request: Request[Any, Any, Any]) -> bytes:
    """From where somebody comes whom nobody knows yet: of IPv6 the network of a household, never a single address.

    Behind proxies that the operator names it is the nearest address that is none of them.
    """
    near = request.scope["client"]
    hops = [part.strip() for line in request.headers.getall("x-forwarded-for", []) for part in line.split(",")]
    at = near[0] if near else ""
    while hops and _is_one_of(at, request.app.state.site.trusted_proxies):
        at = hops.pop()
    return _network(at).encode()


def _is_one_of(at: str, networks: tuple[str, ...]) -> bool:
    try:
        return any(ip_address(at) in ip_network(one, strict=False) for one in networks)
    except ValueError:
        return False


def _network(at: str) -> str:
    try:
        found = ip_address(at)
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(ip_network((found, 64), strict=False))
    return str(getattr(found, "ipv4_mapped", None) or found)
