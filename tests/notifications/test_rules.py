from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications import Accepted, Kind, Lane, Permanent, Transient, rules, wording
from notifications.models import Due, Leased, Route, Settlement

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def a_delivery(attempt: int = 1, minutes: float = 60, *, urgent: bool = False) -> Leased:
    return Leased(
        id=uuid4(),
        notification_id=uuid4(),
        person_id=uuid4(),
        subject_id=uuid4(),
        address_id=uuid4(),
        kind=Kind.MEDICATION,
        language="en",
        address_kind="fcm-token",
        token=b"sealed",
        token_index=b"index",
        address="secret-token",
        platform="ios",
        urgent=urgent,
        attempt=attempt,
        not_after=NOW + timedelta(minutes=minutes),
        leased_until=NOW + rules.LEASE,
    )


def a_delivery_to(person: UUID, subject: UUID) -> Leased:
    return msgspec.structs.replace(a_delivery(), person_id=person, subject_id=subject)


def due(minutes: float = 60, *, reached: bool = False) -> Due:
    return Due(uuid4(), False, NOW + timedelta(minutes=minutes), reached)


def test_a_plan_has_a_push_for_each_open_phone() -> None:
    notification = due()
    routes = [Route(notification.id, uuid4()), Route(notification.id, uuid4())]
    plan = rules.plan([notification], routes, NOW)
    assert plan.states == {notification.id: "planned"}
    assert plan.routes == [(route, notification) for route in routes]


def test_no_phone_is_unreachable_and_too_late_is_expired() -> None:
    nobody, late = due(), due(minutes=0)
    plan = rules.plan([nobody, late], [Route(late.id, uuid4())], NOW)
    assert plan.states == {nobody.id: "unreachable", late.id: "expired"}
    assert plan.routes == []


def test_who_was_reached_already_is_not_unreachable() -> None:
    told = due(reached=True)
    assert rules.plan([told], [], NOW).states == {told.id: "planned"}


def test_a_push_carries_ids_a_neutral_line_and_the_time_that_is_left() -> None:
    delivery = a_delivery(urgent=True)
    push = rules.push(delivery, NOW)
    assert (push.delivery, push.line, push.lane) == (delivery.id, "You have a reminder", Lane.URGENT)
    assert push.ttl == timedelta(hours=1)


def test_one_tag_is_of_one_person_and_one_subject_and_tells_neither() -> None:
    delivery = a_delivery()
    person, subject = delivery.person_id, delivery.subject_id

    tag = rules.push(delivery, NOW).tag

    assert tag == rules.tag(person, subject) == rules.push(a_delivery_to(person, subject), NOW).tag
    assert len({tag, rules.tag(uuid4(), subject), rules.tag(person, uuid4()), rules.tag(subject, person)}) == 4
    assert len(tag.encode()) == 32
    assert not any(known.hex[:8] in tag for known in (person, subject, delivery.notification_id))


def test_a_token_is_in_no_representation() -> None:
    delivery = a_delivery()
    outcome = rules.settle(delivery, Transient("UNAVAILABLE"), NOW, 0)
    for each in (delivery, rules.push(delivery, NOW), outcome):
        assert "secret" not in repr(each)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ("UNREGISTERED", Permanent("UNREGISTERED", "unregistered")),
        ("SENDER_ID_MISMATCH", Permanent("SENDER_ID_MISMATCH", "sender-mismatch")),
        ("INVALID_ARGUMENT", Permanent("INVALID_ARGUMENT")),
        ("QUOTA_EXCEEDED", Transient("QUOTA_EXCEEDED", 60)),
        ("NOT_FOUND", Transient("NOT_FOUND")),
        ("PERMISSION_DENIED", Transient("PERMISSION_DENIED")),
        ("THIRD_PARTY_AUTH_ERROR", Transient("THIRD_PARTY_AUTH_ERROR")),
        ("INTERNAL", Transient("INTERNAL")),
    ],
)
def test_only_what_can_never_work_again_is_permanent(error: str, outcome: object) -> None:
    assert rules.meaning(error, None) == outcome


def test_a_quota_waits_as_long_as_google_says() -> None:
    assert rules.meaning("QUOTA_EXCEEDED", 7) == Transient("QUOTA_EXCEEDED", 7)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        ("Mon, 02 Mar 2026 09:01:30 GMT", 90),
        ("Mon, 02 Mar 2026 08:00:00 GMT", 0),
        ("soon", None),
        ("Mon, 02 Mar 2026 09:01:30", None),
    ],
)
def test_a_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    assert rules.retry_after(header, "Mon, 02 Mar 2026 09:00:00 GMT") == seconds


def test_what_was_accepted_is_sent() -> None:
    delivery = a_delivery()
    assert rules.settle(delivery, Accepted("p1"), NOW, 0) == Settlement(delivery, "sent", provider_id="p1")


def test_what_is_permanent_is_dead() -> None:
    delivery = a_delivery()
    settled = rules.settle(delivery, Permanent("UNREGISTERED", "unregistered"), NOW, 0)
    assert settled == Settlement(delivery, "dead", error="UNREGISTERED", close="unregistered")


@given(st.integers(1, 10_000), st.none() | st.floats(0, 86_400), st.floats(0, 1))
def test_a_retry_is_never_sooner_than_asked_nor_after_the_end(attempt: int, wait: float | None, roll: float) -> None:
    delivery = a_delivery(attempt)
    settled = rules.settle(delivery, Transient("UNAVAILABLE", wait), NOW, roll)
    if settled.next_at is None:
        assert settled.state == "expired"
        assert wait is not None
    else:
        assert NOW + timedelta(seconds=max(1, wait or 0)) <= settled.next_at < delivery.not_after
        assert settled.next_at <= NOW + timedelta(seconds=max(60, wait or 0))


def test_repeats_grow_apart() -> None:
    assert [rules.delay(n, None, 1).total_seconds() for n in range(1, 9)] == [2, 4, 8, 16, 32, 60, 60, 60]
    assert rules.delay(8, None, 0).total_seconds() == 1


def test_nothing_is_sent_that_could_outlive_its_lease() -> None:
    delivery = a_delivery()
    assert rules.may_send(delivery, NOW + timedelta(seconds=18))
    assert not rules.may_send(delivery, NOW + timedelta(seconds=18.1))
    assert rules.LEASE.total_seconds() * rules.LAST_SEND + rules.PUSH_SECONDS <= rules.LEASE.total_seconds()


def test_nothing_is_sent_after_it_expired() -> None:
    assert not rules.may_send(a_delivery(minutes=0), NOW)


def test_a_pass_takes_more_on_in_handfuls_and_not_for_ever() -> None:
    assert rules.may_refill(16, 32, started=NOW, now=NOW)
    assert not rules.may_refill(15, 32, started=NOW, now=NOW)
    assert not rules.may_refill(32, 32, started=NOW, now=NOW + rules.REFILL)


@pytest.mark.parametrize("language", ["en", "es", "tlh"])
def test_reminders_of_different_kinds_read_the_same(language: str) -> None:
    assert wording.line(Kind.APPOINTMENT, language) == wording.line(Kind.MEDICATION, language)
    assert wording.line(Kind.ALERT, language)
