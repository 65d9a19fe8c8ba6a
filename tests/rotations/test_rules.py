"""Rotations over the edges of summer time: no minute is nobody's, and none is two people's."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rotations.models import Rotation, Turn, Window
from app.rotations.rules import shifts
from app.walltime import exists, resolve
from tests.clocks import EDGES, HOUR, Edge

ANNE, BO, CY = (UUID(int=number) for number in (1, 2, 3))
EVERY_NIGHT = tuple(Window(day, "20:00", "08:00") for day in range(1, 8))
walls = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from((0, 1, 15, 30, 59)))


def around(edge: datetime, **changes: object) -> Rotation:
    """A rotation that began a fortnight before: three people, a day each."""
    begun = edge.date() - timedelta(days=15)
    return msgspec.structs.replace(Rotation("UTC", begun, [ANNE, BO, CY], "day", "08:00"), **changes)


def met(rotation: Rotation, edge: datetime) -> list[Turn]:
    return shifts(rotation, edge - timedelta(days=10), edge + timedelta(days=10))


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 7), 11), (date(2026, 10, 31), 13)])
def test_a_night_is_as_long_as_the_clocks_make_it(day: date, hours: int) -> None:
    evening = datetime(day.year, day.month, day.day, 20, tzinfo=ZoneInfo("America/New_York")).astimezone(UTC)
    rotation = around(evening, time_zone="America/New_York", windows=EVERY_NIGHT)
    [night] = shifts(rotation, evening, evening + HOUR)
    assert (night.starts_at, night.ends_at - night.starts_at) == (evening, hours * HOUR)


@given(st.sampled_from(EDGES), walls, st.sampled_from(("day", "week")))
def test_turns_follow_each_other_without_a_gap_or_an_overlap(edge: Edge, wall: str, every: str) -> None:
    found = met(around(edge.at, time_zone=edge.zone, hands_over=wall, every=every), edge.at)
    assert len(found) >= 2
    assert all(one.ends_at == after.starts_at and one.starts_at < one.ends_at for one, after in pairwise(found))


@given(st.sampled_from(EDGES), walls)
def test_a_hand_over_keeps_its_wall_time_wherever_the_clocks_show_it(edge: Edge, wall: str) -> None:
    zone = ZoneInfo(edge.zone)
    for one in met(around(edge.at, time_zone=edge.zone, hands_over=wall), edge.at):
        local = one.starts_at.astimezone(zone).replace(tzinfo=None)
        meant = local.replace(hour=int(wall[:2]), minute=int(wall[3:]))
        assert local == meant or not exists(meant, zone) or not exists(meant - timedelta(days=1), zone)
        assert one.starts_at == resolve(local, zone)


@given(st.sampled_from(EDGES), walls, st.lists(st.integers(0, 400), max_size=4))
def test_made_piece_by_piece_they_are_the_same_as_made_at_once(edge: Edge, wall: str, cuts: list[int]) -> None:
    rotation = around(edge.at, time_zone=edge.zone, hands_over=wall, windows=EVERY_NIGHT)
    since, until = edge.at - timedelta(days=10), edge.at + timedelta(days=10)
    marks = [since, *sorted(since + cut * HOUR for cut in cuts), until]
    assert [one for a, b in pairwise(marks) for one in shifts(rotation, a, b)] == shifts(rotation, since, until)


@given(st.sampled_from(EDGES))
def test_windows_that_make_up_a_day_lose_nothing_of_it(edge: Edge) -> None:
    day = tuple(Window(one, "08:00", "20:00") for one in range(1, 8))
    whole = around(edge.at, time_zone=edge.zone)
    windowed = around(edge.at, time_zone=edge.zone, windows=(*day, *EVERY_NIGHT))
    assert met(windowed, edge.at) == met(whole, edge.at)


def test_members_take_their_turns_in_order_from_the_first_day_on() -> None:
    start = datetime(2026, 5, 1, 8, tzinfo=UTC)
    rotation = around(start, starts_on=start.date())
    assert [one.staff_id for one in shifts(rotation, start - 9 * HOUR, start + timedelta(days=4))] == [
        ANNE, BO, CY, ANNE
    ]  # fmt: skip


def test_a_hand_over_cuts_a_window_in_two() -> None:
    start = datetime(2026, 5, 1, 12, tzinfo=UTC)
    rotation = around(start, starts_on=start.date(), hands_over="12:00", windows=(Window(6, "10:00", "14:00"),))
    found = shifts(rotation, start, start + timedelta(days=2))
    assert [(one.staff_id, one.starts_at.hour, one.ends_at.hour) for one in found] == [(ANNE, 10, 12), (BO, 12, 14)]


def test_a_window_that_the_clocks_skip_is_not_there() -> None:
    night = datetime(2026, 3, 8, 5, tzinfo=UTC)
    rotation = around(night, time_zone="America/New_York", windows=(Window(7, "02:30", "03:00"),))
    assert shifts(rotation, night, night + timedelta(hours=12)) == []
