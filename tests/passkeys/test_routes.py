"""Passkeys as a browser uses them: made, shown, and refused for everything that can be wrong with one."""

import asyncio
import os
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from app import auth
from app.account.actions import TOPIC
from app.demo.cast import DANA, KAI, LEO, MAYA, SAM
from app.passkeys import actions
from db import CLOCK, Pool, person
from tests.passkeys.authenticator import MAY_SYNC, NEW_KEY, PRESENT, SYNCED, USUAL, Authenticator, bytes_of, text_of
from tests.passkeys.ceremonies import asked, code_of, come_in, holding, prove, register, sign_in
from tests.world import World


async def test_a_passkey_signs_in_its_owner_and_nobody_is_named_before(world: World) -> None:
    device = await holding(world, DANA)

    begun = await asked(world, "/v1/sign-in/passkey/challenges")
    assert begun["options"]["allowCredentials"] == []
    assert begun["options"]["userVerification"] == "required"
    signed = await sign_in(world, device)

    assert (signed.status_code, signed.json()["personId"], signed.json()["assurance"]) == (201, str(DANA.id), "full")
    me = await auth.who(world.pool, f"Bearer {signed.json()['accessToken']}", world.clock.now)
    assert (me.id, me.proved_by, me.is_fresh(world.clock.now)) == (DANA.id, "passkey", True)


async def test_what_a_browser_is_asked_for_a_new_passkey_says_nothing_of_who_it_is(world: World) -> None:
    first = await asked(world, "/v1/passkeys/registrations", await come_in(world, MAYA))
    again = await asked(world, "/v1/passkeys/registrations", await come_in(world, MAYA))
    options = first["options"]

    assert options["rp"] == {"id": "cairn.test", "name": "Cairn"}
    assert (options["user"]["name"], options["user"]["id"]) == ("MT", again["options"]["user"]["id"])
    assert str(MAYA.id) not in str(options)
    assert MAYA.id.bytes not in bytes_of(options["user"]["id"])
    assert len(bytes_of(options["user"]["id"])) == 32
    assert options["challenge"] != again["options"]["challenge"]
    assert options["authenticatorSelection"] == {
        "residentKey": "required", "requireResidentKey": True, "userVerification": "required",
    }  # fmt: skip
    assert options["attestation"] == "none"
    staff = await asked(world, "/v1/passkeys/registrations", await come_in(world, DANA))
    assert staff["options"]["user"]["name"] == DANA.name


async def test_the_same_device_is_not_asked_twice_and_adds_nothing_twice(world: World) -> None:
    device, header = await holding(world, DANA), await come_in(world, DANA)

    begun = await asked(world, "/v1/passkeys/registrations", header)
    there = begun["options"]["excludeCredentials"]
    assert [one["id"] for one in there] == [text_of(device.credential_id)]
    assert there[0]["transports"] == ["internal", "hybrid"]
    again = await register(world, header, device)
    assert (again.status_code, code_of(again)) == (409, "PasskeyThere")


async def test_nobody_takes_the_passkey_of_another_as_their_own(world: World) -> None:
    device = await holding(world, DANA)

    answer = await register(world, await come_in(world, SAM), device)

    assert (answer.status_code, code_of(answer)) == (409, "PasskeyThere")
    assert (await sign_in(world, device)).status_code == 403  # it was told another owner's number since


ANOTHER = ec.generate_private_key(ec.SECP256R1())
WRONG_SHOWN: dict[str, dict[str, Any]] = {
    "another origin": {"origin": "http://cairn.test.evil.example"},
    "the origin with another port": {"origin": "http://cairn.test:8443"},
    "the origin by another scheme": {"origin": "https://cairn.test"},
    "another relying party": {"rp_id": "evil.example"},
    "its parent": {"rp_id": "test"},
    "the user not verified": {"flags": PRESENT},
    "nobody there": {"flags": USUAL & ~PRESENT},
    "an answer to a registration": {"type": "webauthn.create"},
    "another challenge": {"challenge": text_of(os.urandom(32))},
    "another key": {"key": ANOTHER},
    "a signature that is none": {"signature": b"\x30\x06\x02\x01\x01\x02\x01\x01"},
    "no signature at all": {"signature": b"\x00"},
    "another type": {"credential_type": "password"},
    "from within another page": {"cross_origin": True},
    "it may be copied of a sudden": {"flags": USUAL | MAY_SYNC},
    "it is copied and may not be": {"flags": USUAL | SYNCED},
    "the number of another owner": {"handle": os.urandom(32)},
    "a passkey that nobody has": {"credential_id": os.urandom(32)},
}


