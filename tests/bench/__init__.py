"""Benchmarks: each module here measures ratios in one run, so that the machine's speed cancels out."""

from msgspec import Struct


class Ratio(Struct, frozen=True):
    """One measured number and what it should be: at least `wanted`, or at most when `at_most` says so."""

    name: str
    value: float
    wanted: float
    detail: str = ""
    at_most: bool = False

    @property
    def enough(self) -> bool:
        """Whether the measurement keeps what was promised."""
        return self.value <= self.wanted if self.at_most else self.value >= self.wanted
