"""One's own contacts: added, shown to be one's own, removed; and what those beside one see of them."""

from typing import Any

import httpx
import pytest

from app import auth
from app.demo.cast import DANA, INES, KAI, LEO, LINDQVIST, MAYA, NELL, NOAH, OKAFOR, ROSA, SAM, THEO, Person
from db import DOOR, person
from tests.app.coming import (
    LEOS,
    MAYAS,
    MAYAS_PHONE,
    PostOffice,
    an_id,
    ask,
    code_in,
    comes_in,
    has_contact,
    is_sure,
    other_digit,
    posted,
)
from tests.world import World


async def added(world: World, who: Person, value: str, **flags: Any) -> dict[str, Any]:
    kind = "email" if "@" in value else "sms"
    sent = {"id": str(world.new_id()), "kind": kind, "value": value} | flags
    answer = await (await world.of(who)).post("/v1/contacts", json=sent)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def shown_to_be_theirs(world: World, who: Person, contact: dict[str, Any]) -> httpx.Response:
    client, office = await world.of(who), PostOffice()
    asked = await client.post(f"/v1/contacts/{contact['id']}/codes")
    assert asked.status_code == 202, asked.text
    await posted(world, office, contact["kind"])
    code = code_in(office.letters[-1])
    return await client.post(f"/v1/contact-codes/{asked.json()['id']}/redeem", json={"code": code})


async def test_a_contact_counts_from_the_moment_its_code_is_given(world: World) -> None:
    contact = await added(world, MAYA, "Maya@Example.ORG")
    assert (contact["value"], contact["verifiedAt"]) == (MAYAS, None)
    office = PostOffice()
    await ask(world, MAYAS)
    await posted(world, office)
    assert office.tried == []

    assert (await shown_to_be_theirs(world, MAYA, contact)).status_code == 204

    [mine] = (await (await world.of(MAYA)).get("/v1/contacts")).json()["items"]
    assert mine["verifiedAt"] is not None
    assert not await is_sure(world, await comes_in(world))


async def test_a_wrong_code_shows_nothing_and_the_fifth_is_the_last(world: World) -> None:
    contact, maya, office = await added(world, MAYA, MAYAS), await world.of(MAYA), PostOffice()
    asked = (await maya.post(f"/v1/contacts/{contact['id']}/codes")).json()["id"]
    await posted(world, office)
    code = code_in(office.letters[0])
    path = f"/v1/contact-codes/{asked}/redeem"

    wrong = [await maya.post(path, json={"code": other_digit(code)}) for _ in range(5)]
    late = await maya.post(path, json={"code": code})

    assert {one.status_code for one in wrong} == {403}
    assert late.status_code == 404
    assert (await maya.get("/v1/contacts")).json()["items"][0]["verifiedAt"] is None


async def test_a_number_that_has_moved_on_is_its_new_owners_and_no_way_to_the_old_one(world: World) -> None:
    await has_contact(world.pool, LEO, MAYAS_PHONE, world.clock.now)
    contact = await added(world, MAYA, MAYAS_PHONE)

    await shown_to_be_theirs(world, MAYA, contact)

    client = await comes_in(world, MAYAS_PHONE)
    assert (await client.get("/v1/me")).json()["id"] == str(MAYA.id)
    assert (await (await world.of(LEO)).get("/v1/contacts")).json()["items"] == []


async def test_that_a_contact_is_somebody_elses_shows_nowhere(world: World) -> None:
    await has_contact(world.pool, LEO, LEOS, world.clock.now)
    answers = [await added(world, MAYA, one) for one in (LEOS, "nobody@example.org")]
    same = [{k: v for k, v in one.items() if k not in ("id", "value")} for one in answers]
    assert same == [same[0]] * 2


