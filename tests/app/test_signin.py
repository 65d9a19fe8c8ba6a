"""Coming in: demo people, and the first operator's one-time link."""

from datetime import timedelta

import httpx
import pytest

from app import auth, setup
from app.demo.cast import CAST, KAI, MAYA
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
    assert (cast[0]["role"], cast[1]["role"]) == ("patient", "peer")
    for person in cast:
        signed = (await world.nobody().post("/v1/demo/sign-ins", json={"person": person["person"]})).json()
        assert (await whoever(world, signed["accessToken"])).json()["name"] == person["name"]


async def test_a_token_opens_nothing_after_sign_out_or_after_its_time(world: World) -> None:
    first, second = [
        (await world.nobody().post("/v1/demo/sign-ins", json={"person": "maya"})).json()["accessToken"]
        for _ in range(2)
    ]

    out = await world.nobody().delete("/v1/session", headers={"authorization": f"Bearer {first}"})
    assert out.status_code == 204
    assert (await whoever(world, first)).status_code == 401
    assert (await whoever(world, second)).status_code == 200
    world.clock.forward(hours=12)
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
    tokens = await auth.sign_in(real_world.pool, MAYA.id, real_world.clock.now, timedelta(hours=1))

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
