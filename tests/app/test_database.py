"""Which role the app connects as, with passwords that PostgreSQL really checks."""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote, urlencode

import asyncpg
import pytest

from app import database, stack
from app.database import OwnsTooMuch
from app.settings import Settings
from app.unusable import CannotUse
from db import embedded, migrate
from db.connection import Raw
from db.pool import connect

SECRET = "a secret of more than thirty-two characters"
OWN = "the role's own p@ss/word"


@pytest.fixture(scope="module")
async def strict() -> AsyncIterator[embedded.Server]:
    """A server that lets nobody but its superuser in without a password."""
    with tempfile.TemporaryDirectory(prefix="cairn-test-") as folder:
        async with embedded.server(Path(folder), durable=False) as server:
            rules = "local all postgres trust\nlocal all all scram-sha-256\n"
            (server.home / "data" / "pg_hba.conf").write_text(rules)
            raw = await connect(server.dsn())
            await raw.execute("SELECT pg_reload_conf()")
            await raw.execute("CREATE DATABASE cairn")
            await raw.close()
            yield server


def address(server: embedded.Server, user: str, password: str = "") -> str:
    where = urlencode({"host": str(server.sockets), "port": embedded.PORT})
    return f"postgresql://{user}{':' + quote(password, safe='') if password else ''}@/cairn?{where}"


async def test_with_the_owners_address_alone_the_apps_password_comes_from_the_secret(strict: embedded.Server) -> None:
    place = database.configured(Settings(database_url=address(strict, "postgres")), SECRET)
    await migrate.migrate(place.owner, app_password=place.app_password)

    await database.check_role(place.app)

    other = database.configured(Settings(database_url=address(strict, "postgres")), SECRET + "!")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await database.check_role(other.app)


async def test_the_owners_address_serves_alone_by_either_name(strict: embedded.Server) -> None:
    owner = address(strict, "postgres")
    alone = Settings(database_owner_url=owner)

    assert not stack.is_demo(alone)
    place, same = database.configured(alone, SECRET), database.configured(Settings(database_url=owner), SECRET)
    assert (place.owner, place.app, place.app_password) == (same.owner, same.app, same.app_password)
    async with database.opened(alone, SECRET) as opened:
        assert opened.owner == owner


async def test_with_two_addresses_migrating_gives_the_apps_role_the_password_of_its_own(
    strict: embedded.Server,
) -> None:
    """As in the compose file: `migrate` knows both addresses, the other duties the app's own alone."""
    own, owner = address(strict, migrate.APP_ROLE, OWN), address(strict, "postgres")
    both = database.configured(Settings(database_url=own, database_owner_url=owner), SECRET)
    await migrate.migrate(both.owner, app_password=both.app_password)

    alone = database.configured(Settings(database_url=own), SECRET)

    assert alone.app == own
    await database.check_role(alone.app)


@pytest.fixture
async def unprivileged(strict: embedded.Server) -> AsyncIterator[str]:
    """The address of an owner of an empty database who may make no roles."""
    raw = await connect(strict.dsn())
    await raw.execute("CREATE ROLE plain LOGIN PASSWORD 'plain'")
    await raw.execute("CREATE DATABASE plain OWNER plain")
    try:
        yield address(strict, "plain", "plain").replace("/cairn?", "/plain?")
    finally:
        await raw.execute("DROP DATABASE plain WITH (FORCE)")
        await raw.execute("DROP ROLE plain")
        await raw.close()


@pytest.fixture
async def without_the_role(strict: embedded.Server) -> AsyncIterator[Raw]:
    """An administrator of a server that knows the app's role no more."""
    admin = await connect(strict.dsn())
    await admin.execute("DROP DATABASE cairn WITH (FORCE)")
    await admin.execute(f"DROP ROLE IF EXISTS {migrate.APP_ROLE}")
    await admin.execute("CREATE DATABASE cairn")
    yield admin
    await admin.close()


async def test_an_owner_who_may_make_no_role_is_told_what_an_administrator_has_to_do(
    without_the_role: Raw, unprivileged: str
) -> None:
    place = database.configured(Settings(database_url=unprivileged), SECRET)
    with pytest.raises(migrate.NoRole, match=f"CREATE ROLE {migrate.APP_ROLE} LOGIN"):
        await stack.migrated(place, Settings())


