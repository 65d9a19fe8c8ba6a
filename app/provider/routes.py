"""The way by a provider, over HTTP."""

from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from litestar import Request, Response, delete, get, post
from litestar.params import FromPath, JSONBody

from app import access
from app.account.models import EvenTheLast
from app.dependencies import Db, Me, Now, Where, principal
from app.errors import Malformed
from app.provider import actions
from app.provider.models import Arrival, ArrivalAtTheDoor, Departure, ProviderLink, ProviderLinks, ProviderName
from app.signin.models import SignedIn


@get("/v1/sign-in/provider", operation_id="getProvider", tags=["provider"], summary="Which provider there is",
     access=access.public("read", "provider"))  # fmt: skip
async def name(site: Where) -> ProviderName:
    """By which provider's account staff may sign in here; null where by none."""
    return actions.name(site)


@post("/v1/sign-in/provider/departures", operation_id="beginProviderSignIn", tags=["provider"],
      summary="Begin to sign in by the provider", access=access.public("begin", "own-provider"))  # fmt: skip
async def begin_sign_in(request: Request[Any, Any, Any], site: Where, now: Now) -> Departure:
    """Where to send the browser. It has ten minutes to come back."""
    state = request.app.state
    return await actions.begin_sign_in(state.pool, state.provider, site, now)


@post("/v1/sign-in/provider", operation_id="signInWithProvider", tags=["provider"],
      summary="Sign in by the provider", access=access.public("sign-in", "own-provider"))  # fmt: skip
async def sign_in(data: JSONBody[ArrivalAtTheDoor], request: Request[Any, Any, Any], site: Where, now: Now) -> SignedIn:
    """Sign in with what the provider has sent the browser back with."""
    state = request.app.state
    return await actions.sign_in(state.pool, state.provider, data, site, now)


@post("/v1/provider-links/departures", operation_id="beginProviderLink", tags=["provider"],
      summary="Begin to connect your account there", access=access.allow("begin", "own-provider"))  # fmt: skip
async def begin_link(request: Request[Any, Any, Any], me: Me, site: Where, now: Now) -> Departure:
    """Where to send the browser, so that you sign in there as yourself."""
    state = request.app.state
    return await actions.begin(state.pool, principal(request), state.provider, me, "link", site, now)


@post("/v1/provider-links", operation_id="addProviderLink", tags=["provider"],
      summary="Connect your account there", access=access.allow("add", "own-provider"))  # fmt: skip
async def link(data: JSONBody[Arrival], request: Request[Any, Any, Any], me: Me, site: Where, now: Now) -> ProviderLink:
    """From now on you sign in here as whoever you have just signed in as there."""
    state = request.app.state
    return await actions.link(state.pool, principal(request), state.provider, me, data, site, now)


@get("/v1/provider-links", operation_id="listProviderLinks", tags=["provider"], summary="Your account at the provider",
     access=access.allow("read", "own-provider"))  # fmt: skip
async def mine(me: Me, db: Db, site: Where) -> ProviderLinks:
    """Your account at the provider, where you have connected one."""
    return await actions.mine(db, me, site)


@delete("/v1/provider-links/{link_id:uuid}", operation_id="removeProviderLink", tags=["provider"],
        summary="Disconnect your account there",
        access=access.allow("remove", "own-provider", step_up=True))  # fmt: skip
async def unlink(link_id: FromPath[UUID], me: Me, db: Db, now: Now, *, even_the_last: EvenTheLast = False) -> None:
    """You sign in by that account no more."""
    await actions.unlink(db, me, link_id, now, even_the_last=even_the_last)


@post("/v1/session/prove/provider/departures", operation_id="beginProviderProof", tags=["provider"],
      summary="Begin to show by the provider that it is still you",
      access=access.allow("begin", "own-provider"))  # fmt: skip
async def begin_proof(request: Request[Any, Any, Any], me: Me, site: Where, now: Now) -> Departure:
    """Where to send the browser; the provider asks you to sign in anew."""
    state = request.app.state
    return await actions.begin(state.pool, principal(request), state.provider, me, "prove", site, now)


@post("/v1/session/prove/provider", operation_id="proveWithProvider", tags=["provider"], status_code=204,
      summary="Show by the provider that it is still you",
      access=access.allow("prove", "own-provider"))  # fmt: skip
async def prove(data: JSONBody[Arrival], request: Request[Any, Any, Any], me: Me, site: Where, now: Now) -> None:
    """For five minutes you may then do what asks for that."""
    state = request.app.state
    await actions.prove(state.pool, principal(request), state.provider, me, data, site, now)


@post("/provider/logout", include_in_schema=False, status_code=200, access=access.public("end", "own-provider"))
async def log_out(request: Request[Any, Any, Any], now: Now) -> Response[None]:
    """Back-channel logout: the provider's server calls this with a token in a form, when somebody has left there."""
    state = request.app.state
    await actions.log_out(state.pool, state.provider, _logout_token(await request.body()), now)
    return Response(None, status_code=200)


def _logout_token(form: bytes) -> str:
    """The one field of the form."""
    try:
        [token] = parse_qs(form.decode("ascii"), max_num_fields=20)["logout_token"]
    except (ValueError, KeyError):
        raise Malformed from None
    return token


ROUTES = (
    name, begin_sign_in, sign_in, begin_link, link, mine, unlink, begin_proof, prove, log_out,
)  # fmt: skip
