"""How a session that a code alone has opened becomes a sure one: recovery codes, another device, two of the staff."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from app import auth
from app.approvals import rules as approvals
from app.approvals.models import Row
from app.demo.cast import BEN, DANA, INES, KAI, LEO, MAYA, NELL, NOAH, ROSA, SAM, THEO, Person
from app.vouches import rules as vouches
from app.vouches.models import SaidRow
from db import DOOR, new_id, person
from db.pool import connect
from tests.app.coming import an_id, is_sure
from tests.app.test_signin import as_owner
from tests.world import World


async def half_in(world: World, who: Person = MAYA) -> httpx.AsyncClient:
    """Somebody who came in by a code alone."""
    async with world.pool.transaction(DOOR) as db:
        tokens = await auth.open_session(
            db, who.id, world.clock.now, "code", assurance="limited", lasts=timedelta(hours=1)
        )
    return world.with_token(tokens.access_token)


async def codes_of(world: World, who: Person = MAYA) -> list[str]:
    made = await (await world.of(who)).post("/v1/recovery-codes")
    assert made.status_code == 201, made.text
    return list(made.json()["codes"])


# Recovery codes.
async def test_a_recovery_code_makes_it_sure_once(world: World) -> None:
    codes = await codes_of(world)
    first, second = await half_in(world), await half_in(world)
    assert len(set(codes)) == 10

    used = await first.post("/v1/recovery-codes/use", json={"code": codes[3].lower()})
    again = await second.post("/v1/recovery-codes/use", json={"code": codes[3]})

    assert (used.status_code, used.json()) == (200, {"assurance": "full"})
    assert (await is_sure(world, first), await is_sure(world, second)) == (True, False)
    assert (again.status_code, again.json()["code"]) == (403, "RecoveryRefused")
    left = (await (await world.of(MAYA)).get("/v1/recovery-codes")).json()
    assert left["left"] == 9


async def test_new_recovery_codes_end_the_old_ones(world: World) -> None:
    older, newer = await codes_of(world), await codes_of(world)
    client = await half_in(world)

    assert (await client.post("/v1/recovery-codes/use", json={"code": older[0]})).status_code == 403
    assert (await client.post("/v1/recovery-codes/use", json={"code": newer[0]})).status_code == 200


async def test_a_recovery_code_is_its_owners_alone(world: World) -> None:
    codes = await codes_of(world)
    leo = await half_in(world, LEO)
    assert (await leo.post("/v1/recovery-codes/use", json={"code": codes[0]})).status_code == 403
    assert not await is_sure(world, leo)


async def test_recovery_codes_cannot_be_guessed_for_long(world: World) -> None:
    codes, client = await codes_of(world), await half_in(world)
    guesses = [await client.post("/v1/recovery-codes/use", json={"code": f"AAAAA-AAAA{n}"}) for n in range(10)]
    right = await client.post("/v1/recovery-codes/use", json={"code": codes[0]})

    assert {one.status_code for one in guesses} == {403}
    assert (right.status_code, right.json()["code"]) == (429, "TooMany")


async def test_making_recovery_codes_wants_a_fresh_factor_and_a_sure_session(world: World) -> None:
    async with world.pool.transaction(DOOR) as db:
        tokens = await auth.open_session(db, MAYA.id, world.clock.now, "link")
    stale, half = world.with_token(tokens.access_token), await half_in(world)
    world.clock.forward(minutes=6)

    assert (await stale.post("/v1/recovery-codes")).json()["code"] == "StepUpNeeded"
    assert (await half.post("/v1/recovery-codes")).json()["code"] == "FullAssuranceNeeded"


async def test_of_recovery_codes_only_what_says_nothing_is_kept(real_world: World, own_database: str) -> None:
    codes = await codes_of(real_world)
    raw = await connect(as_owner(own_database))
    kept = " ".join(str(row[0]) for row in await raw.fetch("SELECT c::text FROM recovery_code c"))
    await raw.close()
    assert not any(code in kept or code.replace("-", "").encode().hex() in kept for code in codes)


async def test_of_many_who_use_one_at_once_it_makes_one_sure(real_world: World) -> None:
    codes = await codes_of(real_world)
    clients = [await half_in(real_world) for _ in range(6)]
    said = await asyncio.gather(*(c.post("/v1/recovery-codes/use", json={"code": codes[0]}) for c in clients))
    assert sorted(one.status_code for one in said) == [200] + [403] * 5


# Another device of one's own.
async def test_another_device_says_that_it_is_them_by_the_number(world: World) -> None:
    sure, half = await world.of(MAYA), await half_in(world)
    asked = (await half.post("/v1/approvals")).json()
    [waiting] = (await sure.get("/v1/approvals")).json()["items"]
    assert waiting["id"] == asked["id"]
    assert "number" not in waiting, "it is on the other screen"

    answered = await sure.post(f"/v1/approvals/{asked['id']}/approve", json={"number": asked["number"]})

    assert (answered.status_code, answered.json()["state"]) == (200, "approved")
    assert (await half.get(f"/v1/approvals/{asked['id']}")).json()["state"] == "approved"
    assert await is_sure(world, half)
    assert (await sure.get("/v1/approvals")).json()["items"] == []
    async with world.pool.transaction(person(MAYA.id)) as db:
        assert await db.value(int, "SELECT count(*) FROM event WHERE topic = 'approval'") == 2


async def test_a_wrong_number_refuses_it_for_good(world: World) -> None:
    sure, half = await world.of(MAYA), await half_in(world)
    asked = (await half.post("/v1/approvals")).json()
    wrong = f"{(int(asked['number']) + 1) % 100:02d}"

    refused = await sure.post(f"/v1/approvals/{asked['id']}/approve", json={"number": wrong})
    late = await sure.post(f"/v1/approvals/{asked['id']}/approve", json={"number": asked["number"]})

    assert (refused.status_code, refused.json()["code"]) == (403, "WrongNumber")
    assert (late.status_code, late.json()["code"]) == (409, "AlreadyAnswered")
    assert (await half.get(f"/v1/approvals/{asked['id']}")).json()["state"] == "refused"
    assert not await is_sure(world, half)


async def test_who_says_that_it_is_not_them_signs_the_other_device_out(world: World) -> None:
    sure, half = await world.of(MAYA), await half_in(world)
    asked = (await half.post("/v1/approvals")).json()

    assert (await sure.post(f"/v1/approvals/{asked['id']}/refuse")).json()["state"] == "refused"
    assert (await half.get("/v1/me")).status_code == 401


async def test_nobody_approves_themselves_and_nobody_else_does(world: World) -> None:
    half, other, leo = await half_in(world), await half_in(world), await world.of(LEO)
    asked = (await half.post("/v1/approvals")).json()
    answer = {"number": asked["number"]}

    for client in (half, other):
        refused = await client.post(f"/v1/approvals/{asked['id']}/approve", json=answer)
        assert refused.json()["code"] == "FullAssuranceNeeded"
    assert (await leo.post(f"/v1/approvals/{asked['id']}/approve", json=answer)).status_code == 404
    assert (await leo.post(f"/v1/approvals/{asked['id']}/refuse")).status_code == 404
    assert (await leo.get(f"/v1/approvals/{asked['id']}")).status_code == 404


async def test_a_session_that_became_sure_by_itself_cannot_answer_what_it_asked(world: World) -> None:
    codes, half = await codes_of(world), await half_in(world)
    asked = (await half.post("/v1/approvals")).json()
    await half.post("/v1/recovery-codes/use", json={"code": codes[0]})

    refused = await half.post(f"/v1/approvals/{asked['id']}/approve", json={"number": asked["number"]})
    needless = await half.post("/v1/approvals")

    assert (refused.status_code, refused.json()["code"]) == (403, "SameDevice")
    assert (needless.status_code, needless.json()["code"]) == (409, "AlreadyFull")


async def test_an_approval_waits_for_five_minutes_and_a_newer_one_replaces_it(world: World) -> None:
    sure, half = await world.of(MAYA), await half_in(world)
    older, newer = [(await half.post("/v1/approvals")).json() for _ in range(2)]
    assert [one["id"] for one in (await sure.get("/v1/approvals")).json()["items"]] == [newer["id"]]
    assert (await half.get(f"/v1/approvals/{older['id']}")).json()["state"] == "refused"
    world.clock.forward(minutes=5)

    late = await sure.post(f"/v1/approvals/{newer['id']}/approve", json={"number": newer["number"]})

    assert late.json()["code"] == "AlreadyAnswered"
    assert (await half.get(f"/v1/approvals/{newer['id']}")).json()["state"] == "expired"


def test_the_state_of_an_approval_is_what_was_answered_or_its_time(world: World) -> None:
    now = world.clock.now
    row = Row(new_id(now), new_id(now), "07", now, None)
    assert approvals.state(row, now - timedelta(seconds=1)) == "asked"
    assert approvals.state(row, now) == "expired"


# Two of the staff.
async def asks_for_two(world: World, who: Person = MAYA) -> tuple[httpx.AsyncClient, str]:
    half = await half_in(world, who)
    asked = await half.post("/v1/vouches")
    assert asked.status_code == 201, asked.text
    return half, asked.json()["number"]


async def vouch(world: World, by: Person, number: str, how: str = "in-person") -> httpx.Response:
    return await (await world.of(by)).post("/v1/vouches/confirm", json={"number": number, "how": how})


async def test_two_of_the_staff_who_know_them_make_it_sure(world: World) -> None:
    half, number = await asks_for_two(world)
    look = (await (await world.of(DANA)).post("/v1/vouches/look-up", json={"number": number})).json()
    assert (look["name"], look["patientId"], look["confirmed"]) == (MAYA.name, str(MAYA.id), 0)

    first = await vouch(world, DANA, number)
    assert (await half.get("/v1/vouches/mine")).json()["confirmed"] == 1
    assert (await half.post("/v1/vouches/redeem")).json()["code"] == "NotYet"
    second = await vouch(world, SAM, f"{number[:4]} {number[4:]}", "known-voice")

    assert (first.json()["confirmed"], second.json()["confirmed"]) == (1, 2)
    assert (await half.get("/v1/vouches/mine")).json()["confirmed"] == 2
    redeemed = await half.post("/v1/vouches/redeem")
    assert (redeemed.status_code, redeemed.json()) == (200, {"assurance": "full"})
    assert await is_sure(world, half)
    async with world.pool.transaction(person(MAYA.id)) as db:
        said = await db.values(object, "SELECT actor_id FROM audit_event WHERE action = 'vouch' ORDER BY id")
    assert said == [DANA.id, SAM.id]


async def test_nobody_is_both_of_the_two(world: World) -> None:
    half, number = await asks_for_two(world)
    said = [await vouch(world, DANA, number) for _ in range(2)]

    assert [one.status_code for one in said] == [200, 409]
    assert said[1].json()["code"] == "AnotherNeeded"
    assert (await half.post("/v1/vouches/redeem")).status_code == 409


async def test_one_of_the_two_is_on_the_team_or_at_the_desk(world: World) -> None:
    """A supervisor is neither, and so needs one of them."""
    half, number = await asks_for_two(world)
    assert (await vouch(world, THEO, number)).json()["confirmed"] == 1
    assert (await vouch(world, ROSA, number)).json()["confirmed"] == 2
    assert (await half.post("/v1/vouches/redeem")).status_code == 200


@pytest.mark.parametrize("by", [NELL, INES, BEN, NOAH, LEO, KAI])
async def test_whoever_is_not_of_the_programs_staff_hears_nothing_of_it(world: World, by: Person) -> None:
    _, number = await asks_for_two(world)
    answers = [await vouch(world, by, number),
               await (await world.of(by)).post("/v1/vouches/look-up", json={"number": number})]  # fmt: skip
    due = (404, "NotFound") if by in (NELL, INES, BEN) else (403, "NotYourRole")
    assert [(one.status_code, one.json()["code"]) for one in answers] == [due] * 2
    assert MAYA.name not in answers[0].text + answers[1].text


async def test_a_number_is_good_for_ten_minutes_and_a_newer_one_replaces_it(world: World) -> None:
    half, older = await asks_for_two(world)
    await vouch(world, DANA, older)
    newer = (await half.post("/v1/vouches")).json()["number"]
    assert (await vouch(world, SAM, older)).status_code == 404
    assert (await half.get("/v1/vouches/mine")).json()["confirmed"] == 0

    await vouch(world, DANA, newer)
    world.clock.forward(minutes=10)
    assert (await vouch(world, SAM, newer)).status_code == 404
    assert (await half.get("/v1/vouches/mine")).json()["code"] == "NotYet"


async def test_two_who_vouched_are_believed_within_the_ten_minutes_only(world: World) -> None:
    half, number = await asks_for_two(world)
    await vouch(world, DANA, number)
    await vouch(world, SAM, number)
    assert (await vouch(world, ROSA, number)).status_code == 404, "two are enough"
    world.clock.forward(minutes=10)
    assert (await half.post("/v1/vouches/redeem")).status_code == 409


async def test_they_vouch_for_the_device_that_asked_and_for_no_other(world: World) -> None:
    half, number = await asks_for_two(world)
    other = await half_in(world)
    await vouch(world, DANA, number)
    await vouch(world, SAM, number)

    assert (await other.post("/v1/vouches/redeem")).status_code == 409
    assert (await other.get("/v1/vouches/mine")).status_code == 409
    assert (await half.post("/v1/vouches/redeem")).status_code == 200
    assert (await half.post("/v1/vouches/redeem")).status_code == 409


async def test_numbers_cannot_be_tried_out_by_staff(world: World) -> None:
    sam = await world.of(SAM)
    tried = [await sam.post("/v1/vouches/look-up", json={"number": f"{n:08d}"}) for n in range(21)]
    assert [one.status_code for one in tried] == [404] * 20 + [429]


async def test_whoever_looked_is_in_the_patients_audit(world: World) -> None:
    _, number = await asks_for_two(world)
    await (await world.of(SAM)).post("/v1/vouches/look-up", json={"number": number})
    async with world.pool.transaction(person(MAYA.id)) as db:
        seen = await db.values(
            object, "SELECT actor_id FROM audit_event WHERE action = 'find' AND category = 'newcomers'"
        )
    assert SAM.id in seen


async def test_two_who_vouch_at_once_are_two_and_three_are_two_as_well(real_world: World) -> None:
    half, number = await asks_for_two(real_world)
    said = await asyncio.gather(*(vouch(real_world, by, number) for by in (DANA, SAM, ROSA)))
    assert sorted(one.status_code for one in said) == [200, 200, 404]
    assert sorted(one.json().get("confirmed", 0) for one in said) == [0, 1, 2]
    assert (await half.post("/v1/vouches/redeem")).status_code == 200


VOUCH = """
    INSERT INTO vouch (id, patient_id, session_id, number, asked_at, expires_at, first_by, first_at, first_how,
                       second_by, second_at, second_how)
    SELECT gen_random_uuid(), $1, id, '12345678', now(), now() + interval '10 min', $2, now(), 'video',
           $3, now(), 'video' FROM session WHERE person_id = $1 LIMIT 1
