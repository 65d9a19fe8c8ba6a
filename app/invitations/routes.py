"""Invitations over HTTP."""

from uuid import UUID

from litestar import post
from litestar.params import FromPath, JSONBody

from app import access
from app.dependencies import Connections, Db, Me, Now, Where
from app.invitations import actions
from app.invitations.models import Invitation, InvitationGiven, NewInvitation
from app.signin.models import SignedIn


@post("/v1/patients/{patient_id:uuid}/invitations", operation_id="invitePatient", tags=["invitations"],
      summary="Invite a patient", access=access.allow("make", "invitations"))  # fmt: skip
async def invite(
    patient_id: FromPath[UUID], data: JSONBody[NewInvitation], me: Me, db: Db, site: Where, now: Now
) -> Invitation:
    """A link and a key with which they come in, once, within seven days; a newer one replaces it.

    Tell them the key yourself: five wrong ones end it. For somebody who was here before it opens a session of limited
    assurance, and two of the staff who know them make it full.
    """
    return await actions.invite(db, site, me, patient_id, data, now)


@post("/v1/invitations/redeem", operation_id="redeemInvitation", tags=["invitations"],
      summary="Come in by an invitation", access=access.public("sign-in", "own-account"))  # fmt: skip
async def redeem(data: JSONBody[InvitationGiven], pool: Connections, site: Where, now: Now) -> SignedIn:
    """The link and the key that you were given. It works once, and this device is yours from then on."""
    return await actions.redeem(pool, site, data, now)


ROUTES = (invite, redeem)
