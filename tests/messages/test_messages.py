"""A patient and one of those beside them write to each other, and nobody else reads it."""

import asyncio
from datetime import timedelta

import pytest

from app.demo.cast import BEN, DANA, INES, KAI, LEO, LINDQVIST, MAYA, NED, NOAH, OKAFOR, ROSA, SAM, THEO, Person
from app.messages.models import LAST
from db import person
from tests.messages.talk import a_message, a_thread, read, seen, wrote
from tests.world import World


async def test_what_one_writes_the_other_reads_in_order_and_each_has_its_number(world: World) -> None:
    thread = await a_thread(world)
    await wrote(world, MAYA, thread, "Are you there?")
    await wrote(world, SAM, thread, "Always.")

    newest = await read(world, SAM, thread)
    later = await read(world, MAYA, thread, after=1)

    assert [(one["seq"], one["text"]) for one in newest] == [(2, "Always."), (1, "Are you there?")]
    assert [(one["seq"], one["authorId"]) for one in later] == [(2, str(SAM.id))]


async def test_two_people_have_one_thread_whoever_asks_for_it(world: World) -> None:
    of_maya = await a_thread(world)
    of_sam = await a_thread(world, SAM, MAYA)
    assert of_maya == of_sam
    assert await a_thread(world, DANA, MAYA) != of_maya


@pytest.mark.parametrize("other", [INES, BEN, THEO, KAI, NED, LINDQVIST, LEO, MAYA], ids=lambda one: one.handle)
async def test_a_patient_writes_with_nobody_who_is_not_beside_them(world: World, other: Person) -> None:
    answer = await (await world.of(MAYA)).post("/v1/threads", json={"id": str(world.new_id()), "withId": str(other.id)})
    assert (answer.status_code, answer.json()["code"]) == (404, "NotFound")


@pytest.mark.parametrize(("staff", "patient"), [(SAM, LEO), (SAM, NOAH), (DANA, NOAH), (SAM, DANA)])
async def test_nobody_writes_to_a_patient_whom_they_do_not_stand_beside(
    world: World, staff: Person, patient: Person
) -> None:
    answer = await (await world.of(staff)).post(
        "/v1/threads", json={"id": str(world.new_id()), "withId": str(patient.id)}
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "NotFound")


async def test_an_id_that_was_used_for_another_thread_is_refused(world: World) -> None:
    used = await a_thread(world, NOAH, NED)
    answer = await (await world.of(MAYA)).post("/v1/threads", json={"id": used, "withId": str(OKAFOR.id)})
    assert (answer.status_code, answer.json()["code"]) == (409, "IdTaken")


@pytest.mark.parametrize("stranger", [DANA, OKAFOR, INES, BEN, LEO, NED], ids=lambda one: one.handle)
async def test_a_colleague_on_the_same_team_reads_no_thread_of_anothers(world: World, stranger: Person) -> None:
    thread = await a_thread(world)
    message = await wrote(world, MAYA, thread, "For Sam alone.")
    client = await world.of(stranger)

    told = [
        await client.get(f"/v1/threads/{thread}"),
        await client.get(f"/v1/threads/{thread}/messages"),
        await client.post(f"/v1/threads/{thread}/messages", json=a_message(world)),
        await client.post(f"/v1/threads/{thread}/marks", json={"read": 1}),
    ]
    if stranger.roles:
        told.append(await client.post(f"/v1/messages/{message['id']}/flag"))

    assert {one.status_code for one in told} == {404}
    assert (await client.get("/v1/threads")).json()["items"] == []


@pytest.mark.parametrize("other", [THEO, ROSA, KAI], ids=lambda one: one.handle)
async def test_who_oversees_or_runs_the_place_has_no_way_to_a_thread(world: World, other: Person) -> None:
    thread = await a_thread(world)
    answer = await (await world.of(other)).get(f"/v1/threads/{thread}/messages")
    assert (answer.status_code, answer.json()["code"]) == (403, "NotYourRole")


async def leave(world: World, staff: Person) -> None:
    """Maya's team without this one."""
    theo = await world.of(THEO)
    team = [one for one in (DANA, SAM, OKAFOR, LINDQVIST) if one != staff]
    members = [{"staffId": str(one.id), "lead": one == DANA} for one in team]
    answer = await theo.put(f"/v1/patients/{MAYA.id}/care-team", json={"members": members}, headers={"if-match": "*"})
    assert answer.status_code == 200, answer.text


