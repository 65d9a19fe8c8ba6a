"""The one declaration: what is printed of it, what the database holds of it, and what start-up refuses."""

import re
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import msgspec
import pytest
from litestar import get

from app import access, database, grants, stack, tables
from app.access import UnruledRoute
from app.asgi import create_app
from app.database import OtherCells
from app.demo.cast import DANA, KAI, MAYA, SAM, THEO
from app.grants import GRANTS, PURPOSES, RELATIONS, cells
from db import Bell, Connection, Pool, embedded, migrate, person
from db.principal import NotAWord, Principal, opening
from tests.app.scene import Scene
from tests.conftest import NOW
from tests.world import SITE

APP = stack.app_without_database()
FILE = migrate.FOLDER / "access.sql"


def test_the_file_that_migrate_runs_is_the_declaration() -> None:
    assert FILE.read_text(encoding="utf-8") == grants.sql(), "run `app access --sql` into it"


async def test_the_database_holds_the_declaration_and_nothing_else(scene: Scene) -> None:
    rows = await scene.seen.owner("SELECT action, category, role, relation, purpose FROM access_cell")
    assert {tuple(row) for row in rows} == {msgspec.structs.astuple(cell) for cell in cells()}


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM access_cell WHERE (action, category, role) = ('read', 'check-ins', 'counselor')",
        "INSERT INTO access_cell VALUES ('read', 'check-ins', 'operator', 'program', 'operations')",
        "UPDATE access_cell SET purpose = 'treatment' WHERE role = 'operator'",
    ],
)
async def test_a_database_that_lets_people_do_other_things_is_not_served(
    server: embedded.Server, own_database: str, change: str
) -> None:
    from db.pool import connect

    await database.check_cells(own_database)
    name = own_database.rpartition("/")[2].partition("?")[0]
    raw = await connect(server.dsn(name))
    await raw.execute(change)
    await raw.close()
    with pytest.raises(OtherCells, match="access_cell"):
        await database.check_cells(own_database)


def test_a_cell_that_no_route_serves_keeps_the_app_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "DECLARED", access.DECLARED | {("read", "letters", "peer", "team")})
    with pytest.raises(UnruledRoute, match="no route serves read letters peer team"):
        create_app(Pool.none(), Bell(), SITE, beside=[stack.signaling_beside(SITE)])


def test_a_route_that_goes_beyond_the_declaration_keeps_the_app_from_starting() -> None:
    wide = access.allow("read", "check-ins", access.roles("operator", under=("program",)))

    @get("/v1/wide", sync_to_thread=False, access=wide)
    def everything() -> None:
        """Let the operator read what people wrote."""

    with pytest.raises(UnruledRoute, match="GET /v1/wide goes beyond the declaration: read check-ins operator program"):
        create_app(Pool.none(), Bell(), SITE, beside=[everything])


def test_a_route_that_serves_nobody_keeps_the_app_from_starting() -> None:
    @get("/v1/none", sync_to_thread=False, access=access.allow("read", "check-ins", only=("lead",)))
    def nothing() -> None:
        """For whoever leads, which no cell says."""

    with pytest.raises(UnruledRoute, match="GET /v1/none serves no cell"):
        create_app(Pool.none(), Bell(), SITE, beside=[nothing])


def test_a_route_that_is_not_declared_yet_says_what_to_declare() -> None:
    rule = access.allow(
        "read", "letters", access.SELF, access.roles("peer", "counselor", under=("team", "covering")), step_up=True
    )

    @get("/v1/letters", sync_to_thread=False, access=rule)
    def letters() -> None:
        """Letters."""

    app = create_app(Pool.none(), Bell(), SITE, beside=[letters])
    assert tables.undeclared(app).strip() == (
        '("read", "letters", (roles("counselor", "peer", under=("covering", "team",)), '
        'roles("patient", under=("self",)),)),'
    )
    assert "letters" in tables.printed(app)
    assert tables.undeclared(APP) == ""


def test_the_table_names_each_permission_with_its_purpose_and_routes() -> None:
    lines = tables.printed(APP).splitlines()
    assert lines[0].split() == ["ACTION", "DATA", "ROLE", "RELATION", "PURPOSE", "ROUTES"]
    [words] = [line for line in lines if re.match(r"read +check-ins +supervisor", line)]
    assert words.split()[3:] == ["program", "oversight", "GET", "/v1/patients/{patient_id}/check-ins"]
    assert any(re.match(r"read +crisis-card +anyone", line) for line in lines)


def test_the_table_as_json_is_every_cell() -> None:
    told = msgspec.json.decode(tables.as_json(APP))
    assert {(one["action"], one["category"], one["role"], one["relation"]) for one in told if one["relation"]} == {
        (cell.action, cell.category, cell.role, cell.relation) for cell in cells()
    }
    assert all(one["routes"] for one in told)


def test_the_page_shows_to_each_role_what_the_declaration_lets_it_do() -> None:
    kept = Path(tables.__file__).parent / "web" / "static" / "roles.js"
    assert kept.read_text(encoding="utf-8") == tables.page(), "run `app access --page` into it"


