"""The least that can do the work: an ASGI function, asyncpg and msgspec; no router, no framework."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any
from urllib.parse import parse_qs

import asyncpg
import msgspec
from msgspec.structs import astuple

from app import auth
from app.checkins import rules
from app.checkins.models import CheckIn, CheckIns, NewCheckIn, RecordedCheckIn
from app.clock import system_clock
from app.wire import cursor_for
from tests.bench._peers import closed, pool
from tests.bench._peers.statements import HISTORY, LOOK_UP, RECORD, begin

Raw = Any
DECODER = msgspec.json.Decoder(NewCheckIn)
ENCODER = msgspec.json.Encoder()


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[Any]:
    """The function over a pool with the settings of Cairn's."""
    async with await pool.opened(dsn) as connections:
        yield over(connections)


def over(connections: "asyncpg.Pool[asyncpg.Record]") -> Any:
    """An ASGI function over these connections."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await answer(connections, scope, receive, send)

    return app


async def answer(connections: "asyncpg.Pool[asyncpg.Record]", scope: Any, receive: Any, send: Any) -> None:
    """One request: one connection, one transaction, one answer."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    async with connections.acquire() as raw:
        work = _record if scope["method"] == "POST" else _history
        status, body = await work(raw, scope, receive)
    length = str(len(body)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _record(raw: Raw, scope: Any, receive: Any) -> tuple[int, bytes]:
    new, now = DECODER.decode(await _body(receive)), system_clock()
    me = await _begin(raw, scope)
    try:
        row = await raw.fetchrow(
            RECORD, new.id, me["id"], me["organisation_id"], new.date, new.mood, new.craving, new.wants_to_talk,
            new.in_danger, new.sleep_hours, new.triggers, new.used, new.medication_taken,
            await closed.sealed(raw, me["id"], new.id, new.note), new.answered_at, now,
        )  # fmt: skip
        kept, worries = closed.judged(row, new)
        if worries:
            raise NotImplementedError("a worrying answer is not what is measured here")
        await raw.execute("COMMIT")
    except BaseException:
        await raw.execute("ROLLBACK")
        raise
    said = astuple(rules.said(kept, new.note))
    return 201, ENCODER.encode(RecordedCheckIn(*said, support=rules.support(None, me["language"])))


async def _history(raw: Raw, scope: Any, _receive: Any) -> tuple[int, bytes]:
    limit = int(parse_qs(scope["query_string"])[b"limit"][0])
    me = await _begin(raw, scope)
    try:
        rows = await raw.fetch(HISTORY, me["id"], date.max, limit)
        words = await closed.opened(raw, me["id"], rows)
        items = [CheckIn(*closed.with_words(row, said)) for row, said in zip(rows, words, strict=True)]
        await raw.execute("COMMIT")
    except BaseException:
        await raw.execute("ROLLBACK")
        raise
    page = CheckIns(items=items, next_cursor=cursor_for(items[-1].date) if len(items) == limit else None)
    return 200, ENCODER.encode(page)


async def _begin(raw: Raw, scope: Any) -> Any:
    """Find out who calls, and begin on their behalf."""
    now = system_clock()
    sent = next(value for name, value in scope["headers"] if name == b"authorization")
    me = await raw.fetchrow(LOOK_UP, auth.sha256(sent[7:].decode()), now)
    if me is None or "patient" not in me["roles"]:
        raise PermissionError
    await raw.execute(begin(me["id"], me["session_id"], now))
    return me


async def _body(receive: Any) -> bytes:
    whole, more = b"", True
    while more:
        message = await receive()
        whole, more = whole + message.get("body", b""), message.get("more_body", False)
    return whole


async def _live(receive: Any, send: Any) -> None:
    for word in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{word}.complete"})
