"""Whose sessions have a seat, and which of them are over: what is said on a socket that was opened to ask that.

The one who asks says hello with a ticket of the kind `roll`, hears the ids of all sessions that have a seat, and
answers with those that are over. Their sockets are closed, and then this one.
"""

from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

MOST = 10_000
_LIST = msgspec.json.Decoder(Annotated[list[UUID], Meta(max_length=MOST)])


class BadRoll(Exception):
    """That is no list of sessions."""


def write(sessions: Iterable[UUID]) -> str:
    """The list as a text frame."""
    return msgspec.json.encode(sorted(sessions)[:MOST]).decode()


def read(frame: str) -> list[UUID]:
    """The list in a text frame; raises `BadRoll`."""
    try:
        found: list[UUID] = _LIST.decode(frame)
    except (msgspec.MsgspecError, RecursionError):
        raise BadRoll from None
    return found
