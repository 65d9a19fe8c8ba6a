"""Why a database cannot be used, in words for whoever starts a duty or asks the doctor; an address is never quoted."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from msgspec import Struct

from db import denial
from db.failures import Denial


class CannotUse(Exception):
    """The database cannot be used; the message says why, which setting names it and what to do."""


class Trouble(Struct, frozen=True):
    """What is wrong and what to do about it; `refused` where the server itself answers and knows no such user."""

    what: str
    advice: str
    refused: bool = False


_TROUBLES: Mapping[Denial, Trouble] = {
    "silent": Trouble("The database does not answer ({kind}).", "Start it, or correct its address in {setting}."),
    "refused": Trouble(
        "The database refuses the user or the password.",
        "Correct them in {setting}; `python3 -m app migrate` makes the app's role.",
        refused=True,
    ),
    "no-database": Trouble("The server has no database of that name.", "Create it, or correct the name in {setting}."),
    "bad-address": Trouble(
        "The address of the database cannot be used.",
        "Correct {setting}: it is postgresql://user:password@host:5432/name.",
    ),
    "no-right": Trouble(
        "The database's user may not do what is needed here.",
        "Set CAIRN_DATABASE_OWNER_URL to the address of the role that owns the schema.",
    ),
    "no-schema": Trouble(
        "The database has no schema yet, or that of an older version.", "Run `python3 -m app migrate` first."
    ),
    "full": Trouble("The database takes no connection just now.", "Try again, or see what else {setting} is used by."),
}


def why(error: BaseException, setting: str) -> Trouble | None:
    """The trouble with the database that this setting names; None where the error says nothing about it."""
    kind = denial(error)
    if kind is None:
        return None
    trouble = _TROUBLES[kind]
    what, advice = (text.format(kind=type(error).__name__, setting=setting) for text in (trouble.what, trouble.advice))
    return Trouble(what, advice, trouble.refused)


@contextmanager
def told(setting: str) -> Iterator[None]:
    """Where the database that this setting names cannot be used, raise `CannotUse` in place of the driver's error."""
    try:
        yield
    except Exception as error:
        if trouble := why(error, setting):
            raise CannotUse(f"{trouble.what} {trouble.advice}") from None
        raise
