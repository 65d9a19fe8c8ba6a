"""The duties apart, each a process of its own: they share the database, the keys and a secret, and nothing else."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect as connect_socket

from app import __main__ as entrance
from app import auth, cli
from app.demo import seed
from app.demo.cast import DANA, MAYA, SAM, Person
from db import embedded, migrate, new_id, open_pool
from db.pool import connect
from notifications import local_fcm
from signaling import messages
from signaling.peers import VisitClient
from tests.app.test_up import ROOT, free_port
from tests.canaries import WATCH
from tests.conftest import copied

pytestmark = pytest.mark.faults


def right_now() -> datetime:
    """These processes have clocks of their own."""
    return datetime.now(UTC)  # noqa: TID251


@asynccontextmanager
async def duty(name: str, port: int, **settings: str) -> AsyncIterator[subprocess.Popen[bytes]]:
    """One duty as a process, until the block ends; it must end well then."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("CAIRN_")}
    settings = {"CAIRN_PORT": str(port), "CAIRN_SECRET": "s" * 40, "CAIRN_DEMO": "false", **settings}
    command = [sys.executable, "-m", "app", name]
    with TemporaryFile() as log:
        process = subprocess.Popen(command, cwd=ROOT, env={**environ, **settings}, stderr=log)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            ended = await asyncio.to_thread(process.wait, 20)
            log.seek(0)
            lines = log.read()
            WATCH.see("log", lines)
            assert ended == 0, f"{name}: {lines.decode()}"


async def answers(url: str) -> None:
    """Wait until this address answers."""
    async with asyncio.timeout(60), httpx.AsyncClient() as http:
        while True:
            try:
                if (await http.get(url)).status_code == 200:
                    return
            except httpx.HTTPError:
                await asyncio.sleep(0.1)


async def test_a_day_of_care_crosses_three_processes(server: embedded.Server, template: str, tmp_path: Path) -> None:
    api_port, socket_port = free_port(), free_port()
    api, sockets = f"http://127.0.0.1:{api_port}", f"ws://127.0.0.1:{socket_port}/v1/signaling"
    async with copied(server, template, "duties") as name, local_fcm.serve() as fcm:
        account = tmp_path / "account.json"
        account.write_text(json.dumps(fcm.service_account))
        dsn = server.dsn(name, migrate.APP_ROLE)
        await seed_today(server.dsn(name))
        database = {"CAIRN_DATABASE_URL": dsn, "CAIRN_DATABASE_OWNER_URL": server.dsn(name)}
        pushing = {"GOOGLE_APPLICATION_CREDENTIALS": str(account), "CAIRN_PUSH_ENDPOINT": fcm.url}
        public = {"CAIRN_PUBLIC_URL": api, "CAIRN_SIGNALING_URL": sockets}
        keys = {"CAIRN_KEY_DIR": str(tmp_path / "keys")}
        async with (
            duty("api", api_port, **database, **keys, **public, CAIRN_STATE_DIR=str(tmp_path / "api")),
            duty(
                "worker", free_port(), **database, **keys, **pushing, **public, CAIRN_STATE_DIR=str(tmp_path / "worker")
            ),
            duty("signaling", socket_port, CAIRN_PUBLIC_URL=api, CAIRN_STATE_DIR=str(tmp_path / "signaling")),
        ):
            await answers(f"{api}/health/ready")
            await answers(f"http://127.0.0.1:{socket_port}/health/live")
            maya, sam, dana = [await signed_in(dsn, api, p) for p in (MAYA, SAM, DANA)]
            async with maya, sam, dana:
                await a_worry_reaches_a_phone(maya, sam, fcm)
                await a_visit_connects(maya, dana)
                await who_signs_out_leaves_the_visit(maya)


async def seed_today(owner: str) -> None:
    """The cast is on duty and has a visit now, whatever day it is; here they are as real as anybody."""
    raw = await connect(owner)
    await raw.execute("DELETE FROM demo_mark")
    await raw.execute("DELETE FROM duty_shift")
    await seed.duty(raw, right_now() - timedelta(hours=1), right_now() + timedelta(hours=5))
    await seed.visit_now(raw, right_now())
    await raw.close()


