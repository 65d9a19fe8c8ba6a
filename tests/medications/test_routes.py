"""Doses planned, reminded of and answered, as the people of the cast do it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.demo.cast import BEN, DANA, INES, LEO, LINDQVIST, MAYA, NELL, NOAH, OKAFOR, ROSA, SAM, THEO, Person
from app.medications import actions, queries
from app.wire import cursor_for
from db import CLOCK, Connection, Pool, person
from tests.app.test_alerts_at_once import signed, until_one_waits
from tests.world import World

REGIMENS = f"/v1/patients/{MAYA.id}/regimens"
# NOW is Tuesday 2026-03-03, 10:00 in New York: tonight at eight, and tomorrow at eight in the morning.
TONIGHT = datetime(2026, 3, 4, 1, 0, tzinfo=UTC)
MORNING = datetime(2026, 3, 4, 13, 0, tzinfo=UTC)


def a_regimen(world: World, **changes: Any) -> dict[str, Any]:
    """Twice a day at eight."""
    plain = {
        "id": str(world.new_id()), "medicine": "Buprenorphine/naloxone", "times": ["08:00", "20:00"],
        "startsOn": "2026-03-03",
    }  # fmt: skip
    return plain | changes


async def started(world: World, **changes: Any) -> dict[str, Any]:
    answer = await (await world.of(OKAFOR)).post(REGIMENS, json=a_regimen(world, **changes))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def doses(world: World, **params: Any) -> list[dict[str, Any]]:
    answer = await (await world.of(MAYA)).get("/v1/occurrences", params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def reminders(pool: Pool) -> list[tuple[datetime, timedelta]]:
    """When reminders of medication are still to come, and for how long each is of use."""
    async with pool.transaction(CLOCK) as db:
        sql = "SELECT {} FROM notification WHERE kind = 'medication' AND state = 'pending' ORDER BY due_at"
        due = await db.values(datetime, sql.format("due_at"))
        lasts = await db.values(timedelta, sql.format("expires_at - due_at"))
    return list(zip(due, lasts, strict=True))


async def audited(pool: Pool) -> list[str]:
    async with pool.transaction(person(MAYA.id)) as db:
        return await db.values(str, "SELECT action || ' ' || category FROM audit_event ORDER BY id")


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_regimen_has_its_doses_and_reminders_at_once(world: World, pool: Pool) -> None:
    made = await started(world)

    assert made == {
        "id": made["id"], "patientId": str(MAYA.id), "medicine": "Buprenorphine/naloxone", "times": ["08:00", "20:00"],
        "timeZone": "America/New_York", "startsOn": "2026-03-03", "endsOn": None, "version": 1, "status": "active",
        "prescribedBy": str(OKAFOR.id), "createdAt": "2026-03-03T15:00:00Z", "stoppedAt": None,
    }  # fmt: skip
    found = await doses(world)
    assert [dose["slot"] for dose in found] == [
        "2026-03-03T20:00", "2026-03-04T08:00", "2026-03-04T20:00", "2026-03-05T08:00",
    ]  # fmt: skip
    assert found[0] == {
        "id": found[0]["id"], "regimenId": made["id"], "medicine": "Buprenorphine/naloxone", "slot": "2026-03-03T20:00",
        "timeZone": "America/New_York", "dueAt": "2026-03-04T01:00:00Z", "state": "pending", "answeredAt": None,
    }  # fmt: skip
    two_hours = timedelta(hours=2)
    assert await reminders(pool) == [(TONIGHT + n * timedelta(hours=12), two_hours) for n in range(4)]
    assert "start regimens" in await audited(pool)


async def test_starting_a_regimen_again_is_safe_and_an_id_is_used_once(world: World, pool: Pool) -> None:
    okafor, body = await world.of(OKAFOR), a_regimen(world)
    first = await okafor.post(REGIMENS, json=body)

    assert (await okafor.post(REGIMENS, json=body)).json() == first.json()
    assert (await okafor.post(REGIMENS, json=body | {"times": ["20:00", "08:00"]})).json() == first.json()
    assert code(await okafor.post(REGIMENS, json=body | {"medicine": "Naltrexone"})) == (409, "IdTaken")
    assert len(await reminders(pool)) == 4


async def test_the_zone_is_the_patients_own_unless_another_is_given(world: World) -> None:
    await started(world, times=["08:00"], timeZone="America/Los_Angeles")
    assert [dose["dueAt"] for dose in await doses(world)] == ["2026-03-03T16:00:00Z", "2026-03-04T16:00:00Z"]
    answer = await (await world.of(OKAFOR)).post(REGIMENS, json=a_regimen(world, timeZone="Mars/Olympus"))
    assert answer.json()["errors"][0]["pointer"] == "/timeZone"


async def test_only_a_prescriber_of_the_team_starts_and_stops(world: World) -> None:
    made = await started(world)
    for who, status in ((DANA, 403), (SAM, 403), (THEO, 403), (MAYA, 403), (LINDQVIST, 403)):
        client = await world.of(who)
        assert (await client.post(REGIMENS, json=a_regimen(world))).status_code == status, who.handle
        assert (await client.post(f"/v1/regimens/{made['id']}/stop")).status_code == status, who.handle
    okafor = await world.of(OKAFOR)
    for stranger in (LEO, NOAH, DANA):
        path = f"/v1/patients/{stranger.id}/regimens"
        assert code(await okafor.post(path, json=a_regimen(world))) == (404, "NotFound")
    assert code(await okafor.post(f"/v1/regimens/{uuid4()}/stop")) == (404, "NotFound")


async def test_peers_never_see_what_somebody_takes(world: World) -> None:
    made = await started(world)
    for who in (OKAFOR, DANA, THEO):
        assert (await (await world.of(who)).get(REGIMENS)).json()["items"] == [made], who.handle
    for who, status in ((SAM, 403), (INES, 403), (BEN, 403), (ROSA, 403), (NELL, 404), (LEO, 404), (LINDQVIST, 404)):
        answer = await (await world.of(who)).get(REGIMENS)
        assert answer.status_code == status, who.handle
        assert "Bupre" not in answer.text
    assert (await (await world.of(LEO)).get("/v1/regimens")).json()["items"] == []
    assert (await (await world.of(MAYA)).get("/v1/regimens")).json()["items"] == [made]


async def test_behind_the_guard_the_queries_and_the_rows_hold(pool: Pool, now: datetime) -> None:
    async with World.over(pool, now, guarded=False) as world:
        await started(world)
        [dose, *_] = await doses(world)
        for who in (SAM, INES, BEN, ROSA, NELL, LEO, NOAH, LINDQVIST):
            client = await world.of(who)
            told = (403, "OtherRelationNeeded") if who in (SAM, ROSA) else (404, "NotFound")
            assert code(await client.get(REGIMENS)) == told, who.handle
            assert code(await client.post(REGIMENS, json=a_regimen(world))) == told, who.handle
            assert code(await client.post(f"/v1/occurrences/{dose['id']}/taken")) == (404, "NotFound"), who.handle
            assert await rows_seen(pool, who) == 0, who.handle
        refused = await (await world.of(MAYA)).post(REGIMENS, json=a_regimen(world))
        assert code(refused) == (403, "OtherRelationNeeded")
        for who in (MAYA, OKAFOR, DANA, THEO):
            assert await rows_seen(pool, who) == 5, who.handle


async def rows_seen(pool: Pool, who: Person) -> int | None:
    """How many rows about medication the database itself shows to somebody who asks for all."""
    async with pool.transaction(person(who.id)) as db:
        return await db.value(int, "SELECT (SELECT count(*) FROM regimen) + (SELECT count(*) FROM occurrence)")


async def test_an_answer_is_kept_once_and_ends_the_reminding(world: World, pool: Pool) -> None:
    maya, _ = await world.of(MAYA), await started(world)
    tonight, morning, *_ = await doses(world)
    world.clock.forward(hours=10, minutes=5)

    taken = await maya.post(f"/v1/occurrences/{tonight['id']}/taken")
    world.clock.forward(minutes=5)
    again = await maya.post(f"/v1/occurrences/{tonight['id']}/taken")
    skipped = await maya.post(f"/v1/occurrences/{morning['id']}/skipped")

    assert taken.json() == tonight | {"state": "taken", "answeredAt": "2026-03-04T01:05:00Z"} == again.json()
    assert skipped.json()["state"] == "skipped"
    assert code(await maya.post(f"/v1/occurrences/{tonight['id']}/skipped")) == (409, "AlreadyAnswered")
    assert [due for due, _ in await reminders(pool)] == [TONIGHT + timedelta(days=1), MORNING + timedelta(days=1)]
    assert [dose["state"] for dose in await doses(world)][:2] == ["taken", "skipped"]
    assert {"taken doses", "skipped doses"} <= set(await audited(pool))
    assert code(await maya.post(f"/v1/occurrences/{uuid4()}/taken")) == (404, "NotFound")


async def test_a_dose_of_tomorrow_cannot_be_answered_yet(world: World, pool: Pool) -> None:
    maya, _ = await world.of(MAYA), await started(world)
    tonight, morning, *_ = await doses(world)

    refused = await maya.post(f"/v1/occurrences/{morning['id']}/taken")

    assert code(refused) == (409, "NotDueYet")
    assert [dose["state"] for dose in await doses(world)] == ["pending"] * 4
    assert len(await reminders(pool)) == 4, "it is still reminded of"
    assert (await maya.post(f"/v1/occurrences/{tonight['id']}/taken")).status_code == 200, "ten hours ahead"


async def test_a_stopped_regimen_reminds_of_nothing_and_keeps_what_was_said(world: World, pool: Pool) -> None:
    maya, okafor, made = await world.of(MAYA), await world.of(OKAFOR), await started(world)
    tonight, morning, evening, *_ = await doses(world)
    await maya.post(f"/v1/occurrences/{tonight['id']}/taken")
    now = world.clock.forward(hours=22, minutes=30)

    stopped = await okafor.post(f"/v1/regimens/{made['id']}/stop")

    assert stopped.json() == made | {"status": "stopped", "stoppedAt": now.isoformat().replace("+00:00", "Z")}
    assert await reminders(pool) == []
    left = await doses(world)
    assert [(dose["id"], dose["state"]) for dose in left] == [(tonight["id"], "taken"), (morning["id"], "pending")]
    assert (await maya.post(f"/v1/occurrences/{morning['id']}/taken")).status_code == 200, "it was due before"
    assert code(await maya.post(f"/v1/occurrences/{evening['id']}/taken")) == (409, "NoLongerPlanned")
    world.clock.forward(days=1)
    assert (await okafor.post(f"/v1/regimens/{made['id']}/stop")).json() == stopped.json()
    assert await actions.materialise(pool, world.clock.now) == 0


async def test_ticks_keep_two_days_of_doses_ahead_and_no_dose_twice(world: World, pool: Pool) -> None:
    await started(world)
    start = world.clock.now
    for _ in range(24 * 5):
        now = world.clock.forward(hours=1)
        assert await actions.materialise(pool, now) in (0, 1)
        assert await actions.materialise(pool, now) == 0
        async with pool.transaction(CLOCK) as db:
            assert await db.value(datetime, "SELECT max(due_at) FROM occurrence") >= now + timedelta(hours=12)  # type: ignore[operator]  # there is one
    async with pool.transaction(CLOCK) as db:
        slots = await db.values(datetime, "SELECT slot FROM occurrence ORDER BY slot")
    first = datetime(2026, 3, 3, 20, 0)  # noqa: DTZ001  # wall time
    assert slots == [first + n * timedelta(hours=12) for n in range(len(slots))]
    # The clocks went forward on the eighth: the same wall times, an hour earlier by the sun.
    dues = [due for due, _ in await reminders(pool)]
    around = [f"{due:%d %H}" for due in dues if due.day in (7, 8, 9)]
    assert around == ["07 01", "07 13", "08 01", "08 12", "09 00", "09 12"]
    assert min(dues) > start


async def test_after_a_long_silence_nothing_is_lost_and_nobody_is_reminded_of_what_is_past(
    world: World, pool: Pool
) -> None:
    await started(world)
    now = world.clock.forward(days=6, minutes=-30)

    assert await actions.materialise(pool, now) == 1

    async with pool.transaction(CLOCK) as db:
        slots = await db.values(datetime, "SELECT slot FROM occurrence ORDER BY slot")
    first = datetime(2026, 3, 3, 20, 0)  # noqa: DTZ001  # wall time
    assert slots == [first + n * timedelta(hours=12) for n in range(16)]
    made_before = MORNING + timedelta(days=1)
    late = [due for due, _ in await reminders(pool) if made_before < due < now]
    assert late == []


async def test_a_regimen_that_has_ended_is_left_alone(world: World, pool: Pool) -> None:
    await started(world, endsOn="2026-03-04")
    assert [dose["slot"][8:] for dose in await doses(world)] == ["03T20:00", "04T08:00", "04T20:00"]
    assert await actions.materialise(pool, world.clock.forward(hours=30)) == 1
    assert await actions.materialise(pool, world.clock.forward(days=30)) == 0
    assert "plan doses" not in await audited(pool), "where no dose was made nothing is written down"
    async with pool.transaction(person(MAYA.id)) as db:
        assert await db.value(int, "SELECT count(*) FROM event WHERE topic = 'regimen'") == 1, "that it was started"


async def test_a_regimen_that_has_not_begun_is_left_alone_until_its_first_doses_are_near(
    world: World, pool: Pool
) -> None:
    await started(world, startsOn="2026-06-01", times=["00:00", "20:00"], timeZone="Pacific/Kiritimati")
    begins = datetime(2026, 5, 31, 10, 0, tzinfo=UTC)

    turns = 0
    while (now := world.clock.forward(hours=6)) < begins:
        moved = await actions.materialise(pool, now)
        assert not moved or begins - now < timedelta(days=3)
        turns += moved

    assert [dose["slot"] for dose in await doses(world)][:2] == ["2026-06-01T00:00", "2026-06-01T20:00"]
    assert (await audited(pool)).count("plan doses") <= turns <= 2


async def test_stopping_asks_no_more_however_many_doses_were_never_answered(
    world: World, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, okafor = await started(world), await world.of(OKAFOR)
    for _ in range(20):
        await actions.materialise(pool, world.clock.forward(hours=24))
    asked: list[str] = []
    value = Connection.value

    async def noted(db: Connection, kind: type[Any], sql: str, *args: object) -> Any:
        asked.append(sql)
        return await value(db, kind, sql, *args)

    monkeypatch.setattr(Connection, "value", noted)
    assert (await okafor.post(f"/v1/regimens/{made['id']}/stop")).status_code == 200

    assert len([sql for sql in asked if "withdraw" in sql]) == 1
    now = world.clock.now
    dues = [due for due, lasts in await reminders(pool) if due + lasts > now]
    assert dues == []
    async with pool.transaction(CLOCK) as db:
        sql = "SELECT count(*) FROM occurrence WHERE state = 'pending'"
        assert await db.value(int, sql) == 40, "all that were due can still be answered"


async def test_doses_and_regimens_come_page_by_page(world: World) -> None:
    maya = await world.of(MAYA)
    made = []
    for hour in range(3):
        made.append(await started(world, times=[f"{hour:02}:15", f"{hour:02}:45"]))
        world.clock.forward(seconds=1)

    for path, wanted in (("/v1/occurrences", await doses(world)), ("/v1/regimens", made[::-1])):
        first = (await maya.get(path, params={"limit": 2})).json()
        rest = (await maya.get(path, params={"limit": 100, "cursor": first["nextCursor"]})).json()
        assert first["items"] + rest["items"] == wanted
        assert rest["nextCursor"] is None
        assert len(first["items"]) == 2 < len(wanted)


async def test_doses_until_an_instant_and_bad_input_by_name(world: World) -> None:
    maya, okafor = await world.of(MAYA), await world.of(OKAFOR)
    await started(world)
    assert len(await doses(world, until=MORNING.isoformat())) == 2
    for until in ("2026-03-04T10:00:00", "9999-12-31T23:59:59Z", "soon"):
        assert (await maya.get("/v1/occurrences", params={"until": until})).status_code == 422, until
    assert (await maya.get("/v1/occurrences", params={"cursor": "x"})).status_code == 422
    naive = {"cursor": cursor_for("2026-03-04T10:00:00", MAYA.id)}
    for path in ("/v1/occurrences", "/v1/regimens"):
        assert (await maya.get(path, params=naive)).status_code == 422
    for wrong, pointer in (
        ({"times": []}, "/times"), ({"times": ["8:00"]}, "/times/0"), ({"times": ["08:00"] * 2}, "/times"),
        ({"medicine": ""}, "/medicine"), ({"startsOn": "soon"}, "/startsOn"), ({"endsOn": "2026-03-02"}, "/endsOn"),
        ({"dose": "8 mg"}, "/dose"),
    ):  # fmt: skip
        answer = await okafor.post(REGIMENS, json=a_regimen(world, **wrong))
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_two_workers_at_once_make_each_dose_once(real_world: World) -> None:
    world, pool = real_world, real_world.pool
    for minute in range(actions.BATCH + 5):
        await started(world, times=[f"08:{minute:02}"])
    now = world.clock.forward(hours=30)

    made = await asyncio.gather(*(actions.materialise(pool, now) for _ in range(8)))

    assert sum(made) == actions.BATCH + 5
    async with pool.transaction(CLOCK) as db:
        count = "SELECT count(*) FROM {}"
        rows = await db.value(int, count.format("occurrence"))
        assert rows == await db.value(int, count.format("(SELECT DISTINCT regimen_id, slot FROM occurrence) o"))
        assert rows == await db.value(int, count.format("(SELECT DISTINCT subject_id FROM notification) n"))


async def test_a_regimen_stopped_while_doses_are_made_has_none_to_come(real_world: World) -> None:
    world, pool = real_world, real_world.pool
    okafor = await world.of(OKAFOR)
    for _ in range(10):
        made = await started(world)
        now = world.clock.forward(hours=30)
        stopped, _ = await asyncio.gather(
            okafor.post(f"/v1/regimens/{made['id']}/stop"), actions.materialise(pool, now)
        )
        assert stopped.status_code == 200, stopped.text
        async with pool.transaction(CLOCK) as db:
            sql = "SELECT count(*) FROM occurrence WHERE regimen_id = $1 AND state = 'pending' AND due_at > $2"
            assert await db.value(int, sql, UUID(made["id"]), now) == 0
            sql = "SELECT count(*) FROM notification WHERE state = 'pending' AND due_at > $1"
            assert await db.value(int, sql, now) == 0


async def test_taken_and_skipped_at_the_same_moment_is_one_of_the_two(real_world: World) -> None:
    world = real_world
    maya, _ = await world.of(MAYA), await started(world)
    for dose in await doses(world):
        world.clock.now = datetime.fromisoformat(dose["dueAt"])
        said = [f"/v1/occurrences/{dose['id']}/{answer}" for answer in ("taken", "skipped")]
        answers = await asyncio.gather(*(maya.post(path) for path in said * 3))
        assert sorted(a.status_code for a in answers) == [200] * 3 + [409] * 3
        assert len({a.json()["state"] for a in answers if a.status_code == 200}) == 1


async def test_a_dose_answered_while_its_regimen_is_stopped_makes_neither_wait_for_ever(real_world: World) -> None:
    world = real_world
    regimen, okafor, maya = await started(world), await world.of(OKAFOR), await signed(world, MAYA)
    dose = UUID((await doses(world))[0]["id"])

    async with world.pool.transaction(person(maya.id)) as db:
        await queries.occurrence(db, maya.id, dose)
        stopping = asyncio.create_task(okafor.post(f"/v1/regimens/{regimen['id']}/stop"))
        await until_one_waits(world.pool)
        await actions.answer(db, maya, dose, "taken", world.clock.now)

    assert (await stopping).json()["status"] == "stopped"
    assert [d["state"] for d in await doses(world)] == ["taken"]
    assert await reminders(world.pool) == []


async def test_a_time_zone_that_is_wherever_the_server_stands_is_refused(world: World) -> None:
    okafor = await world.of(OKAFOR)

    for name in ("localtime", "Factory", "Europe/Atlantis"):
        answer = await okafor.post(REGIMENS, json=a_regimen(world, timeZone=name))
        assert code(answer) == (422, "Invalid"), name
