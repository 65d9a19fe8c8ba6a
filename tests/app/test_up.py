"""`python3 -m app up` as a person starts, stops, kills and starts it again."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.faults


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


class Started:
    """One `up`, or another command, its output, and where it answers."""

    def __init__(self, state: Path, port: int, command: str = "up", **settings: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.output = state.parent / f"output-{time.monotonic_ns()}"
        environ = {**os.environ, "CAIRN_STATE_DIR": str(state), "CAIRN_PORT": str(port), **settings}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app", command], cwd=ROOT, env=environ, stdout=output, stderr=subprocess.STDOUT
            )

    def ready(self, seconds: float = 60) -> "Started":
        """Wait until it answers."""
        wait_for(lambda: self.answers() or self.process.poll() is not None, seconds)
        assert self.answers(), self.text()
        return self

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self, number: signal.Signals) -> int:
        """Send a signal and wait for the end; the exit status."""
        self.process.send_signal(number)
        return self.process.wait(20)

    def text(self) -> str:
        """All it has printed."""
        return self.output.read_text()


def wait_for(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "that took too long"
        time.sleep(0.05)


def listens_to_signals(pid: int) -> bool:
    """Whether Python has come as far as our first line; before that nobody can be told anything."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return True
    caught = int(status.read_text().split("SigCgt:")[1].split()[0], 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1)


