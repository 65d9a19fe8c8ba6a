"""Letters: a few neutral words to somebody's mail or telephone, such as a code that was asked for.

A push says that there is something to fetch; a letter is what somebody needs who has not come in yet, so it goes at
once and is worth nothing after a few minutes. Whoever asks for one writes a row and learns nothing: a letter names its
address by a blind index only, and whose that is, and whether it is anybody's, is looked up when it is to be sent.

At least once on the wire, with the same words and the same id each time, so that twice looks like once: what a letter
says is made from its subject again at every attempt, and no secret of it lies in the outbox. Never after it expires.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Protocol
from uuid import UUID, uuid4

from msgspec import Struct

from db import CLOCK, Connection, Pool
from notifications import rules
from notifications.channel import Accepted, Outcome, Permanent, Transient
from notifications.models import LetterKind, Post

BELL = "notifications.letters"
LEASE = timedelta(seconds=60)
CARRY_SECONDS = 20.0
"""A lease outlasts one attempt, with time to spare for what was leased with it."""

AT_ONCE = 32

_roll = SystemRandom().random


class Letter(Struct, frozen=True):
    """Words to one address. Its id is the same however often it is tried."""

    id: UUID
    post: Post
    to: str
    language: str
    subject: str
    text: str
    written_at: datetime
    not_after: datetime

    def __repr__(self) -> str:
        """The id only: the rest is a secret."""
        return f"Letter(id={self.id})"


class Carrier(Protocol):
    """A way to reach somebody's mail, or their telephone."""

    async def carry(self, letter: Letter) -> Outcome:
        """Hand one letter on. Says what happened and does not raise; may be cancelled at any time."""


class Waiting(Struct, frozen=True):
    """A letter that is ours until the lease ends: what it is about, and the blind index of where it goes."""

    id: UUID
    kind: LetterKind
    subject_id: UUID
    person_id: UUID | None
    blind: bytes
    attempt: int
    not_after: datetime


class Posted(Struct, frozen=True):
    """What one pass did, for metrics. `void`: there was nobody to write to, or nothing to say any more."""

    sent: int = 0
    queued: int = 0
    dead: int = 0
    expired: int = 0
    void: int = 0


Compose = Callable[[Connection, Waiting, Post, datetime], Awaitable[Letter | None]]
"""What a letter says and to whom, in the transaction that leased it; None where that is nothing or nobody."""


async def post_due(pool: Pool, compose: Compose, post: Post, carrier: Carrier, now: datetime) -> Posted:
    """Send what is due by mail, or by telephone: lease, compose, commit, carry, settle.

    Any number of passes may run at the same time. What a pass does not settle, because it was cancelled or killed, is
    due again a minute later and goes out with the same words.
    """
    clock, token = _running(now), uuid4()
    async with pool.transaction(CLOCK) as db:
        expired = await _expire(db, post, now)
        leased = await _lease(db, post, token=token, now=now)
        letters = [(one, await compose(db, one, post, now)) for one in leased]
        await _settle_void(db, [one.id for one, letter in letters if letter is None], now)
    ready = [(one, letter) for one, letter in letters if letter is not None]
    states = await asyncio.gather(*(_sent(pool, carrier, one, letter, clock, token) for one, letter in ready))
    counts = Counter(states) + Counter(expired=expired, void=len(leased) - len(ready))
    return Posted(**{name: counts[name] for name in Posted.__struct_fields__})


async def _sent(
    pool: Pool, carrier: Carrier, waiting: Waiting, letter: Letter, clock: Callable[[], datetime], token: UUID
) -> str:
    """Carry one letter and write down what became of it, whatever the others wait for."""
    outcome = await _carried(carrier, letter)
    state, next_at = settled(waiting, outcome, clock(), _roll())
    error = outcome.error if isinstance(outcome, Transient | Permanent) else None
    async with pool.transaction(CLOCK) as db:
        await _settle(db, waiting.id, token, state, next_at, error, clock())
    return state


async def _carried(carrier: Carrier, letter: Letter) -> Outcome:
    try:
        async with asyncio.timeout(CARRY_SECONDS):
            return await carrier.carry(letter)
    except TimeoutError:
        return Transient("TIMEOUT")
    except Exception as error:  # A carrier does not raise; if one does, it must not take the others along.
        return Transient(type(error).__name__)


def settled(waiting: Waiting, outcome: Outcome, now: datetime, roll: float) -> tuple[str, datetime | None]:
    """Sent, dead, again later, or too late for that; and when it is tried again."""
    match outcome:
        case Accepted():
            return "sent", None
        case Permanent():
            return "dead", None
    next_at = now + rules.delay(waiting.attempt, outcome.retry_after, roll)
    return ("queued", next_at) if next_at < waiting.not_after else ("expired", None)


async def _expire(db: Connection, post: Post, now: datetime) -> int:
    return await db.run(
        """
        UPDATE letter SET state = 'expired', next_at = NULL, lease = NULL, settled_at = $2
        WHERE post = $1 AND next_at <= $2 AND not_after <= $2
        """,
        post,
        now,
    )


async def _lease(db: Connection, post: Post, *, token: UUID, now: datetime) -> list[Waiting]:
    return await db.all(
        Waiting,
        """
        WITH due AS (
            SELECT id FROM letter WHERE post = $1 AND next_at <= $2 AND not_after > $2
            ORDER BY next_at LIMIT $5 FOR UPDATE SKIP LOCKED
        )
        UPDATE letter l SET next_at = $3, lease = $4, attempt = l.attempt + 1
        FROM due WHERE l.id = due.id
        RETURNING l.id, l.kind, l.subject_id, l.person_id, l.blind, l.attempt, l.not_after
        """,
        post,
        now,
        now + LEASE,
        token,
        AT_ONCE,
    )


async def _settle_void(db: Connection, ids: Sequence[UUID], now: datetime) -> None:
    await db.run(
        "UPDATE letter SET state = 'void', next_at = NULL, lease = NULL, settled_at = $2 WHERE id = ANY ($1::uuid[])",
        ids,
        now,
    )


async def _settle(
    db: Connection, number: UUID, token: UUID, state: str, next_at: datetime | None, error: str | None, now: datetime
) -> None:
    """What became of it, unless its lease has gone to somebody else meanwhile."""
    await db.run(
        """
        UPDATE letter SET state = $3, next_at = $4, error = $5, lease = NULL,
            settled_at = CASE WHEN $3 <> 'queued' THEN $6::timestamptz END
        WHERE id = $1 AND lease = $2
        """,
        number,
        token,
        state,
        next_at,
        error,
        now,
    )


async def forget(pool: Pool, before: datetime) -> int:
    """Drop what was settled before then: that somebody was written to is not kept."""
    async with pool.transaction(CLOCK) as db:
        return await db.run("DELETE FROM letter WHERE settled_at < $1", before)


def _running(now: datetime) -> Callable[[], datetime]:
    """A clock that showed `now` at this moment."""
    started = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - started)
