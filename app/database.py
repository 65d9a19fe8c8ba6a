"""Which database: the one that is configured, or a server of our own that ends with us."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

import msgspec
from msgspec import Struct

from app import grants, keys
from app.settings import Settings
from db import embedded, migrate, unmigrated
from db.pool import connect

NAME = "cairn"
APP_SETTING, OWNER_SETTING = "CAIRN_DATABASE_URL", "CAIRN_DATABASE_OWNER_URL"


class Database(Struct, frozen=True):
    """How to reach it as its owner and as the role that owns nothing, which settings say so, and what to call it.

    `ended` tells whether it was a server of our own that has gone, without which nothing can go on.
    """

    owner: str
    app: str
    told: str
    app_password: str | None = None
    owner_setting: str = APP_SETTING
    app_setting: str = APP_SETTING
    ended: Callable[[], bool] = lambda: False

    def __repr__(self) -> str:
        """No address: it may hold a password."""
        return f"Database({self.told})"


class DatabaseEnded(Exception):
    """The server that we started has gone, and we with it; whoever watches over us starts both anew."""

    exit_status = 1

    def __init__(self) -> None:
        super().__init__("PostgreSQL, which was started here, has ended, and Cairn with it. Start it again.")


class OwnsTooMuch(Exception):
    """The app would connect as a role that row-level security does not hold."""


class NotMigrated(Exception):
    """Migrations of this release have not run in the database."""

    def __init__(self) -> None:
        super().__init__("The database's schema is not up to date: run `python3 -m app migrate` first.")


@asynccontextmanager
async def opened(settings: Settings, secret: str) -> AsyncIterator[Database]:
    """The configured database, or the embedded server for as long as the block runs."""
    if settings.database:
        yield configured(settings, secret)
        return
    async with embedded.server(home(settings)) as server:
        await _create(server.dsn(), NAME)
        whose = "already running" if server.attached else "started here"
        told = f"PostgreSQL {server.version} ({server.origin.value}, {whose}), data in {server.home}"
        yield Database(server.dsn(NAME), server.dsn(NAME, migrate.APP_ROLE), told, ended=server.ended)


def home(settings: Settings) -> Path:
    """Where a server of our own keeps its data."""
    return Path(settings.state_dir) / "postgres"


def configured(settings: Settings, secret: str) -> Database:
    """With two addresses, the app has its own, and migrating gives its role the password that stands there.

    With one, whichever it is, the role's password comes from the secret; unless that one is the app's own, where
    nothing is migrated.
    """
    url = settings.database or ""
    parts = urlsplit(url)
    told = f"PostgreSQL at {parts.hostname or 'its socket'}, database {parts.path.lstrip('/') or 'of that user'}"
    if settings.database_url and settings.database_owner_url:
        return Database(settings.database_owner_url, url, told, _own_password(parts), OWNER_SETTING)
    setting = APP_SETTING if settings.database_url else OWNER_SETTING
    if parts.username == migrate.APP_ROLE:
        return Database(url, url, told, None, setting, setting)
    password = keys.app_password(secret)
    place = parts.netloc.rpartition("@")[2]
    app = urlunsplit(parts._replace(netloc=f"{migrate.APP_ROLE}:{password}@{place}"))
    return Database(url, app, told, password, setting, setting)


def _own_password(parts: SplitResult) -> str | None:
    """What stands in the app's own address; a role of another name is its owner's to look after."""
    return unquote(parts.password) if parts.username == migrate.APP_ROLE and parts.password else None


async def check_schema(dsn: str) -> None:
    """Refuse to serve a schema that is not this release's: `NotMigrated`, or `EditedHistory` where it differs."""
    try:
        waiting = await migrate.plan(dsn)
    except Exception as error:
        if unmigrated(error):
            raise NotMigrated from None
        raise
    if waiting:
        raise NotMigrated


class OtherCells(Exception):
    """The database lets people do other things than this release says."""

    def __init__(self, cells: int) -> None:
        super().__init__(
            f"The database holds {cells} permissions otherwise than this release declares them (table access_cell). "
            "Find out who changed them; delete the row `access.sql` of the table `migration`, and run "
            "`python3 -m app migrate` to put them back."
        )


async def check_cells(dsn: str) -> None:
    """Refuse to serve a database whose permissions are not those that are declared: `OtherCells`."""
    raw = await connect(dsn)
    try:
        rows = await raw.fetch("SELECT action, category, role, relation, purpose FROM access_cell")
    finally:
        await raw.close()
    differ = {tuple(row) for row in rows} ^ {msgspec.structs.astuple(cell) for cell in grants.cells()}
    if differ:
        raise OtherCells(len(differ))


async def check_role(dsn: str) -> None:
    """Refuse to serve as a role that owns tables or passes by row-level security, itself or as a member of another."""
    raw = await connect(dsn)
    try:
        too_much = await raw.fetchval(
            """
            SELECT rolsuper OR rolbypassrls
                   OR EXISTS (
                       SELECT FROM pg_class c WHERE pg_has_role(r.oid, c.relowner, 'MEMBER') AND c.relkind IN ('r', 'p')
                   )
            FROM pg_roles r WHERE rolname = current_user
            """
        )
    finally:
        await raw.close()
    if too_much:
        raise OwnsTooMuch(
            "CAIRN_DATABASE_URL connects as a role that owns tables or bypasses row-level security. "
            f"Give it the role {migrate.APP_ROLE}, and put the owner's address in CAIRN_DATABASE_OWNER_URL."
        )


async def _create(dsn: str, name: str) -> None:
    """Make the database unless it is there; of two first starts at once the later one waits and finds it."""
    raw = await connect(dsn)
    try:
        await raw.execute("SELECT pg_advisory_lock($1)", migrate.LOCK)
        if not await raw.fetchval("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name):
            await raw.execute(f'CREATE DATABASE "{name}"')
    finally:
        await raw.close()
