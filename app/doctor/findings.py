"""What was found, and how it is told: to a person in aligned lines, to a program in JSON."""

import textwrap
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

import msgspec
from msgspec import Struct

WIDTH = 100


class State(StrEnum):
    """Whether somebody has to do something: no, perhaps, yes."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(Struct, frozen=True):
    """How one part is, and in one sentence what to do where it is not well; nothing secret is in either."""

    state: State
    what: str
    advice: str | None = None
    name: str = ""


def ok(what: str) -> Finding:
    """This is well."""
    return Finding(State.OK, what)


def warn(what: str, advice: str) -> Finding:
    """This works, and somebody should know what it means."""
    return Finding(State.WARN, what, advice)


def fail(what: str, advice: str) -> Finding:
    """This does not work."""
    return Finding(State.FAIL, what, advice)


def status(findings: Sequence[Finding]) -> int:
    """The exit status: 0 where nothing failed."""
    return int(any(one.state is State.FAIL for one in findings))


def printed(findings: Sequence[Finding]) -> str:
    """A line for each finding, advice below it, and at the end how many are well."""
    column = max((len(one.name) for one in findings), default=0)
    return "\n".join([*(_lines(one, column) for one in findings), "", summary(findings)])


def summary(findings: Sequence[Finding]) -> str:
    """How many are well, and how many are not."""
    count = Counter(one.state for one in findings)
    return f"{len(findings)} checks: {count[State.OK]} ok, {count[State.WARN]} to know, {count[State.FAIL]} failed."


def as_json(findings: Sequence[Finding]) -> str:
    """The same for a program: `state` is that of the worst finding."""
    worst = max((one.state for one in findings), key=list(State).index, default=State.OK)
    told = [{"name": one.name, "state": one.state, "what": one.what, "advice": one.advice} for one in findings]
    return msgspec.json.format(msgspec.json.encode({"state": worst, "checks": told}), indent=2).decode()


def _lines(finding: Finding, column: int) -> str:
    start = f"{finding.state:<4}  {finding.name:<{column}}  "
    lines = _wrapped(finding.what, start, " " * len(start))
    if finding.advice:
        lines += _wrapped(finding.advice, " " * len(start) + "→ ", " " * (len(start) + 2))
    return "\n".join(lines)


def _wrapped(text: str, first: str, later: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False
    )
