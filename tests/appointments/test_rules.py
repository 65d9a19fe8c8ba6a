"""Slots across the days on which clocks change, and what may be booked, moved and settled."""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import msgspec
import pytest

from app.appointments import rules
from app.appointments.models import (
    Appointment,
    Block,
    Calendar,
    NewAppointment,
    NewWorkingException,
    NewWorkingHours,
    Span,
    WorkingException,
)
from app.errors import Invalid
from app.walltime import exists, resolve
from tests.clocks import EDGES, MINUTE, ONE_WAY, YEARS, Edge, shown

NOW = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)
ROUND_THE_CLOCK = [Block(day, "00:00", "00:00") for day in range(1, 8)]
OFFICE = [Block(day, "09:00", "12:00") for day in range(1, 6)]
TWO_DAYS = timedelta(days=2)


def a_calendar(zone: str = "America/New_York", **changes: Any) -> Calendar:
    plain = Calendar(UUID(int=1), "Dana", zone, on_your_team=True, blocks=OFFICE, exceptions=[], busy=[])
    return msgspec.structs.replace(plain, **changes)


def an_appointment(**changes: Any) -> Appointment:
    starts = NOW + timedelta(days=3)
    plain = Appointment(
        uuid4(), UUID(int=7), "Maya", UUID(int=1), "Dana", "counseling", starts, starts + timedelta(minutes=50),
        "booked", NOW, None, None,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def around(edge: Edge) -> Span:
    return Span(edge.at - TWO_DAYS, edge.at + TWO_DAYS)


def test_the_edges_are_those_of_twelve_zones_and_more() -> None:
    both = [z for z in YEARS if {e.skips for e in EDGES if e.zone == z} == {True, False}]
    assert len(both) == len(YEARS) >= 12
    assert {abs(e.after - e.before) for e in EDGES} >= {timedelta(minutes=m) for m in (15, 30, 60, 120, 1440)}


@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_half_hours_round_the_clock_are_offered_wherever_the_clock_shows_them_for_the_first_time(edge: Edge) -> None:
    """Seen from the other side: walk through every minute that passes and read the clock on the wall."""
    within = around(edge)
    minutes = [within.starts_at + n * MINUTE for n in range(4 * 24 * 60)]
    locals_ = [at.astimezone(ZoneInfo(edge.zone)) for at in minutes]
    expected = [at for at, wall in zip(minutes, locals_, strict=True) if wall.minute % 30 == 0 and not wall.fold]

    found = rules.grid(a_calendar(edge.zone, blocks=ROUND_THE_CLOCK), timedelta(minutes=30), within)

    assert [span.starts_at for span in found] == expected


@pytest.mark.parametrize("minutes", [20, 30, 50])
@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_across_an_edge_no_two_slots_overlap_and_each_is_as_long_as_promised(edge: Edge, minutes: int) -> None:
    found = rules.grid(a_calendar(edge.zone, blocks=ROUND_THE_CLOCK), timedelta(minutes=minutes), around(edge))

    assert len(found) > 3 * 24 * 60 / (minutes + 10) / 2
    assert {span.ends_at - span.starts_at for span in found} == {timedelta(minutes=minutes)}
    assert all(a.ends_at <= b.starts_at for a, b in pairwise(found))
    assert all(span.starts_at.astimezone(ZoneInfo(edge.zone)).fold == 0 for span in found)


@pytest.mark.parametrize("edge", [e for e in EDGES if e.skips and e.after - e.before < timedelta(hours=2)], ids=str)
def test_hours_that_the_clocks_skip_offer_nothing(edge: Edge) -> None:
    skipped = shown(edge.zone, edge.at) - (edge.after - edge.before)
    ends = skipped + (edge.after - edge.before)
    block = Block(skipped.isoweekday(), f"{skipped:%H:%M}", f"{ends:%H:%M}")

    found = rules.grid(a_calendar(edge.zone, blocks=[block]), timedelta(minutes=15), around(edge))

    assert found == []


@pytest.mark.parametrize("edge", [e for e in EDGES if not e.skips], ids=str)
def test_an_hour_that_the_clocks_show_twice_is_offered_once_the_first_time(edge: Edge) -> None:
    begins = shown(edge.zone, edge.at)
    ends = begins + (edge.before - edge.after)
    block = Block(begins.isoweekday(), f"{begins:%H:%M}", f"{ends:%H:%M}")

    found = rules.grid(a_calendar(edge.zone, blocks=[block]), edge.before - edge.after, around(edge))

    assert [span.starts_at for span in found] == [edge.at - (edge.before - edge.after)]


def test_the_two_nights_of_new_york_in_plain_numbers() -> None:
    night = a_calendar(blocks=[Block(7, "01:00", "04:00")])
    hour = timedelta(hours=1)

    spring = rules.grid(night, hour, Span(datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC)))
    autumn = rules.grid(night, hour, Span(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)))

    assert [s.starts_at.hour for s in spring] == [6, 7]  # 01:00 EST and 03:00 EDT; 02:00 was skipped
    assert [s.starts_at.hour for s in autumn] == [5, 7, 8]  # 01:00 EDT, then 02:00 and 03:00 EST


