"""Invitations: a link and a key that travel apart, and what they open."""

import asyncio
import re
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.codes.actions import read
from app.demo.cast import DANA, LEO, MAYA, NELL, NOAH, OKAFOR, ROSA, SAM, Person
from app.errors import Invalid
from app.invitations import rules
from app.invitations.models import Tried
from app.spoken import ALPHABET, grouped, heard
from db import CLOCK, person
from db.pool import connect
from notifications import letters
from tests.app.coming import PostOffice, an_id, has_contact, is_sure, posted
from tests.app.test_signin import as_owner
from tests.device import Device
from tests.world import SITE, World

PATS = "pat@example.org"


async def brought_in(world: World, by: Person = ROSA) -> str:
    """Pat, who has just come into the program's care."""
    pat = {"id": str(world.new_id()), "name": "Pat Quill", "timeZone": "America/Chicago", "language": "en"}
    answer = await (await world.of(by)).post("/v1/patients", json=pat)
    assert answer.status_code == 201, answer.text
    return pat["id"]


async def invited(world: World, whom: str, by: Person = ROSA, send_to: str | None = None) -> dict[str, Any]:
    answer = await (await world.of(by)).post(f"/v1/patients/{whom}/invitations", json={"sendTo": send_to})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def secret_in(url: str) -> str:
    return url.removeprefix(f"{SITE.public_url}/#invitation=")


async def open_link(world: World, secret: str, key: str, **more: Any) -> httpx.Response:
    return await world.nobody().post("/v1/invitations/redeem", json={"secret": secret, "key": key, **more})


async def test_a_link_that_is_shown_and_its_key_let_somebody_in_for_sure_and_once(world: World) -> None:
    pat = await brought_in(world)
    made = await invited(world, pat)

    assert (made["sentBy"], made["url"].startswith("http://cairn.test/#invitation=")) == (None, True)
    assert re.fullmatch(rf"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", made["key"])
    assert made["qr"].startswith("data:image/svg+xml")
    assert made["key"].replace("-", "") not in made["url"]
    signed, again = [await open_link(world, secret_in(made["url"]), made["key"]) for _ in range(2)]

    assert (signed.status_code, signed.json()["personId"], signed.json()["assurance"]) == (201, pat, "full")
    assert (again.status_code, again.json()["code"]) == (403, "InvitationRefused")
    client = world.with_token(signed.json()["accessToken"])
    assert await is_sure(world, client)
    codes = await client.post("/v1/recovery-codes")
    assert len(codes.json()["codes"]) == 10, "they are offered while the sign-in is fresh"


async def test_a_link_that_is_sent_is_seen_by_nobody_else_and_shows_that_the_contact_is_theirs(world: World) -> None:
    pat, office = await brought_in(world), PostOffice()
    made = await invited(world, pat, send_to="Pat@Example.org")
    assert (made["sentBy"], made["url"], made["qr"]) == ("email", None, None)

    assert await posted(world, office) == letters.Posted(sent=1)
    [letter] = office.letters
    assert letter.to == PATS
    assert made["key"] not in letter.text
    [url] = re.findall(r"http://cairn\.test/\S+", letter.text)
    signed = await open_link(world, secret_in(url), made["key"].lower().replace("-", " "))

    assert signed.json()["assurance"] == "full"
    async with world.pool.transaction(CLOCK) as db:
        assert await db.values(object, "SELECT verified_at FROM contact") == [world.clock.now]


async def test_a_link_that_was_shown_to_staff_shows_nothing_of_a_contact(world: World) -> None:
    pat = await brought_in(world)
    await invited(world, pat, send_to=PATS)
    shown = await invited(world, pat)

    await open_link(world, secret_in(shown["url"]), shown["key"])

    async with world.pool.transaction(CLOCK) as db:
        assert await db.values(object, "SELECT verified_at FROM contact") == [None]


async def test_an_invitation_by_text_goes_to_the_telephone(world: World) -> None:
    pat, office = await brought_in(world), PostOffice()
    made = await invited(world, pat, send_to="202 555 0143")

    assert made["sentBy"] == "sms"
    assert (await posted(world, office, "sms")).sent == 1
    assert office.letters[0].to == "+12025550143"


async def test_one_who_was_here_before_is_not_let_in_for_sure_by_one_of_the_staff_alone(world: World) -> None:
    made = await invited(world, str(MAYA.id))
    await world.of(MAYA)

    signed = await open_link(world, secret_in(made["url"]), made["key"])

    assert (signed.status_code, signed.json()["assurance"]) == (201, "limited")
    assert not await is_sure(world, world.with_token(signed.json()["accessToken"]))


async def test_five_wrong_keys_end_an_invitation_although_each_was_refused(world: World) -> None:
    made = await invited(world, await brought_in(world))
    secret = secret_in(made["url"])
    wrong = [await open_link(world, secret, "ABCD-EFGH") for _ in range(5)]
    right = await open_link(world, secret, made["key"])

    assert [one.status_code for one in (*wrong, right)] == [403] * 6
    assert {one.json()["title"] for one in (*wrong, right)} == {wrong[0].json()["title"]}


async def test_four_wrong_keys_do_not(world: World) -> None:
    made = await invited(world, await brought_in(world))
    for _ in range(4):
        await open_link(world, secret_in(made["url"]), "ABCD-EFGH")
    assert (await open_link(world, secret_in(made["url"]), made["key"])).status_code == 201