def test_who_sees_what_is_a_table_of_categories_and_roles() -> None:
    head, _, *rows = tables.matrix().splitlines()
    roles = [name.strip() for name in head.split("|")[2:-1]]
    seen = {row.split("|")[1].strip(): [cell.strip() for cell in row.split("|")[2:-1]] for row in rows}
    words = dict(zip(roles, seen["check-ins"], strict=True))
    assert (words["peer"], words["operator"], words["coordinator"]) == ("no", "no", "no")
    assert words["counselor"] == "team, covering, claimed, booked, consented"
    levels = dict(zip(roles, seen["check-in-levels"], strict=True))
    assert levels["peer"] == "team, covering, claimed, consented"


def test_nobody_pays_by_these_records_and_every_other_purpose_is_somebodys() -> None:
    assert {cell.purpose for cell in cells()} == set(PURPOSES) - {"payment"}


def test_whoever_runs_the_place_has_no_clinical_cell() -> None:
    clinical = {"record", "check-ins", "check-in-levels", "alerts", "regimens", "doses", "dose-log", "visits"}
    assert {category for (_, category), who in GRANTS.items() if "operator" in who} & clinical == set()
    assert {category for (_, category), who in GRANTS.items() if "coordinator" in who} & clinical == set()


def test_every_relation_is_somebodys() -> None:
    assert {cell.relation for cell in cells()} == set(RELATIONS)


def test_no_cell_is_declared_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grants, "_DECLARED", (*grants._DECLARED, ("read", "check-ins", (grants.SELF,))))
    with pytest.raises(grants.DeclaredTwice, match="read check-ins"):
        grants._grants()


SEES_MAYA = "SELECT count(*) FROM check_in WHERE patient_id = $1"


async def test_a_transaction_sees_no_more_than_the_purposes_for_which_it_was_begun(scene: Scene) -> None:
    async def seen(actor: object, purposes: str) -> int:
        async with scene.seen.transaction(person(actor.id, purposes=purposes)) as db:  # type: ignore[attr-defined]
            return await db.value(int, SEES_MAYA, MAYA.id) or 0

    assert (await seen(DANA, "treatment"), await seen(DANA, "operations"), await seen(DANA, "oversight")) == (1, 0, 0)
    assert (await seen(THEO, "oversight"), await seen(THEO, "operations")) == (1, 0)
    assert (await seen(DANA, ""), await seen(SAM, "treatment oversight emergency")) == (1, 0)


@pytest.mark.parametrize(
    ("actor", "path", "purposes"),
    [
        (MAYA, "/v1/check-ins", "patient-request"),
        (DANA, f"/v1/patients/{MAYA.id}/check-ins", "treatment"),
        (THEO, f"/v1/patients/{MAYA.id}/check-ins", "oversight"),
        (KAI, "/v1/patients", "operations"),
        (DANA, "/v1/me", "operations"),
    ],
)
async def test_each_request_is_begun_for_the_purposes_of_its_cells(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, actor: object, path: str, purposes: str
) -> None:
    begun: list[Principal] = []
    begin = scene.seen.transaction

    def watched(principal: Principal) -> AbstractAsyncContextManager[Connection]:
        begun.append(principal)
        return begin(principal)

    monkeypatch.setattr(scene.seen, "transaction", watched)
    answer = await (await scene.world.of(actor)).get(path)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    assert [one.purposes for one in begun if one.person is not None] == [purposes]
    assert {one.now for one in begun if one.person is not None} == {scene.now}


def test_nothing_but_words_gets_into_the_message_that_begins() -> None:
    told = opening(person(MAYA.id, now=NOW, purposes="treatment emergency"))
    assert told.endswith(
        "SET LOCAL cairn.now = '2026-03-03T15:00:00+00:00'; SET LOCAL cairn.purpose = 'treatment emergency'"
    )
    for trick in ("x'; DROP TABLE person", "Treatment", "a\nb", "a;b"):
        with pytest.raises(NotAWord):
            opening(Principal(purposes=trick))


async def test_what_is_no_history_runs_again_whenever_it_changes(server: embedded.Server, tmp_path: Path) -> None:
    from db.pool import connect

    raw = await connect(server.dsn())
    await raw.execute("CREATE DATABASE again")
    try:
        (tmp_path / "0001_one.sql").write_text("CREATE TABLE one (word text);")
        (tmp_path / "0000_words.sql").write_text(
            "-- whenever it changes\nDELETE FROM one; INSERT INTO one VALUES ('a');"
        )
        dsn = server.dsn("again")
        assert [m.name for m in await migrate.migrate(dsn, folder=tmp_path)] == ["0001_one.sql", "0000_words.sql"]
        assert await migrate.migrate(dsn, folder=tmp_path) == []
        (tmp_path / "0000_words.sql").write_text(
            "-- whenever it changes\nDELETE FROM one; INSERT INTO one VALUES ('b');"
        )
        assert [m.name for m in await migrate.plan(dsn, tmp_path)] == ["0000_words.sql"]
        assert [m.name for m in await migrate.migrate(dsn, folder=tmp_path)] == ["0000_words.sql"]
        held = await connect(dsn)
        assert [row["word"] for row in await held.fetch("SELECT word FROM one")] == ["b"]
        await held.close()
    finally:
        await raw.execute("DROP DATABASE again WITH (FORCE)")
        await raw.close()
