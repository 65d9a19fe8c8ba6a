"""An alert goes on until somebody closes it: unanswered or answered, raised, given back, joined, after an outage."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from app.alerts import actions as alerts
from app.demo.cast import CAST, DANA, HARBOR, INES, LEO, MAYA, OKAFOR, SAM, THEO, Person
from db import CLOCK, embedded, new_id
from db import person as on_behalf_of
from db.pool import connect
from tests.app.test_alerts import act, off_duty, rung, seen_by, told, worried
from tests.world import World, a_check_in


async def rung_since(world: World, since: datetime) -> list[str]:
    """Whose phones were to ring for an alert after that moment, once for each time."""
    async with world.pool.transaction(CLOCK) as db:
        ids = await db.values(
            UUID,
            "SELECT person_id FROM notification WHERE kind = 'alert' AND created_at IS NOT NULL AND due_at > $1",
            since,
        )
    return sorted(p.handle for p in CAST for i in ids if p.id == i)


async def on_duty(world: World, *people: Person) -> None:
    """These people have come on duty for half a day."""
    for person in people:
        now = world.clock.now
        shift = {"id": str(new_id(now)), "startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=12)).isoformat()}
        assert (await (await world.of(person)).post("/v1/duty-shifts", json=shift)).status_code == 201


async def go_on(world: World, minutes: int) -> None:
    """So many minutes go by, and the clock ticks in each."""
    for _ in range(minutes):
        await alerts.escalate_overdue(world.pool, world.clock.forward(minutes=1))


async def history(world: World, patient: Person = MAYA) -> list[str]:
    """What has happened to a patient's alerts, in order."""
    async with world.pool.transaction(on_behalf_of(patient.id)) as db:
        return await db.values(str, "SELECT kind FROM alert_event ORDER BY at, seq")


PLAN = "INSERT INTO alert_step (organisation_id, class, step, after, audience) VALUES ($1, $2, 0, '0', $3)"


async def change(server: embedded.Server, world: World, statement: str, *args: object) -> None:
    """The site changes its data."""
    async with world.pool.transaction(CLOCK) as db:
        [name] = await db.values(str, "SELECT current_database()")
    owner = await connect(server.dsn(name))
    try:
        await owner.execute(statement, *args)
    finally:
        await owner.close()


async def test_a_crisis_rings_everybody_who_may_answer_it_every_five_minutes(world: World) -> None:
    await worried(world, inDanger=True)
    await go_on(world, 16)
    assert await told(world) == {"dana", "grace", "okafor", "theo"}

    for _ in range(3):
        before = world.clock.now
        await go_on(world, 5)
        assert await rung_since(world, before) == ["dana", "grace", "okafor", "theo"]


async def test_a_crisis_finds_whoever_has_come_on_duty_since(world: World) -> None:
    await worried(world, inDanger=True)
    await go_on(world, 20)
    await off_duty(world, DANA, THEO)
    await on_duty(world, OKAFOR)
    before = world.clock.now

    await go_on(world, 5)

    assert "okafor" in await rung_since(world, before)


async def test_peers_are_asked_again_where_no_clinician_is_on_duty(world: World) -> None:
    await off_duty(world, DANA)
    await worried(world, craving=8)
    await go_on(world, 61)
    before = world.clock.now

    await go_on(world, 60)

    assert await rung_since(world, before) == ["ines", "sam"]


async def test_after_an_outage_everybody_whose_time_has_come_is_told_in_one_turn(world: World) -> None:
    await worried(world, inDanger=True)
    before = world.clock.now

    await alerts.escalate_overdue(world.pool, world.clock.forward(minutes=20))

    assert await rung_since(world, before) == ["grace", "okafor"], "who knew already is not rung beside somebody new"
    [alert] = await seen_by(world, THEO)
    assert alert["step"] == 3
    before = world.clock.now
    await go_on(world, 5)
    assert await rung_since(world, before) == ["dana", "grace", "okafor", "theo"]


