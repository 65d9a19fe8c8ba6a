"""The crisis card answers everybody, signed in or not."""

from typing import Any, Literal

from litestar import Request, get
from litestar.params import FromQuery

from app import access
from app.crisis import actions
from app.crisis.models import CrisisCard

Language = Literal["en", "es"]


@get("/v1/crisis-card", operation_id="getCrisisCard", tags=["crisis"], summary="The crisis card",
     access=access.public("read", "crisis-card"))  # fmt: skip
async def crisis_card(request: Request[Any, Any, Any], language: FromQuery[Language] = "en") -> CrisisCard:
    """Numbers that answer day and night. Needs no sign-in; keep a copy on the phone."""
    async with request.app.state.pool.reading() as db:
        return await actions.card(db, None, language)


ROUTES = (crisis_card,)
