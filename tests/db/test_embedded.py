"""A PostgreSQL of our own: both ways to get its programs, every way that it can end."""

import asyncio
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from db import account, binaries, embedded
from db.binaries import Binaries, NoPostgres, Origin
from db.embedded import Server

ROOT = Path(__file__).resolve().parents[2]
OURS = {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)]), "PATH": os.environ["PATH"]}
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root has rights to give up")

# Starts a server in the folder that it is given, says so, and then waits to be killed.
STARTER = """
import asyncio, sys
from pathlib import Path
from db import embedded

async def main(home, watched):
    async with embedded.server(Path(home), watched=watched == "watched") as server:
        print(server.dsn(), flush=True)
        await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that PostgreSQL's user can reach, which pytest's own folders are not when root runs the tests."""
    with tempfile.TemporaryDirectory(prefix="cairn-test-") as folder:
        yield Path(folder)


@pytest.fixture(params=[Origin.FOUND, Origin.WHEEL])
def programs(request: pytest.FixtureRequest) -> list[Binaries]:
    """PostgreSQL as the machine has it, and as the wheel brings it."""
    installations = [one for one in binaries.available() if one.origin is request.param]
    if not installations:
        pytest.skip(f"this machine has no PostgreSQL of its own ({request.param})")
    return installations


@asynccontextmanager
async def connected(server: Server) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(server.dsn(), timeout=10)
    try:
        yield connection
    finally:
        await connection.close()


async def ask(server: Server, query: str) -> object:
    async with connected(server) as connection:
        return await connection.fetchval(query)


async def remember(server: Server, word: str) -> None:
    async with connected(server) as connection:
        await connection.execute("CREATE TABLE kept (word text)")
        await connection.execute("INSERT INTO kept VALUES ($1)", word)


def wait_until_nothing_is_left(home: Path) -> None:
    """Every process of a server holds its lock, so getting it means that the last one is gone."""
    with (home / "server.lock").open("ab") as lock:
        signal.alarm(30)
        fcntl.flock(lock, fcntl.LOCK_EX)
        signal.alarm(0)


@asynccontextmanager
async def starter(
    home: Path, mode: str = "", *, python: str = sys.executable, user: str | None = None
) -> AsyncIterator[subprocess.Popen[str]]:
    """Another process that has a server ready, and that is certainly gone at the end."""
    command = [python, "-c", STARTER, str(home), mode]
    with subprocess.Popen(command, cwd="/", env=OURS, stdout=subprocess.PIPE, text=True, user=user) as process:
        try:
            assert process.stdout is not None
            said = await asyncio.to_thread(process.stdout.readline)
            assert said.startswith("postgresql://")
            yield process
        finally:
            process.kill()


def python_for(user: str) -> str:
    """A Python that this user may run, with what we import: ours, or the machine's of the same version."""
    same = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, same):
        try:
            subprocess.run([python, "-c", "import db.embedded"], check=True, cwd="/", env=OURS, user=user)
        except (OSError, subprocess.CalledProcessError):
            continue
        return python
    pytest.skip(f"no Python here can be run by {user}")


async def test_a_server_starts_from_nothing_and_is_gone_afterwards(home: Path, programs: list[Binaries]) -> None:
    async with embedded.server(home, durable=False, candidates=programs) as server:
        assert str(await ask(server, "SHOW server_version")).startswith(server.version)
        assert server.origin is programs[0].origin
        assert await ask(server, "SHOW server_encoding") == "UTF8"

    wait_until_nothing_is_left(home)
    assert not server.sockets.exists()
    with pytest.raises(OSError, match="No such file"):
        await asyncpg.connect(server.dsn())


async def test_what_was_written_is_there_at_the_next_start(home: Path, programs: list[Binaries]) -> None:
    async with embedded.server(home, candidates=programs) as server:
        await remember(server, "Maya checked in")

    async with embedded.server(home, candidates=programs) as server:
        assert await ask(server, "SELECT word FROM kept") == "Maya checked in"


@pytest.mark.faults
@pytest.mark.parametrize("mode", ["become", "watched"])
async def test_killing_the_starter_stops_the_server_and_the_next_start_works(home: Path, mode: str) -> None:
    async with starter(home, mode) as process:
        attached = embedded.server(home)
        async with attached as server:
            await remember(server, "before the kill")
        process.send_signal(signal.SIGKILL)
        wait_until_nothing_is_left(home)

    async with embedded.server(home) as server:
        assert not server.attached
        assert await ask(server, "SELECT word FROM kept") == "before the kill"


