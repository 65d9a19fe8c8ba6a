"""The door, over HTTP."""

from typing import Any
from uuid import UUID

from litestar import Request, delete, get, post
from litestar.params import FromPath, JSONBody

from app import access, auth
from app.dependencies import Db, Me, Now, Where
from app.signin import actions
from app.signin.models import DemoCast, DemoSignIn, LinkLooked, LinkState, Redeemed, SetUp, SignedIn, SignInLink


@get("/v1/demo/cast", operation_id="getDemoCast", tags=["sign-in"], summary="The demo people",
     access=access.public("list", "demo-people"))  # fmt: skip
async def demo_cast(request: Request[Any, Any, Any]) -> DemoCast:
    """Whom you can be in demo mode; empty outside it."""
    state = request.app.state
    return await actions.demo_cast(state.pool, state.site)


@post("/v1/demo/sign-ins", operation_id="signInToDemo", tags=["sign-in"], summary="Be one of the demo people",
      access=access.public("sign-in", "demo-people"))  # fmt: skip
async def demo_sign_in(data: JSONBody[DemoSignIn], request: Request[Any, Any, Any], now: Now) -> SignedIn:
    """Be one of the demo people. Not there outside demo mode."""
    state = request.app.state
    return await actions.demo_sign_in(state.pool, data, now, demo=state.site.demo)


@post("/v1/setup", operation_id="setUp", tags=["sign-in"], summary="Make the first operator",
      access=access.public("set-up", "own-account"))  # fmt: skip
async def set_up(data: JSONBody[SetUp], request: Request[Any, Any, Any], now: Now) -> SignedIn:
    """Use the one-time link that the server printed, and become its first operator."""
    return await actions.set_up(request.app.state.pool, data, now)


@post("/v1/people/{person_id:uuid}/sign-in-links", operation_id="makeSignInLink", tags=["sign-in"],
      summary="Make a one-time link for a colleague",
      access=access.allow("make", "sign-in-links", step_up=True))  # fmt: skip
async def make_link(person_id: FromPath[UUID], db: Db, site: Where, now: Now) -> SignInLink:
    """A link with which somebody who works here signs in, once, within two days; a newer one replaces it.

    Hand it over yourself: whoever opens it is them, unless they have a passkey or another way of their own, which is
    told of it and which it does not open past. Patients are invited.
    """
    return await actions.make_link(db, person_id, site, now)


@post("/v1/sign-in-links/look", operation_id="lookAtSignInLink", tags=["sign-in"], status_code=200,
      summary="What a one-time link is good for", access=access.public("read", "own-account"))  # fmt: skip
async def look(data: JSONBody[LinkLooked], request: Request[Any, Any, Any], now: Now) -> LinkState:
    """Whether a link opens just now.

    For somebody who has a passkey it opens when a colleague vouches for them, by the eight digits that stand here, or a
    day after it was made.
    """
    return await actions.look(request.app.state.pool, data.secret, now)


@post("/v1/sign-in-links/redeem", operation_id="redeemSignInLink", tags=["sign-in"], summary="Use a one-time link",
      access=access.public("sign-in", "own-account"))  # fmt: skip
async def redeem(data: JSONBody[Redeemed], request: Request[Any, Any, Any], now: Now) -> SignedIn:
    """Sign in with a link that somebody of your organisation made for you. It works once."""
    return await actions.redeem(request.app.state.pool, data, now)


# The card for a crisis stays in the storage of whoever has the phone: it is no secret, and they may need it.
@delete("/v1/session", operation_id="signOut", tags=["sign-in"], summary="Sign out",
        response_headers={"Clear-Site-Data": '"cache"'},
        access=access.allow("sign-out", "own-account", limited=True))  # fmt: skip
async def sign_out(me: Me, db: Db, now: Now) -> None:
    """End this session at once."""
    await auth.sign_out(db, me, now)


ROUTES = (demo_cast, demo_sign_in, set_up, make_link, look, redeem, sign_out)