async def test_a_role_that_an_administrator_made_serves_as_it_is(
    strict: embedded.Server, without_the_role: Raw, unprivileged: str
) -> None:
    await without_the_role.execute(f"CREATE ROLE {migrate.APP_ROLE} LOGIN PASSWORD 'theirs'")
    own = address(strict, migrate.APP_ROLE, "theirs").replace("/cairn?", "/plain?")
    place = database.configured(Settings(database_url=own, database_owner_url=unprivileged), SECRET)

    assert await stack.migrated(place, Settings())

    await database.check_role(place.app)
    alone = database.configured(Settings(database_url=unprivileged), SECRET)
    with pytest.raises(migrate.NoRole, match="another password"):
        await stack.migrated(alone, Settings())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("//postgres@", "//cairn_app@"), "may not do what is needed here. Set CAIRN_DATABASE_OWNER_URL"),
        (("//postgres@", "//nobody_here@"), "refuses the user or the password. Correct them in CAIRN_DATABASE_URL"),
        (("/cairn?", "/nothing?"), "no database of that name. Create it, or correct the name in CAIRN_DATABASE_URL"),
        (("sslmode=disable", "sslmode=canary"), "cannot be used. Correct CAIRN_DATABASE_URL"),
        (("/cairn?host=", "/cairn?host=/canary"), "does not answer (FileNotFoundError). Start it, or correct its"),
    ],
)
async def test_a_database_that_cannot_be_migrated_is_told_by_its_reason(
    server: embedded.Server, template: str, change: tuple[str, str], words: str
) -> None:
    url = server.dsn("cairn").replace("/cairn?", f"/{template}?" if "cairn_app" in change[1] else "/cairn?")
    raw = await connect(server.dsn())
    await raw.execute("CREATE DATABASE cairn")
    try:
        place = database.configured(Settings(database_url=url.replace(*change)), SECRET)
        with pytest.raises(CannotUse, match=re.escape(words)) as told:
            await stack.migrated(place, Settings())
    finally:
        await raw.execute("DROP DATABASE cairn")
        await raw.close()
    assert "canary" not in str(told.value)


async def test_first_starts_at_once_make_one_database(server: embedded.Server) -> None:
    await asyncio.gather(*(database._create(server.dsn(), "at_once") for _ in range(8)))

    raw = await connect(server.dsn())
    await raw.execute("DROP DATABASE at_once")
    await raw.close()


def test_a_role_of_another_name_keeps_the_password_that_it_has() -> None:
    settings = Settings(database_url="postgresql://theirs:p@host/db", database_owner_url="postgresql://owner@host/db")
    assert database.configured(settings, SECRET).app_password is None


ROLES = {
    "superuser": "SUPERUSER",
    "passer_by": "BYPASSRLS",
    "member_of_the_owner": "IN ROLE owner_of_one",
    "owner_of_one": "",
}


@pytest.mark.parametrize("name", ROLES)
async def test_a_role_that_row_level_security_does_not_hold_is_refused(server: embedded.Server, name: str) -> None:
    raw = await connect(server.dsn())
    try:
        await raw.execute("CREATE ROLE owner_of_one LOGIN")
        await raw.execute("CREATE TABLE owned (id int)")
        await raw.execute("ALTER TABLE owned OWNER TO owner_of_one")
        if name != "owner_of_one":
            await raw.execute(f"CREATE ROLE {name} LOGIN {ROLES[name]}")
        with pytest.raises(OwnsTooMuch, match="CAIRN_DATABASE_OWNER_URL"):
            await database.check_role(server.dsn(user=name))
    finally:
        await raw.execute(f"DROP TABLE owned; DROP ROLE IF EXISTS {name}; DROP ROLE IF EXISTS owner_of_one")
        await raw.close()


def test_what_is_told_of_a_database_has_no_password() -> None:
    settings = Settings(database_url="postgresql://u:canary@db.example.org/cairn")
    place = database.configured(settings, SECRET)
    assert place.told == "PostgreSQL at db.example.org, database cairn"
    assert "canary" not in repr(place)
