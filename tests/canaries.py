"""What leaves the product on ways that strangers read, and whether a record's words are ever in it.

The whole suite is watched: every line of a log, every refusal, the address of every request, every push, every
metric, every reason that a socket is closed with. Tests put marks into what patients say and take; a mark on one of
these ways fails the test that sent it.
"""

import io
import json
import logging
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import structlog
from litestar.connection import WebSocket
from prometheus_client import generate_latest

from app import logs
from app.demo.cast import CAST
from app.observe import Metrics
from notifications.local_fcm import LocalFcm

PATIENTS = tuple(p for p in CAST if not p.roles)
# No stranger may read who is a patient, nor the words that tests write and prescribe.
FACTS = (*(p.name.lower() for p in PATIENTS), "canary-", "used again", "buprenorphine", "methadone", "naltrexone")
# Whose record it is. That may stand in the address which asks for it, and nowhere else that strangers read.
NUMBERS = tuple(form for p in PATIENTS for form in (str(p.id), p.id.hex))
# What opens a door: our own tokens, whatever kind they are.
TOKEN = re.compile(r"\bcairn_[a-z]?_?[A-Za-z0-9_-]{43}")
WAYS = ("address", "header", "log", "metrics", "push", "reason", "refusal")


class Watch:
    """What has gone each way, and what was found there."""

    def __init__(self) -> None:
        self.went: Counter[str] = Counter()
        self.found: list[str] = []

    def see(self, way: str, *contents: bytes | str, marks: tuple[str, ...] = FACTS + NUMBERS) -> None:
        """Look at something that leaves."""
        self.went[way] += 1
        for content in contents:
            text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
            self.found += [f"{way}: {mark}" for mark in marks if mark in text.lower()]
            self.found += [f"{way}: a token" for _ in TOKEN.findall(text)]

    async def answered(self, response: httpx.Response) -> None:
        """The address that was asked, where the answer leads, and all that is said where it is no."""
        self.see("address", str(response.request.url), marks=FACTS)
        self.see("header", str(response.headers), marks=FACTS)
        if response.status_code >= 400:
            self.see("refusal", await response.aread())

    def measured(self, metrics: Metrics) -> None:
        """What a scraper would read."""
        self.see("metrics", generate_latest(metrics.registry))

    def taken(self) -> list[str]:
        """What was found since the last time."""
        found, self.found = self.found, []
        return found

    def told(self) -> str:
        """How much was looked at, in a line."""
        counts = ", ".join(f"{self.went[way]} x {way}" for way in WAYS)
        return f"Watched for words of a record: {counts}."


WATCH = Watch()


@contextmanager
def watching() -> Iterator[None]:
    """Have every log, push and close reason looked at for as long as this lasts."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(logs, "PROCESSORS", (*logs.PROCESSORS, _line))
        patched.setattr(LocalFcm, "accept", _accepting(LocalFcm.accept))
        patched.setattr(WebSocket, "close", _closing(WebSocket.close))
        yield


@contextmanager
def logging_as_served() -> Iterator[None]:
    """The log as a server keeps it, instead of what the library prints by itself."""
    structlog.configure(
        processors=list(logs.PROCESSORS),
        logger_factory=structlog.BytesLoggerFactory(file=io.BytesIO()),
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
    )
    yield
    structlog.reset_defaults()


def _line(_logger: object, _name: str, line: bytes) -> bytes:
    WATCH.see("log", line)
    return line


def _accepting(accept: Any) -> Any:
    async def seen(fcm: LocalFcm, project: str, authorization: str, body: bytes) -> Any:
        WATCH.see("push", _without_target(body))
        return await accept(fcm, project, authorization, body)

    return seen


def _without_target(body: bytes) -> str:
    """Which phone it goes to has to be in it, and tests name phones as they like."""
    try:
        envelope = json.loads(body)
        return json.dumps({name: value for name, value in envelope["message"].items() if name not in {"token", "fid"}})
    except (ValueError, TypeError, KeyError, AttributeError):
        return ""


def _closing(close: Any) -> Any:
    async def seen(socket: Any, code: int = 1000, reason: str | None = None) -> Any:
        WATCH.see("reason", reason or "")
        return await close(socket, code, reason)

    return seen
