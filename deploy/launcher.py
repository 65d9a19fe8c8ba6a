"""Prepares `.venv` from the lock files and continues inside it; needs nothing but Python's standard library.

The stamp inside `.venv` says which lock files it holds, by their SHA-256. It is removed before anything is installed
and written when everything is, so an environment without one is half built and is built anew.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, NoReturn

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {
    "runtime": "requirements.lock",
    "development": "tests/requirements.lock",
    "postgres": "deploy/postgres.lock",
    "node": "deploy/node.lock",
}
INSTALL = ("install", "--require-hashes", "--no-deps")
WITHOUT_PIP = (
    "This python3 can install nothing: it has neither pip nor ensurepip. "
    "Install python3-venv (Debian, Ubuntu: apt install python3-venv) or uv, and start again."
)


class CannotPrepare(Exception):
    """`.venv` could not be made; the message says what would help."""


def enter(arguments: Sequence[str], *, development: bool) -> None:
    """Return inside a `.venv` that holds what the command needs; from outside, start the command anew inside it."""
    wanted = "development" if development else "runtime"
    if not holds(wanted):
        with exclusive() as lock:
            if not holds(wanted):
                _build(wanted, lock)
    if Path(sys.prefix).resolve() != _venv().resolve():
        _continue_inside(arguments)


def holds(part: str) -> bool:
    """Whether `.venv` is complete and holds this lock file as it is now."""
    return _python().exists() and _stamp().get(part) == fingerprint(ROOT / LOCKS[part])


def add(part: str) -> None:
    """Install an optional part into the complete `.venv`, once."""
    if holds(part):
        return
    with exclusive() as lock:
        if not holds(part):
            _install(part, _stamp(), lock)


def fingerprint(path: Path) -> str:
    """The SHA-256 of a file, by which a stamp knows it again."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextlib.contextmanager
def exclusive() -> Iterator[IO[bytes]]:
    """One launcher at a time prepares; the next one waits and then finds the work done.

    The lock goes on to the installers that are started under it, so that one which outlives a killed launcher is
    waited for as well.
    """
    with _opened(ROOT / ".venv.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Another start is preparing .venv; waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("ab")
    except OSError as error:
        raise CannotPrepare(
            f"{path.parent} cannot be written ({error.strerror}), and what Cairn needs is installed there. "
            "Start it once as the user whom the folder belongs to, or in a copy of your own."
        ) from None


def watch(command: Sequence[str | Path], title: str, log: Path, *, lock: IO[bytes], folder: Path | None = None) -> None:
    """Run a slow program to its end, showing how long it takes; its own words are shown when it fails."""
    started = time.monotonic()
    if not sys.stderr.isatty():
        _say(f"{title} …")
    with log.open("wb") as words:
        process = subprocess.Popen(
            command,
            cwd=folder or ROOT,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            pass_fds=[lock.fileno()],
        )
        try:
            _wait(process, title, started)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    if process.returncode:
        raise CannotPrepare(f"{title}: that did not work.\n{_last_words(log)}")
    _say(f"{title}: done in {time.monotonic() - started:.0f} s.", over=True)


def _wait(process: "subprocess.Popen[bytes]", title: str, started: float) -> None:
    while True:
        try:
            process.wait(0.5)
        except subprocess.TimeoutExpired:
            if sys.stderr.isatty():
                _say(f"{title} … {time.monotonic() - started:.0f} s", over=True, end="")
        else:
            return


def _build(wanted: str, lock: IO[bytes]) -> None:
    """Make `.venv` hold a lock file; an older complete one is brought up to date in place."""
    stamp = _stamp()
    if not stamp or not _python().exists():
        shutil.rmtree(_venv(), ignore_errors=True)
        _create()
    _install(wanted, {part: lock for part, lock in stamp.items() if part in ("postgres", "node")}, lock)


def _create() -> None:
    """An empty environment. pip comes later and only if uv is not there, since Debian's venv may lack it."""
    made = subprocess.run(
        [_base_python(), "-m", "venv", "--without-pip", _venv()], capture_output=True, text=True, check=False
    )
    if made.returncode:
        raise CannotPrepare(f"python3 could not make .venv. {WITHOUT_PIP}\n{made.stderr.strip()}")


def _install(part: str, stamp: dict[str, str], lock: IO[bytes]) -> None:
    """Install a lock file with its hashes; the development lock holds the runtime one too."""
    locked = ROOT / LOCKS[part]
    installer = _installer()
    _stamp_path().unlink(missing_ok=True)
    count = sum("==" in line for line in locked.read_text(encoding="utf-8").splitlines())
    title = f"Installing {count} {'package' if count == 1 else 'packages'} of {LOCKS[part]}"
    watch([*installer, "-r", locked], title, _venv() / "install.log", lock=lock)
    held = (part, "runtime") if part == "development" else (part,)
    _write_stamp(stamp | {name: fingerprint(ROOT / LOCKS[name]) for name in held})


def _installer() -> list[str | Path]:
    """What installs: uv where it runs, else the environment's own pip, else the machine's pip told to install there."""
    if _runs("uv", "--version"):
        return ["uv", "pip", *INSTALL, "--python", _python()]
    if not _runs(_python(), "-m", "pip", "--version") and importlib.util.find_spec("ensurepip"):
        subprocess.run([_python(), "-m", "ensurepip"], capture_output=True, check=False)
    if _runs(_python(), "-m", "pip", "--version"):
        return [_python(), "-m", "pip", *INSTALL]
    if _runs(_base_python(), "-m", "pip", "--python", _python(), "--version"):
        return [_base_python(), "-m", "pip", "--python", _python(), *INSTALL]
    raise CannotPrepare(WITHOUT_PIP)


def _runs(*command: str | Path) -> bool:
    """Whether a program is there and really starts; a shim of a version manager may only pretend."""
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _continue_inside(arguments: Sequence[str]) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(_python(), [str(_python()), "-m", "app", *arguments])  # noqa: S606 - the same command, without a shell


def _base_python() -> str:
    """The interpreter outside any virtual environment of ours, so that `.venv` can be made anew from inside it."""
    inside = Path(sys.prefix).resolve() == _venv().resolve()
    return str(getattr(sys, "_base_executable", sys.executable)) if inside else sys.executable


def _venv() -> Path:
    return ROOT / ".venv"


def _python() -> Path:
    return _venv() / "bin" / "python"


def _stamp_path() -> Path:
    return _venv() / "cairn-holds.json"


def _stamp() -> dict[str, str]:
    """Which lock files the environment holds; nothing when it is half built."""
    try:
        stamp: dict[str, str] = json.loads(_stamp_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp


def _write_stamp(stamp: dict[str, str]) -> None:
    half = _stamp_path().with_suffix(".new")
    half.write_text(json.dumps(stamp, indent=1), encoding="utf-8")
    half.replace(_stamp_path())


def _last_words(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])


def _say(sentence: str, *, over: bool = False, end: str = "\n") -> None:
    """Tell the person who waits; `over` replaces the line before on a terminal."""
    clear = "\r\x1b[K" if over and sys.stderr.isatty() else ""
    print(f"{clear}{sentence}", end=end, file=sys.stderr, flush=True)
