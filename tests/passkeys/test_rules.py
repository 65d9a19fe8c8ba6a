"""When a passkey is believed."""

from datetime import UTC, datetime

import pytest

from app.passkeys import rules

NOW = datetime(2026, 3, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kept", "told", "goes_on"), [(0, 0, True), (0, 1, True), (7, 8, True), (7, 7, False), (7, 6, False), (7, 0, False)]
)
def test_a_counter_goes_forward_or_there_is_none(kept: int, told: int, goes_on: bool) -> None:
    assert rules.counts_on(kept, told) is goes_on


def test_a_suspended_passkey_is_in_nobodys_hands() -> None:
    rules.check_usable(None)
    with pytest.raises(rules.PasskeySuspended):
        rules.check_usable(NOW)


def test_there_is_room_for_twenty() -> None:
    rules.check_room(19)
    with pytest.raises(rules.TooManyPasskeys):
        rules.check_room(20)


@pytest.mark.parametrize(
    ("name", "patient", "label"),
    [("Maya Torres", True, "MT"), ("Maya", True, "M"), ("A B C D", True, "ABC"), ("Dana Kim", False, "Dana Kim")],
)
def test_a_patients_name_is_on_no_device_in_full(name: str, patient: bool, label: str) -> None:
    assert rules.label(name, patient=patient) == label