def test_a_slot_never_runs_past_the_end_of_its_hours_on_the_night_of_the_change() -> None:
    night = a_calendar(blocks=[Block(7, "01:00", "03:00")])
    day = Span(datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC))

    found = rules.grid(night, timedelta(minutes=50), day)

    assert [s.starts_at for s in found] == [datetime(2026, 3, 8, 6, 0, tzinfo=UTC)]


@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_a_wall_time_has_the_instant_that_rfc_5545_gives_it(edge: Edge) -> None:
    """The skipped one comes as much later as the clocks skip, the doubled one is the first of the two."""
    assert resolve(edge.middle, ZoneInfo(edge.zone)) == (edge.middle - edge.before).replace(tzinfo=UTC)
    assert exists(edge.middle, ZoneInfo(edge.zone)) is not edge.skips


def test_every_zone_of_the_table_is_tried() -> None:
    assert {e.zone for e in EDGES} == set(YEARS) | (set(ONE_WAY) - {"Asia/Tokyo"})


def test_a_day_is_offered_from_the_start_of_each_block_on() -> None:
    found = rules.grid(a_calendar(), timedelta(minutes=50), Span(NOW, NOW + timedelta(days=1)))

    # Tuesday 10:00 in New York: what is left of 9:00, 9:50, 10:40, then Wednesday until now.
    assert [f"{s.starts_at:%d %H:%M}" for s in found] == ["03 15:40", "04 14:00", "04 14:50"]


def test_an_exception_replaces_its_day_and_one_without_times_closes_it() -> None:
    tuesday, wednesday, thursday = date(2026, 3, 3), date(2026, 3, 4), date(2026, 3, 5)
    calendar = a_calendar(
        exceptions=[
            WorkingException(uuid4(), tuesday, "20:00", "00:00"),
            WorkingException(uuid4(), wednesday, None, None),
        ]
    )

    found = rules.grid(calendar, timedelta(hours=2), Span(NOW, NOW + timedelta(days=2)))

    assert [f"{s.starts_at:%d %H:%M}" for s in found] == ["04 01:00", "04 03:00", "05 14:00"]
    assert rules.blocks_on(calendar, thursday) == [OFFICE[3]]


def test_a_day_that_is_closed_stays_closed_whatever_else_is_said_of_it() -> None:
    tuesday = date(2026, 3, 3)
    closed, evening = (WorkingException(uuid4(), tuesday, *walls) for walls in ((None, None), ("20:00", "22:00")))

    for exceptions in ([closed, evening], [evening, closed]):
        assert rules.blocks_on(a_calendar(exceptions=exceptions), tuesday) == []
    assert rules.blocks_on(a_calendar(exceptions=[evening]), tuesday) == [Block(2, "20:00", "22:00")]


def test_exceptions_of_one_day_that_overlap_offer_each_time_once() -> None:
    tuesday = date(2026, 3, 3)
    twice = [WorkingException(uuid4(), tuesday, wall, "14:00") for wall in ("12:00", "12:30")]

    found = rules.grid(a_calendar(exceptions=twice), timedelta(hours=1), Span(NOW, NOW + timedelta(hours=12)))

    assert [f"{s.starts_at:%H:%M}" for s in found] == ["17:00", "18:00"]


def test_whatever_touches_something_busy_is_not_free() -> None:
    hour = timedelta(hours=1)
    spans = [Span(NOW + n * hour, NOW + (n + 1) * hour) for n in range(8)]
    minute = timedelta(minutes=1)
    busy = [
        Span(NOW + 6 * hour, NOW + 7 * hour),  # exactly one
        Span(NOW - hour, NOW + 3 * hour + minute),  # a long one that began before all
        Span(NOW + minute, NOW + 2 * minute),  # inside the long one
    ]

    assert rules.free(spans, busy) == [spans[4], spans[5], spans[7]]
    assert rules.free(spans, []) == spans


