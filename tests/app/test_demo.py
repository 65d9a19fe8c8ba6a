"""The day is played where it belongs: in a demo, and nowhere else."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import msgspec
import pytest
from litestar import Litestar

from app.asgi import create_app
from app.demo import play
from app.demo.people import said
from db import Bell, Pool, connect
from tests.app.test_signin import as_owner
from tests.app.test_up import ROOT, Started, free_port, server_pid, wait_for
from tests.app.test_up import state as state  # noqa: PLC0414 - a fixture
from tests.signaling.conftest import serving
from tests.world import SITE


def test_the_day_starts_nothing_on_what_may_be_a_real_database(capfd: pytest.CaptureFixture[str]) -> None:
    status = play.run(f"http://127.0.0.1:{free_port()}", may_start=False)

    told = capfd.readouterr()
    assert status == 1
    assert "none is started, because these settings are not a demo's" in told.err
    assert "starting one" not in told.out


def test_configured_settings_are_not_a_demos() -> None:
    environ = {**os.environ, "CAIRN_PORT": str(free_port()), "CAIRN_DATABASE_URL": "postgresql://cairn@127.0.0.1:1/c"}
    day = subprocess.run(
        [sys.executable, "-m", "app", "demo"], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )

    assert day.returncode == 1
    assert "these settings are not a demo's" in day.stderr
    assert "starting one" not in day.stdout


def a_server(pool: Pool, **site: object) -> Litestar:
    return create_app(pool, Bell(), msgspec.structs.replace(SITE, **site))


@pytest.mark.parametrize(
    ("demo", "told"),
    [(False, "this Cairn is not in demo mode"), (True, "from a worker that runs apart")],
)
async def test_a_cairn_where_nobody_can_be_played_is_told_before_anybody_signs_in(
    real_pool: Pool, own_database: str, capfd: pytest.CaptureFixture[str], demo: bool, told: str
) -> None:
    async with serving(a_server(real_pool, demo=demo)) as cairn:
        url = f"http://127.0.0.1:{cairn.port}"
        assert await asyncio.to_thread(play.run, url, may_start=True) == 1

    said_to_a_person = capfd.readouterr().err
    assert told in said_to_a_person
    assert "{" not in said_to_a_person
    raw = await connect(as_owner(own_database))
    assert await raw.fetchval("SELECT count(*) FROM session") == 0
    await raw.close()


def test_an_answer_is_told_by_its_sentence_and_never_as_it_came() -> None:
    problem = {"title": "There is nothing here for you.", "code": "NotFound", "requestId": "canary"}
    assert said(httpx.Response(404, json=problem)) == "404, There is nothing here for you."
    for body in (b"<html>canary</html>", b"[]", b"", b"5"):
        assert said(httpx.Response(502, content=body)) == "502"


@pytest.mark.faults
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_what_the_day_has_started_ends_with_it(state: Path, number: signal.Signals) -> None:
    day = Started(state, free_port(), "demo").ready()
    assert server_pid(state) is not None

    status = day.stop(number)

    assert status == {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}[number]
    if number == signal.SIGKILL:
        wait_for(lambda: server_pid(state) is None, 20)
    assert server_pid(state) is None
    assert not day.answers()
    assert "Traceback" not in day.text()
