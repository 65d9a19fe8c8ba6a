"""Times offered, kept, moved and given back, as the people of the cast do it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from app.appointments import actions
from app.demo.cast import BEN, DANA, INES, KAI, LEO, LINDQVIST, MAYA, NELL, NOAH, OKAFOR, ROSA, SAM, THEO, Person
from app.wire import cursor_for
from db import CLOCK, Pool, person
from tests.world import AS_IT_IS, World

# NOW is Tuesday 2026-03-03, 10:00 in New York; Dana works from 9 to 17 there, in steps of 50 minutes.
WEDNESDAY_9 = datetime(2026, 3, 4, 14, 0, tzinfo=UTC)
WEDNESDAY_950 = datetime(2026, 3, 4, 14, 50, tzinfo=UTC)


def a_booking(world: World, **changes: Any) -> dict[str, Any]:
    """Counseling with Dana on Wednesday at nine."""
    plain = {
        "id": str(world.new_id()), "staffId": str(DANA.id), "startsAt": WEDNESDAY_9.isoformat(), "kind": "counseling",
    }  # fmt: skip
    return plain | changes


async def booked(world: World, who: Person = MAYA, **changes: Any) -> dict[str, Any]:
    answer = await (await world.of(who)).post("/v1/appointments", json=a_booking(world, **changes))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def reminders(pool: Pool, appointment: str) -> list[tuple[str, str, datetime, datetime]]:
    """Who is still to be reminded: person, stage, when, until when."""
    async with pool.transaction(CLOCK) as db:
        rows = await db.values(
            str,
            "SELECT concat_ws('|', p.name, n.stage, n.due_at, n.expires_at) FROM notification n"
            " JOIN person p ON p.id = n.person_id WHERE n.subject_id = $1 AND n.state = 'pending' ORDER BY n.due_at, 1",
            UUID(appointment),
        )
    parts = [row.split("|") for row in rows]
    return [(n, s, datetime.fromisoformat(due), datetime.fromisoformat(end)) for n, s, due, end in parts]


async def audited(pool: Pool, patient: Person) -> list[str]:
    async with pool.transaction(person(patient.id)) as db:
        return await db.values(
            str, "SELECT action || ' ' || category FROM audit_event WHERE patient_id = $1 ORDER BY id", patient.id
        )


async def heard(pool: Pool, who: Person) -> list[UUID]:
    async with pool.transaction(person(who.id)) as db:
        return await db.values(
            UUID, "SELECT subject_id FROM event WHERE person_id = $1 AND topic = 'appointment' ORDER BY seq", who.id
        )


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_ones_own_team_is_offered_first_in_order_of_time(world: World) -> None:
    maya, ines = await world.of(MAYA), await world.of(INES)
    await ines.put(
        "/v1/working-hours",
        json={"blocks": [{"weekday": 2, "starts": "00:00", "ends": "00:00"}]},
        headers=AS_IT_IS,
    )

    answer = await maya.get("/v1/slots", params={"kind": "peer", "to": "2026-03-04T23:00:00Z", "limit": 100})

    assert answer.status_code == 200, answer.text
    slots = answer.json()["items"]
    teams = [slot["onYourTeam"] for slot in slots]
    assert teams == sorted(teams, reverse=True)
    assert {slot["staffName"] for slot in slots if slot["onYourTeam"]} == {SAM.name}
    assert {slot["staffName"] for slot in slots if not slot["onYourTeam"]} == {INES.name}
    assert slots[0] == {
        "staffId": str(SAM.id), "staffName": SAM.name, "onYourTeam": True,
        "startsAt": "2026-03-03T15:30:00Z", "endsAt": "2026-03-03T16:00:00Z",
    }  # fmt: skip


async def test_the_pages_of_slots_are_together_all_of_them(world: World) -> None:
    maya = await world.of(MAYA)
    params: dict[str, Any] = {"kind": "medication", "to": "2026-03-05T23:00:00Z"}
    whole = (await maya.get("/v1/slots", params=params | {"limit": 100})).json()["items"]

    pages, more = [], params | {"limit": 7}
    while more:
        page = (await maya.get("/v1/slots", params=more)).json()
        pages += page["items"]
        more = more | {"cursor": page["nextCursor"]} if page["nextCursor"] else {}

    assert len(whole) > 14
    assert pages == whole
    assert {slot["staffName"] for slot in whole} == {OKAFOR.name}


async def test_what_is_booked_is_not_offered_to_anybody_nor_is_another_time_to_who_booked_it(world: World) -> None:
    maya, leo = await world.of(MAYA), await world.of(LEO)
    await booked(world)
    day = {"kind": "counseling", "from": "2026-03-04T00:00:00Z", "to": "2026-03-04T23:00:00Z", "staffId": str(DANA.id)}

    for client in (maya, leo):
        starts = [slot["startsAt"] for slot in (await client.get("/v1/slots", params=day)).json()["items"]]
        assert "2026-03-04T14:00:00Z" not in starts
        assert "2026-03-04T14:50:00Z" in starts
    with_okafor = await maya.get("/v1/slots", params=day | {"kind": "medication", "staffId": str(OKAFOR.id)})
    starts = [slot["startsAt"] for slot in with_okafor.json()["items"]]
    assert "2026-03-04T13:40:00Z" in starts, "before it"
    assert not {f"2026-03-04T14:{minute}:00Z" for minute in ("00", "20", "40")} & set(starts)


async def test_an_appointment_far_ahead_that_begins_as_the_look_ends_is_seen(world: World) -> None:
    maya = await world.of(MAYA)
    await booked(world)
    ends = {"from": "2026-03-04T13:00:00Z", "to": "2026-03-04T14:00:00Z"}
    await maya.put("/v1/working-hours", json={"blocks": []}, headers=AS_IT_IS)
    okafor = await world.of(OKAFOR)
    await okafor.put(
        "/v1/working-hours",
        json={"blocks": [{"weekday": 3, "starts": "08:50", "ends": "10:00"}]},
        headers=AS_IT_IS,
    )

    answer = await maya.get("/v1/slots", params=ends | {"kind": "medication"})

    assert answer.json()["items"] == [], "08:50 to 09:10 would touch it"


async def test_a_booked_time_is_kept_with_its_reminders_and_both_hear_of_it(world: World, pool: Pool) -> None:
    made = await booked(world)

    assert made == {
        "id": made["id"], "patientId": str(MAYA.id), "patientName": MAYA.name, "staffId": str(DANA.id),
        "staffName": DANA.name, "kind": "counseling", "startsAt": "2026-03-04T14:00:00Z",
        "endsAt": "2026-03-04T14:50:00Z", "status": "booked", "bookedAt": "2026-03-03T15:00:00Z",
        "movedFrom": None, "movedTo": None,
    }  # fmt: skip
    hour, ten = WEDNESDAY_9 - timedelta(hours=1), WEDNESDAY_9 - timedelta(minutes=10)
    late = WEDNESDAY_9 + timedelta(minutes=10)
    assert await reminders(pool, made["id"]) == [
        (MAYA.name, "1h", hour, ten), (DANA.name, "10m", ten, late), (MAYA.name, "10m", ten, late),
    ]  # fmt: skip
    assert await heard(pool, MAYA) == await heard(pool, DANA) == [UUID(made["id"])]
    assert "book appointments" in await audited(pool, MAYA)


async def test_a_day_ahead_there_is_a_reminder_a_day_before(world: World, pool: Pool) -> None:
    thursday = WEDNESDAY_9 + timedelta(days=1)
    made = await booked(world, startsAt=thursday.isoformat())
    day, hour = thursday - timedelta(days=1), thursday - timedelta(hours=1)
    assert (MAYA.name, "24h", day, hour) in await reminders(pool, made["id"])


async def test_sending_a_booking_again_gives_the_same_one_even_after_it_has_begun(world: World, pool: Pool) -> None:
    maya = await world.of(MAYA)
    booking = a_booking(world)
    first = await maya.post("/v1/appointments", json=booking)
    before = await reminders(pool, booking["id"])

    again = await maya.post("/v1/appointments", json=booking)
    world.clock.forward(days=2)
    much_later = await maya.post("/v1/appointments", json=booking)

    assert first.json() == again.json() == much_later.json()
    assert await reminders(pool, booking["id"]) == before


async def test_an_id_that_was_used_for_something_else_is_refused(world: World) -> None:
    maya, leo = await world.of(MAYA), await world.of(LEO)
    made = await booked(world)

    other = a_booking(world, id=made["id"], startsAt=WEDNESDAY_950.isoformat())
    assert code(await maya.post("/v1/appointments", json=other)) == (409, "IdTaken")
    assert code(await leo.post("/v1/appointments", json=other)) == (409, "IdTaken")


async def test_nobody_is_in_two_places_at_once(world: World) -> None:
    maya, leo = await world.of(MAYA), await world.of(LEO)
    await booked(world)

    taken = await leo.post("/v1/appointments", json=a_booking(world))
    okafor = {"staffId": str(OKAFOR.id), "kind": "medication", "startsAt": "2026-03-04T14:20:00Z"}
    at_the_same_time = await maya.post("/v1/appointments", json=a_booking(world, **okafor))

    assert code(taken) == code(at_the_same_time) == (409, "SlotTaken")


async def test_only_what_is_offered_can_be_booked(world: World) -> None:
    maya = await world.of(MAYA)
    for wrong in (
        {"startsAt": "2026-03-04T14:10:00Z"},  # between two slots
        {"startsAt": "2026-03-03T14:00:00Z"},  # an hour ago
        {"startsAt": "2026-03-07T14:00:00Z"},  # a Saturday
        {"kind": "medication"},  # Dana is no prescriber
        {"staffId": str(NELL.id), "startsAt": "2026-03-04T15:00:00Z"},  # of another program
        {"staffId": str(uuid4())},
        {"startsAt": "9999-12-31T23:59:59-14:00"},
    ):
        answer = await maya.post("/v1/appointments", json=a_booking(world, **wrong))
        assert code(answer) == (409, "NotOffered"), wrong


async def test_the_team_and_the_coordinator_book_for_a_patient_and_strangers_find_nobody(world: World) -> None:
    for n, who in enumerate((DANA, SAM, ROSA)):
        starts = (WEDNESDAY_9 + n * timedelta(minutes=50)).isoformat()
        made = await booked(world, who, patientId=str(MAYA.id), startsAt=starts)
        assert made["patientName"] == MAYA.name
    for stranger in (INES, BEN, NELL, LEO, NOAH):
        asked = await (await world.of(stranger)).post(
            "/v1/appointments", json=a_booking(world, patientId=str(MAYA.id), startsAt="2026-03-05T14:00:00Z")
        )
        assert code(asked) == (404, "NotFound"), stranger.handle
        looked = await (await world.of(stranger)).get("/v1/slots", params={"kind": "peer", "patientId": str(MAYA.id)})
        assert code(looked) == (404, "NotFound"), stranger.handle
    dana = await world.of(DANA)
    unnamed = await dana.post("/v1/appointments", json=a_booking(world))
    assert unnamed.json()["errors"][0]["pointer"] == "/patientId"
    assert code(await (await world.of(KAI)).post("/v1/appointments", json=a_booking(world))) == (403, "NotYourRole")


async def test_an_appointment_is_seen_by_those_whom_it_concerns_and_by_nobody_else(world: World) -> None:
    made = await booked(world, kind="medication", staffId=str(OKAFOR.id))

    for who in (MAYA, OKAFOR, DANA, ROSA, THEO):
        answer = await (await world.of(who)).get(f"/v1/appointments/{made['id']}")
        assert answer.json() == made, who.handle
    for who in (SAM, INES, BEN, LEO, NELL, NOAH):
        client = await world.of(who)
        for verb in ("", "/cancel", "/reschedule"):
            path = f"/v1/appointments/{made['id']}{verb}"
            move = {"id": str(world.new_id()), "startsAt": "2026-03-04T14:20:00Z"}
            answer = await client.get(path) if not verb else await client.post(path, json=move)
            assert code(answer) == (404, "NotFound"), (who.handle, verb)
    for who, due in ((SAM, (404, "NotFound")), (DANA, (403, "NotWithYou"))):
        settled = await (await world.of(who)).post(f"/v1/appointments/{made['id']}/complete")
        assert code(settled) == due, "only who holds it says how it went"


async def test_behind_the_guard_the_queries_and_the_rows_hold(pool: Pool, now: datetime) -> None:
    async with World.over(pool, now, guarded=False) as world:
        made = await booked(world, kind="medication", staffId=str(OKAFOR.id))
        path = f"/v1/appointments/{made['id']}"
        for who in (SAM, INES, BEN, LEO, NELL, NOAH, KAI, LINDQVIST):
            client = await world.of(who)
            for answer in (await client.get(path), *[await client.post(path + v) for v in ("/cancel", "/no-show")]):
                assert code(answer) == (404, "NotFound"), who.handle
            assert (await client.get("/v1/appointments")).json()["items"] == []
            assert await rows_seen(pool, who) == 0, who.handle
        for who in (MAYA, OKAFOR, DANA, ROSA, THEO):
            assert await rows_seen(pool, who) == 1, who.handle


async def rows_seen(pool: Pool, who: Person) -> int | None:
    """How many appointments the database itself shows to somebody who asks for all."""
    async with pool.transaction(person(who.id)) as db:
        return await db.value(int, "SELECT count(*) FROM appointment")


async def test_a_peer_who_booked_for_somebody_on_their_team_may_move_and_cancel_it(world: World) -> None:
    sam = await world.of(SAM)
    made = await booked(world, SAM, patientId=str(MAYA.id))
    move = {"id": str(world.new_id()), "startsAt": WEDNESDAY_950.isoformat()}

    moved = await sam.post(f"/v1/appointments/{made['id']}/reschedule", json=move)
    cancelled = await sam.post(f"/v1/appointments/{move['id']}/cancel")

    assert (moved.json()["movedFrom"], cancelled.json()["status"]) == (made["id"], "cancelled")


async def test_moving_cancels_the_old_time_and_moves_the_reminders(world: World, pool: Pool) -> None:
    maya, leo = await world.of(MAYA), await world.of(LEO)
    old = await booked(world)
    move = {"id": str(world.new_id()), "startsAt": WEDNESDAY_950.isoformat()}

    answer = await maya.post(f"/v1/appointments/{old['id']}/reschedule", json=move)

    assert answer.status_code == 201, answer.text
    new = answer.json()
    assert (new["id"], new["movedFrom"], new["startsAt"]) == (move["id"], old["id"], "2026-03-04T14:50:00Z")
    kept = (await maya.get(f"/v1/appointments/{old['id']}")).json()
    assert (kept["status"], kept["movedTo"], kept["startsAt"]) == ("cancelled", new["id"], old["startsAt"])
    assert await reminders(pool, old["id"]) == []
    assert [(s, WEDNESDAY_950 - due) for _, s, due, _ in await reminders(pool, new["id"])] == [
        ("1h", timedelta(hours=1)), ("10m", timedelta(minutes=10)), ("10m", timedelta(minutes=10)),
    ]  # fmt: skip
    again = await maya.post(f"/v1/appointments/{old['id']}/reschedule", json=move)
    assert again.json() == new
    assert (await leo.post("/v1/appointments", json=a_booking(world))).status_code == 201, "the old time is free"
    assert "reschedule appointments" in await audited(pool, MAYA)


async def test_a_moved_appointment_can_come_back_to_its_first_time(world: World, pool: Pool) -> None:
    maya = await world.of(MAYA)
    last = await booked(world)
    for starts in (WEDNESDAY_950, WEDNESDAY_9, WEDNESDAY_950, WEDNESDAY_9):
        move = {"id": str(world.new_id()), "startsAt": starts.isoformat()}
        answer = await maya.post(f"/v1/appointments/{last['id']}/reschedule", json=move)
        assert answer.status_code == 201, answer.text
        last = answer.json()
    assert len(await reminders(pool, last["id"])) == 3


async def test_a_move_to_a_taken_time_leaves_everything_as_it_was(world: World, pool: Pool) -> None:
    maya = await world.of(MAYA)
    old, taken = await booked(world), await booked(world, LEO, startsAt=WEDNESDAY_950.isoformat())
    before = await reminders(pool, old["id"])

    move = {"id": str(world.new_id()), "startsAt": taken["startsAt"]}
    refused = await maya.post(f"/v1/appointments/{old['id']}/reschedule", json=move)
    used_id = {"id": taken["id"], "startsAt": "2026-03-05T14:00:00Z"}
    with_used_id = await maya.post(f"/v1/appointments/{old['id']}/reschedule", json=used_id)

    assert (code(refused), code(with_used_id)) == ((409, "SlotTaken"), (409, "IdTaken"))
    assert (await maya.get(f"/v1/appointments/{old['id']}")).json() == old
    assert await reminders(pool, old["id"]) == before != []


async def test_what_was_moved_or_settled_is_not_moved_again(world: World) -> None:
    maya = await world.of(MAYA)
    old = await booked(world)
    first = {"id": str(world.new_id()), "startsAt": WEDNESDAY_950.isoformat()}
    await maya.post(f"/v1/appointments/{old['id']}/reschedule", json=first)
    path = f"/v1/appointments/{old['id']}"

    second = {"id": str(world.new_id()), "startsAt": "2026-03-05T14:00:00Z"}
    assert code(await maya.post(f"{path}/reschedule", json=second)) == (409, "Moved")
    assert code(await maya.post(f"{path}/cancel")) == (409, "Moved")
    same_id = first | {"startsAt": second["startsAt"]}
    assert code(await maya.post(f"{path}/reschedule", json=same_id)) == (409, "IdTaken")
    await maya.post(f"/v1/appointments/{first['id']}/cancel")
    assert code(await maya.post(f"/v1/appointments/{first['id']}/reschedule", json=second)) == (409, "NotBooked")


async def test_a_cancelled_time_is_free_again_and_nobody_is_reminded(world: World, pool: Pool) -> None:
    maya, dana = await world.of(MAYA), await world.of(DANA)
    made = await booked(world)

    cancelled = await maya.post(f"/v1/appointments/{made['id']}/cancel")
    again = await dana.post(f"/v1/appointments/{made['id']}/cancel")

    assert cancelled.json() == again.json() == made | {"status": "cancelled"}
    assert await reminders(pool, made["id"]) == []
    assert await heard(pool, DANA) == [UUID(made["id"])] * 2
    assert (await booked(world, LEO))["status"] == "booked"


async def test_staff_say_how_it_went_once_it_has_begun(world: World) -> None:
    maya, dana = await world.of(MAYA), await world.of(DANA)
    made, other = await booked(world), await booked(world, LEO, startsAt=WEDNESDAY_950.isoformat())
    path, other_path = f"/v1/appointments/{made['id']}", f"/v1/appointments/{other['id']}"

    assert code(await dana.post(f"{path}/complete")) == (409, "NotBegun")
    world.clock.forward(days=1, minutes=30)
    assert (await dana.post(f"{path}/complete")).json()["status"] == "fulfilled"
    assert (await dana.post(f"{path}/complete")).json()["status"] == "fulfilled"
    assert code(await dana.post(f"{path}/cancel")) == (409, "NotBooked")
    assert (await dana.post(f"{other_path}/no-show")).json()["status"] == "noshow"
    assert code(await maya.post(f"{path}/complete")) == (403, "NotYourRole")


async def test_a_peer_asks_once_after_whoever_did_not_come(world: World) -> None:
    dana, theo = await world.of(DANA), await world.of(THEO)
    path = f"/v1/appointments/{(await booked(world))['id']}"
    world.clock.forward(days=1, minutes=30)
    await dana.post(f"{path}/no-show")

    assert await actions.ask_after(world.pool, world.clock.now) == 0  # it may be a slip of the finger
    world.clock.forward(minutes=5)
    assert [await actions.ask_after(world.pool, world.clock.now) for _ in range(3)] == [1, 0, 0]
    [alert] = (await theo.get("/v1/alerts")).json()["items"]
    assert (alert["alertClass"], alert["matter"]["reasons"]) == ("p2", ["no-show"])
    assert alert["matter"]["why"] == "Raised because they did not come to their appointment."


async def test_nobody_asks_after_a_no_show_that_was_put_right_or_is_long_over(world: World) -> None:
    dana = await world.of(DANA)
    path = f"/v1/appointments/{(await booked(world))['id']}"
    world.clock.forward(days=1, minutes=30)
    await dana.post(f"{path}/no-show")
    assert await actions.ask_after(world.pool, world.clock.now + timedelta(days=2)) == 0
    await dana.post(f"{path}/complete")
    assert await actions.ask_after(world.pool, world.clock.now + timedelta(minutes=6)) == 0


async def test_a_no_show_that_was_a_mistake_is_put_right_and_both_are_written_down(world: World, pool: Pool) -> None:
    dana, leo = await world.of(DANA), await world.of(LEO)
    made = await booked(world)
    path = f"/v1/appointments/{made['id']}"
    world.clock.forward(days=1, minutes=30)

    said = [(await dana.post(f"{path}/{verb}")).json()["status"] for verb in ("no-show", "complete", "no-show")]

    assert said == ["noshow", "fulfilled", "noshow"]
    assert (await dana.get(path)).json()["status"] == "noshow"
    assert code(await (await world.of(SAM)).post(f"{path}/complete")) == (404, "NotFound"), "she holds it, not he"
    assert code(await leo.post(f"{path}/complete")) == (403, "NotYourRole")
    kept = [one for one in await audited(pool, MAYA) if one.split()[0] in ("complete", "no-show")]
    assert kept == ["no-show appointments", "complete appointments", "no-show appointments"]


async def test_each_sees_their_own_appointments_page_by_page(world: World) -> None:
    mine = [await booked(world, startsAt=(WEDNESDAY_9 + n * timedelta(minutes=50)).isoformat()) for n in range(3)]
    leos = await booked(world, LEO, startsAt="2026-03-05T14:00:00Z")
    maya, dana, sam = [await world.of(p) for p in (MAYA, DANA, SAM)]

    first = (await maya.get("/v1/appointments", params={"limit": 2})).json()
    rest = (await maya.get("/v1/appointments", params={"limit": 2, "cursor": first["nextCursor"]})).json()

    assert first["items"] + rest["items"] == mine
    assert rest["nextCursor"] is None
    assert (await dana.get("/v1/appointments")).json()["items"] == [*mine, leos]
    assert (await sam.get("/v1/appointments")).json()["items"] == []
    world.clock.forward(days=1)
    assert (await maya.get("/v1/appointments")).json()["items"] == mine[1:]
    since = {"from": "2026-03-04T00:00:00Z"}
    assert (await maya.get("/v1/appointments", params=since)).json()["items"] == mine


async def test_working_hours_are_replaced_as_a_whole_and_offered_at_once(world: World) -> None:
    dana, maya = await world.of(DANA), await world.of(MAYA)
    week = {"blocks": [{"weekday": 3, "starts": "18:00", "ends": "00:00"}]}

    answer = await dana.put("/v1/working-hours", json=week, headers=AS_IT_IS)

    assert answer.json() | {"version": ""} == {"timeZone": "America/New_York", **week, "exceptions": [], "version": ""}
    assert (await dana.get("/v1/working-hours")).json() == answer.json()
    slots = (await maya.get("/v1/slots", params={"kind": "counseling", "to": "2026-03-06T00:00:00Z"})).json()["items"]
    assert [slot["startsAt"][11:16] for slot in slots] == [
        "23:00",
        "23:50",
        "00:40",
        "01:30",
        "02:20",
        "03:10",
        "04:00",
    ]


async def test_a_day_unlike_the_week_closes_or_opens_it(world: World) -> None:
    dana, maya = await world.of(DANA), await world.of(MAYA)
    closed = {"id": str(world.new_id()), "day": "2026-03-04"}

    added = await dana.post("/v1/working-exceptions", json=closed)

    assert added.status_code == 201, added.text
    assert (await dana.post("/v1/working-exceptions", json=closed)).json() == added.json()
    assert (await dana.get("/v1/working-hours")).json()["exceptions"] == [closed | {"starts": None, "ends": None}]
    assert code(await maya.post("/v1/appointments", json=a_booking(world))) == (409, "NotOffered")
    changed = closed | {"day": "2026-03-05"}
    assert code(await dana.post("/v1/working-exceptions", json=changed)) == (409, "IdTaken")
    sam = await world.of(SAM)
    assert code(await sam.post("/v1/working-exceptions", json=closed)) == (409, "IdTaken")
    assert code(await sam.delete(f"/v1/working-exceptions/{closed['id']}")) == (404, "NotFound")
    assert (await dana.delete(f"/v1/working-exceptions/{closed['id']}")).status_code == 204
    assert (await maya.post("/v1/appointments", json=a_booking(world))).status_code == 201


async def test_bad_input_is_named_and_nothing_breaks(world: World) -> None:
    maya, dana = await world.of(MAYA), await world.of(DANA)
    for path, body, pointer in (
        ("/v1/appointments", a_booking(world, kind="astrology"), "/kind"),
        ("/v1/appointments", a_booking(world, startsAt="2026-03-04T14:00:00"), "/startsAt"),
        ("/v1/appointments", a_booking(world, because="why not"), "/because"),
    ):
        answer = await maya.post(path, json=body)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    for blocks in (
        [{"weekday": 0, "starts": "09:00", "ends": "10:00"}],
        [{"weekday": 1, "starts": "9:00", "ends": "10:00"}],
        [{"weekday": 1, "starts": "09:00", "ends": "24:00"}],
    ):
        assert (await dana.put("/v1/working-hours", json={"blocks": blocks}, headers=AS_IT_IS)).status_code == 422
    looks: list[dict[str, Any]] = [
        {}, {"kind": "astrology"}, {"kind": "peer", "from": "2026-03-04T14:00:00"}, {"kind": "peer", "cursor": "x"},
        {"kind": "peer", "from": "0001-01-01T00:00:00Z"}, {"kind": "peer", "staffId": "1"},
        {"kind": "peer", "to": "9999-12-31T23:59:59Z"}, {"kind": "peer", "to": "2026-03-04"},
        {"kind": "peer", "cursor": cursor_for(False, "2026-03-04T14:00:00", MAYA.id)},
    ]  # fmt: skip
    for params in looks:
        assert (await maya.get("/v1/slots", params=params)).status_code == 422, params
    for begin in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-03-04T14:00:00"):
        assert code(await maya.get("/v1/appointments", params={"from": begin})) == (422, "Invalid")


async def test_a_calendar_program_sees_when_and_nothing_else(world: World) -> None:
    maya, nobody = await world.of(MAYA), world.nobody()
    made = await booked(world)
    cancelled = await booked(world, startsAt=WEDNESDAY_950.isoformat())
    await maya.post(f"/v1/appointments/{cancelled['id']}/cancel")

    url = (await maya.post("/v1/calendar-feeds")).json()["url"]
    feed = await nobody.get(url)

    assert feed.status_code == 200, feed.text
    assert feed.headers["content-type"] == "text/calendar; charset=utf-8"
    assert feed.text.count("BEGIN:VEVENT") == 1
    assert "METHOD" not in feed.text, "nobody is invited, and there is no organizer to say so"
    for line in (f"UID:{made['id']}", "DTSTART:20260304T140000Z", "DTEND:20260304T145000Z", "SUMMARY:Appointment"):
        assert line in feed.text.splitlines()
    for secret in ("Dana", "Maya", "Harbor", "counsel", str(MAYA.id), str(DANA.id), cancelled["id"]):
        assert secret.lower() not in feed.text.lower()
    assert (await nobody.get(url)).content == feed.content


async def test_a_feed_says_when_an_appointment_last_changed(world: World) -> None:
    dana, made = await world.of(DANA), await booked(world)
    url = (await dana.post("/v1/calendar-feeds")).json()["url"]
    world.clock.forward(days=1, minutes=30)
    before = (await world.nobody().get(url)).text.splitlines()
    await dana.post(f"/v1/appointments/{made['id']}/complete")
    after = (await world.nobody().get(url)).text.splitlines()

    assert {"DTSTAMP:20260303T150000Z", "LAST-MODIFIED:20260303T150000Z"} <= set(before)
    assert {"DTSTAMP:20260304T153000Z", "LAST-MODIFIED:20260304T153000Z"} <= set(after)


async def test_the_line_of_a_feed_is_in_its_owners_language(world: World) -> None:
    await booked(world, LEO)
    url = (await (await world.of(LEO)).post("/v1/calendar-feeds")).json()["url"]
    assert "SUMMARY:Cita" in (await world.nobody().get(url)).text


async def test_a_new_address_closes_the_old_one_and_a_closed_one_shows_nothing(world: World) -> None:
    maya, nobody = await world.of(MAYA), world.nobody()
    old, new = [(await maya.post("/v1/calendar-feeds")).json()["url"] for _ in range(2)]

    assert code(await nobody.get(old)) == (404, "NotFound")
    assert (await nobody.get(new)).status_code == 200
    assert code(await nobody.get(new.removesuffix(".ics"))) == (404, "NotFound")
    assert (await maya.delete("/v1/calendar-feeds")).status_code == 204
    assert (await maya.delete("/v1/calendar-feeds")).status_code == 204
    for gone in (new, "/v1/calendar/.ics", "/v1/calendar/guess.ics", "/v1/calendar/%00%ff.ics"):
        assert code(await nobody.get(gone)) == (404, "NotFound"), gone
    reopened = (await maya.post("/v1/calendar-feeds")).json()["url"]
    assert (await nobody.get(reopened)).status_code == 200


async def test_whoever_reads_a_feed_reads_it_as_its_owner_and_it_is_written_down(world: World, pool: Pool) -> None:
    await booked(world)
    url = (await (await world.of(DANA)).post("/v1/calendar-feeds")).json()["url"]
    assert "BEGIN:VEVENT" in (await world.nobody().get(url)).text
    assert (await audited(pool, MAYA))[-1] == "read calendar-feed"
