"""Where it listens: a reason and a way out when it cannot, and the address that people are told."""

import errno
import os
import socket

import msgspec
import pytest

from app import server, stack
from app.settings import Settings


def told(host: str, port: int = 0) -> str:
    """The sentence with which a start there ends."""
    with pytest.raises(server.CannotListen) as refused:
        server.bind(host, port)
    return str(refused.value)


def test_each_reason_not_to_listen_is_told_by_itself() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert told("127.0.0.1", port).startswith(f"127.0.0.1:{port} is taken: another Cairn")
    assert told("192.0.2.7").startswith("192.0.2.7 is not an address of this machine.")
    assert told("nosuchhost.invalid").startswith("nosuchhost.invalid is no address, and no name")
    assert told("a..b").startswith("a..b is no address, and no name")


@pytest.mark.parametrize(
    ("number", "what"),
    [
        (errno.EACCES, "This user may not listen on port 80."),
        (errno.ENOMEM, "[::1]:80 cannot be listened on (ENOMEM)."),
    ],
)
def test_what_only_some_machines_refuse_is_told_as_well(number: int, what: str) -> None:
    refused = server.refused(OSError(number, os.strerror(number)), "::1", 80)
    assert refused.what == what
    assert refused.advice


def test_a_port_that_the_system_chooses_is_the_one_that_is_told() -> None:
    said = list[str]()
    sock, settings = stack.listening(Settings(port=0), said.append)
    with sock:
        assert stack.public_url(settings) == f"http://127.0.0.1:{sock.getsockname()[1]}"
    assert said == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104 - it is what is asked about
def test_on_every_address_links_carry_this_machines_name_and_that_is_said(host: str) -> None:
    said = list[str]()
    everywhere = Settings(host=host, port=0, demo=False)

    sock, settings = stack.listening(everywhere, said.append)
    with sock:
        assert stack.public_url(settings) == f"http://{socket.gethostname()}:{sock.getsockname()[1]}"
    assert "CAIRN_PUBLIC_URL does not say" in said[0]

    known = msgspec.structs.replace(everywhere, public_url="https://care.example.org")
    sock, settings = stack.listening(known, said.append)
    with sock:
        assert stack.public_url(settings) == "https://care.example.org"
    assert len(said) == 1
