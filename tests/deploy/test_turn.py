"""coturn with our settings: it relays for a visit, and never into the network that it stands in."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

SETTINGS = Path(__file__).resolve().parents[2] / "deploy" / "turnserver.conf"
SECRET = "a-secret-for-this-test-alone"

pytestmark = pytest.mark.skipif(shutil.which("turnserver") is None, reason="coturn is not installed")


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Where a real coturn listens with our settings, on loopback alone."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    here = ["--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", "--relay-ip=::1", f"--listening-port={port}"]
    kept = [f"--pidfile={tmp_path / 'pid'}", f"--userdb={tmp_path / 'users'}"]
    secret = [f"--static-auth-secret={SECRET}", "--realm=test"]
    command = ["turnserver", "-c", str(SETTINGS), *here, *kept, *secret]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            yield wait_until_it_listens(server, port)
        finally:
            server.kill()


def wait_until_it_listens(server: subprocess.Popen[bytes], port: int) -> int:
    """Ask over UDP, as a phone does, until coturn answers."""
    binding = bytes.fromhex("000100002112a442") + b"just-a-probe"
    while server.poll() is None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.2)
            try:
                probe.connect(("127.0.0.1", port))
                probe.send(binding)
                probe.recv(1024)
            except (ConnectionRefusedError, TimeoutError):
                continue
        return port
    raise AssertionError("coturn did not start with our settings")


def ask_for_a_relay(port: int, peer: str, secret: str = SECRET) -> str:
    """What coturn's own client says when it wants to reach this peer; a refusal comes at once."""
    asked = [
        "turnutils_uclient",
        "-W",
        secret,
        "-u",
        "maya",
        "-n",
        "1",
        "-m",
        "1",
        "-c",
        "-e",
        peer,
        *(["-x"] if ":" in peer else []),
    ]
    with subprocess.Popen(
        [*asked, "-p", str(port), "127.0.0.1"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as client:
        try:
            said, _ = client.communicate(timeout=4)
        except subprocess.TimeoutExpired:
            client.kill()
            said, _ = client.communicate()
    return said


@pytest.mark.parametrize(
    "peer",
    [
        *("127.0.0.1", "10.1.2.3", "100.64.0.1", "169.254.169.254", "172.20.0.1", "192.168.1.1"),
        *("::1", "::ffff:10.1.2.3", "::ffff:169.254.169.254", "fd00::1", "fe80::1"),
    ],
)
def test_a_peer_inside_the_servers_network_is_refused(port: int, peer: str) -> None:
    assert "403 (Forbidden IP)" in ask_for_a_relay(port, peer)


@pytest.mark.parametrize("peer", ["9.9.9.9", "2620:fe::fe"])
def test_a_peer_out_in_the_world_is_not_refused(port: int, peer: str) -> None:
    said = ask_for_a_relay(port, peer)
    assert "Total connect time" in said
    assert "error" not in said.lower()


def test_credentials_made_with_another_secret_are_refused(port: int) -> None:
    assert "Cannot complete Allocation" in ask_for_a_relay(port, "9.9.9.9", secret="a-guess")
