"""Coming in: demo people, the first operator's one-time link, and the links that bring in everybody else."""

import asyncio
from uuid import UUID

import httpx
import pytest

from app import auth, setup
from app.demo.cast import CAST, DANA, KAI, LINDQVIST, MAYA, NOAH, ROSA, SAM, Person
from db import embedded, migrate
from db.pool import connect
from tests.world import World

NEW = {
    "organisationId": "0193a6f0-7c1a-7000-8000-000000000001", "organisationName": "Lakeside",
    "organisationKind": "sud-program", "operatorId": "0193a6f0-7c1a-7000-8000-000000000002",
    "operatorName": "Ada", "timeZone": "America/Chicago",
}  # fmt: skip


def as_owner(own_database: str) -> str:
    return own_database.replace(f"{migrate.APP_ROLE}@", "postgres@")


async def whoever(world: World, token: str) -> httpx.Response:
    return await world.nobody().get("/v1/me", headers={"authorization": f"Bearer {token}"})


async def test_a_visitor_of_the_demo_may_be_anybody_of_the_cast(world: World) -> None:
    cast = (await world.nobody().get("/v1/demo/cast")).json()["items"]

    assert [p["person"] for p in cast] == [p.handle for p in CAST]
    assert {p["person"]: p["role"] for p in cast if p["person"] in ("maya", "sam", "ben")} == {
        "maya": "patient", "sam": "peer", "ben": "peer-lead",
    }  # fmt: skip
    for one in cast:
        signed = (await world.nobody().post("/v1/demo/sign-ins", json={"person": one["person"]})).json()
        assert (await whoever(world, signed["accessToken"])).json()["name"] == one["name"]


async def test_nobody_can_be_played_in_a_database_without_the_cast(own_database: str, real_world: World) -> None:
    raw = await connect(as_owner(own_database))
    await raw.execute("TRUNCATE person CASCADE")
    await raw.close()

    answer = await real_world.nobody().post("/v1/demo/sign-ins", json={"person": "maya"})

    assert (answer.status_code, answer.json()["code"]) == (404, "NotFound")


async def test_a_token_opens_nothing_after_sign_out_or_after_its_time(world: World) -> None:
    first, second = [
        (await world.nobody().post("/v1/demo/sign-ins", json={"person": "maya"})).json()["accessToken"]
        for _ in range(2)
    ]

    out = await world.nobody().delete("/v1/session", headers={"authorization": f"Bearer {first}"})
    assert out.status_code == 204
    assert (await whoever(world, first)).status_code == 401
    assert (await whoever(world, second)).status_code == 200
    world.clock.forward(minutes=10)
    assert (await whoever(world, second)).json()["code"] == "NotSignedIn"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer x", "Basic abc", "Bearer cairn_" + "a" * 43, "Bearer " + "é" * 49]
)
async def test_what_is_no_token_of_ours_is_told_nothing_more(world: World, header: str) -> None:
    answer = await world.nobody().get("/v1/me", headers={b"authorization": header.encode()})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["title"] == "Please sign in first."


async def test_only_the_hash_of_a_token_is_kept_and_the_app_cannot_read_even_that(
    real_world: World, own_database: str
) -> None:
    tokens = await auth.sign_in(real_world.pool, MAYA.id, real_world.clock.now)

    raw = await connect(as_owner(own_database))
    kept = await raw.fetchval("SELECT string_agg(encode(sha256, 'hex'), ' ') FROM access_token")
    allowed = await raw.fetchval("SELECT has_table_privilege('cairn_app', 'access_token', 'SELECT')")
    await raw.close()
    assert auth.sha256(tokens.access_token).hex() in kept
    assert allowed is False


async def test_with_an_operator_there_is_no_link(server: embedded.Server, own_database: str, real_world: World) -> None:
    assert KAI.roles == ("operator",)
    assert await setup.link(as_owner(own_database), "http://cairn.test", real_world.clock.now) is None


