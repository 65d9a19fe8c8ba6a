"""What Cairn sends to PostgreSQL for these operations, taken from its own functions, so that peers never lag behind."""

from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any, cast
from uuid import UUID

from app import access, auth
from app.checkins import queries, routes
from app.checkins.models import NewCheckIn
from db import Connection, Pool, new_id, person
from db.principal import opening

NOBODY, LONG_AGO = UUID(int=0), datetime(2000, 1, 1, tzinfo=UTC)
A_TOKEN = auth.PREFIX + "x" * (auth.TOKEN_LENGTH - len(auth.PREFIX))


class _Overheard(Exception):
    """The statement is known; nothing more is asked."""


class _Ear:
    """Stands where a connection stands, and keeps what it is asked."""

    sql = ""

    async def _hear(self, *asked: Any) -> Any:
        self.sql = next(part for part in asked if isinstance(part, str))
        raise _Overheard

    one = all = run = _hear

    @asynccontextmanager
    async def reading(self) -> Any:
        """As `Pool.reading`."""
        yield self


def _sent(ask: Callable[[Any], Awaitable[object]]) -> str:
    ear = _Ear()
    try:
        ask(ear).__await__().send(None)
    except _Overheard:
        return ear.sql
    raise LookupError("nothing was sent")


def _purposes(handler: Any) -> str:
    rule: access.Rule = handler.opt[access.KEY]
    return rule.purposes(["patient"])


# For what a patient does either of the two; were these ever different things, each would have to say its own.
(PURPOSES,) = {_purposes(routes.record), _purposes(routes.history)}


def begin(me: UUID, session: UUID, now: datetime) -> str:
    """BEGIN with everything that row-level security and the audit are told of a patient's request."""
    return opening(person(me, new_id(now), session, now=now, purposes=PURPOSES))


_A_CHECK_IN = NewCheckIn(NOBODY, date.min, 0, 0, LONG_AGO)

LOOK_UP = _sent(lambda ear: auth.who(cast("Pool", ear), f"Bearer {A_TOKEN}", LONG_AGO))
RECORD = _sent(lambda ear: queries.record(cast("Connection", ear), NOBODY, NOBODY, _A_CHECK_IN, None, LONG_AGO))
HISTORY = _sent(lambda ear: queries.history(cast("Connection", ear), NOBODY, before=date.max, limit=1))
