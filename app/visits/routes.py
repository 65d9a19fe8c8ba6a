"""Visits over HTTP; what follows happens on the socket."""

from uuid import UUID

from litestar import post
from litestar.params import FromPath

from app import access
from app.dependencies import Db, Me, Now, Where
from app.visits import actions
from app.visits.models import Entry


@post("/v1/appointments/{appointment_id:uuid}/visit", operation_id="enterVisit", tags=["visits"],
      summary="Enter a visit", status_code=200, access=access.allow("enter", "visits"))  # fmt: skip
async def enter(appointment_id: FromPath[UUID], me: Me, db: Db, site: Where, now: Now) -> Entry:
    """A ticket for the visit's socket: from fifteen minutes before the start until thirty after the end."""
    return await actions.enter(db, me, site, appointment_id, now)


@post("/v1/mirror", operation_id="openMirror", tags=["visits"], summary="Test camera and network", status_code=200,
      access=access.allow("test", "own-devices"))  # fmt: skip
async def mirror(me: Me, site: Where, now: Now) -> Entry:
    """A ticket for a room whose other side sends back your own picture and sound for a minute."""
    return actions.mirror(me, site, now)


ROUTES = (enter, mirror)
