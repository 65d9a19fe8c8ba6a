"""Register phones, and hear from them."""

from datetime import datetime
from uuid import UUID

from app.auth import Signed
from app.devices import rules
from app.devices.models import Device, Devices, NewDevice, NewReceipt, Notice
from app.errors import IdTaken, NotFound
from app.wire import zone
from db import Connection
from notifications import Address, NewAddress, addresses, receipts


async def register(db: Connection, me: Signed, new: NewDevice, now: datetime) -> Device:
    """This phone rings for the caller, and for nobody else any more."""
    zone(new.time_zone)
    address = NewAddress(new.id, new.kind, new.token, new.platform, new.time_zone, me.session_id)
    kept = await addresses.register(db, me.id, address, now)
    if kept is None:
        raise IdTaken
    return _shown(kept)


async def mine(db: Connection, me: Signed) -> Devices:
    """The caller's phones that ring."""
    return Devices([_shown(a) for a in await addresses.mine(db, me.id)])


async def close(db: Connection, me: Signed, device_id: UUID, now: datetime) -> None:
    """This phone rings no more."""
    if not await addresses.close(db, me.id, device_id, now):
        raise NotFound


async def receive(db: Connection, me: Signed, delivery_id: UUID, new: NewReceipt, now: datetime) -> None:
    """Note what became of a push; the first report of each kind stays."""
    rules.check_receipt(new, now)
    if not await receipts.receive(db, me.id, delivery_id, new.event, new.at):
        raise NotFound


async def notice(db: Connection, me: Signed, delivery_id: UUID) -> Notice:
    """What a push was about."""
    told = await receipts.ask(db, me.id, delivery_id)
    if told is None:
        raise NotFound
    return Notice(told.delivery_id, str(told.kind), told.subject_id, told.stage, told.due_at)


def _shown(address: Address) -> Device:
    return Device(address.id, address.kind, address.platform, address.time_zone, address.registered_at)
