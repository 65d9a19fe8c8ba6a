"""FastAPI, pydantic and asyncpg: dependencies for the caller and the transaction, SQL by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Annotated, Any

import asyncpg
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app import auth
from app.checkins import rules
from app.checkins.models import KeptWithDays
from app.clock import system_clock
from app.wire import cursor_for
from tests.bench._peers import closed, pool
from tests.bench._peers.shapes import CheckIn, CheckIns, NewCheckIn, RecordedCheckIn, Signed
from tests.bench._peers.statements import HISTORY, LOOK_UP, RECORD, begin


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[Any]:
    """The app over a pool with the settings of Cairn's."""
    async with await pool.opened(dsn) as connections:
        yield over(connections)


async def connection(request: Request) -> AsyncIterator[Any]:
    """One connection for one request."""
    async with request.app.state.pool.acquire() as raw:
        yield raw


Raw = Annotated[Any, Depends(connection, scope="function")]
Bearer = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]


async def signed(raw: Raw, sent: Bearer) -> Signed:
    """Whoever holds that token, if it is a patient."""
    row = await raw.fetchrow(LOOK_UP, auth.sha256(sent.credentials), system_clock())
    if row is None:
        raise HTTPException(401)
    if "patient" not in row["roles"]:
        raise HTTPException(403)
    return Signed(**row)


Me = Annotated[Signed, Depends(signed)]


async def transaction(raw: Raw, me: Me) -> AsyncIterator[Any]:
    """The caller's transaction, committed before the answer is sent."""
    await raw.execute(begin(me.id, me.session_id, system_clock()))
    try:
        yield raw
    except BaseException:
        await raw.execute("ROLLBACK")
        raise
    await raw.execute("COMMIT")


Db = Annotated[Any, Depends(transaction, scope="function")]


async def record(new: NewCheckIn, me: Me, db: Db) -> RecordedCheckIn:
    """Say how you feel."""
    row = await db.fetchrow(
        RECORD, new.id, me.id, me.organisation_id, new.date, new.mood, new.craving, new.wants_to_talk, new.in_danger,
        new.sleep_hours, new.triggers, new.used, new.medication_taken,
        await closed.sealed(db, me.id, new.id, new.note), new.answered_at, system_clock(),
    )  # fmt: skip
    if row is None:
        raise HTTPException(409)
    kept, worries = closed.judged(row, new)
    if worries:
        raise HTTPException(501, "a worrying answer is not what is measured here")
    return RecordedCheckIn(**_shown(kept), note=new.note, support=rules.support(None, me.language))


def _shown(kept: KeptWithDays) -> dict[str, Any]:
    return {name: getattr(kept, name) for name in CheckIn.model_fields if name != "note"}


async def history(me: Me, db: Db, limit: Annotated[int, Query(ge=1, le=100)] = 30) -> CheckIns:
    """Your days, the newest first."""
    rows = await db.fetch(HISTORY, me.id, date.max, limit)
    words = await closed.opened(db, me.id, rows)
    items = [CheckIn(**row, note=said) for row, said in zip(rows, words, strict=True)]
    return CheckIns(items=items, next_cursor=cursor_for(items[-1].date) if len(items) == limit else None)


def over(connections: "asyncpg.Pool[asyncpg.Record]") -> FastAPI:
    """The app over these connections."""
    app = FastAPI(openapi_url=None)
    app.state.pool = connections
    app.post("/v1/check-ins", status_code=201)(record)
    app.get("/v1/check-ins")(history)
    return app