async def test_who_leaves_the_team_reads_none_of_it_any_more_and_the_patient_keeps_it(world: World) -> None:
    thread = await a_thread(world)
    await wrote(world, MAYA, thread, "Thank you for all of it.")
    await leave(world, SAM)

    assert (await (await world.of(SAM)).get(f"/v1/threads/{thread}/messages")).status_code == 404
    assert (await (await world.of(SAM)).get("/v1/threads")).json()["items"] == []
    assert [one["text"] for one in await read(world, MAYA, thread)] == ["Thank you for all of it."]
    assert (await seen(world, MAYA, thread))["state"] == "closed"
    answer = await (await world.of(MAYA)).post(f"/v1/threads/{thread}/messages", json=a_message(world))
    assert (answer.status_code, answer.json()["code"]) == (409, "ThreadClosed")


async def test_who_stands_in_for_a_peer_writes_with_their_patients_for_that_time_and_in_a_thread_of_their_own(
    world: World,
) -> None:
    of_sam = await a_thread(world)
    starts = world.clock.now
    answer = await (await world.of(SAM)).post(
        "/v1/coverages",
        json={"id": str(world.new_id()), "coveringId": str(INES.id), "startsAt": starts.isoformat(),
              "endsAt": (starts + timedelta(hours=8)).isoformat()},
    )  # fmt: skip
    assert answer.status_code == 201, answer.text

    of_ines = await a_thread(world, MAYA, INES)
    await wrote(world, INES, of_ines, "I am here for Sam today.")
    assert of_ines != of_sam
    assert (await (await world.of(INES)).get(f"/v1/threads/{of_sam}/messages")).status_code == 404

    world.clock.forward(hours=9)
    assert (await (await world.of(INES)).get(f"/v1/threads/{of_ines}/messages")).status_code == 404
    assert (await seen(world, MAYA, of_ines))["state"] == "closed"


async def test_the_same_message_twice_is_once_and_another_one_with_its_id_is_refused(world: World) -> None:
    thread, maya = await a_thread(world), await world.of(MAYA)
    new = a_message(world, "Only once.")
    first = await maya.post(f"/v1/threads/{thread}/messages", json=new)
    again = await maya.post(f"/v1/threads/{thread}/messages", json=new)
    other = await maya.post(f"/v1/threads/{thread}/messages", json=new | {"text": "Something else."})
    of_sam = await (await world.of(SAM)).post(f"/v1/threads/{thread}/messages", json=new)
    elsewhere = await (await world.of(NOAH)).post(f"/v1/threads/{await a_thread(world, NOAH, NED)}/messages", json=new)

    assert (first.status_code, again.json()) == (201, first.json())
    assert [one.json()["code"] for one in (other, of_sam, elsewhere)] == ["IdTaken"] * 3
    assert [one["seq"] for one in await read(world, SAM, thread)] == [1]


async def test_a_message_from_a_phone_that_has_lost_its_clock_says_where_it_is_wrong(world: World) -> None:
    thread = await a_thread(world)
    for sent in (world.clock.now - timedelta(days=61), world.clock.now + timedelta(days=3)):
        new = a_message(world, sentAt=sent.isoformat())
        answer = await (await world.of(MAYA)).post(f"/v1/threads/{thread}/messages", json=new)
        assert answer.json()["errors"][0]["pointer"] == "/sentAt"


async def test_a_page_goes_back_by_its_cursor_and_meets_every_message_once(world: World) -> None:
    thread = await a_thread(world)
    for n in range(5):
        await wrote(world, MAYA, thread, f"Line {n}")
    maya, found, cursor = await world.of(MAYA), [], None
    for _ in range(3):
        answer = (await maya.get(f"/v1/threads/{thread}/messages", params={"limit": 2, "cursor": cursor or ""})
                  if cursor else await maya.get(f"/v1/threads/{thread}/messages?limit=2")).json()  # fmt: skip
        found += [one["seq"] for one in answer["items"]]
        cursor = answer["nextCursor"]
    assert (found, cursor) == ([5, 4, 3, 2, 1], None)


