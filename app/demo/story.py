"""How the day is told: a line for each thing that happened, with its time and ids, and a cross where it did not."""

import sys
import time
from datetime import datetime
from typing import NoReturn


class Untold(Exception):
    """Something of the day did not happen; the message says what was expected and what was seen."""


class Story:
    """Prints as it goes."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._color = sys.stdout.isatty()
        self.told = 0

    def chapter(self, title: str) -> None:
        """A part of the day."""
        print(f"\n{self._paint('1', title)}")

    def line(self, now: datetime, sentence: str, *ids: object) -> None:
        """One thing that happened."""
        self.told += 1
        shown = "  ".join(str(each) for each in ids)
        print(f"  {now.astimezone():%H:%M:%S}  {sentence}{self._paint('2', '  ' + shown) if shown else ''}", flush=True)

    def waiting(self, sentence: str) -> None:
        """Something takes its time."""
        print(self._paint("2", f"            … {sentence}"), flush=True)

    def end(self) -> None:
        """All of it happened."""
        seconds = time.monotonic() - self._begun
        print(f"\n{self._paint('32;1', 'All of it happened')}: {self.told} steps in {seconds:.0f} s.\n")

    def broken(self, problem: str) -> None:
        """It did not."""
        print(f"\n{self._paint('31;1', 'The day stopped here')}: {problem}\n", file=sys.stderr)

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._color else text


def expect(holds: object, problem: str) -> None:
    """Stop the day unless this holds."""
    if not holds:
        stop(problem)


def stop(problem: str) -> NoReturn:
    """Stop the day."""
    raise Untold(problem)