@pytest.mark.parametrize("wrong", sorted(WRONG_SHOWN))
async def test_a_passkey_that_is_shown_wrongly_opens_nothing(world: World, wrong: str) -> None:
    device, header = await holding(world, DANA), await come_in(world, DANA)

    for answer in (
        await sign_in(world, device, **WRONG_SHOWN[wrong]),
        await prove(world, header, device, **WRONG_SHOWN[wrong]),
    ):
        assert (answer.status_code, code_of(answer)) == (403, "PasskeyRefused"), answer.text
    assert (await sign_in(world, device)).status_code == 201


async def test_whoever_is_named_by_nobody_has_to_say_whose_passkey_it_is(world: World) -> None:
    device, header = await holding(world, DANA), await come_in(world, DANA)

    assert code_of(await sign_in(world, device, handle=None)) == "PasskeyRefused"
    assert (await prove(world, header, device, handle=None)).status_code == 204


WRONG_MADE: dict[str, dict[str, Any]] = {
    "another origin": {"origin": "http://evil.example"},
    "another relying party": {"rp_id": "evil.example"},
    "the user not verified": {"flags": PRESENT | NEW_KEY},
    "nobody there": {"flags": NEW_KEY | 0x04},
    "an answer to a sign-in": {"type": "webauthn.get"},
    "another challenge": {"challenge": text_of(os.urandom(32))},
    "no key": {"flags": USUAL},
    "another type": {"credential_type": "password"},
    "from within another page": {"cross_origin": True},
    "a key that says nothing": {"cose": {}},
    "a key of no kind": {"cose": [1, 2, 3]},
    "an algorithm that nobody offered": {"cose": {1: 2, 3: -47, -1: 8, -2: bytes(32), -3: bytes(32)}},
    "a number for a key": {"cose": 7},
}


@pytest.mark.parametrize("wrong", sorted(WRONG_MADE))
async def test_a_passkey_that_was_made_wrongly_is_not_kept(world: World, wrong: str) -> None:
    device, header = Authenticator(), await come_in(world, DANA)

    answer = await register(world, header, device, **WRONG_MADE[wrong])

    assert (answer.status_code, code_of(answer)) == (403, "PasskeyRefused"), answer.text
    assert (await world.nobody().get("/v1/passkeys", headers=header)).json() == {"items": []}


async def test_a_challenge_is_good_once_even_for_a_wrong_answer(world: World) -> None:
    device = await holding(world, DANA)
    begun = await asked(world, "/v1/sign-in/passkey/challenges")
    wrong = {"challengeId": begun["challengeId"], "credential": device.show(begun["options"], key=ANOTHER)}
    right = {"challengeId": begun["challengeId"], "credential": device.show(begun["options"])}

    answers = [await world.nobody().post("/v1/sign-in/passkey", json=one) for one in (wrong, right)]

    assert [code_of(one) for one in answers] == ["PasskeyRefused", "ChallengeGone"]


async def test_an_answer_is_good_for_five_minutes(world: World) -> None:
    device, header = await holding(world, DANA), await come_in(world, DANA)
    begun = [
        (path, await asked(world, f"{path}/challenges", header))
        for path in ("/v1/sign-in/passkey", "/v1/session/prove/passkey")
    ]
    world.clock.forward(minutes=5)
    for path, one in begun:
        shown = {"challengeId": one["challengeId"], "credential": device.show(one["options"])}
        answer = await world.nobody().post(path, json=shown, headers=header)
        assert code_of(answer) == "ChallengeGone"


async def test_a_challenge_is_of_one_purpose_and_one_session(world: World) -> None:
    device, header, elsewhere = await holding(world, DANA), await come_in(world, DANA), await come_in(world, DANA)
    door = await asked(world, "/v1/sign-in/passkey/challenges")
    own = await asked(world, "/v1/session/prove/passkey/challenges", header)

    for path, begun, who in (
        ("/v1/session/prove/passkey", door, header),
        ("/v1/sign-in/passkey", own, None),
        ("/v1/session/prove/passkey", own, elsewhere),
        ("/v1/session/prove/passkey", own, await come_in(world, SAM)),
    ):
        shown = {"challengeId": begun["challengeId"], "credential": device.show(begun["options"])}
        answer = await world.nobody().post(path, json=shown, headers=who)
        assert code_of(answer) == "ChallengeGone", path
    last = {"challengeId": own["challengeId"], "credential": device.show(own["options"])}
    assert (await world.nobody().post("/v1/session/prove/passkey", json=last, headers=header)).status_code == 204


