"""What is sealed opens at its own place with its own key, whole, and nowhere else."""

from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from db import envelope
from db.envelope import DataKey, Place, Tampered

MAYA, LEO, ROW = uuid4(), uuid4(), uuid4()
PLACE = Place("check_in", "note", ROW)
KEY = DataKey(MAYA, 3, b"k" * 32)


@given(st.text())
def test_any_text_comes_back_as_it_was(text: str) -> None:
    said = text.encode("utf-8", "replace").decode()
    assert KEY.unseal(PLACE, KEY.seal(PLACE, said)) == said


def test_the_same_text_is_never_the_same_bytes_and_is_not_in_them() -> None:
    sealed = {KEY.seal(PLACE, "Slept well.") for _ in range(1000)}
    assert len(sealed) == 1000
    assert len({one[5:17] for one in sealed}) == 1000, "a nonce came twice"
    assert not any(b"Slept" in one for one in sealed)


ELSEWHERE = {
    "another table": replace(PLACE, table="address"),
    "another column": replace(PLACE, column="value"),
    "another row": replace(PLACE, row=uuid4()),
    "a letter moved from the table to the column": Place("check_i", "nnote", ROW),
}


@pytest.mark.parametrize("where", sorted(ELSEWHERE))
def test_bytes_that_are_moved_open_nothing(where: str) -> None:
    with pytest.raises(Tampered):
        KEY.unseal(ELSEWHERE[where], KEY.seal(PLACE, "words"))


@pytest.mark.parametrize(
    "other",
    [DataKey(LEO, 3, b"k" * 32), DataKey(MAYA, 4, b"k" * 32), DataKey(MAYA, 3, b"K" * 32)],
    ids=["another owner", "another version", "another key"],
)
def test_another_key_opens_nothing(other: DataKey) -> None:
    with pytest.raises(Tampered):
        other.unseal(PLACE, KEY.seal(PLACE, "words"))


def test_a_version_that_is_written_over_opens_nothing() -> None:
    sealed = KEY.seal(PLACE, "words")
    with pytest.raises(Tampered):
        DataKey(MAYA, 4, b"k" * 32).unseal(PLACE, sealed[:1] + (4).to_bytes(4) + sealed[5:])


def test_every_bit_counts() -> None:
    sealed = KEY.seal(PLACE, "words")
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Tampered):
            KEY.unseal(PLACE, bytes(changed))


def test_every_byte_is_needed() -> None:
    sealed = KEY.seal(PLACE, "words")
    for length in range(len(sealed)):
        with pytest.raises(Tampered):
            KEY.unseal(PLACE, sealed[:length])


@given(st.binary(max_size=80))
def test_what_nobody_sealed_is_refused_and_never_breaks(junk: bytes) -> None:
    with pytest.raises(Tampered):
        KEY.unseal(PLACE, junk)


def test_a_sealed_text_costs_thirty_three_bytes() -> None:
    assert len(KEY.seal(PLACE, "x" * 100)) == 133


@given(st.lists(st.binary(max_size=6), max_size=5), st.lists(st.binary(max_size=6), max_size=5))
def test_no_two_lists_of_parts_come_to_the_same(one: list[bytes], other: list[bytes]) -> None:
    assert (envelope.joined(*one) == envelope.joined(*other)) == (one == other)


def test_a_wrapped_key_opens_for_its_own_context_only() -> None:
    wrapped = envelope.wrap(b"r" * 32, b"secret", {"person": "maya", "version": "1"})
    assert envelope.unwrap(b"r" * 32, wrapped, {"version": "1", "person": "maya"}) == b"secret"
    for context in ({"person": "leo", "version": "1"}, {"person": "maya", "version": "2"}, {"person": "maya"}, {}):
        with pytest.raises(Tampered):
            envelope.unwrap(b"r" * 32, wrapped, context)
    for key, closed in ((b"R" * 32, wrapped), (b"r" * 32, wrapped[:-1]), (b"r" * 32, b"")):
        with pytest.raises(Tampered):
            envelope.unwrap(key, closed, {"person": "maya", "version": "1"})


def test_a_key_does_not_show_itself() -> None:
    assert repr(KEY) == "DataKey(…)"
    assert not hasattr(KEY, "__dict__")


def test_there_is_one_door_to_the_cipher() -> None:
    root = Path(__file__).parents[2]
    found = {
        str(path.relative_to(root))
        for package in ("app", "db", "notifications", "signaling")
        for path in (root / package).rglob("*.py")
        if "ciphers" in path.read_text(encoding="utf-8") and "node_modules" not in path.parts
    }
    assert found == {"db/envelope.py"}