async def test_it_holds_for_seven_days_and_a_newer_one_replaces_it(world: World) -> None:
    pat = await brought_in(world)
    older, newer = await invited(world, pat), await invited(world, pat)
    world.clock.forward(days=6, hours=23, minutes=59)
    assert (await open_link(world, secret_in(older["url"]), older["key"])).status_code == 403
    assert (await open_link(world, secret_in(newer["url"]), older["key"])).status_code == 403
    assert (await open_link(world, secret_in(newer["url"]), newer["key"])).status_code == 201

    late = await invited(world, pat)
    world.clock.forward(days=7)
    assert (await open_link(world, secret_in(late["url"]), late["key"])).status_code == 403


async def test_a_link_that_never_was_is_answered_as_one_with_a_wrong_key(world: World) -> None:
    made = await invited(world, await brought_in(world))
    answers = [await open_link(world, secret, "ABCDEFGH") for secret in ("x" * 43, secret_in(made["url"]))]
    said = [{k: v for k, v in one.json().items() if k != "requestId"} for one in answers]
    assert said == [said[0]] * 2


@pytest.mark.parametrize(
    ("by", "whom", "status"),
    [(ROSA, MAYA, 201), (DANA, MAYA, 201), (OKAFOR, MAYA, 404), (SAM, MAYA, 403), (NELL, MAYA, 404), (ROSA, NOAH, 404),
     (ROSA, DANA, 404), (MAYA, MAYA, 403), (LEO, MAYA, 403)],
)  # fmt: skip
async def test_the_desk_and_whoever_leads_the_team_invite_and_nobody_else(
    world: World, by: Person, whom: Person, status: int
) -> None:
    answer = await (await world.of(by)).post(f"/v1/patients/{whom.id}/invitations", json={})
    assert answer.status_code == status


async def test_a_clinician_who_brings_somebody_in_invites_them_as_well(world: World) -> None:
    pat = await brought_in(world, DANA)
    made = await invited(world, pat, DANA, send_to=PATS)
    assert made["sentBy"] == "email"


async def test_nothing_is_sent_to_a_contact_that_is_not_to_be_written_to(world: World) -> None:
    await has_contact(world.pool, MAYA, "maya@example.org", world.clock.now, may_text=False)
    answer = await (await world.of(ROSA)).post(
        f"/v1/patients/{MAYA.id}/invitations", json={"sendTo": "maya@example.org"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "NotToBeWrittenTo")


async def test_a_contact_that_is_none_is_refused_at_its_field(world: World) -> None:
    answer = await (await world.of(ROSA)).post(f"/v1/patients/{MAYA.id}/invitations", json={"sendTo": "nobody"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/sendTo")
    with pytest.raises(Invalid):
        read("nobody")


async def test_the_patient_can_read_who_invited_them(world: World) -> None:
    await invited(world, str(MAYA.id))
    async with world.pool.transaction(person(MAYA.id)) as db:
        made = await db.values(object, "SELECT actor_id FROM audit_event WHERE category = 'invitations'")
    assert made == [ROSA.id]


async def test_a_device_is_theirs_from_the_invitation_on(world: World) -> None:
    made, phone = await invited(world, await brought_in(world)), Device("a phone")
    signed = await open_link(
        world, secret_in(made["url"]), made["key"], device={"publicKey": phone.public_key, "name": "a phone"}
    )
    assert signed.json()["assurance"] == "full"


async def test_of_many_who_open_it_at_once_one_comes_in_and_nothing_of_it_is_kept(
    real_world: World, own_database: str
) -> None:
    world = real_world
    made = await invited(world, await brought_in(world))
    secret, key = secret_in(made["url"]), made["key"]

    answers = await asyncio.gather(*(open_link(world, secret, key) for _ in range(5)))

    assert sorted(one.status_code for one in answers) == [201] + [403] * 4
    raw = await connect(as_owner(own_database))
    kept = " ".join(str(row[0]) for row in await raw.fetch("SELECT i::text FROM invitation i"))
    await raw.close()
    assert not any(found in kept for found in (secret, key, key.replace("-", "")))


async def test_invitations_that_are_made_at_once_leave_one_that_opens(real_world: World) -> None:
    world = real_world
    pat = await brought_in(world)
    made = await asyncio.gather(*(invited(world, pat) for _ in range(5)))
    answers = [(await open_link(world, secret_in(one["url"]), one["key"])).status_code for one in made]
    assert sorted(answers) == [201, 403, 403, 403, 403]


async def test_a_link_that_was_used_or_replaced_before_it_was_sent_is_not_sent(world: World) -> None:
    pat, office = await brought_in(world), PostOffice()
    await invited(world, pat, send_to=PATS)
    await invited(world, pat, send_to=PATS)
    assert await posted(world, office) == letters.Posted(sent=1, void=1)


def test_link_and_key_come_from_one_seed_and_neither_says_the_other() -> None:
    number, seed = SITE.code_key, b"s" * 32
    pat = UUID(int=7)
    link, key = rules.link(number, pat, seed), rules.key_of(number, pat, seed)
    assert len(link) == 43
    assert (len(key), set(key) <= set(ALPHABET)) == (8, True)
    assert rules.is_right(number, Tried(pat, seed), grouped(key, 4))
    assert not rules.is_right(number, None, key)
    assert not rules.is_right(number, None, rules.key_of(number, UUID(int=0), bytes(32)))
    assert (rules.assurance(again=True), rules.assurance(again=False)) == ("limited", "full")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("abcd-efgh", "ABCDEFGH"), (" o0il 1 ", "00111"), ("12\u201334\u00a056", "123456"), ("É", "É")],
)
def test_what_is_typed_is_taken_for_what_was_meant(typed: str, meant: str) -> None:
    assert heard(typed) == meant


async def test_a_patient_who_is_nobody_is_not_there(world: World) -> None:
    answer = await (await world.of(ROSA)).post(f"/v1/patients/{an_id(world)}/invitations", json={})
    assert answer.status_code == 404
