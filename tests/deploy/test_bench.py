"""Measured ratios, judged and printed."""

import json

import pytest

from deploy import bench
from tests.bench import Ratio

FAST = Ratio("against bare ASGI", 0.5, 0.45, "CPU per request")
SLOW = Ratio("against bare ASGI", 0.4, 0.45)
LEAN = Ratio("cost of row-level security", 0.05, 0.08, at_most=True)


@pytest.mark.parametrize(("ratio", "enough"), [(FAST, True), (SLOW, False), (LEAN, True)])
def test_a_ratio_knows_whether_it_is_enough(ratio: Ratio, enough: bool) -> None:
    assert ratio.enough is enough


def test_the_table_shows_what_falls_short() -> None:
    table = bench.as_table({"checkins": [FAST, SLOW, LEAN]})
    assert "ok" in table.splitlines()[3]
    assert "FALLS SHORT" in table.splitlines()[4]
    assert "≤ 0.08" in table.splitlines()[5]


def test_programs_read_the_same_as_json() -> None:
    [read] = json.loads(bench.as_json({"checkins": [SLOW]}))["checkins"]
    assert (read["value"], read["wanted"], read["enough"]) == (0.4, 0.45, False)


def test_one_that_falls_short_fails_the_command() -> None:
    assert bench.verdict({"checkins": [FAST, LEAN], "lists": [FAST]}) == 0
    assert bench.verdict({"checkins": [FAST, LEAN], "lists": [SLOW]}) == 1


def test_an_unknown_benchmark_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["no-such-thing"]) == 2
    assert "no-such-thing" in capsys.readouterr().err
