"""A throw-away PostgreSQL, a database with the standing cast, and a transaction for each test that is rolled back."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from app.demo import mark, seed
from db import Connection, Pool, Principal, embedded, migrate, open_pool
from db.connection import Raw
from db.pool import connect
from tests.canaries import WATCH, WAYS, logging_as_served, watching
from tests.keys import some_keys
from tests.world import World

NOW = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)  # a Tuesday, 10:00 in New York


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--whole`: what every run tries at a smaller size is tried at the size that is promised."""
    parser.addoption("--whole", action="store_true", help="try the slow searches at their whole size")


@pytest.fixture(scope="session")
def whole(request: pytest.FixtureRequest) -> bool:
    """Whether this run is to try everything at its whole size."""
    return bool(request.config.getoption("--whole"))


def pytest_configure() -> None:
    """A shell that starts us in the background has us ignore interrupts, and so would every process that we start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _watched() -> Iterator[None]:
    """Whatever leaves on ways that strangers read is looked at."""
    with watching():
        yield


@pytest.fixture(autouse=True)
def _nothing_leaks(_watched: None) -> Iterator[None]:
    """No test lets a word of a record out."""
    with logging_as_served():
        yield
    assert WATCH.taken() == []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How much was looked at."""
    terminalreporter.write_line(WATCH.told())


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What was looked at where several run side by side counts together."""
    WATCH.went.update(getattr(node, "workeroutput", {}).get("watched", {}))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run of all tests on which some way was never gone has watched nothing there."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["watched"] = dict(WATCH.went)
        return
    everything = not session.config.args or session.config.args == session.config.getini("testpaths")
    if everything and not session.config.option.collectonly and any(not WATCH.went[way] for way in WAYS):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[embedded.Server]:
    """PostgreSQL for this run alone, with nothing that survives a power cut.

    pytest's own folders are closed to the user that PostgreSQL runs as, hence one of the system's.
    """
    with TemporaryDirectory(prefix="cairn-tests-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        async with embedded.server(Path(folder) / "postgres", durable=False) as running:
            yield running


@pytest.fixture(scope="session")
async def template(server: embedded.Server) -> str:
    """A migrated database with the cast in it, to be copied."""
    name = f"template_{migrate.fingerprint(migrate.read())}"
    raw = await connect(server.dsn())
    await raw.execute(f'CREATE DATABASE "{name}"')
    await raw.close()
    await migrate.migrate(server.dsn(name))
    raw = await connect(server.dsn(name))
    await mark.leave(raw, NOW)
    await seed.people(raw)
    await seed.duty(raw, NOW - timedelta(hours=2), NOW + timedelta(hours=20))
    await raw.close()
    return name


@asynccontextmanager
async def copied(server: embedded.Server, template: str, name: str) -> AsyncIterator[str]:
    """A database of one's own, gone afterwards."""
    raw = await connect(server.dsn())
    await raw.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield name
    finally:
        await raw.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await raw.close()


@pytest.fixture(scope="session")
async def shared_pool(server: embedded.Server, template: str) -> AsyncIterator[Pool]:
    """Connections as the app's own role to a database that every test leaves as it found it."""
    async with copied(server, template, "shared") as name:
        # A test is one transaction, and may think in it for as long as it likes.
        pool = await open_pool(server.dsn(name, migrate.APP_ROLE), size=2, idle_seconds=0)
        yield pool
        await pool.close()


async def nobody_connects() -> Raw:
    """A test's pool has the connection that it has."""
    raise AssertionError("a test asked for a second connection")


class OneConnection(Pool):
    """A pool for one test: everything happens on one connection, in one transaction that is rolled back at its end.

    Each `transaction` is a savepoint with the caller's identity, so what one commits the next one sees.
    """

    def __init__(self, raw: Raw) -> None:
        super().__init__(nobody_connects, 0, some_keys())
        self._one, self._turn = raw, asyncio.Lock()
        self.now = NOW

    @asynccontextmanager
    async def transaction(self, principal: Principal) -> AsyncIterator[Connection]:
        """The same promise as the real one's, inside the test's own transaction."""
        async with self._turn:
            async with self._one.transaction():
                await self._identify(principal)
                db = Connection(self._one, self.keys)
                yield db
            await self._identify(Principal())
        if db.woken:
            self.ring(db.woken)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """The same connection, with nobody's identity."""
        async with self._turn:
            yield Connection(self._one, self.keys)

    async def _identify(self, principal: Principal) -> None:
        values = [principal.person.hex if principal.person else "", principal.duty]
        values += ["" if number is None else number.hex for number in (principal.request, principal.session)]
        values += [(principal.now or self.now).isoformat(), principal.purposes]
        await self._one.execute(
            "SELECT set_config('cairn.person', $1, true), set_config('cairn.duty', $2, true),"
            " set_config('cairn.request', $3, true), set_config('cairn.session', $4, true),"
            " set_config('cairn.now', $5, true), set_config('cairn.purpose', $6, true)",
            *values,
        )


@pytest.fixture
async def pool(shared_pool: Pool) -> AsyncIterator[Pool]:
    """One connection, whose work is undone after the test."""
    raw = await shared_pool.take()
    work = raw.transaction()
    await work.start()
    try:
        yield OneConnection(raw)
    finally:
        await work.rollback()
        shared_pool.give_back(raw)


@pytest.fixture
def now() -> datetime:
    """Tuesday morning."""
    return NOW


@pytest.fixture
async def world(pool: Pool, now: datetime) -> AsyncIterator[World]:
    """The app over the test's own transaction, with a clock that the test moves."""
    async with World.over(pool, now) as made:
        yield made


@pytest.fixture
async def own_database(server: embedded.Server, template: str, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A database of the test's own, for what really commits: its DSN as the app's role."""
    name = f"own_{abs(hash(request.node.nodeid))}"
    async with copied(server, template, name):
        yield server.dsn(name, migrate.APP_ROLE)


@pytest.fixture
async def real_pool(own_database: str) -> AsyncIterator[Pool]:
    """Sixteen connections that really commit, to a database of the test's own."""
    pool = await open_pool(own_database, size=16, keys=some_keys())
    yield pool
    await pool.close()


@pytest.fixture
async def real_world(real_pool: Pool, now: datetime) -> AsyncIterator[World]:
    """The app over a pool that really commits."""
    async with World.over(real_pool, now) as made:
        yield made
