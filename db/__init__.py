"""Postgres: one pool, one kind of connection, one history of the schema."""

from db.bell import Bell, open_bell
from db.connection import Connection
from db.failures import denial, meaning, unmigrated
from db.ids import new_id
from db.pool import Busy, NotCommitted, Pool, Uncertain, connect, open_pool
from db.principal import CLOCK, DOOR, Principal, feed, person

__all__ = [
    "CLOCK",
    "DOOR",
    "Bell",
    "Busy",
    "Connection",
    "NotCommitted",
    "Pool",
    "Principal",
    "Uncertain",
    "connect",
    "denial",
    "feed",
    "meaning",
    "new_id",
    "open_bell",
    "open_pool",
    "person",
    "unmigrated",
]