def server_pid(state: Path) -> int | None:
    """The PostgreSQL of this state folder, while it lives."""
    try:
        pid = int((state / "postgres" / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    return pid


def first_operator(up: Started) -> dict[str, str]:
    """What the link's page sends when Ada opens it."""
    return {
        "secret": up.text().split("#setup=")[1].split()[0],
        "organisationId": "0193a6f0-7c1a-7000-8000-000000000001", "organisationName": "Lakeside",
        "organisationKind": "sud-program", "operatorId": "0193a6f0-7c1a-7000-8000-000000000002",
        "operatorName": "Ada", "timeZone": "America/Chicago",
    }  # fmt: skip


@pytest.fixture
def state() -> Iterator[Path]:
    """A state folder that the user PostgreSQL runs as can reach."""
    with TemporaryDirectory(prefix="cairn-up-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "state"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_cleanly_and_the_next_start_is_warm(state: Path, number: signal.Signals) -> None:
    first = Started(state, free_port()).ready()
    assert server_pid(state) is not None

    assert first.stop(number) == 0
    assert server_pid(state) is None
    assert "Traceback" not in first.text()

    begun = time.monotonic()
    again = Started(state, free_port()).ready()
    assert time.monotonic() - begun < 30
    assert again.stop(number) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("seconds", [0, 0.8, 2.0])
def test_a_signal_before_the_card_stops_it_as_cleanly_as_one_after_it(
    state: Path, number: signal.Signals, seconds: float
) -> None:
    up = Started(state, free_port())
    wait_for(lambda: listens_to_signals(up.process.pid), 20)
    time.sleep(seconds)

    assert up.stop(number) == 0
    assert up.text().rstrip().endswith("Stopped.")
    assert "Traceback" not in up.text()
    assert server_pid(state) is None


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_command_that_is_cut_short_says_by_which_signal(state: Path, number: signal.Signals, status: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        database = f"postgresql://somebody@127.0.0.1:{silent.getsockname()[1]}/cairn"
        doctor = Started(state, free_port(), "doctor", CAIRN_DATABASE_URL=database)
        with silent.accept()[0]:
            assert doctor.stop(number) == status
    assert "Traceback" not in doctor.text()


def test_the_card_says_where_to_look_whom_to_be_and_what_to_try(state: Path) -> None:
    up = Started(state, free_port()).ready()
    wait_for(lambda: "Ctrl-C" in up.text(), 10)
    card = up.text()

    for handle in ("maya", "sam", "dana", "okafor", "lindqvist", "rosa", "kai"):
        assert f"{up.url}/#demo={handle}" in card
    for place in ("/docs", "/health/ready"):
        assert up.url + place in card
        assert httpx.get(up.url + place).status_code == 200
    assert "PostgreSQL 1" in card
    assert "local FCM server" in card
    curl = next(line for line in card.splitlines() if line.strip().startswith("curl"))
    done = subprocess.run(curl, shell=True, capture_output=True, text=True, check=True)  # noqa: S602  # as it is printed
    assert "accessToken" in done.stdout
    assert up.stop(signal.SIGINT) == 0


def test_after_kill_9_it_starts_again_and_nothing_is_left_behind(state: Path) -> None:
    up = Started(state, free_port()).ready()
    tokens = httpx.post(f"{up.url}/v1/demo/sign-ins", json={"person": "maya"}).json()
    up.stop(signal.SIGKILL)
    wait_for(lambda: server_pid(state) is None, 20)

    again = Started(state, free_port()).ready()

    me = httpx.get(f"{again.url}/v1/me", headers={"authorization": f"Bearer {tokens['accessToken']}"})
    assert me.json()["name"] == "Maya Torres", "what was committed before the kill is there"
    assert again.stop(signal.SIGTERM) == 0


def test_when_its_postgresql_is_killed_it_ends_with_a_sentence_for_whoever_starts_it_again(state: Path) -> None:
    up = Started(state, free_port()).ready()
    pid = server_pid(state)
    assert pid is not None

    os.kill(pid, signal.SIGKILL)

    assert up.process.wait(30) == 1
    assert up.text().splitlines()[-1].startswith("PostgreSQL, which was started here, has ended")
    assert "Traceback" not in up.text()
    again = Started(state, free_port()).ready()
    assert again.stop(signal.SIGINT) == 0


def test_two_first_starts_at_once_both_serve(state: Path) -> None:
    both = [Started(state, free_port()) for _ in range(2)]
    wait_for(lambda: all("Ctrl-C" in up.ready().text() for up in both), 60)

    attached = [up for up in both if "already running" in up.text()]
    assert len(attached) == 1
    for up in sorted(both, key=attached.count, reverse=True):
        assert up.stop(signal.SIGINT) == 0


def test_a_second_up_on_the_same_port_says_so_and_harms_nobody(state: Path) -> None:
    port = free_port()
    first = Started(state, port).ready()

    second = Started(state, port)

    assert second.process.wait(30) == 2
    assert f"127.0.0.1:{port} is taken" in second.text()
    assert "Traceback" not in second.text()
    first.ready(5)
    assert first.stop(signal.SIGINT) == 0


def test_demo_mode_refuses_a_public_address(state: Path) -> None:
    up = Started(state, free_port(), CAIRN_HOST="0.0.0.0")  # noqa: S104  # it is refused

    assert up.process.wait(30) == 2
    assert "Demo mode signs anybody in" in up.text()


def test_demo_mode_refuses_to_be_made_public_by_a_proxy(state: Path) -> None:
    up = Started(state, free_port(), CAIRN_DEMO="true", CAIRN_PUBLIC_URL="https://care.example.org")

    assert up.process.wait(30) == 2
    assert "CAIRN_PUBLIC_URL may name this machine only" in up.text()
    assert "care.example.org" not in up.text()


def test_a_setting_that_does_not_exist_is_named(state: Path) -> None:
    up = Started(state, free_port(), CAIRN_PROT="1")

    assert up.process.wait(30) == 2
    assert up.text().startswith("CAIRN_PROT is not a setting")


def test_outside_demo_mode_one_link_makes_the_first_operator_once(state: Path) -> None:
    up = Started(state, free_port(), CAIRN_DEMO="false").ready()
    wait_for(lambda: "#setup=" in up.text(), 10)
    assert "no push credentials: phones do not ring; set GOOGLE_APPLICATION_CREDENTIALS" in up.text()
    new = first_operator(up)

    refused = httpx.post(f"{up.url}/v1/setup", json=new | {"timeZone": "Mars/Olympus"})
    made = httpx.post(f"{up.url}/v1/setup", json=new)
    again = httpx.post(f"{up.url}/v1/setup", json=new)

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/timeZone")
    assert made.status_code == 201, made.text
    me = httpx.get(f"{up.url}/v1/me", headers={"authorization": f"Bearer {made.json()['accessToken']}"}).json()
    assert (me["name"], me["roles"], me["organisation"]["part2"]) == ("Ada", ["operator"], True)
    assert (again.status_code, again.json()["code"]) == (403, "LinkUsed")
    assert httpx.get(f"{up.url}/v1/demo/cast").json()["items"] == []
    assert httpx.post(f"{up.url}/v1/demo/sign-ins", json={"person": "maya"}).status_code == 404
    assert up.stop(signal.SIGINT) == 0


def test_a_demo_is_never_served_as_if_its_people_were_real(state: Path) -> None:
    demo = Started(state, free_port()).ready()
    assert demo.stop(signal.SIGINT) == 0

    public = Started(state, free_port(), CAIRN_DEMO="false", CAIRN_HOST="0.0.0.0")  # noqa: S104  # it is refused

    assert public.process.wait(60) == 2
    assert "so it is served in demo mode alone" in public.text()
    assert "Traceback" not in public.text()
    again = Started(state, free_port()).ready()
    assert again.stop(signal.SIGINT) == 0


def test_the_cast_never_joins_real_people(state: Path) -> None:
    port = free_port()
    real = Started(state, port, CAIRN_DEMO="false").ready()
    wait_for(lambda: "#setup=" in real.text(), 10)
    httpx.post(f"{real.url}/v1/setup", json=first_operator(real)).raise_for_status()
    assert real.stop(signal.SIGINT) == 0

    demo = Started(state, port)

    assert demo.process.wait(60) == 2
    assert "so the demo's people are not put into it" in demo.text()
    assert "Traceback" not in demo.text()


def test_the_day_happens(state: Path) -> None:
    """`app demo` against a stack that runs: every part of the day, as real clients."""
    port = free_port()
    up = Started(state, port).ready()
    environ = {**os.environ, "CAIRN_STATE_DIR": str(state), "CAIRN_PORT": str(port)}

    day = subprocess.run(
        [sys.executable, "-m", "app", "demo"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert day.returncode == 0, day.stdout + day.stderr + up.text()
    assert "All of it happened" in day.stdout
    assert up.stop(signal.SIGINT) == 0
    assert '"event":"failed"' not in up.text()
    assert '"event":"tick failed"' not in up.text()
