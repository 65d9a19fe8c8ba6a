"""Phones over HTTP."""

from uuid import UUID

from litestar import delete, get, post
from litestar.params import FromPath, JSONBody

from app import access
from app.dependencies import Db, Me, Now
from app.devices import actions
from app.devices.models import Device, Devices, NewDevice, NewReceipt, Notice


@post("/v1/devices", operation_id="registerDevice", tags=["devices"], summary="Register a phone",
      access=access.allow("register", "own-devices"))  # fmt: skip
async def register(data: JSONBody[NewDevice], me: Me, db: Db, now: Now) -> Device:
    """Let this phone ring for you, and for nobody else. Sending it again is safe; a newer token replaces the older."""
    return await actions.register(db, me, data, now)


@get("/v1/devices", operation_id="listDevices", tags=["devices"], summary="Your phones",
     access=access.allow("read", "own-devices"))  # fmt: skip
async def mine(me: Me, db: Db) -> Devices:
    """The phones that ring for you."""
    return await actions.mine(db, me)


@delete("/v1/devices/{device_id:uuid}", operation_id="closeDevice", tags=["devices"],
        summary="Let a phone ring no more", access=access.allow("close", "own-devices"))  # fmt: skip
async def close(device_id: FromPath[UUID], me: Me, db: Db, now: Now) -> None:
    """Let one of your phones ring no more."""
    await actions.close(db, me, device_id, now)


@post("/v1/deliveries/{delivery_id:uuid}/receipts", operation_id="receiveDelivery", tags=["devices"],
      summary="Tell what became of a push", status_code=204,
      access=access.allow("receive", "own-devices"))  # fmt: skip
async def receive(delivery_id: FromPath[UUID], data: JSONBody[NewReceipt], me: Me, db: Db, now: Now) -> None:
    """A push was delivered, opened or acted upon; the first report of each stays."""
    await actions.receive(db, me, delivery_id, data, now)


@get("/v1/deliveries/{delivery_id:uuid}", operation_id="getDelivery", tags=["devices"], summary="What a push was about",
     access=access.allow("read", "own-devices"))  # fmt: skip
async def notice(delivery_id: FromPath[UUID], me: Me, db: Db) -> Notice:
    """A push says nothing; the unlocked app asks here."""
    return await actions.notice(db, me, delivery_id)


ROUTES = (register, mine, close, receive, notice)