"""


@pytest.mark.parametrize(("first", "second"), [(DANA, DANA), (MAYA, DANA), (DANA, MAYA), (None, DANA)])
async def test_the_schema_itself_holds_that_they_are_two_and_neither_is_the_patient(
    real_world: World, own_database: str, first: Person | None, second: Person
) -> None:
    await half_in(real_world)
    raw = await connect(as_owner(own_database))
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await raw.execute(VOUCH, MAYA.id, first and first.id, second.id)
        if first is None:
            await raw.execute(VOUCH, MAYA.id, DANA.id, SAM.id)
    finally:
        await raw.close()


async def test_nobody_writes_down_that_others_have_vouched(world: World) -> None:
    """The app's role may ask, and nothing else; what was said comes from the function alone."""
    half, _ = await asks_for_two(world)
    assert half is not None
    for statement in (
        "UPDATE vouch SET first_by = patient_id",
        "UPDATE vouch SET second_by = patient_id",
        "UPDATE vouch SET used_at = now()",
        VOUCH.replace("$1", f"'{MAYA.id}'").replace("$2", f"'{DANA.id}'").replace("$3", f"'{SAM.id}'"),
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with world.pool.transaction(person(MAYA.id)) as db:
                await db.run(statement)


def test_what_the_database_says_of_a_vouch_is_told_in_words(world: World) -> None:
    pat = an_id(world)
    assert [vouches.confirmed(SaidRow(pat, said)) for said in ("first", "second")] == [1, 2]
    for said, refusal in (("same", vouches.AnotherNeeded), ("strangers", vouches.OneWhoKnowsThem)):
        row: Any = SaidRow(pat, said)  # type: ignore[arg-type]  # a word of the closed set
        with pytest.raises(refusal):
            vouches.confirmed(row)


async def test_what_is_sure_says_by_what(world: World) -> None:
    codes, half = await codes_of(world), await half_in(world)
    await half.post("/v1/recovery-codes/use", json={"code": codes[0]})
    me = await auth.who(world.pool, half.headers["authorization"], world.clock.now)
    assert (me.assurance, me.proved_by, me.proved_at) == ("full", "recovery-code", world.clock.now)