async def test_a_crisis_that_is_answered_is_brought_up_until_it_is_closed(world: World) -> None:
    alert = (await worried(world, inDanger=True))["alertId"]
    for verb in ("claim", "contact"):
        assert (await act(world, DANA, alert, verb)).status_code == 200

    for _ in range(2):
        before = world.clock.now
        await go_on(world, 15)
        assert await rung_since(world, before) == ["dana", "theo"]
    assert (await history(world)).count("brought-up") == 2

    assert (await act(world, THEO, alert, "close", outcome="reached-safe")).status_code == 200
    before = world.clock.now
    await go_on(world, 30)
    assert await rung_since(world, before) == []


async def test_each_attempt_at_contact_gives_a_crisis_another_quarter_of_an_hour(world: World) -> None:
    alert = (await worried(world, inDanger=True))["alertId"]
    await act(world, DANA, alert, "claim")
    before = world.clock.now

    for _ in range(3):
        await act(world, DANA, alert, "contact")
        await go_on(world, 14)

    assert await rung_since(world, before) == []


async def test_a_peers_claim_that_was_forgotten_is_brought_up_after_a_day(world: World) -> None:
    alert = (await worried(world, craving=8))["alertId"]
    for verb in ("claim", "contact"):
        await act(world, SAM, alert, verb)
    before = world.clock.now

    assert await alerts.escalate_overdue(world.pool, world.clock.forward(hours=24)) == 1

    assert await rung_since(world, before) == ["sam", "theo"]


async def test_an_alert_that_is_raised_rings_also_those_who_knew_of_it(world: World) -> None:
    alert = (await worried(world, craving=8))["alertId"]
    await go_on(world, 61)
    assert "dana" in await told(world)
    before = world.clock.now
    assert (await act(world, SAM, alert, "raise", to="p0")).status_code == 200

    await go_on(world, 1)

    assert await rung_since(world, before) == ["dana", "theo"]


async def test_a_clinician_who_answers_goes_on_when_somebody_raises_the_alert(world: World) -> None:
    alert = (await worried(world, craving=8))["alertId"]
    await go_on(world, 61)
    for verb in ("claim", "contact"):
        assert (await act(world, DANA, alert, verb)).status_code == 200
    before = world.clock.now

    raised = (await act(world, SAM, alert, "raise", to="p0")).json()
    await go_on(world, 1)

    assert (raised["claimedByName"], raised["contactedAt"]) == ("Dana Kim", None)
    assert await rung_since(world, before) == ["dana", "theo"]
    await go_on(world, 10)
    [lapsed] = await seen_by(world, DANA)
    assert lapsed["claimedBy"] is None, "a crisis wants to be told again that contact was tried"


async def test_raising_twice_is_once_and_says_the_truth_where_it_is_refused(world: World) -> None:
    alert = (await worried(world, craving=8))["alertId"]
    first = await act(world, SAM, alert, "raise", to="p1")
    again = await act(world, SAM, alert, "raise", to="p1")
    assert (first.status_code, again.status_code) == (200, 200)
    assert (await history(world)).count("raised") == 1

    other = (await worried(world, inDanger=True))["alertId"]

    assert (await act(world, SAM, alert, "raise", to="p0")).json()["code"] == "AlreadyRaised"
    assert (await act(world, DANA, other, "raise", to="p1")).json()["code"] == "NeverLowered"


async def test_an_alert_that_reaches_nobody_says_so_once(world: World) -> None:
    await off_duty(world, SAM, INES, DANA, THEO)
    await worried(world, craving=8)

    await go_on(world, 5)

    assert (await history(world)) == ["opened", "nobody"]
    assert (await (await world.of(MAYA)).get("/v1/support")).json()["state"] == "nobody"


async def test_whoever_is_told_off_duty_is_in_the_history_as_that(world: World) -> None:
    await off_duty(world, DANA, THEO)

    body = await worried(world, inDanger=True)

    assert "Nobody at your program is on duty" in body["support"]
    assert await history(world) == ["opened", "told-off-duty"]
    assert await told(world) == {"theo"}


