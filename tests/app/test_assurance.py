"""How sure we are of somebody, and how lately they have shown that it is them: what the guard holds a request to."""

from datetime import timedelta
from typing import Any, cast

import httpx
import pytest
from litestar import get
from litestar.types import ControllerRouterHandler

from app import access, auth, tables
from app.access import EVERYONE
from app.asgi import create_app
from app.auth import Assurance, Factor
from app.demo.cast import DANA, KAI, MAYA, ROSA, SAM, Person
from app.errors import NotSignedIn
from db import DOOR, Pool, person
from tests.app.scene import Scene
from tests.world import SITE, World, a_check_in

Header = dict[str, str]


async def come_in(
    world: World, who: Person, factor: Factor = "link", assurance: Assurance = "full"
) -> tuple[Header, auth.Signed]:
    """Somebody signs in now: their header, and who the guard finds behind it."""
    async with world.pool.transaction(DOOR) as db:
        tokens = await auth.open_session(db, who.id, world.clock.now, factor, assurance=assurance)
    header = f"Bearer {tokens.access_token}"
    return {"authorization": header}, await auth.who(world.pool, header, world.clock.now)


async def link_for_sam(world: World, header: Header) -> httpx.Response:
    """What asks for a factor that was shown just now."""
    return await world.nobody().post(f"/v1/people/{SAM.id}/sign-in-links", headers=header)


async def test_a_sign_in_counts_as_fresh_for_five_minutes(world: World) -> None:
    header, me = await come_in(world, KAI)
    assert (me.assurance, me.proved_by, me.device) == ("full", "link", False)

    world.clock.forward(minutes=5)
    assert (await link_for_sam(world, header)).status_code == 201
    world.clock.forward(seconds=1)
    refused = await link_for_sam(world, header)

    assert (refused.status_code, refused.json()["code"]) == (403, "StepUpNeeded")
    assert "confirm that it is you" in refused.json()["title"]
    assert (await world.nobody().get("/v1/me", headers=header)).status_code == 200


async def test_a_factor_that_is_shown_again_lets_the_same_session_go_on(world: World) -> None:
    header, me = await come_in(world, KAI)
    world.clock.forward(minutes=9)

    async with world.pool.transaction(person(KAI.id)) as db:
        await auth.prove(db, me.session_id, world.clock.now, "passkey")

    assert (await link_for_sam(world, header)).status_code == 201
    proved = await auth.who(world.pool, header["authorization"], world.clock.now)
    assert (proved.proved_by, proved.proved_at, proved.session_id) == ("passkey", world.clock.now, me.session_id)


async def test_the_role_is_asked_for_before_the_proof(world: World) -> None:
    header, _ = await come_in(world, SAM)
    world.clock.forward(minutes=6)

    assert (await link_for_sam(world, header)).json()["code"] == "NotYourRole"


async def test_nobody_proves_the_session_of_somebody_else_or_one_that_has_ended(world: World) -> None:
    _, me = await come_in(world, KAI)
    now = world.clock.now

    for principal in (person(SAM.id), person(ROSA.id)):
        with pytest.raises(NotSignedIn):
            async with world.pool.transaction(principal) as db:
                await auth.prove(db, me.session_id, now, "passkey")
    async with world.pool.transaction(DOOR) as db:
        await auth.prove(db, me.session_id, now, "code")
        await auth.end_sessions(db, KAI.id, now, "operator")
        with pytest.raises(NotSignedIn):
            await auth.prove(db, me.session_id, now, "code")


async def test_limited_assurance_opens_only_what_says_so(world: World) -> None:
    header, me = await come_in(world, MAYA, "code", "limited")
    assert me.assurance == "limited"

    for method, path, rule in access.ruled(world.app):
        if "patient" in rule.who and not rule.limited and "{" not in path:
            answer = await world.nobody().request(method, path, headers=header, json={})
            assert (answer.status_code, answer.json()["code"]) == (403, "FullAssuranceNeeded"), f"{method} {path}"
    assert (await world.nobody().delete("/v1/session", headers=header)).status_code == 204


