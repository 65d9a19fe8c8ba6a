"""Approvals over HTTP."""

from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, JSONBody

from app import access
from app.approvals import actions
from app.approvals.models import Answer, Approvals, Approve, Asked
from app.dependencies import Caller, Connections, Db, Me, Now


@post("/v1/approvals", operation_id="askForApproval", tags=["approvals"], summary="Ask another device of yours",
      access=access.allow("ask", "own-approvals", limited=True))  # fmt: skip
async def ask(me: Me, db: Db, now: Now) -> Asked:
    """Show the number; on a device on which you are fully signed in it is typed in, within five minutes."""
    return await actions.ask(db, me, now)


@get("/v1/approvals", operation_id="listApprovals", tags=["approvals"], summary="What other devices of yours ask",
     access=access.allow("read", "own-approvals"))  # fmt: skip
async def waiting(me: Me, db: Db, now: Now) -> Approvals:
    """Sign-ins as you that wait for an answer from here."""
    return await actions.waiting(db, me, now)


@get("/v1/approvals/{approval_id:uuid}", operation_id="getApproval", tags=["approvals"], summary="Has it been approved",
     access=access.allow("read", "own-approvals", limited=True))  # fmt: skip
async def state(approval_id: FromPath[UUID], me: Me, db: Db, now: Now) -> Answer:
    """What has become of it, for the device that waits."""
    return await actions.state(db, me, approval_id, now)


@post("/v1/approvals/{approval_id:uuid}/approve", operation_id="approveDevice", tags=["approvals"],
      summary="Say that it is you", status_code=200,
      access=access.allow("approve", "own-approvals"))  # fmt: skip
async def approve(
    approval_id: FromPath[UUID], data: JSONBody[Approve], pool: Connections, caller: Caller, me: Me, now: Now
) -> Answer:
    """Type in the number that the other device shows. A wrong one refuses it."""
    return await actions.approve(pool, caller, me, approval_id, data, now)


@post("/v1/approvals/{approval_id:uuid}/refuse", operation_id="refuseDevice", tags=["approvals"],
      summary="Say that it is not you", status_code=200,
      access=access.allow("refuse", "own-approvals"))  # fmt: skip
async def refuse(approval_id: FromPath[UUID], me: Me, db: Db, now: Now) -> Answer:
    """It was not you: that device is signed out."""
    return await actions.refuse(db, me, approval_id, now)


ROUTES = (ask, waiting, state, approve, refuse)
