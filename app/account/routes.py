"""One's own account over HTTP, and the way back in for a colleague."""

from typing import Any

from litestar import Request, get, post
from litestar.params import JSONBody

from app import access
from app.account import actions
from app.account.models import Account, AccountEvents, Colleague, RecoveryCode, Vouch
from app.dependencies import Db, Me, Now, principal
from app.wire import Cursor, Limit


@get("/v1/account", operation_id="getAccount", tags=["account"], summary="How well your account is held",
     access=access.allow("read", "own-account"))  # fmt: skip
async def account(db: Db, now: Now) -> Account:
    """Whether you have something of your own to sign in with, and whether somebody has made another way in for you."""
    return await actions.account(db, now)


@get("/v1/account/events", operation_id="listAccountEvents", tags=["account"],
     summary="What happened to your ways to sign in",
     access=access.allow("read", "own-account"))  # fmt: skip
async def history(me: Me, db: Db, cursor: Cursor = None, limit: Limit = 50) -> AccountEvents:
    """Every passkey, authenticator app, provider and link that was added or taken away, the latest first."""
    return await actions.history(db, me, cursor, limit)


@post("/v1/account/recovery/refuse", operation_id="refuseRecovery", tags=["account"], status_code=204,
      summary="Say that it was not you",
      access=access.allow("refuse", "own-account"))  # fmt: skip
async def refuse_recovery(me: Me, db: Db, now: Now) -> None:
    """Somebody made a way into your account, and you did not ask for it: it opens nothing from now on."""
    await actions.refuse_recovery(db, me, now)


@post("/v1/recoveries/find", operation_id="findRecovery", tags=["account"], status_code=200,
      summary="Whose screen shows this code", access=access.allow("find", "recoveries"))  # fmt: skip
async def find_colleague(data: JSONBody[RecoveryCode], request: Request[Any, Any, Any], me: Me, now: Now) -> Colleague:
    """A colleague who has lost their passkey holds a new link, whose page shows eight digits: whose these are."""
    return await actions.find_colleague(request.app.state.pool, principal(request), me, data.code, now)


@post("/v1/recoveries/vouch", operation_id="vouchForRecovery", tags=["account"], status_code=204,
      summary="Vouch for a colleague", access=access.allow("vouch", "recoveries", step_up=True))  # fmt: skip
async def vouch(data: JSONBody[Vouch], request: Request[Any, Any, Any], me: Me, now: Now) -> None:
    """You have seen them, and it is their screen that shows these digits. Their link opens at once.

    Nobody vouches for a link that they have made themselves.
    """
    await actions.vouch(request.app.state.pool, principal(request), me, data, now)


ROUTES = (account, history, refuse_recovery, find_colleague, vouch)
