"""WebAuthn without a server: whatever a stranger sends, the answer is yes or no."""

import os
from uuid import UUID

import msgspec
import pytest

from app.passkeys import ceremony
from app.passkeys.models import Created, Kept, Shown
from tests.passkeys.authenticator import Authenticator, Json, bytes_of, text_of

HERE = ceremony.Here("cairn.test", "http://cairn.test")
HANDLE = bytes(range(32))


@pytest.mark.parametrize(
    ("origin", "id_", "asked"),
    [
        ("https://care.example.org", "care.example.org", "https://care.example.org"),
        ("https://care.example.org:8443", "care.example.org", "https://care.example.org:8443"),
        ("http://127.0.0.1:8000", "localhost", "http://localhost:8000"),
        ("http://[::1]:8000", "localhost", "http://localhost:8000"),
        ("http://127.0.0.1", "localhost", "http://localhost"),
        ("http://localhost:8000", "localhost", "http://localhost:8000"),
    ],
)
def test_a_passkey_is_good_at_the_public_address_alone(origin: str, id_: str, asked: str) -> None:
    assert ceremony.here(origin) == ceremony.Here(id_, asked)


def made(device: Authenticator) -> tuple[Kept, Json]:
    """A passkey as it is kept, and the answer that made it."""
    options = msgspec.to_builtins(ceremony.creation(HERE, HANDLE, "Dana", b"c" * 32, []))
    answer = device.make(options)
    found = ceremony.made(HERE, b"c" * 32, msgspec.convert(answer, Created))
    return Kept(UUID(int=1), UUID(int=2), HANDLE, found.public_key, 0, found.synced, None), answer


def question() -> tuple[bytes, Json]:
    """A challenge, and what the browser is asked with it."""
    challenge = os.urandom(32)
    options: Json = msgspec.to_builtins(ceremony.request(HERE, challenge))
    return challenge, options


@pytest.mark.parametrize("syncs", [False, True])
def test_what_was_made_can_be_shown(syncs: bool) -> None:
    device = Authenticator(syncs=syncs)
    kept, _ = made(device)
    challenge, options = question()

    shown = msgspec.convert(device.show(options), Shown)

    assert ceremony.shown(HERE, challenge, shown, kept, found_by_itself=True) == (0 if syncs else 1)
    assert kept.synced == syncs


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature"])
def test_no_bit_of_what_was_signed_can_be_changed(part: str, whole: bool) -> None:
    device = Authenticator()
    kept, _ = made(device)
    challenge, options = question()
    answer = device.show(options)
    raw = bytes_of(answer["response"][part])
    for bit in range(0, len(raw) * 8, 1 if whole else 3):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        wrong = {**answer, "response": {**answer["response"], part: text_of(bytes(flipped))}}
        with pytest.raises(ceremony.DoesNotHold):
            ceremony.shown(HERE, challenge, msgspec.convert(wrong, Shown), kept, found_by_itself=True)


@pytest.mark.parametrize("part", ["clientDataJSON", "attestationObject"])
def test_a_new_passkey_that_is_garbled_is_taken_or_refused_and_nothing_else_happens(part: str, whole: bool) -> None:
    _, answer = made(Authenticator())
    raw = bytes_of(answer["response"][part])
    garbled = [raw[:cut] for cut in range(1, len(raw), 1 if whole else 5)]
    for bit in range(0, len(raw) * 8, 1 if whole else 5):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        garbled.append(bytes(flipped))
    refused = 0
    for one in garbled:
        wrong = {**answer, "response": {**answer["response"], part: text_of(one)}}
        try:
            ceremony.made(HERE, b"c" * 32, msgspec.convert(wrong, Created))
        except ceremony.DoesNotHold:
            refused += 1
    assert 0 < refused < len(garbled) or part == "clientDataJSON"


def test_a_credential_id_that_is_no_base64_is_nobodys() -> None:
    with pytest.raises(ceremony.DoesNotHold):
        ceremony.bytes_of("A")