def test_ones_own_team_is_offered_first_and_what_the_patient_has_already_is_not() -> None:
    stranger = a_calendar(staff_id=UUID(int=2), staff_name="Nell", on_your_team=False)
    dana = a_calendar(busy=[Span(NOW, NOW + timedelta(hours=1))])
    within = Span(NOW, NOW + timedelta(days=1))
    dentist = Span(NOW + timedelta(hours=23), NOW + timedelta(hours=23, minutes=10))

    found = rules.slots([stranger, dana], "counseling", within, [dentist], NOW)

    assert [(s.staff_name, f"{s.starts_at:%d %H:%M}") for s in found] == [
        ("Dana", "04 14:50"),
        ("Nell", "03 15:40"),
        ("Nell", "04 14:50"),
    ]
    assert found == sorted(found, key=rules.place)


def test_what_has_begun_is_not_offered() -> None:
    at_the_start = datetime(2026, 3, 3, 14, 50, tzinfo=UTC)
    found = rules.slots([a_calendar()], "counseling", Span(at_the_start, NOW), [], at_the_start)
    assert found == []


@pytest.mark.parametrize(
    ("starts", "ends", "pointer"),
    [
        (timedelta(days=-367), None, "/from"),
        (timedelta(days=367), None, "/from"),
        (timedelta(0), timedelta(days=32), "/to"),
        (timedelta(days=2), timedelta(days=1), "/to"),
        (timedelta(days=360), timedelta(days=400), "/to"),
        (None, timedelta(minutes=-1), "/to"),
    ],
)
def test_a_look_that_is_too_long_or_too_far_away_is_refused(
    starts: timedelta | None, ends: timedelta | None, pointer: str
) -> None:
    with pytest.raises(Invalid) as refused:
        rules.look(starts if starts is None else NOW + starts, ends if ends is None else NOW + ends, NOW)
    assert refused.value.errors[0].pointer == pointer


def test_a_look_is_two_weeks_from_now_and_never_into_the_past() -> None:
    assert rules.look(None, None, NOW) == Span(NOW, NOW + timedelta(days=14))
    assert rules.look(NOW - timedelta(days=3), NOW + timedelta(days=1), NOW) == Span(NOW, NOW + timedelta(days=1))
    assert rules.look(NOW + timedelta(days=3), None, NOW).starts_at == NOW + timedelta(days=3)


def test_only_the_exact_start_of_a_slot_is_offered() -> None:
    at = datetime(2026, 3, 3, 15, 40, tzinfo=UTC)

    assert rules.offered([a_calendar()], "counseling", at) == Span(at, at + timedelta(minutes=50))
    taken = a_calendar(busy=[Span(at, at + timedelta(hours=1))])
    assert rules.offered([taken], "counseling", at) == rules.offered([a_calendar()], "counseling", at)
    for elsewhere in (at + timedelta(microseconds=1), at - timedelta(microseconds=1), at + timedelta(minutes=50)):
        assert rules.offered([a_calendar()], "counseling", elsewhere) is None
    assert rules.offered([], "counseling", at) is None


@pytest.mark.parametrize("away", [timedelta(0), timedelta(days=-1), timedelta(days=367)])
def test_the_past_and_the_far_future_cannot_be_booked(away: timedelta) -> None:
    assert not rules.bookable(NOW + away, NOW)


def test_times_at_the_ends_of_the_calendar_are_refused_and_nothing_breaks() -> None:
    for hours in (-14, 0, 14):
        zone = timezone(timedelta(hours=hours))
        for at in (datetime.min.replace(tzinfo=zone), datetime.max.replace(tzinfo=zone)):
            assert not rules.bookable(at, NOW)
            with pytest.raises(Invalid):
                rules.look(at, None, NOW)
            with pytest.raises(Invalid):
                rules.look(None, at, NOW)
    assert rules.bookable(NOW + timedelta(minutes=1), NOW)


