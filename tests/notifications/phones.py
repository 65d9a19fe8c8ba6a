"""Phones that ring in memory, and the small steps that tests are written in."""

from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import db as database
import notifications
from db import CLOCK, Pool
from notifications import Accepted, Address, Kind, NewAddress, Outcome, Push, addresses

SOON = timedelta(hours=1)


class Phones:
    """A channel that takes everything, unless it was told an answer; `during` runs while a push is on the wire."""

    def __init__(self) -> None:
        self.pushes: list[Push] = []
        self.answers: dict[str, deque[Outcome]] = defaultdict(deque)
        self.during: Callable[[], Awaitable[object]] | None = None

    @property
    def rang(self) -> list[str]:
        return [push.address for push in self.pushes]

    def answer(self, token: str, *outcomes: Outcome) -> None:
        self.answers[token].extend(outcomes)

    async def push(self, push: Push) -> Outcome:
        self.pushes.append(push)
        if self.during is not None:
            await self.during()
        if self.answers[push.address]:
            return self.answers[push.address].popleft()
        return Accepted(f"accepted-{len(self.pushes)}")


def a_phone(token: str, **changes: Any) -> NewAddress:
    calm: dict[str, Any] = {
        "id": uuid4(),
        "kind": "fcm-token",
        "value": token,
        "platform": "android",
        "time_zone": "America/New_York",
    }
    return NewAddress(**(calm | changes))


async def has_a_phone(pool: Pool, person: UUID, token: str, now: datetime, **changes: Any) -> Address:
    async with pool.transaction(database.person(person)) as db:
        address = await addresses.register(db, person, a_phone(token, **changes), now)
    assert address is not None
    return address


async def tell(pool: Pool, person: UUID, now: datetime, **changes: Any) -> UUID:
    """Tell one person about something, as the worker does; the subject."""
    calm: dict[str, Any] = {
        "subject": uuid4(),
        "kind": Kind.APPOINTMENT,
        "due_at": now,
        "expires_at": now + SOON,
        "now": now,
    }
    wish = calm | changes
    async with pool.transaction(CLOCK) as db:
        await notifications.send(db, [person], **wish)
    subject: UUID = wish["subject"]
    return subject


async def states(pool: Pool, table: str) -> list[str]:
    """The states of all rows of `notification` or `delivery`, oldest first."""
    async with pool.transaction(CLOCK) as db:
        return await db.values(str, f"SELECT state FROM {table} ORDER BY id")  # noqa: S608 - two words of our own
