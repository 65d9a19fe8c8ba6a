"""What is decided about a notification on its way: pure functions of facts and a time."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Literal
from uuid import UUID

from msgspec import Struct

from notifications import wording
from notifications.channel import Accepted, Outcome, Permanent, Push, Transient
from notifications.models import ClosedBecause, Due, Lane, Leased, Route, Settlement

LEASE = timedelta(seconds=30)
LAST_SEND = 0.6
"""The part of a lease after which nothing is sent any more, so that a push has ended before the lease has."""

PUSH_SECONDS = 12.0
BACKOFF_SECONDS = 60.0
QUOTA_SECONDS = 60.0
"""Firebase asks for at least a minute when a quota is used up and says nothing else."""

REFILL = timedelta(seconds=10)
LOOK_SECONDS = 0.25
"""How often a pass that waits for an answer looks whether more has become due."""

_CLOSES: dict[str, ClosedBecause] = {"UNREGISTERED": "unregistered", "SENDER_ID_MISMATCH": "sender-mismatch"}


class Plan(Struct, frozen=True):
    """What becomes of due notifications, and which phones ring for them."""

    states: dict[UUID, Literal["planned", "unreachable", "expired"]]
    routes: list[tuple[Route, Due]]


def plan(due: Iterable[Due], routes: Sequence[Route], now: datetime) -> Plan:
    """One push for every open address; a person without any is unreachable, and what is too late is expired."""
    on_time = {d.id: d for d in due if d.expires_at > now}
    chosen = [(r, on_time[r.notification_id]) for r in routes if r.notification_id in on_time]
    reached = {d.id for d in on_time.values() if d.reached} | {d.id for _, d in chosen}
    states: dict[UUID, Literal["planned", "unreachable", "expired"]] = {d.id: "expired" for d in due}
    states |= {i: "planned" if i in reached else "unreachable" for i in on_time}
    return Plan(states, chosen)


def push(delivery: Leased, now: datetime) -> Push:
    """The message of a delivery: a neutral line and opaque ids."""
    return Push(
        delivery=delivery.id,
        tag=tag(delivery.person_id, delivery.subject_id),
        address_kind=delivery.address_kind,
        address=delivery.address or "",
        platform=delivery.platform,
        line=wording.line(delivery.kind, delivery.language),
        lane=lane(urgent=delivery.urgent),
        expires_at=delivery.not_after,
        ttl=delivery.not_after - now,
    )


def tag(person: UUID, subject: UUID) -> str:
    """What every push to one person about one subject carries, so that a screen shows one of them and not each.

    Whoever carries the pushes learns neither id, and cannot tell that two people hear of the same. 32 characters, which
    is what a Topic of Web Push may have (RFC 8030 § 5.4); Apple allows 64.
    """
    return sha256(person.bytes + subject.bytes).hexdigest()[:32]


def lane(*, urgent: bool) -> Lane:
    """The lane that a notification rides in."""
    return Lane.URGENT if urgent else Lane.ORDINARY


def may_send(delivery: Leased, now: datetime) -> bool:
    """Whether there is still time: the lease must outlast the push, and nothing is sent after it expired."""
    return now <= delivery.leased_until - LEASE * (1 - LAST_SEND) and now < delivery.not_after


def may_refill(free: int, at_once: int, *, started: datetime, now: datetime) -> bool:
    """Whether a pass takes more on: when half of its places are free, and not for ever."""
    return 2 * free >= at_once and now < started + REFILL


def meaning(error: str, retry_after: float | None) -> Outcome:
    """What an error of Firebase says about the message and the address.

    An app that was removed and a token of another sender never work again. A message that is refused as malformed will
    be refused again. All others, an operator's wrong credentials among them, may work later.
    """
    if error in _CLOSES:
        return Permanent(error, _CLOSES[error])
    if error == "INVALID_ARGUMENT":
        return Permanent(error)
    if error == "QUOTA_EXCEEDED":
        return Transient(error, retry_after or QUOTA_SECONDS)
    return Transient(error, retry_after)


def retry_after(header: str, date: str) -> float | None:
    """The seconds that a Retry-After asks for (RFC 9110 § 10.2.3), a date being counted from the answer's own Date."""
    if header.strip().isdecimal():
        return float(header)
    try:
        return max(0.0, (parsedate_to_datetime(header) - parsedate_to_datetime(date)).total_seconds())
    except (ValueError, TypeError):
        return None


def settle(delivery: Leased, outcome: Outcome, now: datetime, roll: float) -> Settlement:
    """Sent, again later, dead, or too late; `roll` is a random number from 0 to 1."""
    match outcome:
        case Accepted(provider_id):
            return Settlement(delivery, "sent", provider_id=provider_id)
        case Permanent(error, close):
            return Settlement(delivery, "dead", error=error, close=close)
    next_at = now + delay(delivery.attempt, outcome.retry_after, roll)
    if next_at >= delivery.not_after:
        return Settlement(delivery, "expired", error=outcome.error)
    return Settlement(delivery, "queued", next_at=next_at, error=outcome.error)


def delay(attempt: int, wait: float | None, roll: float) -> timedelta:
    """Exponential backoff with full jitter, 1 to 60 s, and never less than what the provider asked for."""
    most = min(BACKOFF_SECONDS, 2.0 ** min(attempt, 10))
    return timedelta(seconds=max(1 + roll * (most - 1), wait or 0))
