"""The authenticator app over HTTP."""

from typing import Any
from uuid import UUID

from litestar import Request, delete, get, post
from litestar.params import FromPath, JSONBody

from app import access
from app.account.models import EvenTheLast
from app.dependencies import Db, Me, Now, principal
from app.totp import actions
from app.totp.models import AuthenticatorApps, Code, Enrolment


@post("/v1/totp", operation_id="beginAuthenticator", tags=["authenticator"], summary="Begin to set up an app",
      access=access.allow("begin", "own-authenticator"))  # fmt: skip
async def begin(me: Me, db: Db, now: Now) -> Enrolment:
    """What an authenticator app has to be told. Show a code of it within a quarter of an hour, or it is forgotten.

    Whoever has something to prove it with already shows that it is them first.
    """
    return await actions.begin(db, me, now)


@post("/v1/totp/confirm", operation_id="confirmAuthenticator", tags=["authenticator"], status_code=204,
      summary="Show its first code", access=access.allow("add", "own-authenticator"))  # fmt: skip
async def confirm(data: JSONBody[Code], request: Request[Any, Any, Any], me: Me, now: Now) -> None:
    """The app that you began with last is set up, and replaces one that you had."""
    await actions.confirm(request.app.state.pool, principal(request), me, data.code, now)


@get("/v1/totp", operation_id="listAuthenticators", tags=["authenticator"], summary="Your authenticator app",
     access=access.allow("read", "own-authenticator"))  # fmt: skip
async def mine(me: Me, db: Db) -> AuthenticatorApps:
    """Your app, where you have set one up, and when a code of it was used last."""
    return await actions.mine(db, me)


@delete("/v1/totp/{app_id:uuid}", operation_id="removeAuthenticator", tags=["authenticator"], summary="Remove the app",
        access=access.allow("remove", "own-authenticator", step_up=True))  # fmt: skip
async def remove(app_id: FromPath[UUID], me: Me, db: Db, now: Now, *, even_the_last: EvenTheLast = False) -> None:
    """Its codes count no more."""
    await actions.remove(db, me, app_id, now, even_the_last=even_the_last)


@post("/v1/session/prove/totp", operation_id="proveWithAuthenticator", tags=["authenticator"], status_code=204,
      summary="Show by a code that it is still you", access=access.allow("prove", "own-authenticator"))  # fmt: skip
async def prove(data: JSONBody[Code], request: Request[Any, Any, Any], me: Me, now: Now) -> None:
    """What your app shows now. For five minutes you may then do what asks for that. Each code works once."""
    await actions.prove(request.app.state.pool, principal(request), me, data.code, now)


ROUTES = (begin, confirm, mine, remove, prove)