async def test_a_restart_right_after_a_kill_waits_for_what_is_left(home: Path) -> None:
    async with starter(home) as process:
        process.kill()
        process.wait()
        async with embedded.server(home) as server:
            assert await ask(server, "SELECT 1") == 1


async def test_a_second_starter_uses_the_first_ones_server_and_leaves_it_running(home: Path) -> None:
    async with embedded.server(home, durable=False) as first:
        async with embedded.server(home, durable=False) as second:
            assert second.attached
            assert second.dsn() == first.dsn()
        assert await ask(first, "SELECT 1") == 1


async def test_settings_of_another_postgresql_in_the_environment_change_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = {"PGHOST": "192.0.2.1", "PGPORT": "1", "PGUSER": "nobody", "PGDATABASE": "none", "PGDATA": "/nowhere"}
    for name, value in {**elsewhere, "PGSSLMODE": "require"}.items():
        monkeypatch.setenv(name, value)

    async with embedded.server(home, durable=False) as server:
        assert await ask(server, "SELECT current_user || ' ' || current_database()") == "postgres postgres"
        assert await ask(server, "SHOW listen_addresses") == ""


async def test_a_stale_pid_file_naming_a_living_process_does_not_hinder(home: Path) -> None:
    async with embedded.server(home, durable=False):
        left = (home / "data" / "postmaster.pid").read_text().splitlines()
    (home / "data" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *left[1:]]))

    async with embedded.server(home, durable=False) as server:
        assert await ask(server, "SELECT 1") == 1


async def test_what_initdb_left_unfinished_is_made_anew(home: Path) -> None:
    (home / "data.new").mkdir()
    (home / "data.new" / "PG_VERSION").write_text("15\n")

    async with embedded.server(home, durable=False) as server:
        assert await ask(server, "SELECT 1") == 1


async def test_data_of_another_major_version_is_refused_and_left_alone(home: Path) -> None:
    (home / "data").mkdir()
    (home / "data" / "PG_VERSION").write_text("9\n")
    (home / "data" / "base").write_text("precious")

    with pytest.raises(NoPostgres, match="made by PostgreSQL 9"):
        async with embedded.server(home):
            pass

    assert (home / "data" / "base").read_text() == "precious"
    assert sorted(path.name for path in (home / "data").iterdir()) == ["PG_VERSION", "base"]


async def test_the_version_that_made_the_data_is_chosen_among_several(home: Path) -> None:
    newest_last = binaries.available()[::-1]
    async with embedded.server(home, durable=False, candidates=newest_last) as server:
        made_by = server.version

    async with embedded.server(home, durable=False) as server:
        assert server.version == made_by


async def test_no_statement_value_or_error_text_reaches_the_log(home: Path) -> None:
    async with embedded.server(home, durable=False) as server, connected(server) as connection:
        with pytest.raises(asyncpg.DataError):
            await connection.execute("SELECT 'canary-in-a-statement'::uuid")
        with pytest.raises(asyncpg.DataError):
            await connection.execute("SELECT ($1::text)::uuid", "canary-in-a-parameter")
        await connection.execute("DO $$ BEGIN RAISE WARNING 'canary-in-a-warning'; END $$")

    log = (home / "log").read_text()
    assert "ready to accept connections" in log
    assert "canary" not in log


async def test_a_server_that_cannot_start_says_where_its_log_is(home: Path) -> None:
    async with embedded.server(home, durable=False):
        pass
    (home / "data" / "postgresql.conf").write_text("no_such_setting = 1\n")

    with pytest.raises(embedded.CannotServe, match="log says why"):
        async with embedded.server(home, durable=False):
            pass

    wait_until_nothing_is_left(home)


async def test_nobody_else_can_enter_the_data_or_the_socket(home: Path) -> None:
    async with embedded.server(home, durable=False) as server:
        for folder in (server.home, server.home / "data", server.sockets):
            assert folder.stat().st_mode & 0o077 == 0