async def test_threads_are_listed_with_the_latest_word_first_and_what_is_unread(world: World) -> None:
    first, second = await a_thread(world), await a_thread(world, MAYA, DANA)
    world.clock.forward(minutes=1)
    await wrote(world, SAM, first, "One.")
    await wrote(world, SAM, first, "Two.")
    maya = await world.of(MAYA)

    listed = (await maya.get("/v1/threads")).json()["items"]
    one = (await maya.get("/v1/threads?limit=1")).json()
    other = (await maya.get("/v1/threads", params={"limit": 1, "cursor": one["nextCursor"]})).json()

    assert [(row["id"], row["unread"], row["withName"]) for row in listed] == [
        (first, 2, SAM.name), (second, 0, DANA.name),
    ]  # fmt: skip
    assert [page["items"][0]["id"] for page in (one, other)] == [first, second]


async def test_marks_go_forward_only_and_never_beyond_what_was_written_and_the_other_side_sees_them(
    world: World,
) -> None:
    thread, sam = await a_thread(world), await world.of(SAM)
    for _ in range(3):
        await wrote(world, MAYA, thread)

    async def marked(**marks: int) -> dict[str, int]:
        answer = await sam.post(f"/v1/threads/{thread}/marks", json=marks)
        assert answer.status_code == 200, answer.text
        found: dict[str, int] = answer.json()["yours"]
        return found

    assert await marked(delivered=2) == {"delivered": 2, "read": 0}
    assert await marked(read=3) == {"delivered": 3, "read": 3}
    assert await marked(delivered=1, read=1) == {"delivered": 3, "read": 3}
    await wrote(world, MAYA, thread)
    assert await marked(delivered=LAST) == {"delivered": 4, "read": 3}
    assert (await seen(world, MAYA, thread))["theirs"] == {"delivered": 4, "read": 3}
    assert (await seen(world, SAM, thread))["unread"] == 1


async def test_a_patient_who_blocks_a_thread_hears_nothing_more_and_the_other_side_sees_no_reason(
    world: World,
) -> None:
    thread, maya, sam = await a_thread(world), await world.of(MAYA), await world.of(SAM)
    blocked = await maya.post(f"/v1/threads/{thread}/block")
    refused = await sam.post(f"/v1/threads/{thread}/messages", json=a_message(world))
    assert (blocked.json()["state"], blocked.json()["blocked"]) == ("closed", True)
    assert (refused.status_code, refused.json()["code"]) == (409, "ThreadClosed")
    view = await seen(world, SAM, thread)
    assert (view["state"], view["blocked"]) == ("closed", False)
    assert (await sam.post(f"/v1/threads/{thread}/unblock")).status_code == 403

    again = await maya.post(f"/v1/threads/{thread}/unblock")
    assert again.json()["state"] == "open"
    await wrote(world, SAM, thread, "Good to hear from you.")


async def test_whoever_arranges_the_team_hears_of_a_block_once_and_without_a_word_of_it(world: World) -> None:
    thread, maya = await a_thread(world), await world.of(MAYA)
    for _ in range(2):
        await maya.post(f"/v1/threads/{thread}/block")
    async with world.pool.transaction(person(ROSA.id)) as db:
        told = await db.values(str, "SELECT topic FROM event")
    assert told == ["care-team"]


async def test_two_who_write_at_once_get_two_numbers_in_a_row(real_world: World) -> None:
    thread = await a_thread(real_world)
    await asyncio.gather(*(wrote(real_world, who, thread, f"{n}") for n in range(10) for who in (MAYA, SAM)))
    seqs = [one["seq"] for one in await read(real_world, MAYA, thread, after=0)]
    assert seqs == list(range(1, 21))


async def test_the_same_message_ten_times_at_once_is_once_and_leaves_no_gap(real_world: World) -> None:
    thread, maya = await a_thread(real_world), await real_world.of(MAYA)
    new = a_message(real_world, "Once.")
    told = await asyncio.gather(*(maya.post(f"/v1/threads/{thread}/messages", json=new) for _ in range(10)))
    last = await wrote(real_world, MAYA, thread)
    assert {one.status_code for one in told} == {201}
    assert ({one.json()["seq"] for one in told}, last["seq"]) == ({1}, 2)


async def test_words_are_closed_at_rest(world: World) -> None:
    thread = await a_thread(world)
    await wrote(world, MAYA, thread, "canary-words-of-maya")
    async with world.pool.transaction(person(MAYA.id)) as db:
        [sealed] = await db.values(bytes, "SELECT text_sealed FROM message")
    assert b"canary" not in sealed