async def test_nobody_proves_themselves_with_the_passkey_of_another(world: World) -> None:
    theirs, _ = await holding(world, DANA), await holding(world, SAM)

    answer = await prove(world, await come_in(world, SAM), theirs)

    assert code_of(answer) == "PasskeyRefused"


async def test_whoever_has_none_is_not_asked_for_one(world: World) -> None:
    answer = await world.nobody().post("/v1/session/prove/passkey/challenges", headers=await come_in(world, SAM))

    assert (answer.status_code, code_of(answer)) == (409, "NoPasskey")


async def test_a_passkey_makes_a_session_fresh_again_and_a_limited_one_full(world: World) -> None:
    device = await holding(world, MAYA)
    header = await come_in(world, MAYA, "code", "limited")
    world.clock.forward(minutes=6)
    assert (await world.nobody().get("/v1/passkeys", headers=header)).json()["code"] == "FullAssuranceNeeded"

    assert (await prove(world, header, device)).status_code == 204

    me = await auth.who(world.pool, header["authorization"], world.clock.now)
    assert (me.assurance, me.proved_by, me.is_fresh(world.clock.now)) == ("full", "passkey", True)


async def test_a_counter_that_goes_back_is_a_copys_and_the_passkey_opens_nothing_any_more(
    world: World, pool: Pool
) -> None:
    device = await holding(world, DANA)
    await sign_in(world, device)
    await sign_in(world, device)

    world.clock.forward(seconds=1)
    copied = await sign_in(world, device, count=2)

    assert (copied.status_code, code_of(copied)) == (403, "PasskeySuspended")
    assert code_of(await sign_in(world, device)) == "PasskeySuspended"
    dana = await world.of(DANA)
    [kept] = (await dana.get("/v1/passkeys")).json()["items"]
    assert kept["suspendedAt"] is not None
    [event, *_] = (await dana.get("/v1/account/events")).json()["items"]
    assert (event["kind"], event["byPerson"]) == ("passkey-suspended", None)
    async with pool.transaction(person(DANA.id)) as db:
        told = await db.values(str, "SELECT kind FROM notification WHERE person_id = $1", DANA.id)
    assert told.count("account") == 2


async def test_a_counter_is_only_believed_once_it_is_signed(world: World) -> None:
    """Else whoever knows the number of a passkey could have it taken for a copy."""
    device = await holding(world, DANA)
    await sign_in(world, device)

    assert code_of(await sign_in(world, device, count=0, key=ANOTHER)) == "PasskeyRefused"
    assert (await sign_in(world, device)).status_code == 201


async def test_a_passkey_that_is_on_several_devices_counts_nothing_and_goes_on(world: World) -> None:
    device = await holding(world, DANA, syncs=True)

    answers = [await sign_in(world, device) for _ in range(3)]

    assert [one.status_code for one in answers] == [201] * 3
    [kept] = (await (await world.of(DANA)).get("/v1/passkeys")).json()["items"]
    assert (kept["synced"], kept["lastUsedAt"]) == (True, world.clock.now.isoformat().replace("+00:00", "Z"))


async def test_of_many_answers_at_once_to_one_challenge_one_signs_in(real_world: World) -> None:
    device = await holding(real_world, DANA)
    begun = await asked(real_world, "/v1/sign-in/passkey/challenges")
    shown = {"challengeId": begun["challengeId"], "credential": device.show(begun["options"])}

    answers = await asyncio.gather(*(real_world.nobody().post("/v1/sign-in/passkey", json=shown) for _ in range(8)))

    assert sorted(one.status_code for one in answers) == [201] + [403] * 7


