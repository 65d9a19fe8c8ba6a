"""Rotations over HTTP."""

from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, JSONBody

from app import access
from app.dependencies import Db, Me, Now
from app.rotations import actions
from app.rotations.models import KeptRotation, NewRotation, Rotations
from app.wire import Cursor, Limit


@post("/v1/rotations", operation_id="addRotation", tags=["duty"], summary="Plan whose turn it is",
      access=access.allow("add", "rotations"))  # fmt: skip
async def add(data: JSONBody[NewRotation], me: Me, db: Db, now: Now) -> KeptRotation:
    """People follow each other on duty at a wall time, summer time or not. Shifts are made four weeks ahead."""
    return await actions.add(db, me, data, now)


@get("/v1/rotations", operation_id="listRotations", tags=["duty"], summary="Rotations of your program",
     access=access.allow("read", "rotations"))  # fmt: skip
async def listed(me: Me, db: Db, cursor: Cursor = None, limit: Limit = 50) -> Rotations:
    """Those that go on."""
    return await actions.listed(db, me, cursor, limit)


@post("/v1/rotations/{rotation_id:uuid}/end", operation_id="endRotation", tags=["duty"], summary="End a rotation",
      status_code=200, access=access.allow("end", "rotations"))  # fmt: skip
async def end(rotation_id: FromPath[UUID], me: Me, db: Db, now: Now) -> KeptRotation:
    """Shifts that have not begun are taken back. To change a rotation, end it and plan another."""
    return await actions.end(db, me, rotation_id, now)


ROUTES = (add, listed, end)
