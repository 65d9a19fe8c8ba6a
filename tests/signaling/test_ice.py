import base64
import hashlib
from uuid import UUID

import pytest

from signaling import ice
from signaling.messages import Ice
from tests.signaling.conftest import NOON

SESSION = UUID("018f3a5e-0000-7000-8000-000000000001")
URLS = ("turn:turn.example.org:3478?transport=udp", "turns:turn.example.org:5349?transport=tcp")


def hmac_sha1_by_hand(key: bytes, text: bytes) -> bytes:
    """RFC 2104 written out, so that the check does not lean on what it checks."""
    padded = key.ljust(64, b"\0")
    inner = hashlib.sha1(bytes(byte ^ 0x36 for byte in padded) + text, usedforsecurity=False).digest()
    return hashlib.sha1(bytes(byte ^ 0x5C for byte in padded) + inner, usedforsecurity=False).digest()


def test_turn_credentials_are_those_that_coturn_works_out_for_itself() -> None:
    found = ice.servers(URLS, b"shared with coturn", SESSION, NOON, 600)

    (server,) = found.servers
    assert server.urls == URLS
    assert server.username == f"{int(NOON.timestamp()) + 600}:{SESSION.hex}"
    expected = base64.b64encode(hmac_sha1_by_hand(b"shared with coturn", server.username.encode()))
    assert server.credential == expected.decode()
    assert (found.policy, found.ttl) == ("relay", 600)


def test_the_credential_is_the_one_of_a_published_vector() -> None:
    # RFC 2202, test case 2 of HMAC-SHA-1.
    assert base64.b64decode(ice.credential(b"Jefe", "what do ya want for nothing?")) == bytes.fromhex(
        "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
    )


def test_without_turn_people_meet_directly_and_no_stun_server_is_asked() -> None:
    assert ice.servers((), None, SESSION, NOON) == Ice(servers=(), ttl=ice.TTL, policy="all")


def test_turn_without_its_secret_is_a_mistake_and_never_a_direct_connection() -> None:
    with pytest.raises(ValueError, match="secret"):
        ice.servers(URLS, None, SESSION, NOON)


@pytest.mark.parametrize(
    ("left", "seconds"), [(None, 600), (3600, 600), (600, 600), (599, 599), (30, 30), (0, 1), (-100, 1)]
)
def test_what_is_lent_never_outlasts_the_visit(left: int | None, seconds: int) -> None:
    closes_at = None if left is None else int(NOON.timestamp()) + left
    assert ice.lasting(NOON, closes_at) == seconds
