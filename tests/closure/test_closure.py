"""A patient leaves: at which moment what ends, what is kept as long as it must be, and what is gone then for good."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from app import auth
from app.closure import actions, rules
from app.contacts import actions as contacts
from app.contacts.models import NewContact
from app.demo.cast import DANA, KAI, LEO, MAYA, NELL, NOAH, OKAFOR, SAM, THEO, Person
from app.sealing import shredding
from app.worker import ticks
from db import CLOCK, DOOR, Pool, connect, new_id, person
from db.keys import Shredded
from tests.notifications.phones import Phones
from tests.world import World, a_check_in

Owner = Callable[..., Awaitable[list[Any]]]
YEARS = 7
SECOND = timedelta(seconds=1)


@pytest.fixture
def owner(own_database: str) -> Owner:
    """A look, or a change, as the owner of the schema."""

    async def run(sql: str, *args: object) -> list[Any]:
        raw = await connect(own_database.replace("cairn_app", "postgres"))
        try:
            return list(await raw.fetch(sql, *args))
        finally:
            await raw.close()

    return run


@pytest.fixture
async def world(real_world: World, owner: Owner) -> World:
    """Maya has written, can be reached, has a phone, a medicine and an appointment in three weeks; so has Leo."""
    for who in (MAYA, LEO):
        client, now = await real_world.of(who), real_world.clock.now
        await client.post("/v1/check-ins", json=a_check_in(real_world, note=f"words of {who.handle}"))
        device = {"id": str(real_world.new_id()), "kind": "fcm-token", "token": f"token-{who.handle}"}
        await client.post("/v1/devices", json=device | {"platform": "ios", "timeZone": who.time_zone})
        await client.post("/v1/calendar-feeds")
        async with real_world.pool.transaction(person(who.id)) as db:
            new = NewContact(new_id(now), "email", f"{who.handle}@example.org")
            await contacts.verified(db, (await contacts.add(db, who.id, new, who.id, now)).id, now)
        regimen, visit = new_id(now), new_id(now)
        await owner(
            """
            INSERT INTO regimen
                (id, patient_id, prescribed_by, medicine, times, time_zone, starts_on, made_until, created_at)
            VALUES ($1, $2, $3, 'A medicine', '{08:00}', 'UTC', $4::timestamptz::date, $4, $4)
            """,
            regimen, who.id, OKAFOR.id, now,
        )  # fmt: skip
        await owner(
            "INSERT INTO occurrence (id, regimen_id, patient_id, version, slot, due_at)"
            " VALUES ($1, $2, $3, 1, '2026-04-01 08:00', '2026-04-01 08:00Z')",
            new_id(now), regimen, who.id,
        )  # fmt: skip
        await owner(
            """
            INSERT INTO appointment (id, patient_id, staff_id, kind, during, booked_by, booked_at)
            VALUES ($1, $2, $3, 'counseling', tstzrange($4, $4::timestamptz + interval '50 min'), $2, $5)
            """,
            visit, who.id, DANA.id, now + timedelta(days=21, hours=who is LEO), now,
        )  # fmt: skip
        for kind, about in (("appointment", visit), ("medication", visit)):
            await owner(
                """
                INSERT INTO notification (id, person_id, kind, subject_id, due_at, expires_at, next_at)
                VALUES ($1, $2, $3, $4, $5, $5::timestamptz + interval '1 hour', $5)
                """,
                new_id(now), who.id, kind, about if kind == "appointment" else (
                    await owner("SELECT id FROM occurrence WHERE patient_id = $1", who.id))[0][0],
                now + timedelta(days=20),
            )  # fmt: skip
    return real_world


async def ask(world: World, who: Person = MAYA, **changes: Any) -> httpx.Response:
    return await (await world.of(who)).post("/v1/closure", json={"id": str(world.new_id())} | changes)


async def closed(world: World, who: Person = MAYA) -> datetime:
    """The account is closed, on its day."""
    assert (await ask(world, who)).status_code == 201
    world.clock.now += rules.GRACE
    assert await actions.go_on(world.pool, world.clock.now) >= 1
    return world.clock.now


async def state(owner: Owner, who: Person = MAYA) -> tuple[bool, bool]:
    """Whether it is closed, and whether it is shredded."""
    rows = await owner(
        "SELECT closed_at IS NOT NULL, shredded_at IS NOT NULL FROM closure"
        " WHERE patient_id = $1 AND taken_back_at IS NULL",
        who.id,
    )
    return (rows[0][0], rows[0][1]) if rows else (False, False)


async def test_before_anything_is_asked_the_patient_is_told_what_would_become_of_it(world: World) -> None:
    plan = (await (await world.of(MAYA)).get("/v1/closure")).json()
    assert (plan["askedAt"], plan["closesAt"], plan["graceDays"], plan["keptYears"]) == (None, None, 14, YEARS)
    assert plan["keptUntil"].startswith("2033-03-03T15:00:00")
    assert (plan["held"], plan["waitsForAlert"]) == (False, False)
    assert "confirm" in plan["keptBecause"]


async def test_asking_changes_nothing_for_fourteen_days_and_can_be_taken_back(world: World, owner: Owner) -> None:
    asked = await ask(world)
    assert asked.status_code == 201, asked.text
    assert asked.json()["closesAt"].startswith("2026-03-17T15:00:00")
    world.clock.now += rules.GRACE - SECOND
    assert await actions.go_on(world.pool, world.clock.now) == 0
    maya = await world.of(MAYA)
    assert (await maya.get("/v1/check-ins")).json()["items"][0]["note"] == "words of maya"

    assert (await maya.delete("/v1/closure")).json()["closesAt"] is None
    world.clock.now += timedelta(days=30)
    assert await actions.go_on(world.pool, world.clock.now) == 0
    assert await state(owner) == (False, False)
    again = await maya.delete("/v1/closure")
    assert (again.status_code, again.json()["code"]) == (409, "NothingToTakeBack")
    assert (await ask(world)).status_code == 201


async def test_on_the_day_nobody_gets_in_or_is_told_and_others_are_as_before(world: World, owner: Owner) -> None:
    maya, leo = await world.of(MAYA), await world.of(LEO)
    await closed(world)
    assert await state(owner) == (True, False)
    assert (await maya.get("/v1/me")).status_code == 401
    for sql in (
        "SELECT id FROM session WHERE person_id = $1 AND ended_at IS NULL",
        "SELECT id FROM address WHERE person_id = $1 AND (closed_at IS NULL OR value_sealed IS NOT NULL)",
        "SELECT id FROM contact WHERE person_id = $1 AND closed_at IS NULL",
        "SELECT 1 FROM calendar_feed WHERE person_id = $1 AND revoked_at IS NULL",
        "SELECT id FROM care_team_member WHERE patient_id = $1 AND left_at IS NULL",
        "SELECT id FROM appointment WHERE patient_id = $1 AND status = 'booked'",
        "SELECT id FROM regimen WHERE patient_id = $1 AND status = 'active'",
        "SELECT id FROM occurrence WHERE patient_id = $1 AND state = 'pending'",
        "SELECT id FROM notification WHERE person_id = $1 AND state = 'pending'",
    ):
        assert await owner(sql, MAYA.id) == [], sql
        assert await owner(sql, LEO.id) if "closed_at IS NULL OR" not in sql else True, sql
    assert (await leo.get("/v1/me")).status_code == 200
    async with world.pool.transaction(DOOR) as db:
        assert await contacts.find_owner(db, "email", "maya@example.org") is None
        assert await contacts.find_owner(db, "email", "leo@example.org") is not None


async def test_nobody_comes_in_as_somebody_who_has_left(world: World) -> None:
    await closed(world)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await auth.sign_in(world.pool, MAYA.id, world.clock.now)


@pytest.mark.parametrize("who", [DANA, SAM, OKAFOR, THEO, KAI, LEO, NELL], ids=lambda one: one.handle)
async def test_a_locked_record_is_nobodys_whatever_they_were_to_the_patient(world: World, who: Person) -> None:
    await closed(world)
    client = await world.of(who)
    for path in ("check-ins", "trend", "care-team", "regimens"):
        answer = await client.get(f"/v1/patients/{MAYA.id}/{path}")
        assert answer.status_code in (403, 404), (path, answer.text)
    assert str(MAYA.id) not in (await client.get("/v1/patients")).text
    async with world.pool.transaction(person(who.id)) as db:
        for sql in (
            "SELECT count(*) FROM check_in WHERE patient_id = $1",
            "SELECT count(*) FROM regimen WHERE patient_id = $1",
            "SELECT count(*) FROM patient WHERE person_id = $1",
            "SELECT count(*) FROM levels_between($1, '2026-01-01', '2027-01-01')",
        ):
            assert await db.value(int, sql, MAYA.id) == 0, sql


async def test_an_open_alert_is_answered_first(world: World, owner: Owner) -> None:
    maya = await world.of(MAYA)
    await ask(world)
    await maya.post("/v1/check-ins", json=a_check_in(world, inDanger=True))
    assert (await maya.get("/v1/closure")).json()["waitsForAlert"] is True
    world.clock.now += rules.GRACE + timedelta(days=3)
    assert await actions.go_on(world.pool, world.clock.now) == 0
    assert await owner("SELECT id FROM alert WHERE patient_id = $1 AND closed_at IS NULL", MAYA.id)

    await owner(
        "UPDATE alert SET closed_at = $2, closed_by = $3, outcome = 'reached-safe' WHERE patient_id = $1",
        MAYA.id, world.clock.now, THEO.id,
    )  # fmt: skip
    assert await actions.go_on(world.pool, world.clock.now) == 1
    assert await state(owner) == (True, False)


async def test_danger_in_the_last_days_is_heard_as_ever(world: World) -> None:
    await ask(world)
    world.clock.now += rules.GRACE - SECOND
    said = a_check_in(world, inDanger=True)
    answer = await (await world.of(MAYA)).post("/v1/check-ins", json=said)
    assert (answer.status_code, answer.json()["alertId"] is not None) == (201, True)


@pytest.mark.parametrize(("before", "gone"), [(SECOND, False), (timedelta(), True)])
async def test_what_has_to_be_kept_is_kept_to_the_second_and_then_it_is_gone(
    world: World, owner: Owner, before: timedelta, gone: bool
) -> None:
    await closed(world)
    [[until]] = await owner("SELECT keep_until FROM closure WHERE patient_id = $1", MAYA.id)
    assert until == datetime.fromisoformat("2033-03-03T15:00:00Z")
    world.clock.now = until - before
    assert await actions.go_on(world.pool, world.clock.now) == gone
    assert await state(owner) == (True, gone)
    rows = await owner("SELECT note_sealed IS NULL AS gone FROM check_in WHERE patient_id = $1", MAYA.id)
    assert {row["gone"] for row in rows} == {gone}


async def test_where_nothing_has_to_be_kept_it_is_shredded_on_the_day(world: World, owner: Owner) -> None:
    await owner("INSERT INTO retention_rule VALUES ('US-NY', '2026-02-01', 0, 'A rule of this test.')")
    await owner("UPDATE organisation SET jurisdiction = 'US-NY'")
    assert (await (await world.of(MAYA)).get("/v1/closure")).json()["keptBecause"] == "A rule of this test."
    await closed(world)
    assert await state(owner) == (True, True)

    assert await shredding.erase(world.pool, world.clock.now) == 1
    assert world.pool.keys is not None
    with pytest.raises(Shredded):
        await world.pool.keys.secrets.of(MAYA.id)
    [row] = await owner("SELECT name, time_zone, language FROM person WHERE id = $1", MAYA.id)
    assert tuple(row) == ("-", "UTC", "en")
    left = await owner(
        """
        SELECT string_agg(t, ' ') FROM (
            SELECT p::text AS t FROM person p WHERE p.id = $1
            UNION ALL SELECT c::text FROM check_in c WHERE patient_id = $1
            UNION ALL SELECT c::text FROM contact c WHERE person_id = $1
            UNION ALL SELECT a::text FROM address a WHERE person_id = $1
            UNION ALL SELECT r::text FROM regimen r WHERE patient_id = $1
            UNION ALL SELECT k::text FROM data_key k WHERE person_id = $1) AS all_of_it
        """,
        MAYA.id,
    )
    for word in ("Maya", "Torres", "words", "example.org", "medicine", "New_York"):
        assert word not in left[0][0], word
    assert [dict(r) for r in await owner("SELECT name FROM person WHERE id = $1", LEO.id)] == [{"name": LEO.name}]
    assert (await (await world.of(LEO)).get("/v1/check-ins")).json()["items"][0]["note"] == "words of leo"


async def test_the_newest_rule_of_the_state_holds_and_not_one_of_the_future(world: World, owner: Owner) -> None:
    for since, years in (("2026-01-01", 6), ("2026-03-01", 10), ("2026-04-01", 1)):
        await owner("INSERT INTO retention_rule VALUES ('US-NY', $1::text::date, $2, 'x')", since, years)
    await owner("UPDATE organisation SET jurisdiction = 'US-NY'")
    plan = (await (await world.of(MAYA)).get("/v1/closure")).json()
    assert (plan["keptYears"], plan["keptUntil"][:4]) == (10, "2036")


async def held(world: World, who: Person = THEO, about: Person = MAYA, **changes: Any) -> httpx.Response:
    sent = {"id": str(world.new_id()), "reason": "A subpoena of the third of March."} | changes
    return await (await world.of(who)).post(f"/v1/patients/{about.id}/legal-holds", json=sent)


async def test_a_hold_keeps_a_record_until_it_is_ended(world: World, owner: Owner) -> None:
    hold = (await held(world)).json()
    await closed(world)
    world.clock.now = datetime.fromisoformat("2034-01-01T00:00:00Z")
    assert await actions.go_on(world.pool, world.clock.now) == 0
    assert await state(owner) == (True, False)

    theo = await world.of(THEO)
    [listed] = (await theo.get("/v1/closures")).json()["items"]
    assert (listed["patientId"], listed["held"], listed["shreddedAt"]) == (str(MAYA.id), True, None)
    assert (await held(world)).status_code == 201, "a locked record can be held too"
    ended = await theo.post(f"/v1/legal-holds/{hold['id']}/end")
    assert (ended.status_code, ended.json()["endedBy"]) == (200, str(THEO.id))
    assert await actions.go_on(world.pool, world.clock.now) == 0, "the other one holds it"
    for one in (await theo.get(f"/v1/patients/{MAYA.id}/legal-holds")).json()["items"]:
        await theo.post(f"/v1/legal-holds/{one['id']}/end")
    assert await actions.go_on(world.pool, world.clock.now) == 1
    assert await state(owner) == (True, True)
    assert [one["reason"] for one in (await theo.get(f"/v1/patients/{MAYA.id}/legal-holds")).json()["items"]] == [
        None
    ] * 2


async def test_a_hold_says_why_and_its_reason_is_sealed(world: World, owner: Owner) -> None:
    hold = await held(world)
    assert hold.status_code == 201, hold.text
    assert hold.json()["reason"] == "A subpoena of the third of March."
    [row] = await owner("SELECT h::text AS whole, reason_sealed FROM legal_hold h")
    assert "subpoena" not in row["whole"]
    assert b"subpoena" not in row["reason_sealed"]
    theo = await world.of(THEO)
    assert (await theo.get(f"/v1/patients/{MAYA.id}/legal-holds")).json()["items"] == [hold.json()]
    assert (await (await world.of(MAYA)).get("/v1/closure")).json()["held"] is True


async def test_the_same_hold_again_is_the_same_and_ending_twice_is_said(world: World) -> None:
    first = await held(world)
    again = await held(world, id=first.json()["id"])
    assert again.json() == first.json()
    for other in (
        held(world, id=first.json()["id"], reason="Something else entirely."),
        held(world, about=LEO, id=first.json()["id"]),
    ):
        assert (await other).json()["code"] == "IdTaken"
    theo, path = await world.of(THEO), f"/v1/legal-holds/{first.json()['id']}/end"
    assert [(await theo.post(path)).status_code for _ in range(2)] == [200, 409]


async def test_only_who_oversees_the_program_holds_or_sees_a_hold(world: World) -> None:
    hold = (await held(world)).json()
    for who in (DANA, KAI, MAYA):
        assert (await held(world, who)).json()["code"] == "NotYourRole"
        assert (await (await world.of(who)).get("/v1/closures")).status_code == 403
    theo = await world.of(THEO)
    assert (await held(world, about=NOAH)).status_code == 404
    assert (await theo.get(f"/v1/patients/{NOAH.id}/legal-holds")).status_code == 404
    assert (await theo.post(f"/v1/legal-holds/{world.new_id()}/end")).status_code == 404
    assert (await (await world.of(NELL)).post(f"/v1/legal-holds/{hold['id']}/end")).status_code in (403, 404)


async def test_asking_again_is_the_same_and_another_asking_is_said(world: World) -> None:
    number = str(world.new_id())
    first, again = await ask(world, id=number), await ask(world, id=number)
    assert (again.status_code, again.json()) == (201, first.json())
    other = await ask(world)
    assert (other.status_code, other.json()["code"]) == (409, "ClosureAsked")
    assert (await ask(world, LEO, id=number)).json()["code"] == "IdTaken"


async def test_asking_wants_a_fresh_factor_and_taking_back_does_not(world: World) -> None:
    tokens = await auth.sign_in(world.pool, MAYA.id, world.clock.now)
    stale = world._client({"authorization": f"Bearer {tokens.access_token}"})
    world.clock.forward(minutes=6)
    answer = await stale.post("/v1/closure", json={"id": str(world.new_id())})
    assert (answer.status_code, answer.json()["code"]) == (403, "StepUpNeeded")
    await ask(world)
    assert (await stale.delete("/v1/closure")).status_code == 200
    await stale.aclose()


async def test_every_step_is_in_the_audit(world: World, owner: Owner) -> None:
    await ask(world)
    await (await world.of(MAYA)).delete("/v1/closure")
    hold = (await held(world)).json()
    await (await world.of(THEO)).post(f"/v1/legal-holds/{hold['id']}/end")
    await closed(world)
    world.clock.now += timedelta(days=366 * YEARS)
    await actions.go_on(world.pool, world.clock.now)
    rows = await owner(
        "SELECT action || ' ' || category AS did FROM audit_event WHERE patient_id = $1 AND category IN"
        " ('closure', 'record', 'legal-holds') ORDER BY id",
        MAYA.id,
    )
    assert [row["did"] for row in rows] == [
        "ask closure", "take-back closure", "set legal-holds", "end legal-holds", "ask closure", "close closure",
        "shred record",
    ]  # fmt: skip


async def test_two_workers_at_once_close_it_once(world: World, owner: Owner) -> None:
    await ask(world)
    world.clock.now += rules.GRACE
    done = await asyncio.gather(*(actions.go_on(world.pool, world.clock.now) for _ in range(4)))
    assert sum(done) == 1
    assert await owner("SELECT count(*) FROM audit_event WHERE action = 'close' AND category = 'closure'") == [(1,)]


async def test_nobody_but_the_clock_closes_or_shreds(world: World) -> None:
    await ask(world)
    world.clock.now += rules.GRACE
    for who in (person(MAYA.id), person(THEO.id), DOOR):
        async with world.pool.transaction(who) as db:
            assert await db.value(bool, "SELECT close_account($1, $2)", MAYA.id, world.clock.now) is False
            assert await db.value(bool, "SELECT shred_account($1, $2)", MAYA.id, world.clock.now) is False
            assert await db.values(object, "SELECT patient_id FROM leaving($1)", world.clock.now) == []
    async with world.pool.transaction(CLOCK) as db:
        assert await db.values(object, "SELECT patient_id FROM leaving($1)", world.clock.now) == [MAYA.id]


def test_the_worker_goes_on_with_it(pool: Pool) -> None:
    assert "closure" in [tick.name for tick in ticks(pool, Phones(), None)]  # type: ignore[arg-type]  # nothing is run
