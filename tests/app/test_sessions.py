"""A session goes on, is looked at, and ends: at the next request, in every stream, on every phone."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app import auth, proofs
from app.auth import Tokens
from app.demo.cast import DANA, KAI, LEO, MAYA, SAM, Person
from app.errors import Invalid
from db import DOOR, migrate, person
from db.pool import connect
from tests.device import Device, encoded
from tests.world import World


async def come_in(world: World, who: Person, device: Device | None = None, **how: Any) -> Tokens:
    """Somebody signs in now, on a device that has a key or has none."""
    key = None if device is None else device.key
    async with world.pool.transaction(DOOR) as db:
        return await auth.open_session(db, who.id, world.clock.now, "link", device=key, **how)


async def refresh(world: World, token: str, proof: str | None = None) -> httpx.Response:
    sent = {"refreshToken": token} | ({} if proof is None else {"proof": proof})
    return await world.nobody().post("/v1/session/refresh", json=sent)


async def use(world: World, access: str) -> int:
    answer = await world.nobody().get("/v1/me", headers={"authorization": f"Bearer {access}"})
    return answer.status_code


def as_(tokens: Tokens) -> dict[str, str]:
    return {"authorization": f"Bearer {tokens.access_token}"}


async def sessions_of(world: World, tokens: Tokens) -> list[dict[str, Any]]:
    answer = await world.nobody().get("/v1/sessions", headers=as_(tokens))
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def test_a_session_goes_on_with_its_refresh_token_and_the_old_access_token_runs_out_by_itself(
    world: World,
) -> None:
    first = await come_in(world, MAYA)
    world.clock.forward(minutes=9)
    answer = await refresh(world, first.refresh_token)

    assert answer.status_code == 200, answer.text
    second = answer.json()
    assert {await use(world, first.access_token), await use(world, second["accessToken"])} == {200}
    assert second["refreshToken"] not in (first.refresh_token, second["accessToken"])
    world.clock.forward(minutes=1)
    assert [await use(world, first.access_token), await use(world, second["accessToken"])] == [401, 200]
    world.clock.forward(minutes=9)
    assert await use(world, second["accessToken"]) == 401


async def test_a_lost_reply_is_asked_for_again_and_what_it_brought_opens_nothing(world: World) -> None:
    first = await come_in(world, MAYA)
    lost = (await refresh(world, first.refresh_token)).json()
    lost_again = (await refresh(world, first.refresh_token)).json()
    found = (await refresh(world, first.refresh_token)).json()

    assert [await use(world, one["accessToken"]) for one in (lost, lost_again, found)] == [401, 401, 200]
    assert (await refresh(world, found["refreshToken"])).status_code == 200


@pytest.mark.parametrize("used_by", ["its access token", "its own refresh"])
async def test_a_token_that_comes_back_after_its_successor_was_used_ends_the_session(
    world: World, used_by: str
) -> None:
    first = await come_in(world, MAYA)
    second = (await refresh(world, first.refresh_token)).json()
    if used_by == "its access token":
        assert await use(world, second["accessToken"]) == 200
    else:
        second = (await refresh(world, second["refreshToken"])).json()

    assert await code(await refresh(world, first.refresh_token)) == (401, "SessionOver")
    assert await use(world, second["accessToken"]) == 401
    assert await code(await refresh(world, second["refreshToken"])) == (401, "SessionOver")

    [this, ended] = await sessions_of(world, await come_in(world, MAYA))
    assert (this["this"], this["endedBecause"]) == (True, None)
    assert (ended["this"], ended["endedBecause"]) == (False, "reuse")
    world.clock.forward(days=31)
    assert [one["endedBecause"] for one in await sessions_of(world, await come_in(world, MAYA))] == [None]


async def test_what_was_replaced_ends_the_session_when_it_is_shown(world: World) -> None:
    """Somebody has it who was told that it was theirs: one of the two is a thief."""
    first = await come_in(world, MAYA)
    owners = (await refresh(world, first.refresh_token)).json()
    thiefs = (await refresh(world, first.refresh_token)).json()

    assert await use(world, thiefs["accessToken"]) == 200
    assert await code(await refresh(world, owners["refreshToken"])) == (401, "SessionOver")
    assert await use(world, thiefs["accessToken"]) == 401


async def test_a_patients_own_record_tells_that_their_session_was_ended(world: World) -> None:
    """The answer is no, and what was done is kept: by nobody whom we know, at the door."""
    first = await come_in(world, MAYA)
    second = (await refresh(world, first.refresh_token)).json()
    await use(world, second["accessToken"])
    assert (await refresh(world, first.refresh_token)).status_code == 401

    async with world.pool.transaction(person(MAYA.id)) as db:
        kept = await db.values(
            str, "SELECT action || ' ' || category || ' ' || duty FROM audit_event WHERE actor_id IS NULL"
        )
        told = await db.values(str, "SELECT topic FROM event WHERE person_id = $1", MAYA.id)
    assert (kept, told) == (["end own-account door"], ["sessions"])


async def test_whatever_is_wrong_with_a_refresh_token_the_answer_is_the_same(world: World) -> None:
    ended, reused, expired = [await come_in(world, MAYA) for _ in range(3)]
    await world.nobody().delete("/v1/session", headers=as_(ended))
    second = (await refresh(world, reused.refresh_token)).json()
    await use(world, second["accessToken"])
    never = "cairnr_" + "x" * 65
    answers = [await refresh(world, one) for one in (ended.refresh_token, reused.refresh_token, never)]
    world.clock.forward(hours=12)
    answers.append(await refresh(world, expired.refresh_token))

    assert {one.status_code for one in answers} == {401}
    said = [{k: v for k, v in one.json().items() if k != "requestId"} for one in answers]
    assert said == [said[0]] * 4


@pytest.mark.parametrize("token", ["", "cairnr_", "cairn_" + "x" * 66, "cairnr_" + "é" * 65, "cairnr_" + "x" * 66])
async def test_what_is_no_refresh_token_is_not_looked_up(world: World, token: str) -> None:
    assert (await refresh(world, token)).status_code == 422


# Who, with a device key or not, and how long they may be away and be there at most.
LIVES = [
    (MAYA, True, timedelta(days=30), timedelta(days=180)),
    (MAYA, False, timedelta(hours=12), timedelta(hours=24)),
    (SAM, True, timedelta(hours=24), timedelta(days=7)),
    (SAM, False, timedelta(minutes=30), timedelta(hours=12)),
    (DANA, True, timedelta(minutes=30), timedelta(hours=12)),
    (DANA, False, timedelta(minutes=15), timedelta(hours=12)),
    (KAI, True, timedelta(minutes=15), timedelta(hours=8)),
]


@pytest.mark.parametrize(("who", "with_key", "idle", "absolute"), LIVES)
async def test_a_session_ends_when_nobody_comes_and_at_the_latest_after_its_time(
    world: World, who: Person, with_key: bool, idle: timedelta, absolute: timedelta
) -> None:
    device, began = (Device() if with_key else None), world.clock.now
    left = await come_in(world, who, device)
    world.clock.now = began + idle
    assert (await refresh(world, left.refresh_token, _signed(world, device, left.refresh_token))).status_code == 401

    world.clock.now = began
    kept = (await come_in(world, who, device)).refresh_token
    while (end := began + absolute) > world.clock.now + idle:
        world.clock.now += idle - timedelta(seconds=1)
        answer = await refresh(world, kept, _signed(world, device, kept))
        assert answer.status_code == 200, answer.text
        kept = answer.json()["refreshToken"]
        assert answer.json()["refreshExpiresAt"] <= end.isoformat().replace("+00:00", "Z")
    world.clock.now = end
    assert (await refresh(world, kept, _signed(world, device, kept))).status_code == 401


def _signed(world: World, device: Device | None, token: str) -> str | None:
    return None if device is None else device.proof(token, world.clock.now)


async def test_an_access_token_never_outlives_its_session(world: World) -> None:
    tokens, began = await come_in(world, KAI), world.clock.now
    kept = tokens.refresh_token
    for _ in range(34):
        world.clock.forward(minutes=14)
        kept = (await refresh(world, kept)).json()["refreshToken"]
    last = (await refresh(world, kept)).json()
    world.clock.now = began + timedelta(hours=8)
    assert await use(world, last["accessToken"]) == 401


async def test_a_lifetime_is_dated_and_an_organisation_may_have_its_own(real_world: World, own_database: str) -> None:
    world, raw = real_world, await connect(own_database.replace(f"{migrate.APP_ROLE}@", "postgres@"))
    row = "INSERT INTO session_lifetime VALUES ($1, 'patient', false, $2, $3, '3 days')"
    now = world.clock.now
    await raw.execute(row, MAYA.house.id, now + timedelta(hours=1), timedelta(hours=2))
    await raw.execute(row, None, now - timedelta(hours=1), timedelta(hours=6))
    await raw.execute("INSERT INTO staff_role VALUES ($1, 'operator')", SAM.id)
    await raw.close()

    async def idle(who: Person) -> timedelta:
        tokens = await come_in(world, who)
        return tokens.refresh_expires_at - world.clock.now

    assert await idle(MAYA) == timedelta(hours=6)
    world.clock.forward(hours=1)
    assert (await idle(MAYA), await idle(LEO)) == (timedelta(hours=2), timedelta(hours=2))
    # Of two roles the shorter time holds.
    assert await idle(SAM) == timedelta(minutes=15)


async def test_a_session_with_a_device_key_goes_on_with_that_device_alone(world: World) -> None:
    phone, other = Device("Maya's phone"), Device()
    first, now = await come_in(world, MAYA, phone), world.clock.now
    token = first.refresh_token

    for proof in (None, other.proof(token, now), "a.b.c", "x" * 40):
        assert await code(await refresh(world, token, proof)) == (401, "ProofNeeded")
    assert await use(world, first.access_token) == 200
    answer = await refresh(world, token, phone.proof(token, now))

    assert answer.status_code == 200, answer.text
    [mine] = await sessions_of(world, first)
    assert (mine["device"], mine["this"], mine["signedInBy"]) == ("Maya's phone", True, "link")


@pytest.mark.parametrize(
    "changes", [{"htm": "GET"}, {"htu": "/v1/me"}, {"rth": "x" * 43}, {"iat": "now"}, {"iat": -1}, {"jti": "more"}]
)
async def test_a_proof_is_of_one_request_alone(world: World, changes: dict[str, Any]) -> None:
    phone = Device()
    token = (await come_in(world, MAYA, phone)).refresh_token

    answer = await refresh(world, token, phone.proof(token, world.clock.now, **changes))

    assert await code(answer) == (401, "ProofNeeded")


async def test_a_proof_says_no_algorithm_of_its_own(world: World) -> None:
    """Neither none, nor a hash that is keyed with the public key, nor a key that comes along."""
    phone = Device()
    token = (await come_in(world, MAYA, phone)).refresh_token
    good = phone.proof(token, world.clock.now)
    header, payload, signature = good.split(".")

    def headed(**told: Any) -> str:
        return ".".join([encoded(json.dumps(told).encode()), payload, signature])

    tried = [
        headed(typ="cairn-proof+jwt", alg="none"),
        headed(typ="cairn-proof+jwt", alg="none").rpartition(".")[0] + ".",
        headed(typ="cairn-proof+jwt", alg="HS256"),
        headed(typ="dpop+jwt", alg="ES256"),
        headed(alg="ES256"),
        phone.proof(token, world.clock.now, {"typ": "cairn-proof+jwt", "alg": "ES256", "kid": "mine"}),
        phone.proof(token, world.clock.now, {"typ": "JWT", "alg": "ES256"}),
        f"{header}.{payload}.{signature[:-4]}AAAA",
        f"{header}.{payload}",
    ]
    for proof in tried:
        assert await code(await refresh(world, token, proof)) == (401, "ProofNeeded"), proof
    assert (await refresh(world, token, good)).status_code == 200


async def test_a_proof_that_is_replayed_or_comes_late_changes_nothing(world: World) -> None:
    phone = Device()
    first = await come_in(world, MAYA, phone)
    token, now = first.refresh_token, world.clock.now
    earlier, proof = phone.proof(token, now - timedelta(seconds=1)), phone.proof(token, now)
    second = (await refresh(world, token, proof)).json()
    assert await use(world, second["accessToken"]) == 200

    for again in (proof, earlier):
        assert await code(await refresh(world, token, again)) == (409, "ProofStale")
    assert await use(world, second["accessToken"]) == 200
    later = phone.proof(second["refreshToken"], now + timedelta(milliseconds=1))
    assert (await refresh(world, second["refreshToken"], later)).status_code == 200


async def test_a_clock_may_be_minutes_off_and_is_told_when_it_is_more(world: World) -> None:
    phone = Device()
    token = (await come_in(world, MAYA, phone)).refresh_token
    slow, fast = (world.clock.now + timedelta(minutes=by) for by in (-6, 6))

    for at in (slow, fast):
        answer = await refresh(world, token, phone.proof(token, at))
        assert await code(answer) == (409, "ClockAstray")
        assert world.clock.now.isoformat() in answer.json()["errors"][0]["message"]
    assert (await refresh(world, token, phone.proof(token, world.clock.now - timedelta(minutes=5)))).status_code == 200


async def test_a_key_that_is_none_is_refused_at_the_door(world: World) -> None:
    good = Device().public_key
    rsa = "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAL" + "A" * 88
    for key in (good[:-1], good + "A", good[:-2] + "!!", "A" * 122, rsa, good[:60] + "A" * 62):
        sent = {"person": "maya", "device": {"publicKey": key}}
        answer = await world.nobody().post("/v1/demo/sign-ins", json=sent)
        assert answer.status_code == 422, key
        assert answer.json()["errors"][0]["pointer"] == "/device/publicKey"
    sent = {"person": "maya", "device": {"publicKey": good, "name": "A laptop"}}
    signed = await world.nobody().post("/v1/demo/sign-ins", json=sent)
    assert (signed.status_code, signed.json()["assurance"]) == (201, "full")


def test_a_point_that_is_on_no_curve_is_no_key() -> None:
    """The last bytes of a good key changed: its point is off the curve."""
    good = Device().public_key
    with pytest.raises(Invalid):
        proofs.key_of(good[:-3] + ("AAA" if good[-3:] != "AAA" else "BBA"))


async def test_one_ends_ones_own_sessions_here_and_elsewhere_and_nobody_elses(world: World) -> None:
    phone, laptop, library = [await come_in(world, MAYA) for _ in range(3)]
    of_sam = await come_in(world, SAM)
    by_access = {tokens.access_token: await _id_of(world, tokens) for tokens in (phone, laptop, library, of_sam)}

    async def end(tokens: Tokens, whose: Tokens) -> int:
        path = f"/v1/sessions/{by_access[whose.access_token]}"
        return (await world.nobody().delete(path, headers=as_(tokens))).status_code

    assert await end(phone, of_sam) == 404
    assert [await end(phone, laptop), await end(phone, laptop)] == [204, 204]
    assert [await use(world, one.access_token) for one in (phone, laptop, library, of_sam)] == [200, 401, 200, 200]
    others = await world.nobody().post("/v1/sessions/end-others", headers=as_(phone))
    assert others.status_code == 204
    assert [await use(world, one.access_token) for one in (phone, library, of_sam)] == [200, 401, 200]
    assert [one["this"] for one in await sessions_of(world, phone)] == [True]
    assert await end(phone, phone) == 204
    assert await use(world, phone.access_token) == 401


async def _id_of(world: World, tokens: Tokens) -> str:
    [this] = [one for one in await sessions_of(world, tokens) if one["this"]]
    return str(this["id"])


async def test_whoever_is_there_in_limited_assurance_sees_and_ends_this_session_alone(world: World) -> None:
    owners = await come_in(world, MAYA, Device("Maya's phone"))
    strangers = await come_in(world, MAYA, assurance="limited")

    [only] = await sessions_of(world, strangers)
    assert (only["this"], only["assurance"]) == (True, "limited")
    theirs = await world.nobody().delete(f"/v1/sessions/{await _id_of(world, owners)}", headers=as_(strangers))
    assert theirs.status_code == 404
    assert await use(world, owners.access_token) == 200
    assert len(await sessions_of(world, owners)) == 2
    own = await world.nobody().delete(f"/v1/sessions/{only['id']}", headers=as_(strangers))
    assert (own.status_code, await use(world, strangers.access_token)) == (204, 401)


PUSH = {"kind": "fcm-token", "platform": "android", "timeZone": "UTC"}


async def _phones(world: World) -> int:
    answer = await (await world.of(MAYA)).get("/v1/devices")
    return len(answer.json()["items"])


@pytest.mark.parametrize("ended", ["by signing out", "from elsewhere", "by a token that was used twice"])
async def test_what_ends_a_session_ends_the_pushes_of_its_phone_and_of_no_other(world: World, ended: str) -> None:
    phone, other = await come_in(world, MAYA), await come_in(world, MAYA)
    for n, tokens in enumerate((phone, other)):
        sent = PUSH | {"id": str(world.new_id()), "token": f"phone-{n}"}
        assert (await world.nobody().post("/v1/devices", json=sent, headers=as_(tokens))).status_code == 201
    assert await _phones(world) == 2

    if ended == "by signing out":
        await world.nobody().delete("/v1/session", headers=as_(phone))
    elif ended == "from elsewhere":
        await world.nobody().delete(f"/v1/sessions/{await _id_of(world, phone)}", headers=as_(other))
    else:
        second = (await refresh(world, phone.refresh_token)).json()
        await use(world, second["accessToken"])
        await refresh(world, phone.refresh_token)

    assert await _phones(world) == 1


async def test_a_phone_that_is_registered_anew_belongs_to_the_new_session(world: World) -> None:
    sent = PUSH | {"id": str(world.new_id()), "token": "a-phone"}
    before = await come_in(world, MAYA)
    await world.nobody().post("/v1/devices", json=sent, headers=as_(before))
    after = await come_in(world, MAYA)
    await world.nobody().post("/v1/devices", json=sent, headers=as_(after))

    await world.nobody().delete("/v1/session", headers=as_(before))
    assert await _phones(world) == 1
    await world.nobody().delete("/v1/session", headers=as_(after))
    assert await _phones(world) == 0


async def test_of_many_who_refresh_at_once_one_leaf_is_left_and_the_session_lives(real_world: World) -> None:
    world = real_world
    first = await come_in(world, MAYA)
    answers = await asyncio.gather(*(refresh(world, first.refresh_token) for _ in range(12)))

    assert {one.status_code for one in answers} == {200}
    worth = [await use(world, one.json()["accessToken"]) for one in answers]
    assert sorted(worth) == [200] + [401] * 11
    [leaf] = [one.json()["refreshToken"] for one, status in zip(answers, worth, strict=True) if status == 200]
    assert (await refresh(world, leaf)).status_code == 200


async def test_only_hashes_of_refresh_tokens_are_kept_and_the_app_cannot_read_even_those(
    real_world: World, own_database: str
) -> None:
    world, first = real_world, await come_in(real_world, MAYA)
    second = (await refresh(world, first.refresh_token)).json()["refreshToken"]
    raw = await connect(own_database.replace(f"{migrate.APP_ROLE}@", "postgres@"))
    rows = [dict(row) for row in await raw.fetch("SELECT * FROM token_family")]
    dumped = await raw.fetchval("SELECT string_agg(s::text, ' ') FROM session s")
    allowed = await raw.fetchval("SELECT has_any_column_privilege('cairn_app', 'token_family', 'SELECT')")
    await raw.close()

    assert [(row["leaf"], row["parent"]) for row in rows] == [(auth.sha256(second), auth.sha256(first.refresh_token))]
    assert first.refresh_token[:29] not in str(rows) + dumped
    assert allowed is False


async def test_tokens_of_what_is_long_over_are_forgotten_and_the_rest_stays(
    real_world: World, own_database: str
) -> None:
    from app.sessions import actions

    world = real_world
    old = await come_in(world, MAYA)
    world.clock.forward(days=31)
    new = await come_in(world, MAYA, Device())
    assert await actions.forget(world.pool, world.clock.now) == 2
    assert await actions.forget(world.pool, world.clock.now) == 0
    assert (await use(world, new.access_token), (await refresh(world, old.refresh_token)).status_code) == (200, 401)
