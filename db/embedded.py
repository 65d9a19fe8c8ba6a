"""PostgreSQL without setting it up: a server of our own, private to this user, that lives as long as we do.

A *home* is a folder that holds one server's data, log and locks. Two locks tell the truth after any crash: the owner's
is held by the process that started the server, and the server's is inherited by PostgreSQL and all its children, so
that whoever gets it knows that none of them is left.
"""

import asyncio
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import IO
from urllib.parse import urlencode

from msgspec import Struct

from db import account, binaries, keeper
from db.account import Account, CannotServe
from db.binaries import Binaries, NoPostgres, Origin

__all__ = ["Binaries", "CannotServe", "NoPostgres", "Origin", "Server", "server"]

PORT = "5432"
START_SECONDS = 30.0
STOP_SECONDS = 10.0
SHORT_PATHS = Path("/tmp")  # noqa: S108 - a socket's path is limited to about 100 bytes; the folder below it is private

# No statement, parameter or row ever reaches the log: an ERROR's own text can quote a value, so errors stay out too.
QUIET = {
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_timezone": "UTC",
}
PRIVATE = {"listen_addresses": "", "unix_socket_permissions": "0700"}
STEADY = {"timezone": "UTC", "jit": "off", "max_connections": "100"}
# For tests, of which a whole module may be one transaction that holds the locks of all that it has done.
FORGETFUL = {
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_locks_per_transaction": "1024",
}  # fmt: skip


class Server(Struct, frozen=True):
    """A server that accepts connections, and whether it is ours or another process's."""

    home: Path
    sockets: Path
    version: str
    origin: Origin
    attached: bool
    process: subprocess.Popen[bytes] | None = None

    def ended(self) -> bool:
        """Whether the server that we started has gone; of another process's we know nothing, and it may come back."""
        return self.process is not None and self.process.poll() is not None

    def dsn(self, database: str = "postgres", user: str = "postgres") -> str:
        """How to connect to one of its databases."""
        return address(self.sockets, database, user)


def address(sockets: Path, database: str, user: str) -> str:
    """How to connect; complete, so that PGHOST and its like in the environment change nothing."""
    where = urlencode({"host": str(sockets), "port": PORT, "sslmode": "disable"})
    return f"postgresql://{user}@/{database}?{where}"


class _Start(Struct, frozen=True):
    """Everything that a start needs to know."""

    home: Path
    programs: Binaries
    user: Account
    durable: bool
    watched: bool


@asynccontextmanager
async def server(
    home: Path, *, durable: bool = True, candidates: Sequence[Binaries] | None = None, watched: bool = False
) -> AsyncIterator[Server]:
    """A running server for as long as the block runs, made at the first start; superuser `postgres`.

    When another process already runs this home, its server is used and left running. The server stops with this
    process even if that is killed. Enter it from a thread that stays, such as the event loop's own. `durable=False` is
    for tests: a power cut may then lose everything. `watched` chooses the way that systems other than Linux need.
    """
    installations = binaries.available() if candidates is None else candidates
    user = account.serving(home)
    place = account.reachable_home(home, user)
    running = await _own_or_attach(place)
    if isinstance(running, Path):
        yield Server(place, running, *_version_of_running(place, installations), attached=True)
        return
    with running:
        chosen = account.reachable_programs(binaries.choose(installations, _major(place)), user)
        start = _Start(place, chosen, user, durable, watched or sys.platform != "linux")
        with await _server_lock(place) as lock:
            await _create(start)
            process = _spawn(start, lock)
        try:
            await _wait_until_ready(place, process)
            sockets = socket_folder(place)
            yield Server(place, sockets, chosen.version, chosen.origin, attached=False, process=process)
        finally:
            await _stop(process)
            with suppress(OSError):
                socket_folder(place).rmdir()


async def _own_or_attach(home: Path) -> IO[bytes] | Path:
    """The owner's lock, or the socket folder of the server that another owner has ready by then."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        lock = _try_lock(home / "owner.lock")
        if lock is not None:
            return lock
        status = _status(home)
        if status and status[-1] == "ready" and answers(Path(status[4])):
            return Path(status[4])
        await asyncio.sleep(0.02)
    raise CannotServe(f"Another process holds {home}, and its server does not become ready.")


async def _server_lock(home: Path) -> IO[bytes]:
    """Proof that no process of an earlier server is left; one that outlived its owner is told to go."""
    started = time.monotonic()
    while (waited := time.monotonic() - started) < START_SECONDS:
        lock = _try_lock(home / "server.lock")
        if lock is not None:
            return lock
        _signal_left_over(home, signal.SIGINT if waited < STOP_SECONDS else signal.SIGQUIT)
        await asyncio.sleep(0.05)
    raise CannotServe(f"A server that was started earlier in {home} does not stop.")


def answers(sockets: Path) -> bool:
    """Whether somebody listens there; after a power cut postmaster.pid alone may still say so."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(sockets / f".s.PGSQL.{PORT}"))
        except OSError:
            return False
    return True


