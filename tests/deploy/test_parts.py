"""When PostgreSQL's programs are fetched, and when not."""

from pathlib import Path

from db.binaries import Binaries, Origin
from deploy import parts

INSTALLED = Binaries(Path("/usr/lib/postgresql/17/bin"), "17.5", Origin.FOUND)


def test_a_configured_database_needs_no_programs() -> None:
    assert not parts.needs_postgres({"CAIRN_DATABASE_URL": "postgresql://somewhere/cairn"}, [])
    assert not parts.needs_postgres({"CAIRN_DATABASE_URL_FILE": "secrets/database"}, [])
    assert not parts.needs_postgres({"CAIRN_DATABASE_OWNER_URL": "postgresql://somewhere/cairn"}, [])
    assert not parts.needs_postgres({"CAIRN_DATABASE_OWNER_URL_FILE": "secrets/database"}, [])


def test_a_machine_without_postgresql_needs_them() -> None:
    assert parts.needs_postgres({}, [])


def test_a_machine_with_postgresql_needs_none() -> None:
    assert not parts.needs_postgres({}, [INSTALLED])
