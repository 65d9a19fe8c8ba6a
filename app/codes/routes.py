"""Codes over HTTP."""

from uuid import UUID

from litestar import post
from litestar.params import FromPath, JSONBody

from app import access
from app.codes import actions
from app.codes.models import Assured, Challenge, CodeAsked, CodeGiven, OwnCode, SecondAsked
from app.dependencies import Caller, Connections, Db, Me, Now, Where
from app.signin.models import SignedIn


@post("/v1/sign-in/codes", operation_id="askForCode", tags=["codes"], summary="Have a code sent to come in by",
      status_code=202, access=access.public("sign-in", "own-account"))  # fmt: skip
async def ask(data: JSONBody[CodeAsked], pool: Connections, now: Now) -> Challenge:
    """A code of eight digits goes to that contact if somebody comes in by it; the answer is the same if nobody does.

    It works once, for ten minutes, on the device that asked. A newer one for the same contact replaces it.
    """
    return await actions.ask(pool, data, now)


@post("/v1/sign-in/codes/{challenge_id:uuid}/redeem", operation_id="signInByCode", tags=["codes"],
      summary="Come in by a code", access=access.public("sign-in", "own-account"))  # fmt: skip
async def redeem(
    challenge_id: FromPath[UUID], data: JSONBody[CodeGiven], pool: Connections, site: Where, now: Now
) -> SignedIn:
    """On a device on which you were before, with its `proof`, you are fully in; elsewhere a code alone is not enough.

    A session of `limited` assurance reaches today's appointment, the crisis card and the front desk. A recovery code,
    another contact, another device of yours, or two of the staff who know you make it `full`.
    """
    return await actions.redeem(pool, site, challenge_id, data, now)


@post("/v1/session/codes", operation_id="askForSecondCode", tags=["codes"],
      summary="Have a code sent to another contact of yours", status_code=202,
      access=access.allow("prove", "own-session", limited=True))  # fmt: skip
async def ask_second(data: JSONBody[SecondAsked], me: Me, db: Db, now: Now) -> Challenge:
    """A code goes there if it is a contact of yours; the answer is the same if it is not."""
    return await actions.ask_second(db, me, data.contact, now)


@post("/v1/session/codes/{challenge_id:uuid}/redeem", operation_id="proveByCode", tags=["codes"],
      summary="Be surer by a second contact", status_code=200,
      access=access.allow("prove", "own-session", limited=True))  # fmt: skip
async def redeem_second(
    challenge_id: FromPath[UUID], data: JSONBody[OwnCode], pool: Connections, caller: Caller, me: Me, site: Where,
    now: Now,
) -> Assured:  # fmt: skip
    """Two contacts of yours are as good as a device that we know: this session is of full assurance."""
    return await actions.redeem_second(pool, caller, site, me, challenge_id, data, now)


@post("/v1/contacts/{contact_id:uuid}/codes", operation_id="askForContactCode", tags=["codes"],
      summary="Have a code sent to show that a contact is yours", status_code=202,
      access=access.allow("prove", "own-contacts"))  # fmt: skip
async def ask_own(contact_id: FromPath[UUID], me: Me, db: Db, now: Now) -> Challenge:
    """A code goes to a contact that you have added."""
    return await actions.ask_for_own(db, me, contact_id, now)


@post("/v1/contact-codes/{challenge_id:uuid}/redeem", operation_id="verifyContact", tags=["codes"],
      summary="Show that a contact is yours", status_code=204,
      access=access.allow("prove", "own-contacts"))  # fmt: skip
async def redeem_own(
    challenge_id: FromPath[UUID], data: JSONBody[OwnCode], pool: Connections, caller: Caller, me: Me, site: Where,
    now: Now,
) -> None:  # fmt: skip
    """From now on you come in by it. If it was somebody else's, it is not any more: numbers and addresses move on."""
    await actions.redeem_own(pool, caller, site, me, challenge_id, data, now)


ROUTES = (ask, redeem, ask_second, redeem_second, ask_own, redeem_own)
