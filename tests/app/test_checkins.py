"""How a check-in is kept, and what a worried one sets off."""

import asyncio
from datetime import date, timedelta

import pytest

from app.checkins import rules
from app.checkins.models import TrendDay
from app.demo.cast import DANA, INES, MAYA, SAM
from db import person
from tests.world import World, a_check_in


async def test_a_calm_check_in_is_kept_and_nobody_is_disturbed(world: World) -> None:
    maya = await world.of(MAYA)

    answer = await maya.post("/v1/check-ins", json=a_check_in(world, mood=7, craving=1, note="Slept well."))

    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert (body["mood"], body["craving"], body["version"], body["alertId"]) == (7, 1, 1, None)
    assert body["support"] == "Thank you for checking in."
    sam = await world.of(SAM)
    assert (await sam.get("/v1/alerts")).json()["items"] == []


async def test_a_strong_craving_reaches_the_assigned_peer(world: World) -> None:
    maya, sam, ines = [await world.of(p) for p in (MAYA, SAM, INES)]

    answer = await maya.post("/v1/check-ins", json=a_check_in(world, craving=9))

    assert answer.status_code == 201, answer.text
    [alert] = (await sam.get("/v1/alerts")).json()["items"]
    assert alert["id"] == answer.json()["alertId"]
    assert (alert["alertClass"], alert["matter"]["reasons"]) == ("p2", ["craving-high"])
    assert alert["matter"]["patient"]["name"] == "Maya Torres"
    assert alert["matter"]["level"] == {"mood": 6, "craving": 9, "wantsToTalk": False}
    assert (await ines.get("/v1/alerts")).json()["items"] == []


@pytest.mark.parametrize(
    "clock",
    [{"answeredAt": "1970-01-01T00:03:00+00:00"}, {"date": "1970-01-01"}, {"answeredAt": "2027-01-01T00:00:00Z"}],
)
async def test_danger_is_heard_whatever_the_phone_takes_the_time_to_be(world: World, clock: dict[str, str]) -> None:
    maya, dana = await world.of(MAYA), await world.of(DANA)

    answer = await maya.post("/v1/check-ins", json=a_check_in(world, inDanger=True, **clock))

    assert answer.status_code == 201, answer.text
    assert answer.json()["crisis"]["resources"]
    [alert] = (await dana.get("/v1/alerts")).json()["items"]
    assert (alert["alertClass"], alert["late"]) == ("p0", False)
    assert (await maya.post("/v1/check-ins", json=a_check_in(world, **clock))).status_code == 422


async def test_answers_for_one_day_that_come_at_the_same_moment_are_all_kept(real_world: World) -> None:
    world = real_world
    maya, answers = await world.of(MAYA), [a_check_in(world, mood=mood) for mood in range(3, 9)]

    kept = await asyncio.gather(*(maya.post("/v1/check-ins", json=answer) for answer in answers))

    assert [answer.status_code for answer in kept] == [201] * len(answers)
    assert sorted(answer.json()["version"] for answer in kept) == list(range(1, len(answers) + 1))


TODAY = date(2026, 3, 3)


def answered(*ages: int) -> list[TrendDay]:
    """Days that many days ago, oldest first; the mood of each is its age, and its craving is one less."""
    return [TrendDay(TODAY - timedelta(days=age), age, age - 1, wants_to_talk=False) for age in ages]


@pytest.mark.parametrize(("days", "shown"), [(1, [0]), (2, [1, 0]), (7, [6, 1, 0]), (8, [7, 6, 1, 0])])
def test_a_trend_shows_so_many_days_and_the_week_is_always_a_week(days: int, shown: list[int]) -> None:
    """Whatever else is known: a day too early, and the tomorrow of a phone that is ahead."""
    found = rules.trend(answered(8, 7, 6, 1, 0, -1), TODAY, days)

    assert [day.mood for day in found.days] == shown
    assert found.mood_mean == round(sum(shown) / len(shown), 2)
    assert (found.mood_mean_7, found.craving_mean_7) == (round(7 / 3, 2), round(4 / 3, 2))


async def test_a_trend_ends_with_the_patients_own_today(world: World) -> None:
    maya = await world.of(MAYA)
    for age, mood in ((-1, 10), (0, 2), (1, 4), (6, 6), (7, 9)):
        day = (world.clock.now.date() - timedelta(days=age)).isoformat()
        assert (await maya.post("/v1/check-ins", json=a_check_in(world, date=day, mood=mood))).status_code == 201

    found = (await maya.get(f"/v1/patients/{MAYA.id}/trend", params={"days": 1})).json()

    assert [day["mood"] for day in found["days"]] == [2]
    assert (found["moodMean"], found["moodMean7"]) == (2, 4)


async def test_each_look_at_no_days_at_all_leaves_its_audit_row(world: World) -> None:
    """So often that PostgreSQL has stopped planning the statement anew."""
    maya = await world.of(MAYA)

    for _ in range(8):
        assert (await maya.get("/v1/check-ins")).json()["items"] == []

    async with world.pool.transaction(person(MAYA.id)) as db:
        assert await db.values(str, "SELECT action FROM audit_event WHERE category = 'check-ins'") == ["read"] * 8
