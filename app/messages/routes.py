"""Threads and messages over HTTP."""

from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, JSONBody

from app import access, limits
from app.dependencies import Db, Me, Now
from app.messages import actions
from app.messages.models import (
    After,
    Flagged,
    Message,
    Messages,
    NewMarks,
    NewMessage,
    NewThread,
    Thread,
    Threads,
)
from app.wire import Cursor, Limit


@post("/v1/threads", operation_id="openThread", tags=["messages"], summary="Write with somebody",
      access=access.allow("open", "threads"))  # fmt: skip
async def open_with(data: JSONBody[NewThread], me: Me, db: Db, now: Now) -> Thread:
    """A thread between a patient and somebody on their care team, or in such a one's place. The two have one.

    Where they have it already, this is it, whatever the id.
    """
    return await actions.open_with(db, me, data, now)


@get("/v1/threads", operation_id="listThreads", tags=["messages"], summary="Your threads",
     access=access.allow("list", "threads"))  # fmt: skip
async def listed(me: Me, db: Db, cursor: Cursor = None, limit: Limit = 50) -> Threads:
    """Your own threads, the latest word first, with how much of each you have not read."""
    return await actions.listed(db, me, cursor, limit)


@get("/v1/threads/{thread_id:uuid}", operation_id="getThread", tags=["messages"], summary="One of your threads",
     access=access.allow("read", "threads"))  # fmt: skip
async def one(thread_id: FromPath[UUID], me: Me, db: Db) -> Thread:
    """How a thread stands, and how far the other side has come."""
    return await actions.one(db, me, thread_id)


@get("/v1/threads/{thread_id:uuid}/messages", operation_id="listMessages", tags=["messages"],
     summary="Messages of a thread", access=access.allow("read", "threads"))  # fmt: skip
async def page(
    thread_id: FromPath[UUID], me: Me, db: Db, cursor: Cursor = None, after: After = None, limit: Limit = 50
) -> Messages:
    """The newest first, and older ones by the cursor; with `after` what came later than that number, the oldest first.

    The event `message` names the thread: ask with `after` the last number that you have. Numbers have no gap, and a
    message with a lower number than one that you were given never comes later.
    """
    return await actions.page(db, me, thread_id, cursor, after, limit)


@post("/v1/threads/{thread_id:uuid}/messages", operation_id="writeMessage", tags=["messages"], summary="Write",
      access=access.allow("write", "threads"), limit=limits.MESSAGES)  # fmt: skip
async def write(thread_id: FromPath[UUID], data: JSONBody[NewMessage], me: Me, db: Db, now: Now) -> Message:
    """Write to the other side; sending it again is safe. Nobody else reads it.

    Where the one beside you is not at work, a notice in the thread says so, with the numbers that always answer.
    """
    return await actions.write(db, me, thread_id, data, now)


@post("/v1/threads/{thread_id:uuid}/marks", operation_id="markThread", tags=["messages"], summary="Say what you read",
      status_code=200, access=access.allow("mark", "marks"))  # fmt: skip
async def mark(thread_id: FromPath[UUID], data: JSONBody[NewMarks], me: Me, db: Db, now: Now) -> Thread:
    """Up to which message all have arrived, and up to which you have read: never back, and the other side sees it."""
    return await actions.mark(db, me, thread_id, data, now)


@post("/v1/threads/{thread_id:uuid}/block", operation_id="blockThread", tags=["messages"], summary="Block a thread",
      status_code=200, access=access.allow("block", "threads"))  # fmt: skip
async def block(thread_id: FromPath[UUID], me: Me, db: Db, now: Now) -> Thread:
    """Nothing more arrives in it. The other side sees that it is closed, and no reason."""
    return await actions.block(db, me, thread_id, now)


@post("/v1/threads/{thread_id:uuid}/unblock", operation_id="unblockThread", tags=["messages"],
      summary="Let a thread go on", status_code=200, access=access.allow("unblock", "threads"))  # fmt: skip
async def unblock(thread_id: FromPath[UUID], me: Me, db: Db, now: Now) -> Thread:
    """Both may write again."""
    return await actions.unblock(db, me, thread_id, now)


@post("/v1/messages/{message_id:uuid}/flag", operation_id="flagMessage", tags=["messages"],
      summary="Say that somebody is in danger", status_code=200, access=access.allow("flag", "threads"),
      limit=limits.CRISIS)  # fmt: skip
async def flag(message_id: FromPath[UUID], me: Me, db: Db, now: Now) -> Flagged:
    """A patient's message speaks of danger: clinicians on duty are told at once. Doing it twice is safe."""
    return await actions.flag(db, me, message_id, now)


ROUTES = (open_with, listed, one, page, write, mark, block, unblock, flag)