async def test_a_second_factor_makes_limited_assurance_full(world: World) -> None:
    header, me = await come_in(world, MAYA, "code", "limited")

    async with world.pool.transaction(person(MAYA.id)) as db:
        await auth.prove(db, me.session_id, world.clock.now, "totp")
    assert (await world.nobody().get("/v1/check-ins", headers=header)).json()["code"] == "FullAssuranceNeeded"
    async with world.pool.transaction(person(MAYA.id)) as db:
        await auth.prove(db, me.session_id, world.clock.now, "recovery-code", assurance="full")

    assert (await world.nobody().get("/v1/check-ins", headers=header)).status_code == 200


async def test_the_description_tells_what_a_route_asks_for(world: World) -> None:
    table = tables.printed(world.app).splitlines()

    assert {line.endswith("[step-up]") for line in table if "/roles" in line} == {True}
    assert {line.endswith("[limited]") for line in table if line.startswith("read") and "GET /v1/me " in line} == {True}
    paths = (await world.nobody().get("/openapi.json")).json()["paths"]
    assert paths["/v1/staff/{staff_id}/roles"]["put"]["x-access"]["stepUp"] is True
    assert "StepUpNeeded" in str(paths["/v1/staff/{staff_id}/roles"]["put"]["responses"]["403"])
    assert "FullAssuranceNeeded" not in str(paths["/v1/me"]["get"]["responses"]["403"])
    assert "FullAssuranceNeeded" in str(paths["/v1/check-ins"]["get"]["responses"]["403"])


async def test_a_route_that_asks_for_both_is_held_to_both(pool: Pool, world: World) -> None:
    @get("/v1/sealed", access=access.allow("read", "page", EVERYONE, step_up=True), sync_to_thread=False)
    def sealed() -> str:
        return "opened"

    beside: list[ControllerRouterHandler] = [sealed]
    app = create_app(pool, world.bell, SITE, clock=world.clock, beside=beside)
    transport = httpx.ASGITransport(cast(Any, app), raise_app_exceptions=False)
    limited, _ = await come_in(world, MAYA, "code", "limited")
    full, _ = await come_in(world, MAYA)
    async with httpx.AsyncClient(transport=transport, base_url="http://cairn.test") as client:
        assert (await client.get("/v1/sealed", headers=full)).text == "opened"
        assert (await client.get("/v1/sealed", headers=limited)).json()["code"] == "FullAssuranceNeeded"
        world.clock.forward(minutes=6)
        assert (await client.get("/v1/sealed", headers=full)).json()["code"] == "StepUpNeeded"
        assert (await client.get("/v1/sealed", headers=limited)).json()["code"] == "FullAssuranceNeeded"


async def test_a_session_begins_at_the_door_only(world: World) -> None:
    async with world.pool.transaction(person(MAYA.id)) as db:
        with pytest.raises(PermissionError):
            await auth.open_session(db, MAYA.id, world.clock.now, "link")


async def test_an_operator_ends_what_their_staff_have_open_and_no_one_elses(world: World) -> None:
    header, me = await come_in(world, DANA)
    other, _ = await come_in(world, DANA)
    now = world.clock.now

    for nobodys in (SAM, ROSA):
        async with world.pool.transaction(person(nobodys.id)) as db:
            assert await auth.end_sessions(db, DANA.id, now, "operator") == 0
    async with world.pool.transaction(person(KAI.id)) as db:
        assert await auth.end_sessions(db, DANA.id, now, "operator", spared=me.session_id) == 1

    assert (await world.nobody().get("/v1/me", headers=other)).status_code == 401
    assert (await world.nobody().get("/v1/me", headers=header)).status_code == 200


