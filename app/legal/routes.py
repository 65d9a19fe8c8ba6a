"""Legal parameters over HTTP."""

from datetime import date
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter

from app import access
from app.dependencies import Db, Now
from app.legal import actions
from app.legal.models import LegalParameters

On = Annotated[date | None, QueryParameter(name="on", description="A day; today, unless given.")]


@get("/v1/legal-parameters", operation_id="listLegalParameters", tags=["law"], summary="What the law says on a day",
     access=access.allow("list", "legal-parameters"))  # fmt: skip
async def parameters(db: Db, now: Now, on: On = None) -> LegalParameters:
    """Every legal parameter that holds on that day, with the day on which it runs out and where it says so."""
    return await actions.parameters(db, on or now.date())


ROUTES = (parameters,)