async def test_a_lead_who_is_a_peer_is_not_told_of_a_crisis(real_world: World, server: embedded.Server) -> None:
    world = real_world
    lead = "UPDATE care_team_member SET lead = staff_id = $1 WHERE patient_id = $2"
    await change(server, world, lead, SAM.id, MAYA.id)
    await change(server, world, PLAN, HARBOR.id, "p0", "lead")

    body = await worried(world, inDanger=True)

    assert await told(world) == set()
    assert "Nobody at your program is on duty" in body["support"]


@pytest.mark.parametrize("audience", ["assigned-peer", "duty-peers", "peer-leads"])
async def test_no_site_can_plan_to_send_a_crisis_to_peers(
    real_world: World, server: embedded.Server, audience: str
) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await change(server, real_world, PLAN, HARBOR.id, "p1", audience)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE alert SET claimed_by = $1, claimed_at = now()",
        "UPDATE alert SET closed_by = $1, closed_at = now(), outcome = 'reached-safe'",
    ],
)
async def test_the_database_lets_no_peer_answer_or_close_a_crisis(
    real_world: World, server: embedded.Server, statement: str
) -> None:
    await worried(real_world, inDanger=True)

    with pytest.raises(asyncpg.CheckViolationError):
        await change(server, real_world, statement, SAM.id)


@pytest.mark.parametrize(("clinicians", "rings"), [([DANA], {"dana", "sam"}), ([], set())])
async def test_a_peer_stands_beside_a_clinician_who_was_told_and_never_alone(
    real_world: World, server: embedded.Server, clinicians: Sequence[Person], rings: set[str]
) -> None:
    world = real_world
    await change(server, world, "UPDATE patient SET peer_beside = true WHERE person_id = $1", MAYA.id)
    others = "DELETE FROM staff_role WHERE role IN ('counselor', 'prescriber', 'supervisor') AND person_id <> ALL ($1)"
    await change(server, world, others, [one.id for one in clinicians])

    await worried(world, inDanger=True, answeredAt=(world.clock.now - timedelta(hours=2)).isoformat())

    assert await told(world) == rings


async def test_a_second_worry_is_what_the_responder_reads_and_rings_them(world: World) -> None:
    alert = (await worried(world, craving=8))["alertId"]
    for verb in ("claim", "contact"):
        await act(world, SAM, alert, verb)
    before = world.clock.forward(hours=5)
    world.clock.forward(minutes=1)

    await worried(world, craving=9, mood=1)

    [seen] = await seen_by(world, SAM)
    assert (seen["matter"]["reasons"], seen["matter"]["level"]["mood"]) == (["craving-high", "mood-low"], 1)
    assert await rung_since(world, before) == ["sam"]
    assert await history(world) == ["opened", "told", "claimed", "contacted", "joined"]


async def test_danger_said_again_wants_contact_again_and_says_who_was_reached(world: World) -> None:
    await off_duty(world, DANA, THEO)
    alert = (await worried(world, inDanger=True))["alertId"]
    maya = await world.of(MAYA)
    assert (await maya.get("/v1/support")).json()["state"] == "nobody"
    await on_duty(world, DANA)

    again = a_check_in(world, inDanger=True)
    said = (await maya.post("/v1/check-ins", json=again)).json()["support"]

    assert "has been told just now" in said
    assert (await maya.get("/v1/support")).json()["state"] == "told"
    assert (await maya.post("/v1/check-ins", json=again)).json()["support"] == said
    for verb in ("claim", "contact"):
        await act(world, DANA, alert, verb)
    await worried(world, inDanger=True)
    await go_on(world, 10)
    [lapsed] = await seen_by(world, DANA)
    assert lapsed["claimedBy"] is None


async def test_an_alert_that_is_given_back_is_told_to_others_at_once(world: World) -> None:
    alert = (await worried(world, craving=8))["alertId"]
    await act(world, SAM, alert, "claim")
    before = world.clock.forward(minutes=3)
    assert (await act(world, SAM, alert, "release")).status_code == 200

    assert await alerts.escalate_overdue(world.pool, world.clock.forward(seconds=1)) == 1

    assert await rung_since(world, before) == ["ines"]


