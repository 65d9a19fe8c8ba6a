"""Vouches over HTTP."""

from litestar import get, post
from litestar.params import JSONBody

from app import access
from app.codes.models import Assured
from app.dependencies import Caller, Connections, Db, Me, Now
from app.vouches import actions
from app.vouches.models import AskedVouch, Vouched, VouchedFor, VouchFor, VouchLook, VouchState


@post("/v1/vouches", operation_id="askForVouch", tags=["vouches"], summary="Ask two of the staff who know you",
      access=access.allow("ask", "own-vouches", limited=True))  # fmt: skip
async def ask(me: Me, db: Db, now: Now) -> AskedVouch:
    """Read the number to two of them within ten minutes, in person, by video, or to a voice that knows yours."""
    return await actions.ask(db, me, now)


@get("/v1/vouches/mine", operation_id="getVouch", tags=["vouches"], summary="How many have vouched",
     access=access.allow("read", "own-vouches", limited=True))  # fmt: skip
async def state(me: Me, db: Db, now: Now) -> VouchState:
    """How many of the two have vouched for this device."""
    return await actions.state(db, me, now)


@post("/v1/vouches/redeem", operation_id="redeemVouch", tags=["vouches"], summary="Be believed", status_code=200,
      access=access.allow("redeem", "own-vouches", limited=True))  # fmt: skip
async def redeem(me: Me, db: Db, now: Now) -> Assured:
    """After two have vouched, this session is of full assurance."""
    return await actions.redeem(db, me, now)


@post("/v1/vouches/look-up", operation_id="lookUpVouch", tags=["vouches"], summary="Who asks with this number",
      status_code=200, access=access.allow("find", "newcomers"))  # fmt: skip
async def look(data: JSONBody[VouchLook], pool: Connections, caller: Caller, me: Me, now: Now) -> VouchFor:
    """Whom you would vouch for, if they are of your program."""
    return await actions.look(pool, caller, me, data, now)


@post("/v1/vouches/confirm", operation_id="vouchForPatient", tags=["vouches"], summary="Say that you know it is them",
      status_code=200, access=access.allow("vouch", "newcomers", step_up=True))  # fmt: skip
async def vouch(data: JSONBody[Vouched], pool: Connections, caller: Caller, me: Me, now: Now) -> VouchedFor:
    """Two different people have to, and one of them is on the care team or coordinates. It stays with your name."""
    return await actions.vouch(pool, caller, me, data, now)


ROUTES = (ask, state, redeem, look, vouch)