def _signal_left_over(home: Path, number: signal.Signals) -> None:
    status = _status(home)
    if status:
        try:
            os.kill(int(status[0]), number)
        except (ProcessLookupError, PermissionError):
            return


def _opened(path: Path) -> IO[bytes]:
    """A file of the home, left to whoever the home belongs to."""
    try:
        file = path.open("ab")
    except OSError as error:
        raise CannotServe(
            f"{path} cannot be written ({error.strerror}). Give it to the user who starts this."
        ) from None
    account.leave_to_owner(path)
    return file


def _try_lock(path: Path) -> IO[bytes] | None:
    lock = _opened(path)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _status(home: Path) -> list[str]:
    """The lines of postmaster.pid: pid, data folder, start, port, socket folder, address, memory key, state."""
    try:
        lines = [line.strip() for line in (home / "data" / "postmaster.pid").read_text().splitlines()]
    except OSError:
        return []
    return lines if len(lines) >= 8 else []


def _major(home: Path) -> int | None:
    """The version that made the data, if there is any."""
    try:
        return int((home / "data" / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None


def _version_of_running(home: Path, installations: Sequence[Binaries]) -> tuple[str, Origin]:
    chosen = binaries.choose(installations, _major(home))
    return chosen.version, chosen.origin


async def _create(start: _Start) -> None:
    """Make the data folder, at once or not at all: what initdb has not finished never gets the name."""
    folder, half = start.home / "data", start.home / "data.new"
    if _major(start.home) is not None:
        return
    for locale in ("C.UTF-8", "C"):
        shutil.rmtree(half, ignore_errors=True)
        made = await asyncio.to_thread(_initdb, start, half, locale)
        if made.returncode == 0:
            half.rename(folder)
            return
    raise CannotServe(f"initdb could not make {folder}: {' '.join(made.stderr.split()[-40:])}")


def _initdb(start: _Start, folder: Path, locale: str) -> subprocess.CompletedProcess[str]:
    options = ["--encoding=UTF8", f"--locale={locale}", "--auth=trust", "--username=postgres", "--data-checksums"]
    return account.run(
        [start.programs.folder / "initdb", "--pgdata", folder, "--no-instructions", *options], start.user
    )


def socket_folder(home: Path) -> Path:
    """Where a home's server listens: short, since a socket's path is limited, and the same at every start."""
    return SHORT_PATHS / f"cairn-{account.fingerprint(home)}"


def _private_sockets(home: Path, user: Account) -> Path:
    """A socket folder that only the user can enter; one that somebody else put there first is refused."""
    folder = socket_folder(home)
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid not in {os.getuid(), user.uid}:
        raise CannotServe(f"{folder} belongs to somebody else. Remove it and start again.")
    account.give(folder, user)
    return folder


def _spawn(start: _Start, lock: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the server through its keeper; holding the server's lock proves that postmaster.pid is stale."""
    (start.home / "data" / "postmaster.pid").unlink(missing_ok=True)
    mode = ["watch" if start.watched else "become", str(os.getpid()), str(start.user.uid), str(start.user.gid)]
    with _fresh_log(start.home) as log:
        return subprocess.Popen(  # noqa: S603 - our own words and paths, without a shell
            [sys.executable, "-I", "-S", keeper.__file__, *mode, *_command(start)],
            stdin=subprocess.PIPE if start.watched else subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=account.environment(),
            pass_fds=[lock.fileno()],
            start_new_session=True,  # Ctrl-C is for us: the server stops when we are done with it.
        )


def _command(start: _Start) -> list[str | Path]:
    settings = QUIET | PRIVATE | STEADY | ({} if start.durable else FORGETFUL)
    sockets = _private_sockets(start.home, start.user)
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return [start.programs.folder / "postgres", "-D", start.home / "data", "-k", sockets, "-p", PORT, *options]


@contextmanager
def _fresh_log(home: Path) -> Iterator[IO[bytes]]:
    """A log that begins now; the last one is kept beside it."""
    if (home / "log").exists():
        (home / "log").replace(home / "log.last")
    with _opened(home / "log") as log:
        yield log


async def _wait_until_ready(home: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        status = _status(home)
        if status and status[-1] == "ready":
            return
        await asyncio.sleep(0.01)
    raise CannotServe(f"PostgreSQL did not start; {home / 'log'} says why.")


async def _stop(process: subprocess.Popen[bytes]) -> None:
    """A fast shutdown, and after its time an immediate one; both leave data that the next start can use."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        if process.poll() is not None:
            break
        process.send_signal(number)
        try:
            await asyncio.to_thread(process.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
    if process.stdin:
        process.stdin.close()