async def signed_in(dsn: str, url: str, person: Person) -> httpx.AsyncClient:
    pool = await open_pool(dsn, size=1)
    tokens = await auth.sign_in(pool, person.id, right_now())
    await pool.close()
    return httpx.AsyncClient(base_url=url, headers={"authorization": f"Bearer {tokens.access_token}"}, timeout=20)


async def a_worry_reaches_a_phone(maya: httpx.AsyncClient, sam: httpx.AsyncClient, fcm: local_fcm.LocalFcm) -> None:
    device = {
        "id": str(new_id(right_now())), "kind": "fcm-token", "token": "sams-phone", "platform": "android",
        "timeZone": "America/New_York",
    }  # fmt: skip
    assert (await sam.post("/v1/devices", json=device)).status_code == 201
    worry: dict[str, Any] = {
        "id": str(new_id(right_now())), "date": right_now().date().isoformat(), "mood": 3, "craving": 9,
        "answeredAt": right_now().isoformat(),
    }  # fmt: skip
    begun = time.monotonic()

    answer = await maya.post("/v1/check-ins", json=worry)

    assert answer.status_code == 201, answer.text
    arrivals = await fcm.arrived("sams-phone", 1, within=15)
    assert len(arrivals) == 1
    assert time.monotonic() - begun < 15


async def a_visit_connects(maya: httpx.AsyncClient, dana: httpx.AsyncClient) -> None:
    visit = (await maya.get("/v1/appointments")).json()["items"][0]["id"]
    entries = [(await who.post(f"/v1/appointments/{visit}/visit")).json() for who in (maya, dana)]
    async with (
        VisitClient(entries[0]["socket"], entries[0]["ticket"], shade=60) as patient,
        VisitClient(entries[1]["socket"], entries[1]["ticket"], shade=190) as counselor,
    ):
        await patient.meets(audio=10, video=5, seconds=30)
        await counselor.meets(audio=10, video=5, seconds=30)


async def who_signs_out_leaves_the_visit(maya: httpx.AsyncClient) -> None:
    """The API ends the session, the worker hears of it, and signaling, which knows no database, closes the socket."""
    visit = (await maya.get("/v1/appointments")).json()["items"][0]["id"]
    entry = (await maya.post(f"/v1/appointments/{visit}/visit")).json()
    async with connect_socket(entry["socket"], proxy=None, compression=None) as socket:
        await socket.send(json.dumps({"t": "hello", "v": 1, "ticket": entry["ticket"]}))
        assert json.loads(await socket.recv())["t"] == "welcome"

        assert (await maya.delete("/v1/session")).status_code == 204
        await asyncio.wait_for(socket.wait_closed(), 2)
    assert socket.close_code == messages.SIGNED_OUT


@pytest.mark.parametrize(
    ("name", "secret", "needed"),
    [
        ("api", "s" * 40, "CAIRN_DATABASE_URL"),
        ("worker", "s" * 40, "CAIRN_DATABASE_URL"),
        ("api", "", "CAIRN_SECRET"),
        ("signaling", "", "CAIRN_SECRET"),
    ],
)
def test_a_duty_says_what_it_needs(tmp_path: Path, name: str, secret: str, needed: str) -> None:
    settings = {"CAIRN_DEMO": "false", "CAIRN_STATE_DIR": str(tmp_path), "CAIRN_PORT": str(free_port())}
    done = subprocess.run(
        [sys.executable, "-m", "app", name],
        cwd=ROOT,
        env={**os.environ, **settings, "CAIRN_SECRET": secret},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"{needed} is needed here")


