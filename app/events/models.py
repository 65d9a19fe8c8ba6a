"""What a client hears live, and where in the stream it stands."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from app.wire import Model


class Event(Model, frozen=True):
    """Something changed: what kind of thing, and its id. The client then fetches what it may see.

    The topic `reset` says that the client may have missed something, and should fetch everything.
    """

    cursor: str
    topic: str
    subject_id: UUID
    at: datetime


class Kept(Struct, frozen=True):
    """One row: the transaction that wrote it and its number, which no other row has."""

    xid: int
    seq: int
    topic: str
    subject_id: UUID
    at: datetime


class Place(Struct, frozen=True):
    """Everything up to this transaction and number was heard, as far as it was there at that instant (UTC)."""

    xid: int
    seq: int
    at: datetime


class Horizon(Struct, frozen=True):
    """The oldest transaction that still runs, below which no row is ever added, and the first that has not begun.

    `holds`: whether the session in which this is asked is still there, with the same rights.
    """

    oldest: int
    next: int
    holds: bool