async def test_one_that_is_not_to_be_written_to_gets_nothing(world: World) -> None:
    contact = await added(world, MAYA, MAYAS)
    await shown_to_be_theirs(world, MAYA, contact)
    changed = await (await world.of(MAYA)).patch(f"/v1/contacts/{contact['id']}", json={"mayText": False})
    assert (changed.json()["mayText"], changed.json()["shared"]) == (False, False)

    office = PostOffice()
    await ask(world, MAYAS)
    assert (await posted(world, office)).void == 1


async def test_the_last_way_in_goes_only_with_open_eyes(world: World) -> None:
    first, second = await added(world, MAYA, MAYAS), await added(world, MAYA, MAYAS_PHONE)
    await shown_to_be_theirs(world, MAYA, first)
    maya = await world.of(MAYA)

    warned = await maya.delete(f"/v1/contacts/{first['id']}")
    assert (warned.status_code, warned.json()["code"]) == (409, "LastWayIn")
    assert (await maya.delete(f"/v1/contacts/{second['id']}")).status_code == 204
    assert (await maya.delete(f"/v1/contacts/{first['id']}?sure=true")).status_code == 204
    assert (await maya.get("/v1/contacts")).json()["items"] == []
    assert (await maya.delete(f"/v1/contacts/{first['id']}")).status_code == 404


async def test_whoever_has_another_one_removes_one_at_once(world: World) -> None:
    contacts = [await added(world, MAYA, one) for one in (MAYAS, MAYAS_PHONE)]
    for one in contacts:
        await shown_to_be_theirs(world, MAYA, one)
    assert (await (await world.of(MAYA)).delete(f"/v1/contacts/{contacts[0]['id']}")).status_code == 204


async def test_contacts_change_with_a_fresh_factor_only(world: World) -> None:
    contact = await added(world, MAYA, MAYAS)
    async with world.pool.transaction(DOOR) as db:
        tokens = await auth.open_session(db, MAYA.id, world.clock.now, "link")
    client = world.with_token(tokens.access_token)
    world.clock.forward(minutes=6)
    new = {"id": str(an_id(world)), "kind": "email", "value": LEOS}
    answers = [
        await client.post("/v1/contacts", json=new),
        await client.delete(f"/v1/contacts/{contact['id']}"),
        await client.patch(f"/v1/contacts/{contact['id']}", json={"shared": True}),
    ]
    assert [one.json()["code"] for one in answers] == ["StepUpNeeded"] * 3
    assert (await client.get("/v1/contacts")).status_code == 200


async def test_nobody_touches_a_contact_of_somebody_else(world: World) -> None:
    contact, leo = await added(world, MAYA, MAYAS), await world.of(LEO)
    answers = [
        await leo.delete(f"/v1/contacts/{contact['id']}?sure=true"),
        await leo.patch(f"/v1/contacts/{contact['id']}", json={"shared": True}),
        await leo.post(f"/v1/contacts/{contact['id']}/codes"),
    ]
    assert [one.status_code for one in answers] == [404] * 3


@pytest.mark.parametrize(
    ("who", "status"),
    [(MAYA, 200), (SAM, 200), (DANA, 200), (OKAFOR, 200), (THEO, 200), (ROSA, 200), (INES, 404), (NELL, 404),
     (KAI, 403), (LINDQVIST, 403), (NOAH, 404), (LEO, 404)],
)  # fmt: skip
async def test_those_beside_somebody_see_how_they_may_be_reached_and_not_where(
    world: World, who: Person, status: int
) -> None:
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now, shared=True)
    answer = await (await world.of(who)).get(f"/v1/patients/{MAYA.id}/contact-preferences")

    assert answer.status_code == status
    assert MAYAS not in answer.text
    if status == 200:
        assert answer.json()["items"] == [
            {"kind": "email", "mayText": True, "mayLeaveVoicemail": False, "shared": True, "verified": True}
        ]
        async with world.pool.transaction(person(MAYA.id)) as db:
            assert await db.values(object, "SELECT actor_id FROM audit_event WHERE action = 'read'") == [who.id]
