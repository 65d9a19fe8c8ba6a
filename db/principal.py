"""On whose behalf a transaction runs; row-level security reads nothing else."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct


class Principal(Struct, frozen=True):
    """A person, or a duty that has no person: the worker's clock, or the door where people sign in.

    A feed is read with its owner's eyes, by whoever has its address: the audit names nobody.

    `request` and `session` are the ids that this transaction's audit rows carry. `now` is the instant at which
    relations with a time are looked at; without one, that of the database. `purposes` are those for which it may look
    at anybody: words of a closed set, in one string; without any, it is held to roles and relations alone.
    """

    person: UUID | None = None
    duty: Literal["", "clock", "door", "feed"] = ""
    request: UUID | None = None
    session: UUID | None = None
    now: datetime | None = None
    purposes: str = ""


CLOCK = Principal(duty="clock")
"""The worker: it sees what it must escalate, remind and send, and no check-in."""

DOOR = Principal(duty="door")
"""Before anyone is known: it may open sessions and use the one-time set-up link."""


def person(
    person_id: UUID,
    request: UUID | None = None,
    session: UUID | None = None,
    *,
    now: datetime | None = None,
    purposes: str = "",
) -> Principal:
    """The principal for someone who has signed in."""
    return Principal(person_id, request=request, session=session, now=now, purposes=purposes)


def feed(owner_id: UUID, request: UUID | None = None) -> Principal:
    """The principal for whoever has the address of this person's feed."""
    return Principal(person=owner_id, duty="feed", request=request)


def opening(principal: Principal) -> str:
    """BEGIN and the caller's identity as one message, so that identity costs no round trip of its own.

    The simple protocol has no parameters; a UUID's own digits, an instant's and a closed set of words are all that is
    ever put in.
    """
    begin = (
        f"BEGIN; SET LOCAL cairn.person = '{_digits(principal.person)}';"
        f" SET LOCAL cairn.duty = '{principal.duty}'; SET LOCAL cairn.request = '{_digits(principal.request)}';"
        f" SET LOCAL cairn.session = '{_digits(principal.session)}'"
    )
    if principal.now is not None:
        begin += f"; SET LOCAL cairn.now = '{principal.now.isoformat()}'"
    if principal.purposes:
        begin += f"; SET LOCAL cairn.purpose = '{_words(principal.purposes)}'"
    return begin


class NotAWord(ValueError):
    """Something else than words was to be put into a statement."""


def _words(said: str) -> str:
    """The same, where it is small letters, hyphens and spaces."""
    if said.strip("abcdefghijklmnopqrstuvwxyz- "):
        raise NotAWord
    return said


def _digits(value: UUID | None) -> str:
    return "" if value is None else f"{value.int:032x}"
