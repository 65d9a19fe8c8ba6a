"""Two ways of doing one thing, taken in turns, so that the machine's moods meet both.

What counts is the tenth percentile: the middle moves with whatever else the machine does, the lower end does not.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from statistics import quantiles

from msgspec import Struct

Turn = Callable[[int], Awaitable[float]]


class Pair(Struct, frozen=True):
    """What each takes when nothing comes between, in seconds."""

    first: float
    second: float

    @property
    def told(self) -> str:
        """Both in microseconds."""
        return f"{self.first * 1e6:.0f} µs against {self.second * 1e6:.0f} µs"


async def timed(work: Awaitable[object]) -> float:
    """How many seconds one awaited thing took."""
    started = time.perf_counter()
    await work
    return time.perf_counter() - started


async def compared(first: Turn, second: Turn, *, times: int, warm_up: int) -> Pair:
    """Each of the two `times` times, the one that begins changing with every turn; each gets the turn's number."""
    took: dict[Turn, list[float]] = {first: [], second: []}
    for number in range(-warm_up, times):
        for way in (first, second) if number % 2 else (second, first):
            seconds = await way(number + warm_up)
            if number >= 0:
                took[way].append(seconds)
    return Pair(undisturbed(took[first]), undisturbed(took[second]))


def undisturbed(seconds: Sequence[float]) -> float:
    """The tenth percentile."""
    return quantiles(seconds, n=10)[0]