async def first_link(own_database: str, world: World) -> str:
    """A server without an operator, and the secret of its link."""
    raw = await connect(as_owner(own_database))
    await raw.execute("DELETE FROM staff_role WHERE role = 'operator'")
    await raw.close()
    link = await setup.link(as_owner(own_database), "http://cairn.test", world.clock.now)
    assert link is not None
    return link.split("#setup=")[1]


async def test_the_link_makes_one_operator_once(own_database: str, real_world: World) -> None:
    world, secret = real_world, await first_link(own_database, real_world)

    made = await world.nobody().post("/v1/setup", json=NEW | {"secret": secret})
    again = await world.nobody().post("/v1/setup", json=NEW | {"secret": secret})

    assert made.status_code == 201, made.text
    me = (await whoever(world, made.json()["accessToken"])).json()
    assert (me["name"], me["roles"], me["organisation"]["name"]) == ("Ada", ["operator"], "Lakeside")
    assert (again.status_code, again.json()["code"]) == (403, "LinkUsed")
    assert await setup.link(as_owner(own_database), "http://cairn.test", world.clock.now) is None


async def test_a_set_up_that_fails_uses_nothing_up(own_database: str, real_world: World) -> None:
    world, secret = real_world, await first_link(own_database, real_world)

    taken = await world.nobody().post("/v1/setup", json=NEW | {"secret": secret, "operatorId": str(MAYA.id)})
    zone = await world.nobody().post("/v1/setup", json=NEW | {"secret": secret, "timeZone": "Mars/Olympus"})

    assert (taken.status_code, taken.json()["code"]) == (409, "IdTaken")
    assert (zone.status_code, zone.json()["errors"][0]["pointer"]) == (422, "/timeZone")
    assert (await world.nobody().post("/v1/setup", json=NEW | {"secret": secret})).status_code == 201


async def test_a_newer_link_closes_the_older_and_each_ends_after_a_day(own_database: str, real_world: World) -> None:
    world, older = real_world, await first_link(own_database, real_world)
    newer = await first_link(own_database, world)

    assert (await world.nobody().post("/v1/setup", json=NEW | {"secret": older})).json()["code"] == "LinkUsed"
    world.clock.forward(hours=25)
    assert (await world.nobody().post("/v1/setup", json=NEW | {"secret": newer})).json()["code"] == "LinkUsed"


async def link_for(world: World, whom: UUID, by: Person = KAI) -> httpx.Response:
    return await (await world.of(by)).post(f"/v1/people/{whom}/sign-in-links")


def secret_of(made: httpx.Response) -> str:
    assert made.status_code == 201, made.text
    return str(made.json()["url"]).removeprefix("http://cairn.test/#invite=")


async def redeem(world: World, secret: str) -> httpx.Response:
    return await world.nobody().post("/v1/sign-in-links/redeem", json={"secret": secret})


async def test_a_link_signs_in_whom_it_was_made_for_once(world: World) -> None:
    for whom, by in ((DANA, KAI), (ROSA, KAI), (KAI, KAI)):
        secret = secret_of(await link_for(world, whom.id, by))
        signed, again = [await redeem(world, secret) for _ in range(2)]

        assert (signed.status_code, signed.json()["personId"]) == (201, str(whom.id))
        assert (await whoever(world, signed.json()["accessToken"])).json()["name"] == whom.name
        assert (again.status_code, again.json()["code"]) == (403, "InviteUsed")


async def test_somebody_who_works_here_from_now_on_comes_in_with_a_link_and_brings_in_others(world: World) -> None:
    kai, zone = await world.of(KAI), {"timeZone": "UTC", "language": "en"}
    rob, pat = str(world.new_id()), str(world.new_id())
    await kai.post("/v1/staff", json={"id": rob, "name": "Rob", "roles": ["coordinator"], **zone})
    signed = await redeem(world, secret_of(await link_for(world, UUID(rob))))
    token = {"authorization": f"Bearer {signed.json()['accessToken']}"}

    brought = await world.nobody().post("/v1/patients", json={"id": pat, "name": "Pat", **zone}, headers=token)

    assert (brought.status_code, brought.json()["name"]) == (201, "Pat")


