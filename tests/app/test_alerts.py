"""Who is told of a worried check-in, who answers it, and what happens when nobody does."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from structlog.testing import capture_logs

import notifications
from app.alerts import actions as alerts
from app.demo.cast import CAST, DANA, INES, KAI, LEO, MAYA, NED, NELL, OKAFOR, SAM, THEO, Person
from db import CLOCK, embedded, new_id
from db import person as on_behalf_of
from db.pool import connect
from notifications import Accepted, Push
from tests.world import World, a_check_in


async def worried(world: World, **changes: Any) -> dict[str, Any]:
    """Maya's answer to a check-in that worries us."""
    answer = await (await world.of(MAYA)).post("/v1/check-ins", json=a_check_in(world, **changes))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def seen_by(world: World, person: Person) -> list[dict[str, Any]]:
    """The alerts that somebody sees."""
    answer = await (await world.of(person)).get("/v1/alerts")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def act(world: World, person: Person, alert_id: str, verb: str, **body: Any) -> httpx.Response:
    """What somebody does about an alert."""
    client = await world.of(person)
    return await client.post(f"/v1/alerts/{alert_id}/{verb}", json=body or None)


async def told(world: World) -> set[str]:
    """Everybody who was told of an alert."""
    async with world.pool.transaction(CLOCK) as db:
        ids = await db.values(UUID, "SELECT DISTINCT person_id FROM alert_told")
    return {p.handle for p in CAST if p.id in ids}


async def off_duty(world: World, *people: Person) -> None:
    """These people have gone off duty."""
    for person in people:
        client = await world.of(person)
        for shift in (await client.get("/v1/duty-shifts")).json()["items"]:
            assert (await client.delete(f"/v1/duty-shifts/{shift['id']}")).status_code == 204


@pytest.mark.parametrize(
    ("answers", "reasons"),
    [
        ({"craving": 7}, ["craving-high"]),
        ({"mood": 2}, ["mood-low"]),
        ({"wantsToTalk": True}, ["wants-to-talk"]),
        ({"mood": 0, "craving": 10, "wantsToTalk": True}, ["wants-to-talk", "craving-high", "mood-low"]),
    ],
)
async def test_a_worried_check_in_asks_for_a_peer_and_says_why(
    world: World, answers: dict[str, Any], reasons: list[str]
) -> None:
    body = await worried(world, **answers)

    [alert] = await seen_by(world, SAM)
    assert (alert["id"], alert["alertClass"], alert["matter"]["reasons"]) == (body["alertId"], "p2", reasons)
    assert await told(world) == {"sam"}


@pytest.mark.parametrize("answers", [{"craving": 6}, {"mood": 3}, {}])
async def test_what_is_just_below_a_threshold_disturbs_nobody(world: World, answers: dict[str, Any]) -> None:
    body = await worried(world, **answers)

    assert body["alertId"] is None
    assert await told(world) == set()


async def test_a_craving_far_above_ones_own_fortnight_is_noticed_below_the_threshold(world: World) -> None:
    maya = await world.of(MAYA)
    for back, craving in ((3, 1), (2, 9), (1, 2)):
        day = (world.clock.now - timedelta(days=back)).date().isoformat()
        old = a_check_in(world, date=day, craving=craving, answeredAt=world.clock.now.isoformat())
        assert (await maya.post("/v1/check-ins", json=old)).status_code == 201
    await act(world, SAM, (await seen_by(world, SAM))[0]["id"], "claim")
    await act(world, SAM, (await seen_by(world, SAM))[0]["id"], "close", outcome="reached-safe")

    body = await worried(world, craving=5)

    opened = [a for a in await seen_by(world, SAM) if a["id"] == body["alertId"]]
    assert [a["matter"]["reasons"] for a in opened] == [["craving-rising"]]


async def test_danger_reaches_clinicians_and_the_supervisor_and_never_a_peer(world: World) -> None:
    body = await worried(world, inDanger=True)

    assert await told(world) == {"dana", "theo"}
    assert [r["call"] for r in body["crisis"]["resources"]][:2] == ["988", "911"]
    assert "clinician on duty has been told" in body["support"]