@pytest.mark.parametrize(
    ("blocks", "pointer"),
    [
        ([Block(1, "09:00", "09:00")], "/blocks/0/ends"),
        ([Block(1, "09:00", "17:00"), Block(2, "17:00", "09:00")], "/blocks/1/ends"),
        ([Block(1, "12:00", "00:00"), Block(2, "09:00", "12:00"), Block(1, "09:00", "12:01")], "/blocks/0/starts"),
    ],
)
def test_a_week_that_cannot_be_worked_is_refused(blocks: list[Block], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_hours(NewWorkingHours(blocks))
    assert refused.value.errors[0].pointer == pointer


def test_blocks_may_touch_and_end_at_midnight() -> None:
    rules.check_hours(
        NewWorkingHours([Block(1, "12:00", "00:00"), Block(2, "00:00", "02:00"), Block(1, "09:00", "12:00")])
    )


@pytest.mark.parametrize(
    ("day", "starts", "ends", "pointer"),
    [
        (date(2028, 1, 1), None, None, "/day"),
        (date(2026, 3, 4), "09:00", None, "/ends"),
        (date(2026, 3, 4), None, "09:00", "/ends"),
        (date(2026, 3, 4), "09:00", "08:00", "/ends"),
    ],
)
def test_half_an_exception_or_a_far_one_is_refused(
    day: date, starts: str | None, ends: str | None, pointer: str
) -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_exception(NewWorkingException(uuid4(), day, starts, ends), NOW)
    assert refused.value.errors[0].pointer == pointer


def test_a_closed_day_and_other_hours_are_both_exceptions() -> None:
    rules.check_exception(NewWorkingException(uuid4(), date(2026, 3, 4)), NOW)
    rules.check_exception(NewWorkingException(uuid4(), date(2026, 3, 4), "20:00", "00:00"), NOW)


def test_the_same_twice_changes_nothing_and_what_is_settled_stays_so() -> None:
    booked, later = an_appointment(), NOW + timedelta(days=3, minutes=5)

    assert rules.settles(booked, "cancelled", NOW)
    assert rules.settles(booked, "cancelled", later), "it may be cancelled until it has ended"
    assert rules.settles(booked, "fulfilled", later)
    assert not rules.settles(an_appointment(status="noshow"), "noshow", later)
    for status in ("noshow", "fulfilled"):
        with pytest.raises(rules.NotBooked):
            rules.settles(an_appointment(status=status), "cancelled", later)
        with pytest.raises(rules.NotBooked):
            rules.settles(an_appointment(status="cancelled"), status, later)
    with pytest.raises(rules.NotBegun):
        rules.settles(booked, "noshow", NOW)
    with pytest.raises(rules.Over):
        rules.settles(booked, "cancelled", booked.ends_at)
    with pytest.raises(rules.Moved):
        rules.settles(an_appointment(status="cancelled", moved_to=uuid4()), "cancelled", NOW)
    assert rules.settled(booked, "noshow").status == "noshow"


def test_whether_somebody_came_can_be_put_right() -> None:
    much_later = NOW + timedelta(days=30)
    assert rules.settles(an_appointment(status="noshow"), "fulfilled", much_later)
    assert rules.settles(an_appointment(status="fulfilled"), "noshow", much_later)


def test_only_what_still_takes_place_can_be_moved() -> None:
    rules.check_movable(an_appointment(), NOW)
    with pytest.raises(rules.NotBooked):
        rules.check_movable(an_appointment(status="cancelled"), NOW)


def test_the_patient_is_reminded_three_times_and_the_staff_once() -> None:
    appointment = an_appointment()
    patient, staff, starts = appointment.patient_id, appointment.staff_id, appointment.starts_at

    found = rules.reminders(appointment, NOW)

    assert [(r.stage, r.people, starts - r.due_at, r.expires_at - starts) for r in found] == [
        ("24h", (patient,), timedelta(hours=24), -timedelta(hours=1)),
        ("1h", (patient,), timedelta(hours=1), -timedelta(minutes=10)),
        ("10m", (patient, staff), timedelta(minutes=10), timedelta(minutes=10)),
    ]


def test_whoever_looks_late_finds_one_reminder_to_send_and_not_three() -> None:
    appointment = an_appointment()
    found = rules.reminders(appointment, NOW)

    for minutes in range(-24 * 60, 10):
        at = appointment.starts_at + timedelta(minutes=minutes)
        assert len([r for r in found if r.due_at <= at < r.expires_at]) == 1, minutes


@pytest.mark.parametrize(
    ("ahead", "stages"),
    [(1441, ["24h", "1h", "10m"]), (1440, ["1h", "10m"]), (60, ["10m"]), (11, ["10m"]), (10, []), (5, [])],
)
def test_reminders_whose_time_has_passed_are_not_sent(ahead: int, stages: list[str]) -> None:
    appointment = an_appointment(starts_at=NOW + timedelta(minutes=ahead))
    assert [r.stage for r in rules.reminders(appointment, NOW)] == stages


def test_staff_name_the_patient_and_a_patient_need_not() -> None:
    me, maya = uuid4(), uuid4()
    assert rules.whom(None, me, is_patient=True) == me
    assert rules.whom(maya, me, is_patient=False) == maya
    with pytest.raises(Invalid):
        rules.whom(None, me, is_patient=False)


def test_a_booking_is_the_same_when_everything_in_it_is() -> None:
    kept = an_appointment()
    new = NewAppointment(kept.id, kept.staff_id, kept.starts_at, "counseling")

    assert rules.same(kept, kept.patient_id, new)
    assert not rules.same(kept, uuid4(), new)
    assert not rules.same(kept, kept.patient_id, msgspec.structs.replace(new, kind="peer"))
    assert not rules.same(kept, kept.patient_id, msgspec.structs.replace(new, staff_id=uuid4()))
    assert not rules.same(kept, kept.patient_id, msgspec.structs.replace(new, starts_at=NOW))
