"""Recovery codes over HTTP."""

from litestar import get, post
from litestar.params import JSONBody

from app import access
from app.codes.models import Assured
from app.dependencies import Caller, Connections, Db, Me, Now, Where
from app.recovery import actions
from app.recovery.models import RecoveryCodeGiven, RecoveryCodes, RecoveryLeft


@post("/v1/recovery-codes", operation_id="makeRecoveryCodes", tags=["recovery"], summary="Make recovery codes",
      access=access.allow("make", "own-recovery-codes", step_up=True))  # fmt: skip
async def make(me: Me, db: Db, site: Where, now: Now) -> RecoveryCodes:
    """Ten codes to print or write down. Each works once; those from before open nothing any more."""
    return await actions.make(db, site, me, now)


@get("/v1/recovery-codes", operation_id="countRecoveryCodes", tags=["recovery"], summary="How many codes are left",
     access=access.allow("read", "own-recovery-codes"))  # fmt: skip
async def left(me: Me, db: Db) -> RecoveryLeft:
    """How many of your recovery codes have not been used."""
    return await actions.left(db, me)


@post("/v1/recovery-codes/use", operation_id="useRecoveryCode", tags=["recovery"], summary="Use a recovery code",
      status_code=200, access=access.allow("use", "own-recovery-codes", limited=True))  # fmt: skip
async def use(
    data: JSONBody[RecoveryCodeGiven], pool: Connections, caller: Caller, me: Me, site: Where, now: Now
) -> Assured:
    """One of your codes makes this session one of full assurance, and counts as having just shown that it is you."""
    return await actions.use(pool, caller, site, me, data, now)


ROUTES = (make, left, use)
