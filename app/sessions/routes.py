"""Sessions over HTTP."""

from typing import Any
from uuid import UUID

from litestar import Request, delete, get, post
from litestar.params import FromPath, JSONBody

from app import access, limits
from app.auth import Tokens
from app.dependencies import Db, Me, Now
from app.sessions import actions
from app.sessions.models import Refresh, Sessions


@post("/v1/session/refresh", operation_id="refreshSession", tags=["sessions"], summary="Go on with a session",
      status_code=200, access=access.public("refresh", "own-account"), limit=limits.RENEW)  # fmt: skip
async def refresh(data: JSONBody[Refresh], request: Request[Any, Any, Any], now: Now) -> Tokens:
    """The next access token and the next refresh token; the one that is sent has done its work.

    Where the answer was lost, send the same again: as long as nothing that came with it was used, that is safe, and
    what came before is replaced. A refresh token that is used after its successor ends the session for everybody who
    has it. Refresh one at a time.
    """
    return await actions.refresh(request.app.state.pool, data, now)


@get("/v1/sessions", operation_id="listSessions", tags=["sessions"], summary="Where you are signed in",
     access=access.allow("read", "own-account", limited=True))  # fmt: skip
async def mine(me: Me, db: Db, now: Now) -> Sessions:
    """Every device on which you are signed in, and what was ended to protect you."""
    return await actions.mine(db, me, now)


@delete("/v1/sessions/{session_id:uuid}", operation_id="endSession", tags=["sessions"],
        summary="Sign out elsewhere", access=access.allow("end", "own-account", limited=True))  # fmt: skip
async def end(session_id: FromPath[UUID], me: Me, db: Db, now: Now) -> None:
    """End one of your sessions: its tokens open nothing any more, and its phone rings no more."""
    await actions.end(db, me, session_id, now)


@post("/v1/sessions/end-others", operation_id="endOtherSessions", tags=["sessions"], status_code=204,
      summary="Sign out everywhere else", access=access.allow("end", "own-account"))  # fmt: skip
async def end_others(me: Me, db: Db, now: Now) -> None:
    """End all of your sessions but this one."""
    await actions.end_others(db, me, now)


ROUTES = (refresh, mine, end, end_others)