async def test_a_lifetime_is_the_shortest_of_ones_roles_and_ones_own_organisation_may_shorten_it(world: World) -> None:
    """The operator's is the shortest; a patient without a device key has half a day."""
    for who, idle in ((ROSA, timedelta(minutes=15)), (MAYA, timedelta(hours=12)), (SAM, timedelta(minutes=30))):
        tokens = await auth.sign_in(world.pool, who.id, world.clock.now)
        assert tokens.refresh_expires_at - world.clock.now == idle
        assert tokens.expires_at - world.clock.now == auth.ACCESS_LASTS


async def ask_limited(world: World, method: str, path: str, **how: Any) -> httpx.Response:
    """Whoever has come in with a code alone on a new device."""
    header, _ = await come_in(world, MAYA, "code", "limited")
    return await world.nobody().request(method, path, headers=header, **how)


async def test_in_limited_assurance_one_is_told_neither_a_name_nor_a_program(world: World) -> None:
    me = (await ask_limited(world, "GET", "/v1/me")).json()

    assert (me["name"], me["roles"], me["organisation"], me["wishes"]) == ("", [], None, None)
    assert (me["assurance"], me["language"]) == ("limited", MAYA.language)


async def test_danger_is_heard_from_whoever_says_it_and_nothing_of_before_is_told(world: World) -> None:
    own = await (await world.of(MAYA)).post("/v1/check-ins", json=a_check_in(world, craving=9, note="mine"))
    first = await (await world.of(MAYA)).post("/v1/check-ins", json=a_check_in(world, inDanger=True))
    assert first.json()["alertId"]

    said = a_check_in(world, inDanger=True, note="help")
    heard, again = [await ask_limited(world, "POST", "/v1/check-ins", json=said) for _ in range(2)]

    assert heard.status_code == again.status_code == 201, heard.text
    for answer in (heard, again):
        body = answer.json()
        assert (body["version"], body["alertId"], body["note"]) == (1, None, "help")
        assert body["crisis"]["resources"]
        assert first.json()["alertId"] not in answer.text
        assert MAYA.house.name not in answer.text
    assert own.json()["version"] == 1
    alerts = (await (await world.of(DANA)).get("/v1/alerts")).json()["items"]
    [crisis] = [one for one in alerts if one["alertClass"] == "p0"]
    assert set(crisis["matter"]["reasons"]) == {"in-danger", "not-sure-who"}


async def test_a_stranger_with_the_telephone_number_writes_nothing_else_into_the_record(world: World) -> None:
    for said in (a_check_in(world), a_check_in(world, craving=10, mood=0), a_check_in(world, wantsToTalk=True)):
        answer = await ask_limited(world, "POST", "/v1/check-ins", json=said)
        assert (answer.status_code, answer.json()["code"]) == (403, "FullAssuranceNeeded")
    assert (await (await world.of(MAYA)).get("/v1/check-ins")).json()["items"] == []


async def test_todays_visit_can_be_joined_in_limited_assurance(scene: Scene) -> None:
    world = scene.world
    async with scene.undone():
        found = (await ask_limited(world, "GET", "/v1/visits")).json()["items"]
        assert [set(one) for one in found] == [{"appointmentId", "startsAt", "endsAt"}]
        visit = found[0]["appointmentId"]
        assert visit == str(scene.maya.appointment)
        entered = await ask_limited(world, "POST", f"/v1/appointments/{visit}/visit")
        assert (entered.status_code, set(entered.json())) == (200, {"socket", "ticket", "expiresAt", "ice"})
        shown = await ask_limited(world, "GET", f"/v1/appointments/{visit}")
        assert (shown.status_code, shown.json()["code"]) == (403, "FullAssuranceNeeded")


async def test_visits_of_other_days_and_of_others_are_not_among_those_of_today(scene: Scene) -> None:
    async with scene.undone():
        scene.world.clock.forward(hours=-25)
        assert (await ask_limited(scene.world, "GET", "/v1/visits")).json()["items"] == []
    async with scene.undone():
        scene.world.clock.forward(hours=1, minutes=31)
        items = (await ask_limited(scene.world, "GET", "/v1/visits")).json()["items"]
        assert str(scene.maya.appointment) not in str(items)
