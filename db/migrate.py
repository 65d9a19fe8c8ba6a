"""The history of the schema: plain SQL files, each run once, in the order of their names.

Every file runs in a transaction of its own under one advisory lock, so two starters cannot race. A file whose bytes
have changed since it ran is refused: history is added to, never edited. Only what is no history runs again whenever it
changes, after all others: it says so in its first line, and says all of what it speaks of.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import asyncpg
from msgspec import Struct

from db.connection import Raw
from db.pool import connect

FOLDER = Path(__file__).parent / "migrations"
LOCK = 0x6361_6972_6E  # "cairn"
APP_ROLE = "cairn_app"

Step = Callable[[Raw], Awaitable[None]]
TRIES = 5
_NOTHING_BEFORE: Mapping[str, Step] = MappingProxyType({})

_HISTORY = """
CREATE TABLE IF NOT EXISTS migration (
    name text PRIMARY KEY, sha256 bytea NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
)
"""

_THERE = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)"

# The role is shared by all databases of a server: two of them may be set up at the same moment.
_ROLE = f"""
DO $$ BEGIN
    CREATE ROLE {APP_ROLE} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""


_ADMINISTRATOR = (
    f"Let an administrator run CREATE ROLE {APP_ROLE} LOGIN PASSWORD '…', or ALTER ROLE where it is there, set "
    "CAIRN_DATABASE_URL to its address with that password, and CAIRN_DATABASE_OWNER_URL to the owner's address."
)
_MISSING = f"There is no role {APP_ROLE}, and the schema's owner may not make one. {_ADMINISTRATOR}"
_WRONG_PASSWORD = f"{APP_ROLE} has another password than Cairn, and the owner may not change it. {_ADMINISTRATOR}"


class EditedHistory(Exception):
    """A migration that has already run was changed afterwards; put it back and add a new one."""


class NoRole(Exception):
    """The app's role is not there or has another password, and only an administrator can see to it."""


class Migration(Struct, frozen=True):
    """One file: its name orders it, its hash pins it."""

    name: str
    sql: str
    sha256: bytes

    @property
    def repeats(self) -> bool:
        """Whether it replaces what it said before."""
        return self.sql.startswith("-- whenever it changes")


def read(folder: Path = FOLDER) -> list[Migration]:
    """All files in the order they run."""
    return sorted((_read(path) for path in folder.glob("*.sql")), key=lambda one: (one.repeats, one.name))


def fingerprint(migrations: Sequence[Migration]) -> str:
    """One short name for a whole history; test templates are named by it."""
    return hashlib.sha256(b"".join(m.sha256 for m in migrations)).hexdigest()[:16]


def pending(migrations: Sequence[Migration], applied: dict[str, bytes]) -> list[Migration]:
    """What has not run yet; raises `EditedHistory` where a file that ran has changed or gone."""
    known = {m.name: m for m in migrations}
    for name, sha256 in applied.items():
        if name not in known:
            raise EditedHistory(f"{name} has already run here, and this release does not have it: it is an older one.")
        if known[name].sha256 != sha256 and not known[name].repeats:
            raise EditedHistory(f"{name} has already run here and is not the same any more.")
    return [m for m in migrations if applied.get(m.name) != m.sha256]


async def plan(dsn: str, folder: Path = FOLDER) -> list[Migration]:
    """What `migrate` would run, without running it."""
    raw = await connect(dsn)
    try:
        return pending(read(folder), await _applied(raw))
    finally:
        await raw.close()


async def migrate(
    dsn: str,
    *,
    app_password: str | None = None,
    app: str | None = None,
    folder: Path = FOLDER,
    before: Mapping[str, Step] = _NOTHING_BEFORE,
) -> list[Migration]:
    """Bring the schema up to date as its owner; what was run, in order.

    `before` names files that wait for what SQL alone cannot do. Such a step commits as it goes and may run again; the
    file after it checks that nothing is left to do, and as long as something came in between, both are tried once more.

    Makes the role the app connects as, and gives it `app_password` where one is passed. An owner who may do neither
    leaves both to an administrator: then the role is there already, and its address `app` lets it in; else `NoRole`.
    """
    raw = await connect(dsn)
    try:
        await raw.execute("SELECT pg_advisory_lock($1)", LOCK)
        await raw.execute(_HISTORY)
        await _make_role(raw)
        if app_password is not None and not await _gave_password(raw, app_password) and not await _lets_in(app):
            raise NoRole(_WRONG_PASSWORD)
        todo = pending(read(folder), await _applied(raw))
        for migration in todo:
            await _run_after(raw, migration, before.get(migration.name))
        return todo
    finally:
        await raw.close()


async def _make_role(raw: Raw) -> None:
    """Make the role unless it is there: many an owner may not, and an administrator has made it."""
    if await raw.fetchval(_THERE, APP_ROLE):
        return
    try:
        await raw.execute(_ROLE)
    except asyncpg.InsufficientPrivilegeError:
        raise NoRole(_MISSING) from None


async def _gave_password(raw: Raw, password: str) -> bool:
    """Whether it could be set: since PostgreSQL 16 only whoever made a role changes it, or a superuser."""
    statement = await raw.fetchval("SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)", APP_ROLE, password)
    try:
        await raw.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return False
    return True


async def _lets_in(app: str | None) -> bool:
    if app is None:
        return False
    try:
        await (await connect(app)).close()
    except (OSError, asyncpg.PostgresError):
        return False
    return True


async def _run_after(raw: Raw, migration: Migration, step: Step | None) -> None:
    for number in range(1, TRIES + 1):
        if step is not None:
            await step(raw)
        try:
            await _run(raw, migration)
            return
        except asyncpg.ObjectNotInPrerequisiteStateError:
            if step is None or number == TRIES:
                raise


async def _run(raw: Raw, migration: Migration) -> None:
    if migration.sql.startswith("-- no-transaction"):
        await raw.execute(migration.sql)
        await _remember(raw, migration)
        return
    async with raw.transaction():
        await raw.execute(migration.sql)
        await _remember(raw, migration)


async def _remember(raw: Raw, migration: Migration) -> None:
    await raw.execute(
        """
        INSERT INTO migration (name, sha256) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256, applied_at = now()
        """,
        migration.name,
        migration.sha256,
    )


async def _applied(raw: Raw) -> dict[str, bytes]:
    if await raw.fetchval("SELECT to_regclass('public.migration')") is None:
        return {}
    return {row["name"]: row["sha256"] for row in await raw.fetch("SELECT name, sha256 FROM migration ORDER BY name")}


def _read(path: Path) -> Migration:
    raw = path.read_bytes()
    return Migration(path.name, raw.decode(), hashlib.sha256(raw).digest())
