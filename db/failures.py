"""What a database error means: for whoever asked, and for whoever starts a duty."""

from typing import Literal

import asyncpg

from db.keys import KeysUnavailable
from db.pool import BadAddress, Busy, Uncertain

Meaning = Literal["try-again", "uncertain", "bad-input", "conflict", "mistake"]
Denial = Literal["silent", "refused", "no-database", "bad-address", "no-right", "no-schema", "full"]

# Connection lost, shutting down, too many, deadlock, could not serialise, cancelled by the statement timeout, waited
# too long for a lock, idle too long in a transaction.
_TRY_AGAIN = ("08", "53", "57", "40", "55P03", "25P03")
# A character that cannot be stored, a number or a date out of range.
_BAD_INPUT = ("22",)
# A unique or exclusion constraint that another request met first, where no query foresaw it.
_CONFLICT = ("23505", "23P01")


def meaning(error: BaseException) -> Meaning:
    """By sqlstate class only; the text of the error may hold a row's values and is not looked at."""
    if isinstance(error, Uncertain):
        return "uncertain"
    lost = Busy | KeysUnavailable | OSError | asyncpg.InterfaceError | asyncpg.InternalClientError
    if isinstance(error, lost):
        return "try-again"
    state = getattr(error, "sqlstate", None) or ""
    if state.startswith(_TRY_AGAIN):
        return "try-again"
    if state in _CONFLICT:
        return "conflict"
    # asyncpg raises the same class by itself for an argument of the wrong type: that is a mistake in a query, unless
    # the type was right and only the number or the instant does not fit into it.
    from_server = getattr(error, "severity", None) is not None
    too_large = isinstance(error.__cause__, OverflowError)
    return "bad-input" if (from_server or too_large) and state.startswith(_BAD_INPUT) else "mistake"


def unmigrated(error: BaseException) -> bool:
    """Whether what was asked for, or the right to it, is not there: a migration that makes it has not run yet."""
    return getattr(error, "sqlstate", None) in _NOT_THERE


# A table, a column, a function, a right.
_NOT_THERE = ("42P01", "42703", "42883", "42501")


def denial(error: BaseException) -> Denial | None:
    """Why a database cannot be worked with at all, by class and sqlstate; None where it is something else."""
    state = getattr(error, "sqlstate", None) or ""
    for start, why in _DENIALS:
        if state.startswith(start):
            return why
    if isinstance(error, BadAddress):
        return "bad-address"
    return "silent" if isinstance(error, OSError) else None


_DENIALS: tuple[tuple[str, Denial], ...] = (
    ("08", "silent"), ("28", "refused"), ("3D000", "no-database"), ("42501", "no-right"),
    ("42P01", "no-schema"), ("53", "full"),
    ("57P", "full"),
)  # fmt: skip
