"""Logs: what nobody has allowed is not in them, whichever way it came."""

import io
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import asyncpg
import msgspec
import pytest
import structlog

from app import logs
from app.logs import log
from db import embedded
from db.pool import connect

CANARY = "Maya said she used again"

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """What was logged; a line with the canary in it is found by any test that looks."""
    root, errors = logging.getLogger(), io.BytesIO()
    stream = io.TextIOWrapper(errors, write_through=True)
    monkeypatch.setattr(sys, "stderr", stream)
    before, level = root.handlers[:], root.level
    logs.configure(getattr(request, "param", "info"))
    monkeypatch.undo()

    def written() -> list[dict[str, Any]]:
        text = errors.getvalue()
        assert CANARY.encode() not in text
        return [msgspec.json.decode(line) for line in text.splitlines()]

    yield written
    written()
    structlog.reset_defaults()
    stream.close()
    root.handlers[:] = before
    root.setLevel(level)


class Trouble(Exception):
    """Something with a text."""


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


def test_a_line_has_what_is_allowed(lines: Lines) -> None:
    log().info("tick", tick="escalate", milliseconds=12)

    (line,) = lines()
    assert (line["event"], line["level"], line["tick"], line["milliseconds"]) == ("tick", "info", "escalate", 12)
    assert line["timestamp"].endswith("Z")


def test_a_key_that_nobody_allowed_is_left_out(lines: Lines) -> None:
    log().bind(patient=CANARY).error("failed", note=CANARY, exc_info=Trouble(CANARY), stack_info=True, reason=None)

    (line,) = lines()
    assert set(line) == {"event", "level", "timestamp"}


def test_of_an_exception_only_its_type_and_frames_are_told(lines: Lines) -> None:
    log().error("failed", error=raised(Trouble(CANARY)))

    (line,) = lines()
    assert line["exception"] == "Trouble"
    assert [frame.partition(":")[0] for frame in line["frames"]] == ["raised"]


def test_neither_its_cause_nor_its_group_is_told(lines: Lines) -> None:
    try:
        raise Trouble(CANARY) from ValueError(CANARY)
    except Trouble as error:
        log().error("failed", error=error)
    log().error("failed", error=ExceptionGroup(CANARY, [Trouble(CANARY)]))

    assert [line["exception"] for line in lines()] == ["Trouble", "ExceptionGroup"]


def test_an_error_that_is_text_is_left_out(lines: Lines) -> None:
    log().error("failed", error=CANARY)

    (line,) = lines()
    assert "error" not in line
    assert "exception" not in line


async def test_of_a_database_error_only_state_and_constraint_are_told(server: embedded.Server, lines: Lines) -> None:
    raw = await connect(server.dsn())
    try:
        await raw.execute(
            "CREATE TEMPORARY TABLE note (words text CONSTRAINT once UNIQUE, length int CHECK (length > 0))"
        )
        await raw.execute("INSERT INTO note VALUES ($1, 1)", CANARY)
        with pytest.raises(asyncpg.UniqueViolationError) as refused:
            await raw.execute("INSERT INTO note VALUES ($1, 1)", CANARY)
    finally:
        await raw.close()
    assert CANARY in str(refused.value.detail)

    log().error("failed", error=refused.value)

    (line,) = lines()
    assert (line["exception"], line["sqlstate"], line["constraint"]) == ("UniqueViolationError", "23505", "once")


@pytest.mark.parametrize("level", [logging.WARNING, 35, logging.CRITICAL, 70])
def test_of_another_librarys_line_only_who_and_how_bad_are_told(lines: Lines, level: int) -> None:
    logging.getLogger("some.library").log(level, "while sending %s", CANARY, exc_info=raised(Trouble(CANARY)))

    (line,) = lines()
    assert (line["event"], line["reason"], line["exception"]) == ("library", "some.library", "Trouble")
    assert line["level"] in {"warning", "critical"}


def test_another_librarys_chatter_is_not_kept(lines: Lines) -> None:
    logging.getLogger("some.library").info("sent %s", CANARY)
    assert lines() == []


@pytest.mark.parametrize("lines", ["error"], indirect=True)
def test_how_much_is_logged_is_set(lines: Lines) -> None:
    log().warning("tick failed")
    log().error("failed")
    assert [line["event"] for line in lines()] == ["failed"]


@pytest.mark.parametrize(
    "odd", [object(), {1, "two"}, "\ud800", 10**400, float("inf"), {None: {object()}}, print], ids=type
)
def test_no_value_makes_logging_fail(lines: Lines, odd: object) -> None:
    log().info("tick", counts=odd)
    (line,) = lines()
    assert line["event"] == "tick"