async def test_whatever_is_wrong_with_a_link_the_answer_is_the_same(world: World) -> None:
    older, newer = [secret_of(await link_for(world, SAM.id)) for _ in range(2)]
    used = secret_of(await link_for(world, DANA.id))
    await redeem(world, used)
    answers = [await redeem(world, secret) for secret in ("never-was-a-link-of-ours", older, used)]
    world.clock.forward(hours=48)
    answers.append(await redeem(world, newer))

    assert {one.status_code for one in answers} == {403}
    said = [{k: v for k, v in one.json().items() if k != "requestId"} for one in answers]
    assert said == [said[0]] * 4


async def test_a_link_holds_for_two_days_and_the_first_token_for_ten_minutes(world: World) -> None:
    made = await link_for(world, DANA.id)
    world.clock.forward(hours=47, minutes=59)
    signed = await redeem(world, secret_of(made))

    assert signed.status_code == 201
    world.clock.forward(minutes=9, seconds=59)
    assert (await whoever(world, signed.json()["accessToken"])).status_code == 200
    world.clock.forward(seconds=1)
    assert (await whoever(world, signed.json()["accessToken"])).status_code == 401


@pytest.mark.parametrize(
    ("by", "whom", "status"),
    [
        (KAI, NOAH, 404),
        (KAI, LINDQVIST, 404),
        (KAI, MAYA, 404),
        (ROSA, SAM, 403),
        (ROSA, MAYA, 403),
        (DANA, MAYA, 403),
        (MAYA, MAYA, 403),
    ],
)
async def test_nobody_is_let_in_by_somebody_who_may_not(world: World, by: Person, whom: Person, status: int) -> None:
    assert (await link_for(world, whom.id, by)).status_code == status


async def test_of_many_who_open_a_link_at_once_one_comes_in_and_only_its_hash_is_kept(
    real_world: World, own_database: str
) -> None:
    secret = secret_of(await link_for(real_world, SAM.id))
    answers = await asyncio.gather(*(redeem(real_world, secret) for _ in range(16)))

    assert sorted(one.status_code for one in answers) == [201] + [403] * 15
    raw = await connect(as_owner(own_database))
    [kept] = await raw.fetch("SELECT sha256, made_by, used_at FROM sign_in_link")
    await raw.close()
    assert (kept["sha256"], kept["made_by"]) == (auth.sha256(secret), KAI.id)
    assert kept["used_at"] == real_world.clock.now


async def test_links_that_are_made_at_once_leave_one_that_opens(real_world: World) -> None:
    made = await asyncio.gather(*(link_for(real_world, SAM.id) for _ in range(8)))
    answers = [await redeem(real_world, secret_of(one)) for one in made]

    assert sorted(one.status_code for one in answers) == [201] + [403] * 7


async def test_whoever_owns_the_database_lets_an_operator_in_again_once(own_database: str, real_world: World) -> None:
    world = real_world
    [lost] = await setup.ways_back(as_owner(own_database), "http://cairn.test", world.clock.now)
    [found] = await setup.ways_back(as_owner(own_database), "http://cairn.test", world.clock.now)
    assert (found.name, found.organisation) == (KAI.name, KAI.house.name)

    secrets = [way.url.split("#invite=")[1] for way in (lost, found, found)]
    answers = [await world.nobody().post("/v1/sign-in-links/redeem", json={"secret": secret}) for secret in secrets]

    assert [answer.status_code for answer in answers] == [403, 201, 403]
    me = await whoever(world, answers[1].json()["accessToken"])
    assert (me.json()["name"], me.json()["roles"]) == (KAI.name, ["operator"])