async def test_danger_told_an_hour_late_is_urgent_and_late_and_not_a_crisis_now(world: World) -> None:
    earlier = (world.clock.now - timedelta(minutes=61)).isoformat()

    body = await worried(world, inDanger=True, answeredAt=earlier)

    [alert] = await seen_by(world, DANA)
    assert (alert["alertClass"], alert["late"]) == ("p1", True)
    assert body["crisis"] is not None


async def test_when_nobody_is_on_duty_the_answer_says_so_and_shows_the_card(world: World) -> None:
    await off_duty(world, SAM, INES, DANA, THEO)

    body = await worried(world, wantsToTalk=True)

    assert "Nobody is on duty right now" in body["support"]
    assert body["crisis"]["resources"]
    assert (await (await world.of(MAYA)).get("/v1/support")).json()["state"] == "nobody"


async def test_whoever_comes_on_duty_is_told_of_what_nobody_was_told_of(world: World) -> None:
    await off_duty(world, SAM, INES, DANA, THEO)
    body = await worried(world, wantsToTalk=True)
    ines, now = await world.of(INES), world.clock.forward(minutes=2)
    shift = {"id": str(new_id(now)), "startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=4)).isoformat()}
    assert (await ines.post("/v1/duty-shifts", json=shift)).status_code == 201

    assert await alerts.escalate_overdue(world.pool, now) == 1

    assert [a["id"] for a in await seen_by(world, INES)] == [body["alertId"]]
    assert (await (await world.of(MAYA)).get("/v1/support")).json()["state"] == "told"


async def test_a_second_worry_joins_the_open_alert_and_rings_nobody_twice(world: World) -> None:
    first = await worried(world, craving=8)
    second = await worried(world, craving=9)

    assert second["alertId"] == first["alertId"]
    assert second["support"].startswith("Your supporters already know")
    assert len(await seen_by(world, SAM)) == 1


async def rung(world: World) -> list[str]:
    """Everybody whose phone is to ring for an alert, once for each time."""
    async with world.pool.transaction(CLOCK) as db:
        ids = await db.values(UUID, "SELECT person_id FROM notification WHERE kind = 'alert' AND state <> 'withdrawn'")
    return sorted(p.handle for p in CAST for i in ids if p.id == i)


async def test_danger_said_again_is_told_again_to_clinicians_and_to_whoever_answers(world: World) -> None:
    body = await worried(world, inDanger=True)
    for _ in range(2):
        await alerts.escalate_overdue(world.pool, world.clock.forward(minutes=6))
    for verb in ("claim", "contact"):
        assert (await act(world, OKAFOR, body["alertId"], verb)).status_code == 200
    world.clock.forward(hours=3)

    again = await worried(world, inDanger=True)

    assert again["alertId"] == body["alertId"]
    assert await rung(world) == ["dana", "okafor", "theo"]
    assert "has been told just now" in again["support"]
    assert again["crisis"]["resources"]


async def test_danger_said_again_when_everybody_has_gone_home_does_not_say_that_somebody_was_told(world: World) -> None:
    await worried(world, inDanger=True)
    await off_duty(world, DANA, THEO)

    assert "Nobody at your program is on duty" in (await worried(world, inDanger=True))["support"]


async def test_an_answer_that_joined_an_alert_is_answered_the_same_when_it_is_sent_again(world: World) -> None:
    first = await worried(world, inDanger=True)
    maya, new = await world.of(MAYA), a_check_in(world, inDanger=True)
    joined = (await maya.post("/v1/check-ins", json=new)).json()
    world.clock.forward(seconds=20)

    again = (await maya.post("/v1/check-ins", json=new)).json()

    assert joined["alertId"] == first["alertId"]
    assert again == joined


async def test_the_same_answer_sent_again_is_kept_once(world: World) -> None:
    maya, new = await world.of(MAYA), a_check_in(world, craving=8)
    first, again = [await maya.post("/v1/check-ins", json=new) for _ in range(2)]

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json()["alertId"] == first.json()["alertId"]
    assert again.json()["version"] == 1
    assert (await maya.post("/v1/check-ins", json=new | {"mood": 1})).json()["code"] == "IdTaken"


async def test_an_alert_that_nobody_claims_reaches_ever_more_people(world: World) -> None:
    await worried(world, craving=8)
    assert await told(world) == {"sam"}

    assert await alerts.escalate_overdue(world.pool, world.clock.forward(minutes=14)) == 0
    assert await alerts.escalate_overdue(world.pool, world.clock.forward(minutes=2)) == 1
    assert await told(world) == {"sam", "ines"}

    # Ben leads the peers but is off duty, so that step is passed over and clinicians are told.
    assert await alerts.escalate_overdue(world.pool, world.clock.forward(minutes=16)) == 1
    assert await told(world) >= {"sam", "ines", "dana"}


async def test_whoever_answers_is_the_only_one(world: World) -> None:
    body = await worried(world, craving=8)
    await alerts.escalate_overdue(world.pool, world.clock.forward(minutes=16))

    assert (await act(world, SAM, body["alertId"], "claim")).status_code == 200
    refused = await act(world, INES, body["alertId"], "claim")

    assert (refused.status_code, refused.json()["code"]) == (409, "AlreadyClaimed")
    assert (await (await world.of(MAYA)).get("/v1/support")).json() == {
        "state": "answering",
        "since": (world.clock.now - timedelta(minutes=16)).isoformat().replace("+00:00", "Z"),
        "answeredBy": "Sam Whitfield",
    }


async def test_a_peer_on_duty_learns_whom_it_is_about_by_claiming(world: World) -> None:
    body = await worried(world, craving=8, note="a private word")
    await alerts.escalate_overdue(world.pool, world.clock.forward(minutes=16))
    [before] = await seen_by(world, INES)
    assert (before["kind"], before["person"], before["matter"]) == ("signal", None, None)

    claimed = await act(world, INES, body["alertId"], "claim")

    assert claimed.json()["matter"]["patient"]["name"] == "Maya Torres"
    assert claimed.json()["matter"]["level"]["craving"] == 8
    assert "private word" not in claimed.text


async def test_fifty_claims_at_once_have_one_winner(real_world: World) -> None:
    world = real_world
    body = await worried(world, inDanger=True)
    for one in (DANA, THEO):
        await world.of(one)

    answers = await asyncio.gather(*(act(world, p, body["alertId"], "claim") for p in [DANA, THEO] * 25))

    dana, theo = {a.status_code for a in answers[0::2]}, {a.status_code for a in answers[1::2]}
    assert sorted([dana, theo], key=min) == [{200}, {409}]
    async with world.pool.transaction(on_behalf_of(MAYA.id)) as db:
        assert await db.value(int, "SELECT count(*) FROM audit_event WHERE action = 'claimed'") == 1


async def test_whoever_answers_may_claim_again_and_nothing_is_written_but_the_reading(world: World) -> None:
    body = await worried(world, craving=8)
    first = await act(world, SAM, body["alertId"], "claim")
    before = await audited(world)
    world.clock.forward(minutes=20)

    again = await act(world, SAM, body["alertId"], "claim")

    assert (again.status_code, again.json()) == (200, first.json())
    assert await audited(world) == [*before, "read"]
    assert await alerts.escalate_overdue(world.pool, world.clock.forward(minutes=11)) == 1, "it lapses as it would have"


async def audited(world: World) -> list[str]:
    """What was done with what is Maya's, in order."""
    async with world.pool.transaction(on_behalf_of(MAYA.id)) as db:
        return await db.values(str, "SELECT action FROM audit_event ORDER BY id")


async def test_a_closed_alert_is_listed_for_a_week(world: World) -> None:
    old = (await worried(world, craving=8))["alertId"]
    for verb, extra in (("claim", {}), ("close", {"outcome": "reached-safe"})):
        assert (await act(world, SAM, old, verb, **extra)).status_code == 200
    world.clock.forward(hours=1)
    still_open = (await worried(world, craving=8))["alertId"]

    world.clock.forward(days=6, hours=22, minutes=59)
    assert [a["id"] for a in await seen_by(world, SAM)] == [still_open, old]
    world.clock.forward(minutes=2)
    assert [a["id"] for a in await seen_by(world, SAM)] == [still_open]


async def test_an_alert_given_back_or_raised_has_no_contact_and_nobody_reached(world: World) -> None:
    body = await worried(world, craving=8)
    for verb in ("claim", "contact", "release"):
        given_back = await act(world, SAM, body["alertId"], verb)
    assert (given_back.json()["claimedBy"], given_back.json()["contactedAt"]) == (None, None)
    for verb in ("claim", "contact"):
        await act(world, SAM, body["alertId"], verb)

    raised = await act(world, SAM, body["alertId"], "raise", to="p0")

    assert (raised.json()["claimedBy"], raised.json()["contactedAt"]) == (None, None)
    assert (await (await world.of(MAYA)).get("/v1/support")).json()["state"] == "nobody", "no clinician knows yet"
    await alerts.escalate_overdue(world.pool, world.clock.now)
    assert (await (await world.of(MAYA)).get("/v1/support")).json()["state"] == "told"


async def test_an_alert_whose_turn_fails_waits_a_minute_and_holds_up_nobody_else(
    real_world: World, server: embedded.Server
) -> None:
    world, leo = real_world, await real_world.of(LEO)
    stuck = (await worried(world, inDanger=True))["alertId"]
    assert (await leo.post("/v1/check-ins", json=a_check_in(world, craving=9))).status_code == 201
    async with world.pool.transaction(CLOCK) as db:
        [name] = await db.values(str, "SELECT current_database()")
    owner = await connect(server.dsn(name))
    await owner.execute("DELETE FROM alert_step WHERE class = 'p0'")
    await owner.close()
    now = world.clock.forward(minutes=16)

    with capture_logs() as lines:
        assert await alerts.escalate_overdue(world.pool, now) == 1

    assert INES.handle in await told(world), "Leo's turn came"
    [line] = lines
    assert (line["log_level"], line["alert_id"] == stuck, type(line["error"])) == ("error", True, LookupError)
    async with world.pool.transaction(CLOCK) as db:
        waits = "SELECT escalates_at FROM alert WHERE id = $1"
        assert await db.value(datetime, waits, UUID(stuck)) == now + timedelta(minutes=1)
    with capture_logs() as lines:
        assert await alerts.escalate_overdue(world.pool, now) == 0
        assert lines == []
        await alerts.escalate_overdue(world.pool, world.clock.forward(minutes=1))
    assert len(lines) == 1, "it is tried again"


async def test_a_claim_without_contact_lapses_and_the_same_people_are_told_again(world: World) -> None:
    body = await worried(world, craving=8)
    await act(world, SAM, body["alertId"], "claim")

    assert await alerts.escalate_overdue(world.pool, world.clock.forward(minutes=29)) == 0
    assert await alerts.escalate_overdue(world.pool, world.clock.forward(minutes=2)) == 1

    [alert] = await seen_by(world, SAM)
    assert (alert["claimedBy"], alert["step"]) == (None, 0)
    async with world.pool.transaction(on_behalf_of(MAYA.id)) as db:
        did = await db.values(str, "SELECT action FROM audit_event WHERE actor_id IS NULL ORDER BY id")
    assert did == ["lapse", "escalate"]


async def test_a_claim_with_contact_does_not_lapse(world: World) -> None:
    body = await worried(world, craving=8)
    await act(world, SAM, body["alertId"], "claim")
    assert (await act(world, SAM, body["alertId"], "contact")).status_code == 200

    assert await alerts.escalate_overdue(world.pool, world.clock.forward(hours=23)) == 0

    closed = await act(world, SAM, body["alertId"], "close", outcome="reached-safe")
    assert closed.json()["outcome"] == "reached-safe"
    assert (await (await world.of(MAYA)).get("/v1/support")).json()["state"] == "none"


async def test_a_peer_raises_an_alert_to_clinicians_and_cannot_answer_it_then(world: World) -> None:
    body = await worried(world, craving=8)

    raised = await act(world, SAM, body["alertId"], "raise", to="p0")
    assert (raised.status_code, raised.json()["alertClass"], raised.json()["kind"]) == (200, "p0", "person")
    assert await alerts.escalate_overdue(world.pool, world.clock.forward(seconds=1)) == 1

    assert {"dana", "theo"} <= await told(world)
    refused = await act(world, SAM, body["alertId"], "claim")
    assert (refused.status_code, refused.json()["code"]) == (403, "ClinicianNeeded")
    assert (await act(world, SAM, body["alertId"], "raise", to="p1")).json()["code"] == "NeverLowered"


async def test_an_urgent_alert_has_a_peer_beside_it_only_when_the_patient_asked(world: World) -> None:
    late = (world.clock.now - timedelta(hours=2)).isoformat()
    await worried(world, inDanger=True, answeredAt=late)

    assert await told(world) == {"dana"}


async def test_only_whoever_answers_closes_or_gives_back(world: World) -> None:
    body = await worried(world, craving=8)
    await alerts.escalate_overdue(world.pool, world.clock.forward(minutes=16))
    await act(world, SAM, body["alertId"], "claim")

    for verb, extra in (("close", {"outcome": "reached-safe"}), ("release", {}), ("contact", {})):
        refused = await act(world, INES, body["alertId"], verb, **extra)
        assert (refused.status_code, refused.json()["code"]) == (409, "NotYourClaim"), verb
    assert (await act(world, THEO, body["alertId"], "close", outcome="handed-over")).status_code == 200
    assert (await act(world, SAM, body["alertId"], "contact")).json()["code"] == "AlertClosed"


async def test_strangers_do_not_learn_that_an_alert_exists(world: World) -> None:
    body = await worried(world, craving=8)

    for stranger in (NED, NELL, INES, OKAFOR):
        assert await seen_by(world, stranger) == []
        assert (await act(world, stranger, body["alertId"], "claim")).status_code == 404
    assert (await act(world, KAI, body["alertId"], "claim")).status_code == 403


class Phones:
    """A channel that keeps what was pushed."""

    def __init__(self) -> None:
        self.pushes: list[Push] = []

    async def push(self, message: Push) -> Accepted:
        self.pushes.append(message)
        return Accepted(f"p{len(self.pushes)}")


async def register_phone(world: World, person: Person) -> None:
    """This person's phone rings under their own handle."""
    device = {
        "id": str(world.new_id()), "kind": "fcm-token", "token": f"phone-of-{person.handle}", "platform": "android",
        "timeZone": "America/New_York",
    }  # fmt: skip
    answer = await (await world.of(person)).post("/v1/devices", json=device)
    assert answer.status_code == 201, answer.text


async def test_a_worried_check_in_rings_ever_more_phones_until_someone_answers(world: World) -> None:
    phones = Phones()
    for person in (SAM, INES, DANA):
        await register_phone(world, person)

    body = await worried(world, craving=9)
    await notifications.deliver_due(world.pool, phones, world.clock.now)
    assert [p.address for p in phones.pushes] == ["phone-of-sam"]

    await alerts.escalate_overdue(world.pool, world.clock.forward(minutes=16))
    await notifications.deliver_due(world.pool, phones, world.clock.now)
    assert sorted(p.address for p in phones.pushes[1:]) == ["phone-of-ines"]

    await alerts.escalate_overdue(world.pool, world.clock.forward(minutes=46))
    await act(world, INES, body["alertId"], "claim")
    await notifications.deliver_due(world.pool, phones, world.clock.now)
    assert len(phones.pushes) == 2, "a page that was not sent yet is taken back by the claim"
