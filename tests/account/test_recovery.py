"""A link for somebody who has a factor of their own: it is not whoever holds it, and its person can say no."""

from uuid import UUID

import httpx
import pytest

from app import auth, setup
from app.account import rules
from app.account.rules import check_leaves_a_way, check_may_add
from app.auth import Signed
from app.demo.cast import DANA, KAI, MAYA, NELL, OKAFOR, ROSA, SAM, THEO, Person
from app.errors import StepUpNeeded
from db import Pool, migrate, person
from tests.conftest import NOW
from tests.passkeys.ceremonies import Header, code_of, come_in, holding, sign_in
from tests.world import World


async def link_for(world: World, whom: Person, by: Person = KAI) -> str:
    """The secret of a link that an operator makes."""
    made = await (await world.of(by)).post(f"/v1/people/{whom.id}/sign-in-links")
    assert made.status_code == 201, made.text
    return str(made.json()["url"]).partition("#invite=")[2]


async def look(world: World, secret: str) -> httpx.Response:
    """What it is good for."""
    return await world.nobody().post("/v1/sign-in-links/look", json={"secret": secret})


async def redeem(world: World, secret: str) -> httpx.Response:
    """Open it."""
    return await world.nobody().post("/v1/sign-in-links/redeem", json={"secret": secret})


async def vouch(world: World, by: Person, whom: Person, code: str) -> httpx.Response:
    """Say that this is them."""
    return await (await world.of(by)).post("/v1/recoveries/vouch", json={"personId": str(whom.id), "code": code})


async def find(world: World, by: Person, code: str) -> httpx.Response:
    """Whose screen shows that."""
    return await (await world.of(by)).post("/v1/recoveries/find", json={"code": code})


async def whoever(world: World, header: Header) -> int:
    """Whether this still opens something."""
    return (await world.nobody().get("/v1/me", headers=header)).status_code


async def test_a_link_for_somebody_without_a_factor_opens_at_once(world: World) -> None:
    secret = await link_for(world, DANA)

    assert (await look(world, secret)).json() | {"expiresAt": ""} == {
        "opens": True, "opensAt": None, "app": False, "code": None, "expiresAt": "",
    }  # fmt: skip
    assert (await redeem(world, secret)).status_code == 201
    kinds = [one["kind"] for one in (await (await world.of(DANA)).get("/v1/account/events")).json()["items"]]
    assert kinds == ["link-made"]


async def test_an_operator_is_nobody_else_any_more_once_they_have_a_passkey(world: World) -> None:
    await holding(world, DANA)
    secret = await link_for(world, DANA)

    answer = await redeem(world, secret)

    assert (answer.status_code, code_of(answer)) == (403, "LinkWaits")
    state = (await look(world, secret)).json()
    assert (state["opens"], len(state["code"])) == (False, 8)
    assert state["opensAt"] == "2026-03-04T15:00:00Z"


async def test_a_link_from_before_the_passkey_opens_by_itself_no_more(world: World) -> None:
    secret = await link_for(world, DANA)
    await holding(world, DANA)

    assert code_of(await redeem(world, secret)) == "LinkWaits"
    world.clock.forward(hours=47)
    assert code_of(await redeem(world, secret)) == "LinkWaits"


async def test_whom_it_is_for_hears_of_it_and_says_that_it_was_not_them(world: World, pool: Pool) -> None:
    await holding(world, DANA)
    dana = await world.of(DANA)
    world.clock.forward(minutes=1)
    secret = await link_for(world, DANA)

    account = (await dana.get("/v1/account")).json()
    assert account == {
        "hasFactor": True,
        "recovery": {
            "begunAt": "2026-03-03T15:01:00Z", "opensAt": "2026-03-04T15:01:00Z", "byName": KAI.name,
        },
    }  # fmt: skip
    async with pool.transaction(person(DANA.id)) as db:
        assert await db.values(str, "SELECT kind FROM notification WHERE due_at = $1", world.clock.now) == ["account"]
    world.clock.forward(minutes=1)
    assert (await dana.post("/v1/account/recovery/refuse")).status_code == 204

    assert code_of(await redeem(world, secret)) == "InviteUsed"
    world.clock.forward(hours=25)
    assert code_of(await redeem(world, secret)) == "InviteUsed"
    assert code_of(await dana.post("/v1/account/recovery/refuse")) == "NoRecovery"
    events = (await dana.get("/v1/account/events")).json()["items"]
    assert [(one["kind"], one["byName"]) for one in events][:2] == [
        ("recovery-refused", DANA.name), ("recovery-begun", KAI.name),
    ]  # fmt: skip


