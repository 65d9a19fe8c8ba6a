"""`python3 -m app test`: every check and every test, each named with the time it took, and all of them run.

Words after `test` go to pytest, and then only pytest runs: the quick way while working on something.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from deploy import launcher, parts

PYTEST = (sys.executable, "-m", "pytest")
COVERED = "**/rules.py,**/queries.py"
# The Debian package that brings each program which a test starts, and which other names it may have.
PROGRAMS: Mapping[str, Sequence[str]] = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "coturn": ("turnserver",),
    "iproute2": ("ip",),
}


class Outcome(Struct, frozen=True):
    """How one step ended."""

    name: str
    status: int
    seconds: float
    last_line: str = ""


def main(arguments: Sequence[str]) -> int:
    """Run the steps; 0 only when none of them failed. What pytest says last is printed last."""
    lacking = provide_programs(os.environ)
    if must_be_complete(os.environ) and lacking:
        print(f"Not installed, and needed here: {' '.join(lacking)}.")
        return 1
    try:
        if must_be_complete(os.environ):
            # A machine that has npm would never try the wheel that stands in for it.
            launcher.add("node")
        parts.prepare_page(everything=True)
    except launcher.CannotPrepare as problem:
        print(problem)
        return 1
    outcomes = [run(name, command) for name, command in steps(arguments)]
    print(summary(outcomes, lacking))
    return 1 if any(outcome.status for outcome in outcomes) else 0


def steps(arguments: Sequence[str]) -> list[tuple[str, Sequence[str | Path]]]:
    """What to run, in order; the coverage of decisions and queries counts only when every test ran."""
    if arguments:
        return [("pytest", [*PYTEST, *arguments])]
    python = (sys.executable, "-m")
    return [
        ("ruff", [*python, "ruff", "check", "."]),
        ("format", [*python, "ruff", "format", "--check", "."]),
        ("mypy", [*python, "mypy"]),
        ("arrows", [Path(sysconfig.get_path("scripts"), "lint-imports"), "--no-logo"]),
        ("pytest", [*PYTEST, *beside_each_other(), "--cov", "--cov-report="]),
        ("coverage", [*python, "coverage", "report", f"--include={COVERED}", "--fail-under=100"]),
    ]


def beside_each_other() -> list[str]:
    """As many at once as there are processors, each with a PostgreSQL of its own; a file's tests stay together."""
    return ["-n", str(min(os.cpu_count() or 1, 4)), "--dist", "loadfile"]


def run(name: str, command: Sequence[str | Path]) -> Outcome:
    """Run one step to its end, passing on what it prints as it comes."""
    print(f"── {name}", flush=True)
    started = time.monotonic()
    last_line = ""
    with subprocess.Popen(
        command,
        cwd=launcher.ROOT,
        env=clean_environment(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            last_line = line.strip() or last_line
    return Outcome(name, process.returncode, time.monotonic() - started, last_line)


def summary(outcomes: Sequence[Outcome], lacking: Sequence[str]) -> str:
    """Each step with its time, what could not be tried here, and pytest's closing line."""
    lines = [f"{'failed' if one.status else 'ok':7} {one.seconds:6.1f} s  {one.name}" for one in outcomes]
    if lacking:
        lines.append(f"Some tests were skipped; to run them too: apt-get install {' '.join(lacking)}")
    lines += [one.last_line for one in outcomes if one.name == "pytest"]
    return "\n".join(["", *lines])


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without settings of Cairn and PostgreSQL: tests bring their own."""
    return {name: value for name, value in environ.items() if not name.startswith(("CAIRN_", "PG"))}


def provide_programs(environ: Mapping[str, str]) -> list[str]:
    """Install the programs that tests start, where we are root on Debian; the packages that are still lacking."""
    lacking = lacking_packages()
    if lacking and os.getuid() == 0 and shutil.which("apt-get"):
        quiet = {**environ, "DEBIAN_FRONTEND": "noninteractive"}
        print(f"Installing {' '.join(lacking)} for the tests …", flush=True)
        for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *lacking]):
            subprocess.run(["apt-get", *words], env=quiet, stdout=subprocess.DEVNULL, check=False)
        _keep_turn_server_quiet(lacking)
    return lacking_packages()


def must_be_complete(environ: Mapping[str, str]) -> bool:
    """In continuous integration a test that cannot run is a failure; elsewhere it is skipped and said."""
    return environ.get("CI", "").lower() in {"1", "true"}


def lacking_packages(wanted: Mapping[str, Sequence[str]] = PROGRAMS) -> list[str]:
    """The packages of which no program is found."""
    return [package for package, programs in wanted.items() if not any(map(shutil.which, programs))]


def _keep_turn_server_quiet(installed: Sequence[str]) -> None:
    """Debian starts coturn as a public server; the tests only want its program."""
    if "coturn" in installed and Path("/run/systemd/system").exists():
        subprocess.run(["systemctl", "disable", "--now", "coturn"], capture_output=True, check=False)
