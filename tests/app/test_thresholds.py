"""From when on an answer worries somebody, and the sentence that says why."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from app.alerts.models import Numbers
from app.alerts.why import _WITH, _WITHOUT, why
from app.demo.cast import DANA, KAI, LEO, MAYA, SAM, THEO, Person
from app.thresholds import rules
from app.thresholds.models import Answered, Day, Thresholds
from tests.app.test_alerts import seen_by, told, worried
from tests.world import World

NOW, TODAY = datetime(2026, 3, 3, 15, 0, tzinfo=UTC), date(2026, 3, 3)
USUAL = Thresholds(
    craving_high=7, craving_above=3, mood_low=2, mood_below=3, median_days=3, together_craving=5, together_mood=4,
    together_sleep=4, trend_points=2, missed_days=2,
)  # fmt: skip
CALM: Mapping[str, Any] = {
    "id": UUID(int=1), "date": TODAY, "version": 1, "mood": 6, "craving": 2, "wants_to_talk": False,
    "in_danger": False, "sleep_hours": None, "used": None, "answered_at": NOW, "received_at": NOW,
}  # fmt: skip


def judged(before: Sequence[tuple[int, int, int]] = (), days: int = 1, **said: Any) -> tuple[str, list[str]] | None:
    """The class and the reasons of an answer after these days of (days ago, mood, craving)."""
    recent = [Day(TODAY - timedelta(days=back), mood, craving) for back, mood, craving in before]
    facts = rules.facts(Answered(**{**CALM, **said}), recent, days, USUAL)
    worry = rules.worry(facts, USUAL)
    return (worry.alert_class, list(worry.reasons)) if worry else None


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, None),
        ({"craving": 6}, None),
        ({"craving": 7}, ("p2", ["craving-high"])),
        ({"mood": 3}, None),
        ({"mood": 2}, ("p2", ["mood-low"])),
        ({"wants_to_talk": True}, ("p2", ["wants-to-talk"])),
        ({"craving": 5, "mood": 4, "sleep_hours": 4}, ("p2", ["all-at-once"])),
        ({"craving": 5, "mood": 4, "sleep_hours": 5}, None),
        ({"craving": 4, "mood": 4, "sleep_hours": 4}, None),
        ({"craving": 5, "mood": 5, "sleep_hours": 4}, None),
        ({"used": []}, None),
        ({"used": ["alcohol", "cannabis"]}, None),
        ({"used": ["opioid"]}, ("p1", ["return-to-use"])),
        ({"used": ["unsaid"]}, ("p1", ["return-to-use"])),
        ({"used": ["opioid"], "mood": 1}, ("p1", ["return-to-use", "mood-low"])),
        ({"in_danger": True, "used": ["opioid"]}, ("p0", ["in-danger"])),
    ],
)
def test_each_threshold_holds_from_its_own_number_on(said: dict[str, Any], expected: object) -> None:
    assert judged(**said) == expected


def test_a_median_says_nothing_before_three_days_are_known() -> None:
    two, three = [(1, 6, 1), (2, 6, 1)], [(1, 6, 1), (2, 6, 1), (14, 6, 1)]
    assert judged(two, craving=4) is None
    assert judged(three, craving=4) == ("p2", ["craving-rising"])
    assert judged(three, craving=3) is None


def test_a_day_more_than_a_fortnight_ago_is_not_in_the_median() -> None:
    assert judged([(1, 6, 1), (2, 6, 1), (15, 6, 1)], craving=4) is None


def test_a_mood_far_below_ones_own_is_noticed_above_the_threshold() -> None:
    high = [(1, 8, 1), (2, 8, 1), (3, 7, 1)]
    assert judged(high, mood=5) == ("p2", ["mood-falling"])
    assert judged(high, mood=6) is None


def test_what_was_said_earlier_the_same_day_is_no_day_before() -> None:
    assert judged([(0, 6, 1), (1, 6, 1), (2, 6, 1)], craving=4) is None


def test_a_week_that_goes_worse_than_the_fortnight_before_can_wait_for_a_day() -> None:
    worse = [(back, 6, 4) for back in range(1, 7)] + [(back, 6, 2) for back in range(7, 21)]
    assert judged(worse, craving=4) == ("p3", ["craving-worsening"])
    lower = [(back, 5, 2) for back in range(1, 7)] + [(back, 7, 2) for back in range(7, 21)]
    assert judged(lower, mood=5) == ("p3", ["mood-worsening"])
    assert judged([(back, 6, 2) for back in range(1, 21)]) is None


def test_too_few_days_make_no_trend() -> None:
    assert judged([(1, 6, 5), (2, 6, 5)] + [(back, 6, 2) for back in range(7, 21)], craving=4) is None


@pytest.mark.parametrize(("days", "version", "expected"), [
    (6, 1, None), (7, 1, ("p3", ["milestone"])), (7, 2, None), (30, 1, ("p3", ["milestone"])), (31, 1, None),
])  # fmt: skip
def test_so_many_days_deserve_a_word_once(days: int, version: int, expected: object) -> None:
    assert judged(days=days, version=version) == expected


def test_use_that_is_told_an_hour_late_is_urgent_and_late() -> None:
    facts = rules.facts(Answered(**{**CALM, "used": ["opioid"], "received_at": NOW + timedelta(hours=2)}), [], 1, USUAL)
    worry = rules.worry(facts, USUAL)
    assert worry is not None
    assert (worry.alert_class, worry.late) == ("p1", True)


async def test_each_alert_says_in_one_sentence_why_it_was_raised(world: World) -> None:
    await worried(world, craving=8, mood=2)

    [alert] = await seen_by(world, SAM)
    assert alert["matter"]["why"] == (
        "Raised because they rated their craving 8 of 10, and this program asks from 7 on; and they rated their mood 2"
        " of 10, and this program asks at 2 and below."
    )


async def test_whoever_does_not_know_the_patient_yet_reads_why_without_levels(world: World) -> None:
    await worried(world, used=["opioid"], craving=9)

    told_of = next(a for a in await seen_by(world, DANA))
    assert "8" not in told_of["matter"]["why"]
    assert "they said that they have used" in told_of["matter"]["why"]
    assert why(["craving-high"], None, "en") == "Raised because they reported a strong craving."
    assert why(["craving-high"], Numbers(craving=8, craving_high=7), "es").startswith("Se abrió porque puso 8 de 10")


def test_every_reason_has_its_sentence_in_both_languages_and_numbers_that_there_are() -> None:
    assert _WITH["en"].keys() == _WITH["es"].keys()
    assert _WITHOUT["en"].keys() == _WITHOUT["es"].keys()
    assert _WITH["en"].keys() <= _WITHOUT["en"].keys()
    known = dict.fromkeys(Numbers.__struct_fields__, 1.0)
    for language, said in _WITH.items():
        for reason in said:
            assert "{" not in why([reason], Numbers(**known), language)


async def test_use_is_told_to_a_clinician_and_the_peer_reads_nothing_of_it(world: World) -> None:
    body = await worried(world, used=["opioid"])

    assert await told(world) == {"dana"}
    assert "nothing is held against you" in body["support"]
    assert any("naloxone" in line for line in body["harmReduction"]["lines"])
    assert await seen_by(world, SAM) == []


def new_thresholds(world: World, **changes: Any) -> dict[str, Any]:
    usual: dict[str, int] = msgspec.to_builtins(USUAL)
    camel = {"".join(part.title() if n else part for n, part in enumerate(k.split("_"))): v for k, v in usual.items()}
    return {"id": str(world.new_id()), "validFrom": world.clock.now.isoformat(), **camel, **changes}


async def add(world: World, person: Person, **changes: Any) -> Any:
    return await (await world.of(person)).post("/v1/thresholds", json=new_thresholds(world, **changes))


async def test_a_program_asks_from_its_own_threshold_on_and_only_from_its_day_on(world: World) -> None:
    tomorrow = (world.clock.now + timedelta(days=1)).isoformat()
    assert (await add(world, THEO, cravingHigh=4)).status_code == 201
    assert (await add(world, THEO, cravingHigh=9, validFrom=tomorrow)).status_code == 201

    await worried(world, craving=4)
    [alert] = await seen_by(world, SAM)
    assert "asks from 4 on" in alert["matter"]["why"]

    world.clock.forward(days=1, minutes=1)
    kept = (await (await world.of(THEO)).get("/v1/thresholds")).json()["items"]
    assert [(row["cravingHigh"], row["own"]) for row in kept] == [(9, True), (4, True), (7, False)]
    assert kept[-1]["basis"] == "operational, not validated"


async def test_thresholds_are_kept_once_and_hold_from_now_on_or_later(world: World) -> None:
    same = new_thresholds(world, cravingHigh=5)
    theo = await world.of(THEO)
    assert (await theo.post("/v1/thresholds", json=same)).status_code == 201
    assert (await theo.post("/v1/thresholds", json=same)).json()["id"] == same["id"]
    other = await theo.post("/v1/thresholds", json={**same, "cravingHigh": 6})
    assert (other.status_code, other.json()["code"]) == (409, "IdTaken")
    at_once = await add(world, THEO, cravingHigh=6)
    assert (at_once.status_code, at_once.json()["code"]) == (409, "NotTheirTime")
    past = await add(world, THEO, validFrom=(world.clock.now - timedelta(days=1)).isoformat())
    assert past.json()["errors"][0]["pointer"] == "/validFrom"


async def test_nobody_else_sets_thresholds(world: World) -> None:
    for person in (MAYA, SAM, DANA, KAI, LEO):
        assert (await add(world, person)).status_code == 403, person.handle
