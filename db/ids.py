"""Ids that sort by the time they were made: UUID version 7, RFC 9562 § 5.7."""

import os
from datetime import datetime
from uuid import UUID


def new_id(now: datetime) -> UUID:
    """A fresh UUIDv7: 48 bits of `now` in milliseconds, then 74 random bits."""
    milliseconds = int(now.timestamp() * 1000) & (1 << 48) - 1
    random = int.from_bytes(os.urandom(10), "big")
    rand_a, rand_b = random >> 68, random & (1 << 62) - 1
    return UUID(int=milliseconds << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b)