async def test_a_socket_folder_that_somebody_put_there_first_is_refused(home: Path) -> None:
    sockets = embedded.socket_folder(home)
    sockets.symlink_to(tempfile.gettempdir())
    try:
        with pytest.raises(embedded.CannotServe, match="belongs to somebody else"):
            async with embedded.server(home, durable=False):
                pass
    finally:
        sockets.unlink()


@as_root
async def test_root_runs_it_as_a_user_without_rights(home: Path) -> None:
    async with embedded.server(home, durable=False) as server:
        pid = int((home / "data" / "postmaster.pid").read_text().split()[0])
        status = Path(f"/proc/{pid}/status").read_text()
        uid = next(line.split()[1] for line in status.splitlines() if line.startswith("Uid:"))
        assert pwd.getpwuid(int(uid)).pw_name in {"postgres", "nobody"}
        assert await ask(server, "SELECT 1") == 1


@as_root
async def test_somebody_who_is_not_root_can_run_it_too(home: Path) -> None:
    python = python_for("nobody")
    shutil.chown(home, "nobody")
    async with starter(home, python=python, user="nobody"):
        assert (home / "data").owner() == "nobody"


@as_root
async def test_root_starts_another_users_data_as_that_user_who_can_start_it_again(home: Path) -> None:
    python = python_for("nobody")
    shutil.chown(home, "nobody")
    async with starter(home, python=python, user="nobody"):
        pass
    wait_until_nothing_is_left(home)

    async with embedded.server(home, durable=False) as server:
        assert await ask(server, "SELECT 1") == 1
        assert home.owner() == (home / "data").owner() == "nobody"

    assert {path.owner() for path in home.rglob("*")} == {"nobody"}
    async with starter(home, python=python, user="nobody"):
        pass


@as_root
async def test_a_home_that_was_taken_from_its_user_is_given_back(home: Path) -> None:
    python = python_for("nobody")
    shutil.chown(home, "nobody")
    async with starter(home, python=python, user="nobody"):
        pass
    wait_until_nothing_is_left(home)
    shutil.chown(home, "root")

    async with embedded.server(home, durable=False):
        assert home.owner() == "nobody"


@as_root
@pytest.mark.parametrize("theirs", ["", "data"])
def test_somebody_elses_data_is_refused_in_a_sentence_and_stays_theirs(home: Path, theirs: str) -> None:
    python = python_for("nobody")
    shutil.chown(home, "nobody")
    (home / theirs).mkdir(exist_ok=True)
    shutil.chown(home / theirs, "daemon")

    command = [python, "-c", STARTER, str(home), ""]
    done = subprocess.run(command, env=OURS, capture_output=True, text=True, user="nobody", check=False)

    assert f"CannotServe: {home / theirs} belongs to the user daemon." in done.stderr
    assert (home / theirs).owner() == "daemon"


def test_a_home_that_cannot_be_made_is_told_in_a_sentence() -> None:
    user = account.unprivileged()
    with pytest.raises(embedded.CannotServe, match=r"cannot be written.*CAIRN_STATE_DIR"):
        account.reachable_home(Path("/proc/cairn/postgres"), user)


@as_root
async def test_data_that_its_user_cannot_reach_is_not_begun_anew_elsewhere(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account, "SYSTEM_STATE", home / "state")
    private = home / "private"
    (private / "postgres" / "data").mkdir(parents=True)
    private.chmod(0o700)
    shutil.chown(private / "postgres" / "data", "nobody")

    with pytest.raises(embedded.CannotServe, match="cannot reach"):
        account.reachable_home(private / "postgres", account.serving(private / "postgres"))

    assert not (home / "state").exists()


@as_root
async def test_a_checkout_and_programs_that_only_root_can_reach_get_a_place_in_the_systems_state(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.chmod(0o755)
    monkeypatch.setattr(account, "SYSTEM_STATE", home / "state")
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    [newest, *_] = binaries.wheel()
    package = newest.folder.parent.parent
    for folder in (package, package.with_name(f"{package.name}.libs")):
        (private / folder.name).symlink_to(folder)
    hidden = Binaries(private / newest.folder.relative_to(package.parent), newest.version, newest.origin)

    async with embedded.server(private / "postgres", durable=False, candidates=[hidden]) as server:
        assert await ask(server, "SELECT 1") == 1
        assert server.home.parent == home / "state"

    assert not (private / "postgres").exists()
