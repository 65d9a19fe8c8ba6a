"""A patient's own day: what is asked, until when, what a missed one does, and what nothing takes away."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest

from app.checkins import actions as checkins
from app.checkins import rules
from app.checkins.models import Window
from app.demo.cast import GRACE, KAI, MAYA, NELL, SAM, THEO, Person
from db import CLOCK
from tests.app.test_alerts import seen_by, told
from tests.world import World, a_check_in

NIGHT = Window(5 * 60, 3 * 60)
ZONES = (
    "America/New_York", "America/Chicago", "America/Los_Angeles", "America/St_Johns", "America/Havana",
    "Europe/Madrid", "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Auckland", "America/Phoenix",
    "Africa/Cairo",
)  # fmt: skip
QUESTIONS: list[dict[str, Any]] = [
    {"question": "sleep", "english": "Hours of sleep?", "spanish": "¿Horas de sueño?", "required": True},
    {"question": "triggers", "english": "What was hard?", "spanish": "¿Qué fue difícil?", "choices": ["snow", "work"]},
]


async def answers(world: World, person: Person = MAYA, **changes: Any) -> httpx.Response:
    """Somebody checks in."""
    return await (await world.of(person)).post("/v1/check-ins", json=a_check_in(world, **changes))


async def changes_form(world: World, person: Person, questions: list[dict[str, Any]]) -> httpx.Response:
    """Somebody changes what Harbor asks."""
    return await (await world.of(person)).put("/v1/check-in-form", json={"questions": questions})


async def today(world: World, person: Person = MAYA) -> dict[str, Any]:
    """How somebody's own day stands."""
    answer = await (await world.of(person)).get("/v1/check-ins/today")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_usual_form_asks_five_things_and_needs_none(world: World) -> None:
    form = (await (await world.of(MAYA)).get("/v1/check-in-form")).json()["questions"]

    assert [one["question"] for one in form] == ["sleep", "triggers", "used", "medication", "note"]
    assert not any(one["required"] for one in form)
    assert (await answers(world)).status_code == 201


async def test_what_is_answered_is_kept_and_shown_to_whoever_said_it(world: World) -> None:
    said: dict[str, Any] = {
        "sleepHours": 7,
        "triggers": ["stress", "money"],
        "used": [],
        "medicationTaken": "yes",
        "note": "Calm.",
    }
    await answers(world, **said)

    [day] = (await (await world.of(MAYA)).get("/v1/check-ins")).json()["items"]
    assert {name: day[name] for name in said} == said


async def test_a_program_asks_its_own_questions_from_now_on(world: World) -> None:
    assert (await changes_form(world, KAI, QUESTIONS)).status_code == 200
    form = (await (await world.of(MAYA)).get("/v1/check-in-form")).json()["questions"]
    assert [(one["question"], one["required"], one["choices"]) for one in form] == [
        ("sleep", True, []), ("triggers", False, ["snow", "work"])
    ]  # fmt: skip

    world.clock.forward(minutes=1)
    missing = await answers(world)
    assert (missing.status_code, missing.json()["errors"][0]["pointer"]) == (422, "/sleepHours")
    wrong = await answers(world, sleepHours=6, triggers=["work", "pain"])
    assert [(e["pointer"], e["code"]) for e in wrong.json()["errors"]] == [("/triggers/1", "not-a-choice")]
    assert (await (await world.of(MAYA)).get("/v1/check-ins")).json()["items"] == []
    assert (await answers(world, sleepHours=6, triggers=["work"])).status_code == 201


async def test_what_was_answered_before_a_question_was_asked_is_kept_as_it_is(world: World) -> None:
    before = world.clock.now - timedelta(minutes=30)
    await changes_form(world, KAI, QUESTIONS)

    assert (await answers(world, answeredAt=before.isoformat(), triggers=["pain"])).status_code == 201


async def test_danger_is_heard_whatever_the_form_needs(world: World) -> None:
    await changes_form(world, KAI, QUESTIONS)
    world.clock.forward(minutes=1)

    assert (await answers(world, inDanger=True)).status_code == 201
    assert await told(world) == {"dana", "theo"}


async def test_a_question_that_is_asked_as_before_goes_on_holding(world: World) -> None:
    await changes_form(world, KAI, QUESTIONS)
    world.clock.forward(hours=1)
    await changes_form(world, GRACE, [QUESTIONS[0] | {"english": "How many hours of sleep?"}])

    halfway = world.clock.now - timedelta(minutes=30)
    assert (await answers(world, answeredAt=halfway.isoformat())).status_code == 422


@pytest.mark.parametrize(
    ("questions", "pointer"),
    [
        ([QUESTIONS[0], QUESTIONS[0]], "/questions/1/question"),
        ([QUESTIONS[0] | {"choices": ["one"]}], "/questions/0/choices"),
        ([QUESTIONS[1] | {"choices": []}], "/questions/0/choices"),
        ([QUESTIONS[1] | {"choices": ["snow", "snow"]}], "/questions/0/choices"),
        ([{"question": "note", "english": "Else?", "spanish": "¿Más?", "required": True}], "/questions/0/required"),
    ],
)
async def test_a_form_that_nobody_could_answer_is_refused_by_name(
    world: World, questions: list[dict[str, Any]], pointer: str
) -> None:
    answer = await changes_form(world, KAI, questions)
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_program_may_ask_nothing_more(world: World) -> None:
    assert (await changes_form(world, KAI, [])).json()["questions"] == []
    assert (await (await world.of(MAYA)).get("/v1/check-in-form")).json()["questions"] == []
    assert (await (await world.of(NELL)).get("/v1/check-in-form")).json()["questions"] != []


