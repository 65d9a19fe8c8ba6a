"""Doses across the days on which clocks change, however the ticks fall, and what may be said about one."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Invalid
from app.medications import rules
from app.medications.models import Dose, Made, NewRegimen, Occurrence, Plan, Regimen, State
from tests.clocks import EDGES, MINUTE, Edge, shown

NOW = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)
DAYS = timedelta(days=4)


def a_plan(**changes: Any) -> Plan:
    plain = Plan(UUID(int=5), UUID(int=7), 1, ["08:00"], "America/New_York", date(1900, 1, 1), None, NOW)
    return msgspec.structs.replace(plain, **changes)


def a_regimen(**changes: Any) -> NewRegimen:
    plain = NewRegimen(UUID(int=5), "Buprenorphine", ["08:00", "20:00"], date(2026, 3, 3))
    return msgspec.structs.replace(plain, **changes)


def an_occurrence(state: State) -> Occurrence:
    return Occurrence(uuid4(), uuid4(), "Buprenorphine", "2026-03-03T08:00", "America/New_York", NOW, state, None)


def around(edge: Edge, *walls: str) -> tuple[Plan, datetime]:
    """A plan of which nothing is made until four days before an edge, and the instant four days after it."""
    return a_plan(times=list(walls), time_zone=edge.zone, made_until=edge.at - DAYS), edge.at + DAYS


def first_shown(edge: Edge) -> dict[datetime, datetime]:
    """Every wall time of those days with the first instant at which it is shown, minute by minute."""
    found: dict[datetime, datetime] = {}
    at = edge.at - DAYS - timedelta(days=2)
    while at < edge.at + DAYS + timedelta(days=2):
        found.setdefault(shown(edge.zone, at), at)
        at += MINUTE
    return found


@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_every_day_has_every_dose_once_and_none_before_its_time(edge: Edge) -> None:
    """0 lost, 0 double, 0 early: seen from a clock that is read minute by minute."""
    wall = edge.middle.strftime("%H:%M")
    plan, until = around(edge, wall, "08:10", "23:50", "00:00")
    clock = first_shown(edge)

    found = rules.doses(plan, until)

    assert len({dose.slot for dose in found}) == len(found)
    for dose in found:
        if dose.slot in clock:
            assert dose.due_at == clock[dose.slot]
        else:
            assert dose.due_at - edge.at < edge.after - edge.before, "as much later as the clocks skip"
            assert shown(edge.zone, dose.due_at) == dose.slot + (edge.after - edge.before)
    days = Counter(dose.slot.date() for dose in found)
    first, last = (shown(edge.zone, at).date() for at in (plan.made_until, until))
    whole = [first + timedelta(days=n) for n in range(1, (last - first).days)]
    assert whole
    assert all(days[day] == 4 for day in whole)


@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_however_the_ticks_fall_the_doses_are_the_same(edge: Edge) -> None:
    plan, until = around(edge, edge.middle.strftime("%H:%M"), "02:10", "12:00")
    whole = rules.doses(plan, until)

    for minutes in (17, 60, 23 * 60):
        pieces: list[Dose] = []
        made = plan.made_until
        while made < until:
            upto = min(made + timedelta(minutes=minutes), until)
            pieces += rules.doses(msgspec.structs.replace(plan, made_until=made), upto)
            made = upto
        assert pieces == whole


@given(cuts=st.lists(st.integers(1, 8 * 24 * 60 - 1), max_size=12), edge=st.sampled_from(EDGES))
def test_no_way_to_cut_time_into_ticks_loses_or_doubles_a_dose(cuts: list[int], edge: Edge) -> None:
    plan, until = around(edge, edge.middle.strftime("%H:%M"), "02:30", "23:59")
    instants = [plan.made_until, *(plan.made_until + cut * MINUTE for cut in sorted(cuts)), until]

    pieces: list[Dose] = []
    for made, upto in pairwise(instants):
        pieces += rules.doses(msgspec.structs.replace(plan, made_until=made), upto)

    assert pieces == rules.doses(plan, until)


def test_new_york_in_plain_numbers() -> None:
    spring = a_plan(times=["02:30"], made_until=datetime(2026, 3, 8, 0, 0, tzinfo=UTC))
    autumn = a_plan(times=["01:30"], made_until=datetime(2026, 11, 1, 0, 0, tzinfo=UTC))

    [gap] = rules.doses(spring, spring.made_until + timedelta(days=1))
    [fold] = rules.doses(autumn, autumn.made_until + timedelta(days=1))

    # 02:30 is not shown on that night: it is due at 03:30 EDT, and still called 02:30.
    assert (gap.due_at, gap.slot) == (datetime(2026, 3, 8, 7, 30, tzinfo=UTC), datetime(2026, 3, 8, 2, 30))  # noqa: DTZ001
    assert shown("America/New_York", gap.due_at).strftime("%H:%M") == "03:30"
    # 01:30 is shown twice on that night: the first one, in summer time.
    assert fold.due_at == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert fold.due_at.astimezone(ZoneInfo("America/New_York")).fold == 0


def test_two_doses_that_a_skipped_hour_brings_together_stay_two() -> None:
    plan = a_plan(times=["02:30", "03:30"], made_until=datetime(2026, 3, 8, 0, 0, tzinfo=UTC))
    found = rules.doses(plan, plan.made_until + timedelta(days=1))
    assert [dose.slot.hour for dose in found] == [2, 3]
    assert len({dose.due_at for dose in found}) == 1


def test_doses_begin_on_the_first_day_and_end_with_the_last() -> None:
    plan = a_plan(times=["08:00", "20:00"], starts_on=date(2026, 3, 5), ends_on=date(2026, 3, 6))
    found = rules.doses(plan, NOW + timedelta(days=30))
    assert [f"{dose.slot:%d %H}" for dose in found] == ["05 08", "05 20", "06 08", "06 20"]


def test_what_is_due_at_the_very_end_of_a_period_belongs_to_it_and_not_to_the_next() -> None:
    at = datetime(2026, 3, 4, 13, 0, tzinfo=UTC)
    assert [dose.due_at for dose in rules.doses(a_plan(), at)] == [at]
    assert rules.doses(a_plan(made_until=at), at + timedelta(hours=23)) == []


def test_a_reminder_is_of_use_for_two_hours() -> None:
    due = NOW - timedelta(hours=2)
    assert rules.reminded_until(Made(uuid4(), due), NOW) is None
    assert rules.reminded_until(Made(uuid4(), due + MINUTE), NOW) == NOW + MINUTE
    assert rules.reminded_until(Made(uuid4(), NOW), NOW) == NOW + timedelta(hours=2)


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"times": ["08:00", "20:00", "08:00"]}, "/times"),
        ({"starts_on": date(2030, 1, 1)}, "/startsOn"),
        ({"starts_on": date(1, 1, 1)}, "/startsOn"),
        ({"ends_on": date(2026, 3, 2)}, "/endsOn"),
    ],
)
def test_a_regimen_that_cannot_be_is_refused(wrong: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_new(a_regimen(**wrong), NOW)
    assert refused.value.errors[0].pointer == pointer


def test_one_day_is_a_regimen_too() -> None:
    rules.check_new(a_regimen(ends_on=date(2026, 3, 3)), NOW)
    rules.check_new(a_regimen(), NOW)


def test_an_answer_stays_and_the_same_twice_is_once() -> None:
    assert rules.answers(an_occurrence("pending"), "taken", NOW)
    assert not rules.answers(an_occurrence("taken"), "taken", NOW)
    with pytest.raises(rules.AlreadyAnswered):
        rules.answers(an_occurrence("skipped"), "taken", NOW)
    with pytest.raises(rules.NoLongerPlanned):
        rules.answers(an_occurrence("superseded"), "taken", NOW)


def test_a_regimen_is_the_same_when_everything_in_it_is() -> None:
    new = a_regimen()
    kept = Regimen(
        new.id, uuid4(), new.medicine, ["08:00", "20:00"], "America/New_York", new.starts_on, None, 1, "active",
        uuid4(), NOW, None,
    )  # fmt: skip
    assert rules.same(kept, new, "America/New_York")
    assert rules.same(kept, a_regimen(times=["20:00", "08:00"]), "America/New_York")
    assert not rules.same(kept, new, "America/Chicago")
    for other in ({"medicine": "Naltrexone"}, {"times": ["08:00"]}, {"ends_on": date(2026, 4, 1)}):
        assert not rules.same(kept, a_regimen(**other), "America/New_York")


def test_doses_are_listed_for_two_days_unless_asked_otherwise() -> None:
    assert rules.until(None, NOW) == NOW + timedelta(hours=48)
    assert rules.until(NOW + MINUTE, NOW) == NOW + MINUTE
    for wrong in (NOW + timedelta(days=367), NOW.replace(tzinfo=None)):
        with pytest.raises(Invalid):
            rules.until(wrong, NOW)


def test_a_dose_is_answered_from_twelve_hours_before_it_is_due_and_not_earlier() -> None:
    opens = NOW - timedelta(hours=12)
    assert rules.answers(an_occurrence("pending"), "taken", opens)
    with pytest.raises(rules.NotDueYet):
        rules.answers(an_occurrence("pending"), "skipped", opens - timedelta(microseconds=1))
    assert not rules.answers(an_occurrence("taken"), "taken", opens - timedelta(days=1)), "what was said stays said"
