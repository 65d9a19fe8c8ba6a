"""The crisis card answers everybody, signed in or not."""

from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.params import FromQuery

from app import access
from app.crisis import actions, rules
from app.crisis.models import CrisisCard
from app.wire import Language


@get("/v1/crisis-card", operation_id="getCrisisCard", tags=["crisis"], summary="The crisis card",
     response_headers={"Vary": "Accept-Language"}, access=access.public("read", "crisis-card"))  # fmt: skip
async def crisis_card(
    request: Request[Any, Any, Any],
    organisation: FromQuery[UUID | None] = None,
    language: FromQuery[Language | None] = None,
) -> CrisisCard:
    """Numbers that answer day and night. Needs no sign-in; keep a copy on the phone.

    With an organisation it is that site's own card, where it has one. Without a language `Accept-Language` decides.
    """
    spoken = language or rules.preferred(request.headers.get("accept-language", ""))
    return await actions.card_anyway(request.app.state.pool, organisation, spoken)


ROUTES = (crisis_card,)