async def test_a_passkey_is_renamed_and_removed_by_its_owner_alone(world: World) -> None:
    device, dana, sam = await holding(world, DANA), await world.of(DANA), await world.of(SAM)
    [kept] = (await dana.get("/v1/passkeys")).json()["items"]
    path = f"/v1/passkeys/{kept['id']}"

    assert (await sam.patch(path, json={"name": "Mine"})).status_code == 404
    assert (await sam.delete(path)).status_code == 404
    assert (await dana.patch(path, json={"name": "Work phone"})).json()["name"] == "Work phone"
    last = await dana.delete(path)
    assert (last.status_code, code_of(last)) == (409, "LastWayIn")
    assert (await sign_in(world, device)).status_code == 201
    assert (await dana.delete(path, params={"even_the_last": "true"})).status_code == 204
    assert code_of(await sign_in(world, device)) == "PasskeyRefused"
    assert (await dana.get("/v1/passkeys")).json() == {"items": []}
    assert (await dana.delete(path)).status_code == 404


async def test_one_of_two_is_removed_without_a_warning_and_a_patients_last_as_well(world: World) -> None:
    for who, many in ((DANA, 2), (MAYA, 1)):
        devices = [await holding(world, who) for _ in range(many)]
        client = await world.of(who)
        kept = (await client.get("/v1/passkeys")).json()["items"]
        assert len(kept) == len(devices)
        assert (await client.delete(f"/v1/passkeys/{kept[0]['id']}")).status_code == 204


async def test_whoever_has_a_factor_shows_it_before_they_add_or_remove_one(world: World) -> None:
    device, header = await holding(world, DANA), await come_in(world, DANA)
    world.clock.forward(minutes=6)
    [kept] = (await world.nobody().get("/v1/passkeys", headers=header)).json()["items"]

    added = await world.nobody().post("/v1/passkeys/registrations", headers=header)
    removed = await world.nobody().delete(f"/v1/passkeys/{kept['id']}", headers=header)
    assert (code_of(added), code_of(removed)) == ("StepUpNeeded", "StepUpNeeded")
    await prove(world, header, device)
    assert (await register(world, header, Authenticator())).status_code == 201


async def test_whoever_has_nothing_to_show_adds_the_first_one_in_the_session_that_they_have(world: World) -> None:
    header = await come_in(world, DANA)
    world.clock.forward(minutes=6)

    assert (await register(world, header, Authenticator())).status_code == 201


async def test_there_is_room_for_twenty(world: World) -> None:
    for _ in range(20):
        await holding(world, LEO)

    answer = await (await world.of(LEO)).post("/v1/passkeys/registrations")

    assert (answer.status_code, code_of(answer)) == (409, "TooManyPasskeys")


async def test_what_becomes_of_ones_passkeys_is_told_to_ones_phones_and_kept_with_who_did_it(
    world: World, pool: Pool
) -> None:
    await holding(world, MAYA)
    maya = await world.of(MAYA)
    [kept] = (await maya.get("/v1/passkeys")).json()["items"]
    world.clock.forward(seconds=1)
    await maya.delete(f"/v1/passkeys/{kept['id']}")

    events = (await maya.get("/v1/account/events")).json()["items"]
    assert [(one["kind"], one["byName"]) for one in events] == [
        ("passkey-removed", MAYA.name), ("passkey-added", MAYA.name),
    ]  # fmt: skip
    async with pool.transaction(person(MAYA.id)) as db:
        told = await db.values(UUID, "SELECT subject_id FROM event WHERE topic = $1", TOPIC)
        audited = await db.values(str, "SELECT category FROM audit_event WHERE action = 'change'")
    assert (told, audited) == ([MAYA.id] * 2, ["own-account"] * 2)


async def test_the_history_of_an_account_goes_on_by_pages(world: World) -> None:
    for _ in range(3):
        await holding(world, LEO)
        world.clock.forward(seconds=1)
    leo = await world.of(LEO)

    first = (await leo.get("/v1/account/events", params={"limit": 2})).json()
    rest = (await leo.get("/v1/account/events", params={"limit": 2, "cursor": first["nextCursor"]})).json()

    assert (len(first["items"]), len(rest["items"]), rest["nextCursor"]) == (2, 1, None)


async def test_challenges_that_nobody_answers_are_forgotten(world: World, pool: Pool) -> None:
    for _ in range(3):
        await asked(world, "/v1/sign-in/passkey/challenges")
    assert await actions.forget(pool, world.clock.now) == 0

    assert await actions.forget(pool, world.clock.forward(minutes=5)) == 3
    async with pool.transaction(CLOCK) as db:
        assert await db.values(UUID, "SELECT id FROM passkey_challenge") == []


async def test_an_operator_has_a_passkey_like_everybody(world: World) -> None:
    device = await holding(world, KAI)

    assert (await sign_in(world, device)).json()["personId"] == str(KAI.id)
