"""What an error of the database means for whoever waits."""

import errno
import socket

import asyncpg
import pytest

from db import denial, meaning, unmigrated

AWAY = (
    FileNotFoundError(errno.ENOENT, "the socket's folder is gone"),
    socket.gaierror(socket.EAI_NONAME, "no such host"),
    OSError(errno.EHOSTUNREACH, "no route"),
    OSError(errno.ENETUNREACH, "no network"),
    ConnectionRefusedError(),
    TimeoutError(),
)


@pytest.mark.parametrize("error", AWAY, ids=lambda error: f"{type(error).__name__}-{error.errno}")
def test_a_database_that_is_out_of_reach_is_to_be_tried_again(error: OSError) -> None:
    assert meaning(error) == "try-again"
    assert denial(error) == "silent"


@pytest.mark.parametrize(
    "error", [asyncpg.UndefinedTableError(), asyncpg.UndefinedFunctionError(), asyncpg.InsufficientPrivilegeError()]
)
def test_what_is_not_there_yet_is_a_mistake_of_ours_that_migrating_mends(error: asyncpg.PostgresError) -> None:
    assert meaning(error) == "mistake"
    assert unmigrated(error)


def test_other_errors_say_nothing_about_the_schema_or_the_address() -> None:
    assert not unmigrated(asyncpg.UniqueViolationError())
    assert denial(asyncpg.UniqueViolationError()) is None
    assert denial(ZeroDivisionError()) is None
