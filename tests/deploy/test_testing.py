"""The test command itself: all steps run, any failure counts, and pytest has the last word."""

import sys

import pytest

from deploy import testing
from deploy.testing import Outcome


def test_a_step_passes_its_words_on_and_keeps_the_last_line(capfd: pytest.CaptureFixture[str]) -> None:
    outcome = testing.run("greeting", [sys.executable, "-c", "print('hello'); print('= 2 passed ='); print(); exit(3)"])

    assert (outcome.status, outcome.last_line) == (3, "= 2 passed =")
    assert "hello\n= 2 passed =" in capfd.readouterr().out


def test_the_summary_names_every_step_and_ends_with_pytests_closing_line() -> None:
    outcomes = [Outcome("ruff", 1, 0.2), Outcome("pytest", 0, 41.0, "=== 9 passed ==="), Outcome("coverage", 0, 1.0)]

    lines = testing.summary(outcomes, ["coturn"]).splitlines()

    assert [line.split()[0] for line in lines[1:4]] == ["failed", "ok", "ok"]
    assert "apt-get install coturn" in lines[4]
    assert lines[-1] == "=== 9 passed ==="


def test_words_for_pytest_run_pytest_alone() -> None:
    [(name, command)] = testing.steps(["-k", "alerts"])
    assert name == "pytest"
    assert command[-2:] == ["-k", "alerts"]


def test_the_whole_suite_checks_style_types_arrows_and_coverage() -> None:
    assert [name for name, _ in testing.steps([])] == ["ruff", "format", "mypy", "arrows", "pytest", "coverage"]


def test_settings_of_the_caller_do_not_reach_the_tests() -> None:
    caller = {"HOME": "/h", "CAIRN_DATABASE_URL": "real", "PGHOST": "real", "PATH": "/bin"}
    assert testing.clean_environment(caller) == {"HOME": "/h", "PATH": "/bin"}


def test_a_package_is_lacking_only_when_none_of_its_programs_is_there() -> None:
    assert testing.lacking_packages({"one": ("no-such-program", "sh"), "other": ("no-such-program",)}) == ["other"]


@pytest.mark.parametrize(("environ", "strict"), [({"CI": "true"}, True), ({"CI": "1"}, True), ({}, False)])
def test_only_continuous_integration_insists_on_every_program(environ: dict[str, str], strict: bool) -> None:
    assert testing.must_be_complete(environ) is strict