async def test_whoever_gave_it_back_is_asked_again_when_there_is_nobody_else(world: World) -> None:
    await off_duty(world, INES, DANA)
    alert = (await worried(world, craving=8))["alertId"]
    await act(world, SAM, alert, "claim")
    before = world.clock.forward(minutes=3)
    await act(world, SAM, alert, "release")

    await go_on(world, 1)

    assert await rung_since(world, before) == ["sam"]


async def test_the_times_of_a_plan_stand_still_while_somebody_answers(world: World) -> None:
    alert = (await worried(world, craving=8))["alertId"]
    world.clock.forward(minutes=5)
    await act(world, SAM, alert, "claim")
    world.clock.forward(minutes=25)
    await act(world, SAM, alert, "release")
    await go_on(world, 1)
    assert await told(world) == {"sam", "ines"}

    await go_on(world, 13)
    assert "dana" not in await told(world)
    await go_on(world, 3)
    assert "dana" in await told(world), "nobody leads the peers just now, so clinicians are next, a quarter later"


async def test_whose_claim_has_lapsed_hears_of_it(world: World) -> None:
    alert = (await worried(world, craving=8))["alertId"]
    await go_on(world, 16)
    await act(world, INES, alert, "claim")
    heard = "SELECT count(*) FROM event WHERE topic = 'alert' AND person_id = $1"
    async with world.pool.transaction(on_behalf_of(INES.id)) as db:
        before = await db.value(int, heard, INES.id)

    await go_on(world, 31)

    async with world.pool.transaction(on_behalf_of(INES.id)) as db:
        assert (await db.value(int, heard, INES.id) or 0) > (before or 0)


async def test_opening_and_joining_an_alert_leave_their_audit_rows(world: World) -> None:
    await worried(world, craving=8)
    await worried(world, craving=9)

    async with world.pool.transaction(on_behalf_of(MAYA.id)) as db:
        did = await db.values(str, "SELECT action FROM audit_event WHERE category = 'alerts' ORDER BY id")
    assert did == ["open", "join"]


async def test_a_server_whose_alerts_stand_still_is_not_ready(world: World) -> None:
    await worried(world, inDanger=True)
    assert (await world.nobody().get("/health/ready")).status_code == 200

    world.clock.forward(minutes=11)

    answer = await world.nobody().get("/health/ready")
    assert (answer.status_code, answer.json()["oldestDueSeconds"]) == (503, 660.0)


async def test_a_peer_on_duty_reads_no_level_before_the_claim(world: World) -> None:
    alert = (await worried(world, craving=8))["alertId"]
    await go_on(world, 16)

    [before] = await seen_by(world, INES)
    after = (await act(world, INES, alert, "claim")).json()

    assert (before["kind"], *(before[one] for one in ("person", "worry", "matter"))) == ("signal", None, None, None)
    assert (after["matter"]["reasons"], after["matter"]["level"]["craving"]) == (["craving-high"], 8)


async def test_a_long_list_is_read_page_by_page_the_longest_waiting_first(world: World) -> None:
    theo = await world.of(THEO)
    first = (await worried(world, craving=8))["alertId"]
    for verb, body in (("claim", None), ("close", {"outcome": "reached-safe"})):
        await act(world, SAM, first, verb, **(body or {}))
    world.clock.forward(minutes=1)
    leo = await world.of(LEO)
    waiting = (await leo.post("/v1/check-ins", json=a_check_in(world, craving=9))).json()["alertId"]
    world.clock.forward(minutes=1)
    newer = (await worried(world, craving=8))["alertId"]
    world.clock.forward(minutes=1)
    crisis = (await worried(world, inDanger=True))["alertId"]

    seen, cursor = [], None
    while True:
        page = (await theo.get("/v1/alerts", params={"limit": 1} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break

    assert seen == [crisis, waiting, newer, first]
    assert (await theo.get("/v1/alerts", params={"cursor": "bm90LW91cnM"})).status_code == 422


async def test_danger_rings_again_also_while_it_waits(world: World) -> None:
    await worried(world, inDanger=True)
    before = await rung(world)
    world.clock.forward(minutes=1)

    await worried(world, inDanger=True)

    assert await rung(world) == sorted([*before, "dana", "theo"])
