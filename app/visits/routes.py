"""Visits over HTTP; what follows happens on the socket."""

from uuid import UUID

from litestar import get, post
from litestar.params import FromPath

from app import access
from app.dependencies import Db, Me, Now, Where
from app.visits import actions
from app.visits.models import Entry, Visits


@post("/v1/appointments/{appointment_id:uuid}/visit", operation_id="enterVisit", tags=["visits"],
      summary="Enter a visit", status_code=200, access=access.allow("enter", "visits", limited=True))  # fmt: skip
async def enter(appointment_id: FromPath[UUID], me: Me, db: Db, site: Where, now: Now) -> Entry:
    """A ticket for the visit's socket: from fifteen minutes before the start until thirty after the end."""
    return await actions.enter(db, me, site, appointment_id, now)


@get("/v1/visits", operation_id="listVisits", tags=["visits"], summary="Visits that you can enter",
     access=access.allow("list", "visits", limited=True))  # fmt: skip
async def soon(me: Me, db: Db, now: Now) -> Visits:
    """Those of your visits that are open or open within a day: which, and when, and nothing else of them."""
    return await actions.soon(db, me, now)


@post("/v1/mirror", operation_id="openMirror", tags=["visits"], summary="Test camera and network", status_code=200,
      access=access.allow("test", "own-devices", limited=True))  # fmt: skip
async def mirror(me: Me, site: Where, now: Now) -> Entry:
    """A ticket for a room whose other side sends back your own picture and sound for a minute."""
    return actions.mirror(me, site, now)


ROUTES = (enter, soon, mirror)