async def test_only_who_runs_the_program_changes_what_it_asks(world: World) -> None:
    for person in (MAYA, SAM):
        assert (await changes_form(world, person, [])).status_code == 403


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("season", ["2026-03", "2026-04", "2026-09", "2026-10", "2026-11"])
def test_each_moment_belongs_to_one_day_and_no_day_closes_before_it_opens(zone: str, season: str) -> None:
    """Half-hours of a month with its change of clocks: days come in order, none is passed over."""
    now, days = datetime.fromisoformat(f"{season}-01T12:00:00+00:00"), list[date]()
    for _ in range(30 * 48):
        day = rules.current_day(now, zone, NIGHT)
        opens, closes = rules.window(day, zone, NIGHT)
        assert opens < closes
        assert now < closes
        assert now >= rules.window(day - timedelta(days=1), zone, NIGHT)[1]
        days.append(day)
        now += timedelta(minutes=30)
    found = sorted(set(days))
    assert days == sorted(days)
    assert [b - a for a, b in pairwise(found)] == [timedelta(days=1)] * (len(found) - 1)


def test_after_midnight_it_is_still_the_evening_before() -> None:
    at_two = datetime(2026, 3, 4, 7, 0, tzinfo=UTC)  # 02:00 in New York
    assert rules.current_day(at_two, "America/New_York", NIGHT) == date(2026, 3, 3)
    assert rules.current_day(at_two + timedelta(hours=1), "America/New_York", NIGHT) == date(2026, 3, 4)
    by_day = Window(8 * 60, 22 * 60)
    assert rules.window(date(2026, 3, 8), "America/New_York", by_day) == (
        datetime(2026, 3, 8, 12, 0, tzinfo=UTC), datetime(2026, 3, 9, 2, 0, tzinfo=UTC)
    )  # fmt: skip


async def test_ones_own_day_says_until_when_and_what_was_said(world: World) -> None:
    before = await today(world)
    assert (before["isOpen"], before["answered"], before["streak"]["days"]) == (True, None, 0)

    await answers(world, note="A good day.")
    after = await today(world)
    assert (after["answered"]["note"], after["streak"]["days"]) == ("A good day.", 1)
    assert before["opensAt"] < world.clock.now.isoformat() < before["closesAt"]


async def test_neither_a_day_without_an_answer_nor_having_used_takes_a_day_away(world: World) -> None:
    for back in (9, 8, 7, 3, 1):
        await answers(world, date=(world.clock.now - timedelta(days=back)).date().isoformat())
    await answers(world, used=["opioid"])

    assert (await today(world))["streak"] == {"days": 6, "ofLast7": 3, "ofLast30": 6, "longest": 3}


def test_a_streak_of_no_days_is_none() -> None:
    assert rules.streak([], date(2026, 3, 3)).longest == 0
    assert rules.streak([date(2026, 3, 4)], date(2026, 3, 3)).days == 0


async def missed(world: World) -> list[tuple[date, bool]]:
    """Days that went by, and whether somebody was asked to look."""
    async with world.pool.transaction(CLOCK) as db:
        rows = await db._raw.fetch(
            "SELECT day, raised FROM missed_check_in WHERE patient_id = $1 ORDER BY day", MAYA.id
        )
    return [tuple(row) for row in rows]


async def each_hour(world: World, **until: float) -> None:
    """The clock ticks by the hour."""
    end = world.clock.now + timedelta(**until)
    while world.clock.now < end:
        world.clock.forward(hours=1)
        await checkins.notice_missed(world.pool, world.clock.now)


async def test_two_days_without_an_answer_have_a_peer_ask_once(world: World) -> None:
    await answers(world)
    first = world.clock.now.date()

    await each_hour(world, days=2, hours=11)
    assert await missed(world) == [(first + timedelta(days=1), False)]
    await each_hour(world, days=5)

    days = await missed(world)
    assert [raised for _, raised in days] == [False, True, False, False, False, False]
    async with world.pool.transaction(CLOCK) as db:
        opened = await db._raw.fetch("SELECT class, reasons, numbers FROM alert WHERE patient_id = $1", MAYA.id)
    assert [(row["class"], row["reasons"], row["numbers"]) for row in opened] == [
        ("p2", ["missed-check-ins"], '{"missed": 2}')
    ]


async def test_an_answer_begins_the_count_anew(world: World) -> None:
    await answers(world)
    await each_hour(world, days=1, hours=20)
    await answers(world, date=world.clock.now.date().isoformat())
    await each_hour(world, days=1, hours=22)

    assert [raised for _, raised in await missed(world)] == [False, False]


async def test_whoever_never_began_is_not_missed_and_long_silence_is_left_alone(world: World) -> None:
    await each_hour(world, days=1)
    assert await missed(world) == []

    await answers(world, date=world.clock.now.date().isoformat())
    world.clock.forward(days=40)
    await checkins.notice_missed(world.pool, world.clock.now)
    assert await missed(world) == []


async def test_a_worker_that_was_down_for_days_still_has_somebody_asked(world: World) -> None:
    await answers(world)
    world.clock.forward(days=4)
    assert await checkins.notice_missed(world.pool, world.clock.now) == 1
    assert await checkins.notice_missed(world.pool, world.clock.now) == 0

    [alert] = await seen_by(world, THEO)
    assert alert["matter"]["why"] == "Raised because they have not checked in for 3 days."
    assert [raised for _, raised in await missed(world)] == [True]
