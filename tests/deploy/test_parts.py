"""When PostgreSQL's programs are fetched, and when not."""

from pathlib import Path

import pytest

from db import binaries
from db.binaries import Binaries, Origin
from deploy import launcher, parts

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


@pytest.mark.parametrize("problem", [launcher.CannotPrepare("npm could not fetch it."), PermissionError(13, "denied")])
def test_the_api_alone_prepares_the_page_and_starts_without_it_but_fetches_no_database(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], problem: Exception
) -> None:
    asked = list[str]()

    def no_network(*, everything: bool) -> None:
        asked.append("page")
        raise problem

    monkeypatch.setattr(parts, "prepare_page", no_network)
    monkeypatch.setattr(binaries, "found", list)
    monkeypatch.setattr(launcher, "add", asked.append)

    parts.prepare({}, database=False)

    assert asked == ["page"]
    assert "The web page will not be there" in capsys.readouterr().err
