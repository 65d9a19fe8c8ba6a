"""What the role may do as which the app connects, and what functions do with more rights than that."""

from db import Pool, migrate
from tests.app.scene import Scene


async def test_the_role_of_the_app_owns_nothing_and_passes_by_nothing(scene: Scene) -> None:
    [role] = await scene.seen.owner("SELECT * FROM pg_roles WHERE rolname = $1", migrate.APP_ROLE)
    assert not any(
        role[right] for right in ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb", "rolreplication")
    )
    owned = await scene.seen.owner("SELECT relname FROM pg_class WHERE relowner = $1::oid", role["oid"])
    granted = await scene.seen.owner("SELECT FROM pg_auth_members WHERE member = $1::oid", role["oid"])
    made = await scene.seen.owner("SELECT proname FROM pg_proc WHERE proowner = $1::oid", role["oid"])
    assert (owned, granted, made) == ([], [], [])


async def test_the_app_really_connects_as_that_role(shared_pool: Pool) -> None:
    async with shared_pool.reading() as db:
        assert await db.values(str, "SELECT session_user::text || ' ' || current_user::text") == ["cairn_app cairn_app"]


async def test_what_nobody_may_touch_is_not_granted(scene: Scene) -> None:
    rights = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    held = {
        table: {right for right in rights if await _has(scene, table, right)}
        for table in (
            "access_token",
            "setup_link",
            "sign_in_link",
            "audit_event",
            "migration",
            "check_in",
            "patient",
            "care_team_member",
        )
    }
    assert held == {
        "access_token": {"INSERT"}, "setup_link": set(), "sign_in_link": set(), "audit_event": {"SELECT"},
        "migration": {"SELECT"}, "check_in": {"SELECT", "INSERT"}, "patient": {"SELECT"},
        "care_team_member": {"SELECT"},
    }  # fmt: skip


async def _has(scene: Scene, table: str, right: str) -> bool:
    [row] = await scene.seen.owner("SELECT has_table_privilege('cairn_app', $1::text, $2)", table, right)
    return bool(row[0])


async def test_no_table_grants_the_app_to_empty_it_or_to_hang_something_on_it(scene: Scene) -> None:
    wide = [
        (t, r)
        for t in await scene.seen.tables()
        for r in ("TRUNCATE", "REFERENCES", "TRIGGER")
        if await _has(scene, t, r)
    ]
    assert wide == []


async def test_every_function_with_its_owners_rights_is_pinned_and_not_for_everybody(scene: Scene) -> None:
    found = await scene.seen.owner(
        """
        SELECT proname, coalesce(proconfig, '{}') AS config, has_function_privilege('public', oid, 'EXECUTE') AS open
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef ORDER BY proname
        """
    )
    assert found
    assert [row["proname"] for row in found if "search_path=public, pg_temp" not in row["config"]] == []
    assert [row["proname"] for row in found if row["open"]] == []


async def test_every_view_reads_with_the_rights_of_its_reader(scene: Scene) -> None:
    found = await scene.seen.owner(
        "SELECT relname, coalesce(reloptions, '{}') AS options FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')"
    )
    assert [row["relname"] for row in found if "security_invoker=true" not in row["options"]] == []
