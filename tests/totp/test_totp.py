"""An authenticator app: a second thing to show, each code once, and few tries."""

import asyncio
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pyotp
import pytest

from app import auth
from app.demo.cast import DANA, KAI, MAYA, SAM, Person
from app.totp import codes
from db import Pool, embedded, migrate, person
from db.pool import connect
from tests.passkeys.ceremonies import Header, code_of, come_in, holding
from tests.world import World

# RFC 6238, appendix B, with SHA-1: the last six of its eight digits.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
PRINTED = (
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
)


class App:
    """An app on somebody's phone."""

    def __init__(self, secret: str) -> None:
        self._totp = pyotp.TOTP(secret)

    def shows(self, world: World, *, later: float = 0) -> str:
        """What it shows so many seconds from now."""
        return self._totp.at(world.clock.now + timedelta(seconds=later))


async def set_up(world: World, who: Person) -> App:
    """Somebody sets up their app."""
    client = await world.of(who)
    begun = (await client.post("/v1/totp")).json()
    app = App(begun["secret"])
    answer = await client.post("/v1/totp/confirm", json={"code": app.shows(world, later=-30)})
    assert answer.status_code == 204, answer.text
    return app


async def prove(world: World, header: Header, code: str) -> httpx.Response:
    """Show a code."""
    return await world.nobody().post("/v1/session/prove/totp", json={"code": code}, headers=header)


@pytest.mark.parametrize(("seconds", "code"), PRINTED)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    at = datetime.fromtimestamp(seconds, tz=UTC)
    assert codes.step(SECRET, code, at) == seconds // 30


async def test_what_an_app_is_told_is_shown_once_and_counts_for_nothing_until_a_code_has_shown_it(world: World) -> None:
    dana = await world.of(DANA)
    begun = (await dana.post("/v1/totp")).json()

    uri = urlsplit(begun["uri"])
    assert (uri.scheme, uri.netloc, unquote(uri.path)) == ("otpauth", "totp", "/Cairn:Dana Kim")
    assert parse_qs(uri.query) == {"secret": [begun["secret"]], "issuer": ["Cairn"]}
    assert len(begun["secret"]) == 32
    assert begun["qr"].startswith("data:image/svg+xml")
    assert (await dana.get("/v1/totp")).json() == {"items": []}
    assert (await dana.get("/v1/account")).json()["hasFactor"] is False
    assert code_of(await prove(world, await come_in(world, DANA), App(begun["secret"]).shows(world))) == "NoApp"


async def test_the_first_code_sets_it_up_within_a_quarter_of_an_hour(world: World) -> None:
    dana = await world.of(DANA)
    begun = (await dana.post("/v1/totp")).json()
    path, app = "/v1/totp/confirm", App(begun["secret"])

    assert code_of(await dana.post(path, json={"code": "000000"})) == "CodeRefused"
    assert code_of(await (await world.of(SAM)).post(path, json={"code": app.shows(world)})) == "NotBegun"
    world.clock.forward(minutes=15)
    assert code_of(await dana.post(path, json={"code": app.shows(world)})) == "NotBegun"
    await set_up(world, DANA)
    [kept] = (await dana.get("/v1/totp")).json()["items"]
    assert kept["lastUsedAt"] is None


async def test_a_code_makes_a_session_fresh_again_once(world: World) -> None:
    app, header = await set_up(world, DANA), await come_in(world, DANA)
    world.clock.forward(minutes=6)
    code = app.shows(world)

    first, again = await prove(world, header, code), await prove(world, header, code)

    assert (first.status_code, code_of(again)) == (204, "CodeRefused")
    me = await auth.who(world.pool, header["authorization"], world.clock.now)
    assert (me.proved_by, me.is_fresh(world.clock.now)) == ("totp", True)


async def test_a_clock_may_be_half_a_minute_off_and_no_code_before_the_last_is_taken(world: World) -> None:
    app = await set_up(world, DANA)
    world.clock.forward(minutes=10)
    header = await come_in(world, DANA)

    for later, taken in ((-60, False), (60, False), (-30, True), (0, True), (30, True)):
        answer = await prove(world, header, app.shows(world, later=later))
        assert (answer.status_code == 204) is taken, later
    world.clock.forward(minutes=10)
    header = await come_in(world, DANA)
    await prove(world, header, app.shows(world, later=30))
    assert code_of(await prove(world, header, app.shows(world))) == "CodeRefused"


async def test_the_code_that_set_it_up_is_used(world: World) -> None:
    dana = await world.of(DANA)
    begun = (await dana.post("/v1/totp")).json()
    code = App(begun["secret"]).shows(world)
    await dana.post("/v1/totp/confirm", json={"code": code})

    assert code_of(await prove(world, await come_in(world, DANA), code)) == "CodeRefused"


