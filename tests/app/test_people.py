"""People come in, are given roles, and are put beside each other; each may say a few things of themselves."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.demo.cast import (
    BEN,
    CAST,
    DANA,
    GRACE,
    INES,
    KAI,
    LEO,
    LINDQVIST,
    MAYA,
    NED,
    NELL,
    NOAH,
    OKAFOR,
    ROSA,
    SAM,
    THEO,
    Person,
)
from db import Pool, person
from tests.world import AS_IT_IS, World, a_check_in


def somebody(world: World, **changes: Any) -> dict[str, Any]:
    """Somebody who was not here before."""
    return {"id": str(world.new_id()), "name": "Ada Wells", "timeZone": "America/Chicago", "language": "en"} | changes


def a_team(lead: Person, *others: Person) -> dict[str, Any]:
    """These, and no others."""
    return {"members": [{"staffId": str(one.id), "lead": one == lead} for one in (lead, *others)]}


async def code_of(answer: httpx.Response) -> str:
    return str(answer.json()["code"])


async def roles(world: World, whom: Person, *given: str, by: Person = KAI) -> httpx.Response:
    return await (await world.of(by)).put(f"/v1/staff/{whom.id}/roles", json={"roles": given}, headers=AS_IT_IS)


async def arranged(world: World, by: Person, patient: Person, lead: Person, *others: Person) -> httpx.Response:
    return await (await world.of(by)).put(
        f"/v1/patients/{patient.id}/care-team", json=a_team(lead, *others), headers=AS_IT_IS
    )


def names(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.json()["members"]]


# One's own account.


async def test_everybody_says_their_own_zone_and_language_and_what_is_left_out_stays(world: World) -> None:
    for one in (MAYA, DANA, KAI):
        client = await world.of(one)
        first = await client.patch("/v1/me", json={"timeZone": "America/Phoenix"})
        again = await client.patch("/v1/me", json={"language": "es"})
        assert (first.status_code, first.json()["timeZone"], first.json()["language"]) == (200, "America/Phoenix", "en")
        assert again.json() == (await client.get("/v1/me")).json()
        assert (again.json()["timeZone"], again.json()["language"]) == ("America/Phoenix", "es")


async def test_a_change_of_ones_own_account_reaches_nobody_else(world: World) -> None:
    before = (await (await world.of(LEO)).get("/v1/me")).json()

    await (await world.of(MAYA)).patch("/v1/me", json={"timeZone": "UTC", "language": "es", "peerBeside": True})

    assert (await (await world.of(LEO)).get("/v1/me")).json() == before


async def test_a_patients_wish_for_a_peer_holds_from_their_next_urgent_alert_on(world: World) -> None:
    maya, sam = await world.of(MAYA), await world.of(SAM)
    assert (await maya.get("/v1/me")).json()["wishes"]["peerBeside"] is False
    for _ in range(2):
        assert (await maya.patch("/v1/me", json={"peerBeside": True})).json()["wishes"]["peerBeside"] is True

    long_ago = (world.clock.now - timedelta(hours=3)).isoformat()
    await maya.post("/v1/check-ins", json=a_check_in(world, inDanger=True, answeredAt=long_ago))

    assert [one["alertClass"] for one in (await sam.get("/v1/alerts")).json()["items"]] == ["p1"]


async def test_the_wish_is_a_patients_and_leaves_a_row(world: World, pool: Pool) -> None:
    refused = await (await world.of(SAM)).patch("/v1/me", json={"peerBeside": True})
    await (await world.of(MAYA)).patch("/v1/me", json={"peerBeside": True})

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/peerBeside")
    assert (await (await world.of(SAM)).get("/v1/me")).json()["wishes"] is None
    async with pool.transaction(person(MAYA.id)) as db:
        assert await db.values(str, "SELECT action || ' ' || category FROM audit_event") == ["change own-account"]


async def test_a_zone_that_is_none_changes_nothing(world: World) -> None:
    maya = await world.of(MAYA)
    answer = await maya.patch("/v1/me", json={"timeZone": "Mars/Olympus", "language": "es"})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/timeZone")
    assert (await maya.get("/v1/me")).json()["language"] == "en"


# Staff and their roles.


async def test_an_operator_adds_staff_once_and_only_to_their_own_organisation(world: World) -> None:
    kai, new = await world.of(KAI), somebody(world, roles=["peer-lead", "peer"])

    first, again = [await kai.post("/v1/staff", json=new) for _ in range(2)]
    other = await kai.post("/v1/staff", json=new | {"name": "Bo"})

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json() == new | {"roles": ["peer", "peer-lead"], "version": first.json()["version"]}
    assert await code_of(other) == "IdTaken"
    assert await code_of(await kai.post("/v1/staff", json=new | {"id": str(NELL.id)})) == "IdTaken"
    listed = (await (await world.of(ROSA)).get("/v1/staff")).json()["items"]
    assert [one["name"] for one in listed] == sorted(
        [p.name for p in CAST if p.roles and p.house == KAI.house] + ["Ada Wells"]
    )


async def test_the_list_of_staff_goes_on_where_it_was_left(world: World) -> None:
    theo, seen, cursor = await world.of(THEO), list[str](), dict[str, str]()
    while True:
        page = (await theo.get("/v1/staff", params={"limit": "3", **cursor})).json()
        seen += [one["name"] for one in page["items"]]
        if page["nextCursor"] is None:
            break
        cursor = {"cursor": page["nextCursor"]}
    assert seen == sorted(p.name for p in CAST if p.roles and p.house == THEO.house)


async def test_a_change_of_roles_holds_at_the_next_request(world: World) -> None:
    sam = await world.of(SAM)
    assert (await sam.get("/v1/alerts")).status_code == 200

    assert (await roles(world, SAM, "coordinator")).json()["roles"] == ["coordinator"]
    assert (await sam.get("/v1/alerts")).status_code == 403
    assert (await sam.get("/v1/me")).json()["roles"] == ["coordinator"]
    assert (await roles(world, SAM)).json()["roles"] == []
    assert (await sam.get("/v1/me")).status_code == 403


async def test_nobody_gives_a_role_to_themselves_and_a_second_operator_may(world: World) -> None:
    own = await roles(world, KAI, "operator", "counselor")
    await roles(world, ROSA, "coordinator", "operator")
    given = await roles(world, KAI, "operator", "counselor", by=ROSA)

    assert (own.status_code, await code_of(own)) == (403, "OwnRoles")
    assert given.json()["roles"] == ["counselor", "operator"]


async def test_an_operator_may_lay_their_role_down_but_the_last_one_stays(world: World) -> None:
    alone = await roles(world, KAI)
    await roles(world, ROSA, "coordinator", "operator")
    with_another = await roles(world, KAI)

    assert (alone.status_code, await code_of(alone)) == (409, "LastOperator")
    assert with_another.json()["roles"] == []
    assert await code_of(await roles(world, ROSA, "coordinator", by=ROSA)) == "LastOperator"


@pytest.mark.parametrize("stranger", [NED, LINDQVIST, MAYA, NOAH])
async def test_who_does_not_work_here_is_not_there(world: World, stranger: Person) -> None:
    assert (await roles(world, stranger, "peer")).status_code == 404


async def test_of_two_operators_who_take_the_role_from_each_other_one_stays(real_world: World) -> None:
    kai, rosa = await real_world.of(KAI), await real_world.of(ROSA)
    for _ in range(10):
        await roles(real_world, ROSA, "coordinator", "operator")
        answers = await asyncio.gather(
            kai.put(f"/v1/staff/{ROSA.id}/roles", json={"roles": ["coordinator"]}, headers=AS_IT_IS),
            rosa.put(f"/v1/staff/{KAI.id}/roles", json={"roles": []}, headers=AS_IT_IS),
        )
        assert min(one.status_code for one in answers) == 200
        assert any(one.status_code in {403, 409} for one in answers)
        left = [one["roles"] for one in (await rosa.get("/v1/staff")).json()["items"] if "operator" in one["roles"]]
        assert len(left) == 1
        by = KAI if (await kai.get("/v1/me")).status_code == 200 else ROSA
        await roles(real_world, KAI, "operator", by=by)
        await roles(real_world, ROSA, "coordinator", by=KAI)


# Patients and their teams.


async def test_a_coordinator_brings_in_a_patient_whom_no_clinician_reaches_yet(world: World) -> None:
    rosa, dana, new = await world.of(ROSA), await world.of(DANA), somebody(world, language="es")

    first, again = [await rosa.post("/v1/patients", json=new) for _ in range(2)]
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json() == new
    assert await code_of(await rosa.post("/v1/patients", json=new | {"name": "Bo"})) == "IdTaken"
    assert await code_of(await dana.post("/v1/patients", json=new)) == "IdTaken"
    assert names(await rosa.get(f"/v1/patients/{new['id']}/care-team")) == []
    assert (await dana.get(f"/v1/patients/{new['id']}/care-team")).status_code == 404


@pytest.mark.parametrize("clinician", [DANA, OKAFOR])
async def test_a_clinician_leads_the_team_of_whom_they_bring_in(world: World, clinician: Person) -> None:
    client, new = await world.of(clinician), somebody(world)

    for _ in range(2):
        assert (await client.post("/v1/patients", json=new)).status_code == 201
    [member] = (await client.get(f"/v1/patients/{new['id']}/care-team")).json()["members"]
    assert (member["id"], member["lead"]) == (str(clinician.id), True)


async def test_who_is_left_out_of_a_team_has_left_and_who_stays_has_been_there_since_they_joined(
    world: World, pool: Pool
) -> None:
    rosa = await world.of(ROSA)
    path = f"/v1/patients/{MAYA.id}/care-team"
    before = {one["id"]: one["joinedAt"] for one in (await rosa.get(path)).json()["members"]}

    world.clock.forward(minutes=5)
    answer = await arranged(world, ROSA, MAYA, OKAFOR, DANA, INES)

    assert names(answer) == [OKAFOR.name, DANA.name, INES.name]
    since = {one["id"]: one["joinedAt"] for one in answer.json()["members"]}
    assert since[str(OKAFOR.id)] == before[str(OKAFOR.id)]
    assert since[str(DANA.id)] == before[str(DANA.id)]
    assert since[str(INES.id)] == world.clock.now.isoformat().replace("+00:00", "Z")
    async with pool.transaction(person(ROSA.id)) as db:
        left = await db.values(
            object,
            "SELECT staff_id FROM care_team_member WHERE patient_id = $1 AND left_at = $2 ORDER BY staff_id",
            MAYA.id,
            world.clock.now,
        )
    assert left == sorted([SAM.id, LINDQVIST.id])


async def test_who_left_a_team_may_come_back_and_both_times_are_kept(world: World, pool: Pool) -> None:
    await arranged(world, THEO, MAYA, DANA)
    world.clock.forward(minutes=5)
    await arranged(world, THEO, MAYA, DANA, SAM)

    async with pool.transaction(person(THEO.id)) as db:
        times = await db.values(
            object,
            "SELECT left_at IS NULL FROM care_team_member WHERE patient_id = $1 AND staff_id = $2 ORDER BY joined_at",
            MAYA.id,
            SAM.id,
        )
    assert times == [False, True]


async def test_a_place_on_a_team_opens_a_record_and_its_end_closes_it(world: World) -> None:
    ines, path = await world.of(INES), f"/v1/patients/{MAYA.id}/care-team"
    assert (await ines.get(path)).status_code == 404

    await arranged(world, DANA, MAYA, DANA, INES)
    assert names(await ines.get(path)) == [DANA.name, INES.name]
    await arranged(world, DANA, MAYA, DANA)
    assert (await ines.get(path)).status_code == 404


async def test_the_same_team_twice_is_once_and_somebody_of_elsewhere_who_is_on_it_may_stay(world: World) -> None:
    everybody = (SAM, OKAFOR, LINDQVIST)
    first, again = [await arranged(world, DANA, MAYA, DANA, *everybody) for _ in range(2)]

    assert first.json() == again.json() == (await (await world.of(MAYA)).get("/v1/care-team")).json()
    assert len(names(first)) == 4


async def test_a_lead_may_hand_over_and_leave_and_sees_nothing_from_then_on(world: World) -> None:
    answer = await arranged(world, DANA, MAYA, OKAFOR, SAM)

    assert names(answer) == []
    assert (await (await world.of(DANA)).get(f"/v1/patients/{MAYA.id}/care-team")).status_code == 404
    assert names(await (await world.of(MAYA)).get("/v1/care-team")) == [OKAFOR.name, SAM.name]
    assert (await arranged(world, DANA, MAYA, DANA)).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"members": []}, "/members"),
        ({"members": [{"staffId": str(DANA.id)}]}, "/members"),
        ({"members": [{"staffId": str(p.id), "lead": True} for p in (DANA, OKAFOR)]}, "/members"),
        ({"members": [{"staffId": str(DANA.id), "lead": lead} for lead in (True, False)]}, "/members"),
        (a_team(SAM, DANA), "/members/0/lead"),
        (a_team(LINDQVIST, DANA), "/members/0/lead"),
        (a_team(DANA, NELL), "/members/1/staffId"),
        (a_team(DANA, LEO), "/members/1/staffId"),
        (a_team(DANA, KAI), "/members/1/staffId"),
        (a_team(DANA, ROSA), "/members/1/staffId"),
        (a_team(DANA, GRACE), "/members/1/staffId"),
    ],
)
async def test_a_team_that_cannot_be_names_who_does_not_fit(world: World, body: dict[str, Any], pointer: str) -> None:
    before = (await (await world.of(MAYA)).get("/v1/care-team")).json()
    answer = await (await world.of(DANA)).put(f"/v1/patients/{MAYA.id}/care-team", json=body, headers=AS_IT_IS)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert (await (await world.of(MAYA)).get("/v1/care-team")).json() == before


async def test_nobody_but_a_supervisor_puts_themselves_on_a_team(world: World) -> None:
    await roles(world, ROSA, "coordinator", "peer")

    own = await arranged(world, ROSA, LEO, DANA, ROSA)
    assert (own.status_code, await code_of(own)) == (403, "OwnPlace")
    assert names(await arranged(world, DANA, LEO, DANA, ROSA)) == [DANA.name, ROSA.name]
    assert names(await arranged(world, ROSA, LEO, DANA, ROSA, BEN)) == [DANA.name, BEN.name, ROSA.name]
    assert names(await arranged(world, THEO, LEO, THEO)) == [THEO.name]


async def test_the_patient_and_everybody_of_the_program_whom_it_concerns_hear_of_a_change(
    world: World, pool: Pool
) -> None:
    await arranged(world, ROSA, MAYA, DANA, INES)

    heard = []
    for one in CAST:
        async with pool.transaction(person(one.id)) as db:
            topics = await db.values(
                str, "SELECT topic FROM event WHERE topic = 'care-team' AND subject_id = $1", MAYA.id
            )
        heard += [one] if topics else []
    # Sam and Okafor have left, Ines has come; Lindqvist is of another organisation, and nothing is said there.
    assert heard == [MAYA, SAM, DANA, OKAFOR, ROSA, INES]


async def test_two_who_arrange_a_team_at_once_leave_one_of_the_two_teams(real_world: World) -> None:
    rosa, theo = await real_world.of(ROSA), await real_world.of(THEO)
    path, one, other = f"/v1/patients/{MAYA.id}/care-team", a_team(DANA, SAM), a_team(OKAFOR, INES)

    for _ in range(5):
        answers = await asyncio.gather(
            *(
                client.put(path, json=body, headers=AS_IT_IS)
                for client, body in ((rosa, one), (theo, other))
                for _ in range(4)
            )
        )
        assert {answer.status_code for answer in answers} == {200}
        assert names(await rosa.get(path)) in ([DANA.name, SAM.name], [OKAFOR.name, INES.name])
