"""On whose behalf a transaction runs; row-level security reads nothing else."""

from typing import Literal
from uuid import UUID

from msgspec import Struct


class Principal(Struct, frozen=True):
    """A person, or a duty that has no person: the worker's clock, or the door where people sign in.

    A feed is read with its owner's eyes, by whoever has its address: the audit names nobody.

    `request` is the id that this transaction's audit rows carry.
    """

    person: UUID | None = None
    duty: Literal["", "clock", "door", "feed"] = ""
    request: UUID | None = None


CLOCK = Principal(duty="clock")
"""The worker: it sees what it must escalate, remind and send, and no check-in."""

DOOR = Principal(duty="door")
"""Before anyone is known: it may open sessions and use the one-time set-up link."""


def person(person_id: UUID, request: UUID | None = None) -> Principal:
    """The principal for someone who has signed in."""
    return Principal(person=person_id, request=request)


def feed(owner_id: UUID, request: UUID | None = None) -> Principal:
    """The principal for whoever has the address of this person's feed."""
    return Principal(person=owner_id, duty="feed", request=request)


def opening(principal: Principal) -> str:
    """BEGIN and the caller's identity as one message, so that identity costs no round trip of its own.

    The simple protocol has no parameters; a UUID's own digits and a closed set of words are all that is ever put in.
    """
    return (
        f"BEGIN; SET LOCAL cairn.person = '{_digits(principal.person)}';"
        f" SET LOCAL cairn.duty = '{principal.duty}'; SET LOCAL cairn.request = '{_digits(principal.request)}'"
    )


def _digits(value: UUID | None) -> str:
    return "" if value is None else f"{value.int:032x}"