@pytest.fixture
async def bare(server: embedded.Server, tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """The settings of duties apart, around a database with nothing in it yet."""
    raw = await connect(server.dsn())
    await raw.execute("CREATE DATABASE bare")
    try:
        yield {
            "CAIRN_DATABASE_URL": server.dsn("bare", migrate.APP_ROLE),
            "CAIRN_DATABASE_OWNER_URL": server.dsn("bare"),
            "CAIRN_SECRET": "s" * 40,
            "CAIRN_PORT": str(free_port()),
            "CAIRN_STATE_DIR": str(tmp_path / "state"),
        }
    finally:
        await raw.execute("DROP DATABASE bare WITH (FORCE)")
        await raw.close()


def run(name: str, settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """One command to its end."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("CAIRN_")}
    command = [sys.executable, "-m", "app", *name.split()]
    return subprocess.run(
        command, cwd=ROOT, env={**environ, **settings}, capture_output=True, text=True, timeout=60, check=False
    )


async def test_where_the_duties_run_apart_migrating_prints_the_link_that_makes_the_first_operator(
    bare: dict[str, str],
) -> None:
    planned = await asyncio.to_thread(run, "migrate --plan", bare)
    assert (planned.returncode, "#setup=" in planned.stdout) == (0, False)

    migrated = await asyncio.to_thread(run, "migrate", bare)

    assert migrated.returncode == 0, migrated.stderr
    new = {
        "secret": migrated.stdout.split("#setup=")[1].split()[0],
        "organisationId": str(new_id(right_now())), "organisationName": "Lakeside", "organisationKind": "sud-program",
        "operatorId": str(new_id(right_now())), "operatorName": "Ada", "timeZone": "America/Chicago",
    }  # fmt: skip
    url = f"http://127.0.0.1:{bare['CAIRN_PORT']}"
    async with duty("api", int(bare["CAIRN_PORT"]), **bare), httpx.AsyncClient(base_url=url) as http:
        await answers(f"{url}/health/ready")
        made = await http.post("/v1/setup", json=new)
    assert made.status_code == 201, made.text
    again = await asyncio.to_thread(run, "migrate", bare)
    assert "This server has its operator" in again.stdout


@pytest.mark.parametrize("name", ["api", "worker"])
async def test_a_duty_apart_serves_no_schema_but_its_own(bare: dict[str, str], name: str, tmp_path: Path) -> None:
    async def refused() -> str:
        done = await asyncio.to_thread(run, name, bare)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
        return done.stderr

    dsn = bare["CAIRN_DATABASE_OWNER_URL"]
    for path in sorted(migrate.FOLDER.glob("*.sql"))[:4]:
        shutil.copy(path, tmp_path)
    await migrate.migrate(dsn, folder=tmp_path)
    assert "run `python3 -m app migrate` first" in await refused()
    last = [each.name for each in await migrate.migrate(dsn) if not each.repeats][-1]
    owner = await connect(dsn)
    await owner.execute("DELETE FROM migration WHERE name = $1", last)
    assert "run `python3 -m app migrate` first" in await refused()
    await owner.execute("INSERT INTO migration (name, sha256) VALUES ($1, 'other')", last)
    assert f"{last} has already run here and is not the same any more" in await refused()
    await owner.execute("UPDATE migration SET name = '9999_later.sql' WHERE name = $1", last)
    assert "9999_later.sql has already run here, and this release does not have it" in await refused()
    await owner.close()


@pytest.mark.parametrize("name", ["up", "migrate", "api", "worker"])
async def test_a_database_that_does_not_answer_is_told_in_a_sentence(bare: dict[str, str], name: str) -> None:
    nowhere = f"postgresql://canary@127.0.0.1:{free_port()}/cairn"
    both = {"CAIRN_DATABASE_URL": nowhere, "CAIRN_DATABASE_OWNER_URL": nowhere}

    done = await asyncio.to_thread(run, name, bare | both)

    assert done.returncode == 2
    setting = "CAIRN_DATABASE_OWNER_URL" if name in {"up", "migrate"} else "CAIRN_DATABASE_URL"
    sentence = f"The database does not answer (ConnectionRefusedError). Start it, or correct its address in {setting}."
    assert done.stderr.splitlines()[-1] == sentence
    assert "Traceback" not in done.stderr
    assert "canary" not in done.stderr


def test_every_command_of_the_product_is_one_that_can_be_started_and_the_other_way_round() -> None:
    assert {name for name, _ in entrance.RUNTIME} == set(cli._COMMANDS)
