"""Two who change the same thing: the second hears that it is not what they saw any more."""

import asyncio

import pytest

from app import versions
from app.demo.cast import BEN, DANA, KAI, MAYA, OKAFOR, ROSA, SAM, THEO
from app.errors import Stale
from tests.world import World

TEAM, ROLES, HOURS = f"/v1/patients/{MAYA.id}/care-team", f"/v1/staff/{SAM.id}/roles", "/v1/working-hours"


def a_team(*others: object) -> dict[str, object]:
    members = [{"staffId": str(getattr(one, "id", one))} for one in others]
    return {"members": [{"staffId": str(DANA.id), "lead": True}, *members]}


async def test_of_two_who_save_a_care_team_at_once_one_hears_that_it_has_changed(real_world: World) -> None:
    rosa, theo = await real_world.of(ROSA), await real_world.of(THEO)
    seen = [(await one.get(TEAM)).headers["etag"] for one in (rosa, theo)]
    answers = await asyncio.gather(
        rosa.put(TEAM, json=a_team(SAM), headers={"if-match": seen[0]}),
        theo.put(TEAM, json=a_team(BEN), headers={"if-match": seen[1]}),
    )

    assert sorted(one.status_code for one in answers) == [200, 412]
    [won], [lost] = [[a for a in answers if a.status_code == code] for code in (200, 412)]
    assert lost.json()["code"] == "Stale"
    found = (await rosa.get(TEAM)).json()
    assert found["members"] == won.json()["members"]
    retried = await theo.put(TEAM, json=a_team(BEN), headers={"if-match": f'"{found["version"]}"'})
    assert retried.status_code == 200


async def test_the_same_holds_for_roles_and_for_working_hours(world: World) -> None:
    kai, dana = await world.of(KAI), await world.of(DANA)
    staff = (await kai.get("/v1/staff")).json()["items"]
    [seen] = [one["version"] for one in staff if one["id"] == str(SAM.id)]
    week = (await dana.get(HOURS)).headers["etag"]
    changes = [
        (kai, ROLES, {"roles": ["peer", "peer-lead"]}, f'"{seen}"'),
        (dana, HOURS, {"blocks": [{"weekday": 1, "starts": "09:00", "ends": "12:00"}]}, week),
    ]
    for client, path, body, tag in changes:
        first, second = [await client.put(path, json=body, headers={"if-match": tag}) for _ in range(2)]
        assert (first.status_code, second.status_code, second.json()["code"]) == (200, 412, "Stale")
        after = first.headers["etag"]
        assert (await client.put(path, json=body, headers={"if-match": after})).status_code == 200


async def test_whoever_does_not_say_what_they_saw_is_asked_for_it(world: World) -> None:
    for who, path, body in ((ROSA, TEAM, a_team()), (KAI, ROLES, {"roles": []}), (DANA, HOURS, {"blocks": []})):
        answer = await (await world.of(who)).put(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (428, "NoVersion")


async def test_ones_own_settings_are_held_to_a_version_where_one_is_told(world: World) -> None:
    maya = await world.of(MAYA)
    seen = (await maya.get("/v1/me")).headers["etag"]
    changed = await maya.patch("/v1/me", json={"language": "es"}, headers={"if-match": seen})
    stale = await maya.patch("/v1/me", json={"timeZone": "UTC"}, headers={"if-match": seen})
    freely = await maya.patch("/v1/me", json={"timeZone": "UTC"})

    assert [one.status_code for one in (changed, stale, freely)] == [200, 412, 200]


async def test_what_a_reader_has_already_is_not_sent_again(world: World) -> None:
    rosa, maya = await world.of(ROSA), await world.of(MAYA)
    for client, path in ((rosa, TEAM), (maya, "/v1/me"), (maya, "/v1/care-team")):
        first = await client.get(path)
        tag = first.headers["etag"]
        same = await client.get(path, headers={"if-none-match": f'"zqmark", W/{tag}'})
        other = await client.get(path, headers={"if-none-match": '"zqmark"'})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
        assert (other.status_code, other.json()) == (200, first.json())


async def test_who_comes_on_duty_changes_what_is_shown_and_not_what_may_be_saved(world: World) -> None:
    rosa = await world.of(ROSA)
    on_duty = await rosa.get(TEAM)
    world.clock.forward(hours=30)
    off_duty = await rosa.get(TEAM, headers={"if-none-match": on_duty.headers["etag"]})

    assert off_duty.status_code == 200
    assert off_duty.headers["etag"] != on_duty.headers["etag"]
    saved = await rosa.put(TEAM, json=a_team(SAM, OKAFOR), headers={"if-match": on_duty.headers["etag"]})
    assert saved.status_code == 200


@pytest.mark.parametrize("seen", ['"abc"', '"abc.def"', '"x", "abc"', "*", " * ", None])
def test_a_version_is_met_by_its_own_tag_in_any_representation(seen: str | None) -> None:
    versions.check(seen, "abc")


@pytest.mark.parametrize("seen", ["", "abc", 'W/"abc"', '"ab"', '"abcd"', '"ABC"', '"', '"x"', "zqmark", '".abc"'])
def test_no_other_tag_meets_it(seen: str) -> None:
    with pytest.raises(Stale):
        versions.check(seen, "abc")