async def test_after_a_day_in_which_nobody_objects_it_opens_and_ends_what_was_open(world: World) -> None:
    await holding(world, DANA)
    before = await come_in(world, DANA, "passkey")
    secret = await link_for(world, DANA)
    world.clock.forward(hours=23, minutes=59)
    assert code_of(await redeem(world, secret)) == "LinkWaits"
    world.clock.forward(minutes=1)

    signed = await redeem(world, secret)

    assert (signed.status_code, signed.json()["personId"]) == (201, str(DANA.id))
    assert await whoever(world, before) == 401
    own = {"authorization": f"Bearer {signed.json()['accessToken']}"}
    events = (await world.nobody().get("/v1/account/events", headers=own)).json()["items"]
    assert [one["kind"] for one in events][:2] == ["recovered", "recovery-begun"]
    assert code_of(await redeem(world, secret)) == "InviteUsed"


async def test_a_colleague_who_sees_them_lets_them_in_at_once(world: World) -> None:
    await holding(world, DANA)
    await holding(world, THEO)
    secret = await link_for(world, DANA)
    code = (await look(world, secret)).json()["code"]

    found = await find(world, THEO, code)
    assert (found.json()["name"], found.json()["personId"]) == (DANA.name, str(DANA.id))
    assert (await vouch(world, THEO, DANA, code)).status_code == 204

    signed = await redeem(world, secret)
    me = await auth.who(world.pool, f"Bearer {signed.json()['accessToken']}", world.clock.now)
    assert (me.id, me.proved_by) == (DANA.id, "vouch")
    events = (await (await world.of(DANA)).get("/v1/account/events")).json()
    assert "items" not in events  # what was open before has ended
    own = {"authorization": f"Bearer {signed.json()['accessToken']}"}
    told = (await world.nobody().get("/v1/account/events", headers=own)).json()["items"]
    assert ("recovery-vouched", THEO.name) in [(one["kind"], one["byName"]) for one in told]


async def test_nobody_vouches_who_made_the_link_or_has_nothing_to_show_or_does_not_know_the_staff(
    world: World,
) -> None:
    for who in (DANA, KAI, SAM, NELL):
        await holding(world, who)
    secret = await link_for(world, DANA)
    code = (await look(world, secret)).json()["code"]

    for by, status in ((KAI, 404), (SAM, 403), (NELL, 404), (THEO, 404), (DANA, 404), (MAYA, 403)):
        assert (await find(world, by, code)).status_code == status, by.handle
        assert (await vouch(world, by, DANA, code)).status_code == status, by.handle
    assert code_of(await redeem(world, secret)) == "LinkWaits"


async def test_the_eight_digits_are_those_of_the_link_that_somebody_holds(world: World) -> None:
    for who in (DANA, THEO, ROSA):
        await holding(world, who)
    mine, other = await link_for(world, DANA), await link_for(world, ROSA)
    code, wrong = [(await look(world, one)).json()["code"] for one in (mine, other)]

    assert (await vouch(world, THEO, DANA, wrong)).status_code == 404
    newer = await link_for(world, DANA)
    assert (await vouch(world, THEO, DANA, code)).status_code == 404
    assert code_of(await redeem(world, newer)) == "LinkWaits"


