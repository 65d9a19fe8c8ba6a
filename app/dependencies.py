"""What a handler may ask for: `me`, `db`, `now`, `site`; `caller` and `pool` where one transaction is not enough."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from litestar import Request
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from app import idempotency
from app.answers import KEPT
from app.auth import Signed
from app.observe import decided_at, request_id
from app.site import Site
from db import Connection, Pool, Principal, person

# These are made below and nowhere else: the framework need not look again at what they are.
Me = SkipValidation[NamedDependency[Signed]]
Db = SkipValidation[NamedDependency[Connection]]
Now = SkipValidation[NamedDependency[datetime]]
Where = SkipValidation[NamedDependency[Site]]
# For what counts a try before it looks at it, in a transaction of its own.
Caller = SkipValidation[NamedDependency[Principal]]
Connections = SkipValidation[NamedDependency[Pool]]


async def provide_me(request: Request[Any, Any, Any]) -> Signed:
    """Whoever the guard found behind the token."""
    signed: Signed = request.scope["user"]
    return signed


async def provide_db(request: Request[Any, Any, Any]) -> AsyncGenerator[Connection, None]:
    """The request's one transaction on behalf of its caller: it commits before the answer is sent."""
    key = idempotency.key_of(request)
    if key is not None:
        async with _once(request, key) as db:
            yield db
        return
    async with request.app.state.pool.transaction(principal(request)) as db:
        yield db


@asynccontextmanager
async def _once(request: Request[Any, Any, Any], key: str) -> AsyncGenerator[Connection, None]:
    """The same transaction, in which the answer is kept as well: both are there, or neither."""
    now = decided_at(request.scope)
    asked = await idempotency.asked(request, key, request.scope["user"].id)
    request.scope[KEPT] = None  # type: ignore[literal-required]
    async with request.app.state.pool.transaction(principal(request)) as db:
        await idempotency.begin(db, asked, now)
        yield db
        await idempotency.keep(db, asked, request.scope[KEPT], now)  # type: ignore[literal-required]


def principal(request: Request[Any, Any, Any]) -> Principal:
    """The caller, for what has to be committed whatever becomes of the rest, such as that a try was made."""
    scope, me, purposes = request.scope, request.scope["user"], request.scope["state"]["purposes"]
    return person(me.id, request_id(scope), me.session_id, now=decided_at(scope), purposes=purposes)


async def provide_now(request: Request[Any, Any, Any]) -> datetime:
    """The instant at which the request is decided: one for all of it."""
    return decided_at(request.scope)


async def provide_site(request: Request[Any, Any, Any]) -> Site:
    """How this server was set up."""
    site: Site = request.app.state.site
    return site


async def provide_caller(request: Request[Any, Any, Any]) -> Principal:
    """On whose behalf this request's transactions are."""
    return principal(request)


async def provide_pool(request: Request[Any, Any, Any]) -> Pool:
    """Where transactions come from."""
    pool: Pool = request.app.state.pool
    return pool


PROVIDERS = {
    "me": Provide(provide_me),
    "db": Provide(provide_db),
    "caller": Provide(provide_caller),
    "pool": Provide(provide_pool),
    "now": Provide(provide_now),
    "site": Provide(provide_site),
}
