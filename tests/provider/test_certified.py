"""The same against a real OpenID provider, by the real clock: a certified one, on this machine."""

from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest

from app.clock import system_clock
from app.demo.cast import DANA
from db import Pool
from tests.passkeys.ceremonies import Header, Json, code_of, come_in
from tests.provider.openid import Provider, log_in, running
from tests.world import SITE, World

BACK = "http://cairn.test/signed-in"


@pytest.fixture(scope="module")
async def provider() -> AsyncIterator[Provider]:
    """The provider."""
    async with running(BACK, "http://127.0.0.1:9/provider/logout") as made:
        yield made


@pytest.fixture
async def beside(pool: Pool, provider: Provider) -> AsyncIterator[World]:
    """A server that works with it."""
    site = msgspec.structs.replace(SITE, openid=provider.config)
    async with World.over(pool, system_clock(), site=site) as world:
        yield world


async def go(
    world: World, browser: httpx.AsyncClient, account: str, errand: str, header: Header | None = None
) -> httpx.Response:
    """There, be that account, and back."""
    world.clock.now = system_clock()
    kept: Json = (await world.nobody().post(f"{errand}/departures", headers=header)).json()
    said = await log_in(browser, kept["url"], account, BACK)
    world.clock.now = system_clock()
    back = {name: said[name] for name in ("code", "state", "iss")} | {"browser": kept["browser"]}
    return await world.nobody().post(errand, json=back, headers=header)


async def test_there_and_back_to_connect_to_sign_in_and_to_prove_it_with_a_key_that_changes(
    beside: World, provider: Provider
) -> None:
    header = await come_in(beside, DANA)
    async with provider.browser() as browser:
        assert code_of(await go(beside, browser, "dana", "/v1/sign-in/provider")) == "NotLinked"
        linked = await go(beside, browser, "dana", "/v1/provider-links", header)
        assert linked.status_code == 201, linked.text
        signed = await go(beside, browser, "dana", "/v1/sign-in/provider")
        assert signed.json()["personId"] == str(DANA.id)
        own = {"authorization": f"Bearer {signed.json()['accessToken']}"}
        assert (await go(beside, browser, "dana", "/v1/session/prove/provider", own)).status_code == 204
    async with provider.browser() as browser:
        assert code_of(await go(beside, browser, "sam", "/v1/session/prove/provider", own)) == "NotThatAccount"
        assert code_of(await go(beside, browser, "sam", "/v1/sign-in/provider")) == "NotLinked"
    await provider.rotate()
    async with provider.browser() as browser:
        away = await go(beside, browser, "dana", "/v1/sign-in/provider")
        assert code_of(away) == "ProviderRefused"  # its keys were heard less than a minute ago
        beside.app.state.provider._keys = None
        assert (await go(beside, browser, "dana", "/v1/sign-in/provider")).status_code == 201


async def test_a_code_is_worth_something_once(beside: World, provider: Provider) -> None:
    async with provider.browser() as browser:
        kept: Json = (await beside.nobody().post("/v1/sign-in/provider/departures")).json()
        said = await log_in(browser, kept["url"], "dana", BACK)
    other: Json = (await beside.nobody().post("/v1/sign-in/provider/departures")).json()
    stolen = {"code": said["code"], "iss": said["iss"], "state": state_of(other), "browser": other["browser"]}

    answer = await beside.nobody().post("/v1/sign-in/provider", json=stolen)

    assert code_of(answer) == "ProviderRefused"  # without what we kept for it, it is worth nothing


def state_of(departure: Json) -> str:
    """What the provider will give back."""
    return dict(httpx.URL(departure["url"]).params)["state"]