async def test_five_tries_then_none_even_for_the_right_code_and_thirty_a_day(world: World) -> None:
    app = await set_up(world, DANA)
    world.clock.forward(minutes=10)
    header = await come_in(world, DANA)

    codes_ = [code_of(await prove(world, header, "000000")) for _ in range(5)]
    assert codes_ == ["CodeRefused"] * 5
    refused = await prove(world, header, app.shows(world))
    assert (refused.status_code, code_of(refused)) == (429, "TooMany")
    assert int(refused.headers["retry-after"]) > 0
    tried = 6
    while tried < 40:
        world.clock.forward(minutes=2)
        answer = await prove(world, await come_in(world, DANA), "000000")
        if code_of(answer) == "TooMany":
            break
        tried += 1
    assert 28 <= tried <= 36


async def test_an_app_alone_signs_nobody_in_and_with_a_link_it_does(world: World) -> None:
    app = await set_up(world, DANA)
    made = await (await world.of(KAI)).post(f"/v1/people/{DANA.id}/sign-in-links")
    secret = str(made.json()["url"]).partition("#invite=")[2]

    async def redeem(**more: str) -> httpx.Response:
        return await world.nobody().post("/v1/sign-in-links/redeem", json={"secret": secret} | more)

    state = (await world.nobody().post("/v1/sign-in-links/look", json={"secret": secret})).json()
    assert (state["opens"], state["app"]) == (False, True)
    assert code_of(await redeem()) == "LinkWaits"
    assert code_of(await redeem(code="000000")) == "CodeRefused"
    signed = await redeem(code=app.shows(world))
    me = await auth.who(world.pool, f"Bearer {signed.json()['accessToken']}", world.clock.now)
    assert (me.id, me.proved_by) == (DANA.id, "totp")
    events = (await (await world.of(DANA)).get("/v1/account/events")).json()["items"]
    assert "recovered" not in [one["kind"] for one in events]  # nothing was lost


async def test_a_code_beside_a_link_of_somebody_without_an_app_says_nothing(world: World) -> None:
    await holding(world, DANA)
    made = await (await world.of(KAI)).post(f"/v1/people/{DANA.id}/sign-in-links")
    secret = str(made.json()["url"]).partition("#invite=")[2]

    answer = await world.nobody().post("/v1/sign-in-links/redeem", json={"secret": secret, "code": "000000"})

    assert code_of(answer) == "LinkWaits"


async def test_a_newer_app_replaces_the_older_and_the_last_one_goes_knowingly(world: World) -> None:
    older = await set_up(world, DANA)
    world.clock.forward(minutes=5)
    newer, dana = await set_up(world, DANA), await world.of(DANA)
    header = await come_in(world, DANA)

    assert code_of(await prove(world, header, older.shows(world))) == "CodeRefused"
    assert (await prove(world, header, newer.shows(world))).status_code == 204
    [kept] = (await dana.get("/v1/totp")).json()["items"]
    path = f"/v1/totp/{kept['id']}"
    assert (await (await world.of(SAM)).delete(path)).status_code == 404
    assert code_of(await dana.delete(path)) == "LastWayIn"
    assert (await dana.delete(path, params={"even_the_last": "true"})).status_code == 204
    assert code_of(await prove(world, header, newer.shows(world, later=30))) == "NoApp"


async def test_an_app_is_for_staff_and_whoever_has_a_factor_shows_it_first(world: World) -> None:
    assert code_of(await (await world.of(MAYA)).post("/v1/totp")) == "NotYourRole"
    await holding(world, DANA)
    header = await come_in(world, DANA)
    world.clock.forward(minutes=6)
    assert code_of(await world.nobody().post("/v1/totp", headers=header)) == "StepUpNeeded"


async def test_the_secret_is_kept_sealed(real_world: World, own_database: str, server: embedded.Server) -> None:
    dana = await real_world.of(DANA)
    secret = (await dana.post("/v1/totp")).json()["secret"]

    raw = await connect(own_database.replace(f"{migrate.APP_ROLE}@", "postgres@"))
    [row] = await raw.fetch("SELECT totp::text AS whole, sealed FROM totp")
    await raw.close()
    assert secret.encode() not in row["sealed"]
    assert secret not in row["whole"]


async def test_of_many_who_show_one_code_at_once_one_is_taken(real_world: World) -> None:
    app, header = await set_up(real_world, DANA), await come_in(real_world, DANA)
    code = app.shows(real_world)

    answers = await asyncio.gather(*(prove(real_world, header, code) for _ in range(4)))

    assert sorted(one.status_code for one in answers) == [204, 403, 403, 403]


async def test_nobody_reads_the_secret_of_another(world: World, pool: Pool) -> None:
    await set_up(world, DANA)
    async with pool.transaction(person(SAM.id)) as db:
        assert await db.values(bytes, "SELECT sealed FROM totp") == []