async def test_a_newer_link_is_not_vouched_for_by_what_was_said_of_the_older(world: World) -> None:
    for who in (DANA, THEO):
        await holding(world, who)
    code = (await look(world, await link_for(world, DANA))).json()["code"]
    await vouch(world, THEO, DANA, code)

    assert code_of(await redeem(world, await link_for(world, DANA))) == "LinkWaits"


async def test_who_vouches_has_shown_a_factor_just_now_and_tries_few_codes(world: World) -> None:
    await holding(world, THEO)
    header = await come_in(world, THEO, "passkey")
    body = {"personId": str(DANA.id), "code": "00000000"}
    for number in range(11):
        answer = await world.nobody().post("/v1/recoveries/vouch", json=body, headers=header)
        assert code_of(answer) == ("NoSuchCode" if number < 10 else "TooMany")
    world.clock.forward(minutes=6)
    late = await world.nobody().post("/v1/recoveries/vouch", json=body, headers=header)
    assert code_of(late) == "StepUpNeeded"


async def test_whoever_came_back_makes_a_new_passkey_and_removes_the_one_that_was_lost(world: World) -> None:
    lost = await holding(world, DANA)
    await holding(world, THEO)
    secret = await link_for(world, DANA)
    await vouch(world, THEO, DANA, (await look(world, secret)).json()["code"])
    signed = await redeem(world, secret)
    header = {"authorization": f"Bearer {signed.json()['accessToken']}"}

    [kept] = (await world.nobody().get("/v1/passkeys", headers=header)).json()["items"]
    params = {"even_the_last": "true"}
    removed = await world.nobody().delete(f"/v1/passkeys/{kept['id']}", params=params, headers=header)
    assert removed.status_code == 204
    assert code_of(await sign_in(world, lost)) == "PasskeyRefused"


@pytest.mark.parametrize("secret", ["nobody-was-given-this-link", "x" * 43])
async def test_what_is_no_link_is_told_apart_from_nothing(world: World, secret: str) -> None:
    used = await link_for(world, OKAFOR)
    await redeem(world, used)

    said = [{k: v for k, v in (await look(world, one)).json().items() if k != "requestId"} for one in (secret, used)]

    assert said == [said[0]] * 2
    assert said[0]["code"] == "InviteUsed"


async def test_whoever_owns_the_database_lets_an_operator_in_past_their_passkey(
    own_database: str, real_world: World
) -> None:
    world, owner = real_world, own_database.replace(f"{migrate.APP_ROLE}@", "postgres@")
    await holding(world, KAI)
    [way] = await setup.ways_back(owner, "http://cairn.test", world.clock.now)

    signed = await redeem(world, way.url.partition("#invite=")[2])

    assert (signed.status_code, signed.json()["personId"]) == (201, str(KAI.id))


def somebody(*roles: str, fresh: bool) -> Signed:
    """Somebody in a session."""
    number = UUID(int=1)
    return Signed(number, number, number, "en", list(roles), "full", NOW if fresh else None, None, False)


@pytest.mark.parametrize(("fresh", "holds"), [(True, True), (True, False), (False, False)])
def test_a_factor_is_added_by_whoever_has_shown_one_or_has_none(fresh: bool, holds: bool) -> None:
    check_may_add(somebody("counselor", fresh=fresh), NOW, holds_factor=holds)


def test_a_factor_is_not_added_in_a_session_that_may_be_anybodys() -> None:
    with pytest.raises(StepUpNeeded):
        check_may_add(somebody("counselor", fresh=False), NOW, holds_factor=True)


def test_staff_give_up_their_last_factor_knowingly() -> None:
    for staff, holds, sure in ((True, True, False), (True, False, True), (False, False, False)):
        check_leaves_a_way(staff=staff, holds_factor=holds, even_the_last=sure)
    with pytest.raises(rules.LastWayIn):
        check_leaves_a_way(staff=True, holds_factor=False, even_the_last=False)
