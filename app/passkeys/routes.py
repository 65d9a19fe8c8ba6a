"""Passkeys over HTTP."""

from typing import Any
from uuid import UUID

from litestar import Request, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from app import access
from app.account.models import EvenTheLast
from app.dependencies import Db, Me, Now, Where, principal
from app.passkeys import actions
from app.passkeys.models import (
    NewPasskey,
    Passkey,
    PasskeyName,
    Passkeys,
    PasskeySignIn,
    Proof,
    Question,
    Registration,
)
from app.signin.models import SignedIn


@post("/v1/passkeys/registrations", operation_id="beginPasskey", tags=["passkeys"], summary="Begin to make a passkey",
      access=access.allow("begin", "own-passkeys"))  # fmt: skip
async def begin_registration(me: Me, db: Db, site: Where, now: Now) -> Registration:
    """What to hand to the browser so that it makes a passkey for you. It has five minutes.

    Whoever has something to prove it with already shows that it is them first.
    """
    return await actions.begin_registration(db, me, site, now)


@post("/v1/passkeys", operation_id="addPasskey", tags=["passkeys"], summary="Keep a new passkey",
      access=access.allow("add", "own-passkeys"))  # fmt: skip
async def register(
    data: JSONBody[NewPasskey], request: Request[Any, Any, Any], me: Me, site: Where, now: Now
) -> Passkey:
    """Keep the passkey that your browser has made. From now on you sign in with it."""
    return await actions.register(request.app.state.pool, principal(request), me, data, site, now)


@get("/v1/passkeys", operation_id="listPasskeys", tags=["passkeys"], summary="Your passkeys",
     access=access.allow("read", "own-passkeys"))  # fmt: skip
async def mine(me: Me, db: Db) -> Passkeys:
    """Your passkeys: what you called them, and when each was used last."""
    return await actions.mine(db, me)


@patch("/v1/passkeys/{passkey_id:uuid}", operation_id="renamePasskey", tags=["passkeys"], summary="Rename a passkey",
       access=access.allow("change", "own-passkeys"))  # fmt: skip
async def rename(passkey_id: FromPath[UUID], data: JSONBody[PasskeyName], me: Me, db: Db) -> Passkey:
    """Call one of your passkeys something else."""
    return await actions.rename(db, me, passkey_id, data.name)


@delete("/v1/passkeys/{passkey_id:uuid}", operation_id="removePasskey", tags=["passkeys"], summary="Remove a passkey",
        access=access.allow("remove", "own-passkeys", step_up=True))  # fmt: skip
async def remove(passkey_id: FromPath[UUID], me: Me, db: Db, now: Now, *, even_the_last: EvenTheLast = False) -> None:
    """Let a passkey open nothing any more. Delete it on your device as well."""
    await actions.remove(db, me, passkey_id, now, even_the_last=even_the_last)


@post("/v1/sign-in/passkey/challenges", operation_id="beginPasskeySignIn", tags=["passkeys"],
      summary="Begin to sign in with a passkey", access=access.public("begin", "own-passkeys"))  # fmt: skip
async def begin_sign_in(request: Request[Any, Any, Any], site: Where, now: Now) -> Question:
    """What to hand to the browser so that it offers a passkey. It has five minutes. The same for everybody."""
    return await actions.begin_sign_in(request.app.state.pool, site, now)


@post("/v1/sign-in/passkey", operation_id="signInWithPasskey", tags=["passkeys"], summary="Sign in with a passkey",
      access=access.public("sign-in", "own-passkeys"))  # fmt: skip
async def sign_in(data: JSONBody[PasskeySignIn], request: Request[Any, Any, Any], site: Where, now: Now) -> SignedIn:
    """Sign in with what your browser has signed."""
    return await actions.sign_in(request.app.state.pool, data, site, now)


@post("/v1/session/prove/passkey/challenges", operation_id="beginPasskeyProof", tags=["passkeys"],
      summary="Begin to show that it is still you",
      access=access.allow("begin", "own-passkeys", limited=True))  # fmt: skip
async def begin_proof(me: Me, db: Db, site: Where, now: Now) -> Question:
    """What to hand to the browser so that it asks you for one of your passkeys. It has five minutes."""
    return await actions.begin_proof(db, me, site, now)


@post("/v1/session/prove/passkey", operation_id="proveWithPasskey", tags=["passkeys"], status_code=204,
      summary="Show that it is still you",
      access=access.allow("prove", "own-passkeys", limited=True))  # fmt: skip
async def prove(data: JSONBody[Proof], request: Request[Any, Any, Any], me: Me, site: Where, now: Now) -> None:
    """Show one of your passkeys. For five minutes you may then do what asks for that.

    A session that a code alone has opened is of full assurance from then on.
    """
    await actions.prove(request.app.state.pool, principal(request), me, data, site, now)


ROUTES = (
    begin_registration, register, mine, rename, remove, begin_sign_in, sign_in, begin_proof, prove,
)  # fmt: skip
