"""Schemathesis against the real server: every phase, every check, as a patient, three who work here, and nobody.

`--whole`: everybody tries every operation, many times over. Otherwise each operation is tried by one who may call it.
"""

import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from app import operations
from app.clock import system_clock
from app.demo.cast import DANA, KAI, LEO, MAYA, OKAFOR, SAM, Person
from app.stack import app_without_database
from db import embedded, migrate, new_id
from tests.conftest import copied
from tests.trust.processes import ROOT, Process, running

USERS: tuple[Person | None, ...] = (MAYA, SAM, DANA, KAI, None)
MINUTES = 40
# Whoever signs out is nobody afterwards, so that all else would be asked in vain: it is tried alone, at the end.
LAST = "signOut"


@pytest.fixture(scope="module")
async def serving(
    server: embedded.Server, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Process]:
    """The app as it is served, but that it counts nobody's requests and that a stream of events ends by itself."""
    async with copied(server, template, "schemathesis") as name:
        with running(tmp_path_factory.mktemp("trust"), "tests.trust._serve", server.dsn(name, migrate.APP_ROLE)) as one:
            yield one


@pytest.fixture(scope="module")
def ids(serving: Process) -> dict[str, list[str]]:
    """Something that is really there, for each part of a path that names something."""
    now = system_clock()
    today = now.date().isoformat()
    with httpx.Client(base_url=serving.url) as http:

        def made(who: Person, path: str, **body: Any) -> dict[str, Any]:
            answer = http.post(path, json={"id": str(new_id(now)), **body}, headers=_signed_in(http, who))
            assert answer.status_code == 201, answer.text
            found: dict[str, Any] = answer.json()
            return found

        day = {
            "date": today,
            "mood": 1,
            "craving": 9,
            "wantsToTalk": True,
            "answeredAt": now.isoformat(),
        }
        slot = http.get("/v1/slots", params={"kind": "counseling"}, headers=_signed_in(http, MAYA)).json()["items"][0]
        booking = {"kind": "counseling", "staffId": slot["staffId"], "startsAt": slot["startsAt"]}
        device = {"kind": "fcm-token", "token": "a-phone", "platform": "ios", "timeZone": "UTC"}
        dose = {"medicine": "Something", "times": ["08:00"], "startsOn": today}
        later = (now + timedelta(days=20)).date().isoformat()
        return {
            "patient_id": [str(MAYA.id), str(LEO.id)],
            "staff_id": [str(SAM.id), str(DANA.id)],
            "person_id": [str(LEO.id), str(SAM.id)],
            "alert_id": [made(MAYA, "/v1/check-ins", **day)["alertId"]],
            "appointment_id": [made(MAYA, "/v1/appointments", **booking)["id"]],
            "device_id": [made(MAYA, "/v1/devices", **device)["id"]],
            "regimen_id": [made(OKAFOR, f"/v1/patients/{MAYA.id}/regimens", **dose)["id"]],
            "exception_id": [made(DANA, "/v1/working-exceptions", day=later)["id"]],
        }


def _signed_in(http: httpx.Client, who: Person) -> dict[str, str]:
    """The header of somebody who has just signed in."""
    answer = http.post("/v1/demo/sign-ins", json={"person": who.handle})
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['accessToken']}"}


def _configured(folder: Path, ids: dict[str, list[str]]) -> Path:
    """Half of all parts of a path name something that is there; what each check expects beyond its own list is told."""
    more = {
        # A version or a key that somebody makes up, and what no schema can say: tests/trust/hooks.py looks at each.
        # A record to take along is there for a few days, and 410 afterwards.
        "positive_data_acceptance": ["2xx", "3xx", "401", "403", "404", "409", "410", "412", "422", "429", "503"],
        # RFC 6585 has a status of its own for a change without a version.
        "missing_required_header": ["400", "401", "403", "406", "415", "422", "428"],
        "negative_data_rejection": ["4xx"],
    }
    lines = [f'hooks = "{ROOT / "tests" / "trust" / "hooks.py"}"']
    for name, values in ids.items():
        lines += [f"[dictionaries.{name}]", f"values = {msgspec.json.encode(values).decode()}"]
    lines += ["[parameters]"]
    lines += [f'"path.{name}" = {{ dictionary = "{name}", probability = 0.5 }}' for name in ids]
    for name, statuses in more.items():
        lines += [f"[checks.{name}]", f"expected-statuses = {msgspec.json.encode(statuses).decode()}"]
    path = folder / "schemathesis.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def tried_by(whole: bool) -> list[tuple[Person | None, Sequence[str]]]:
    """Who tries what: everybody everything, or each operation somebody who may call it, and all of them nobody."""
    served = operations.served(app_without_database())
    everything = [one.id for one in served if one.id != LAST]
    if whole:
        return [(who, everything) for who in USERS]
    mine: dict[str, Person | None] = {}
    for n, one in enumerate(served):
        may = [who for who in USERS if who and one.rule.admits(who.roles or ("patient",))]
        mine[one.id] = may[n % len(may)] if may else None
    return [(who, [one for one in everything if mine[one] == who]) for who in USERS]


@pytest.mark.parametrize("n", range(len(USERS)), ids=[who.handle if who else "nobody" for who in USERS])
def test_schemathesis_finds_nothing(
    n: int, serving: Process, ids: dict[str, list[str]], tmp_path: Path, whole: bool
) -> None:
    who, tried = tried_by(whole)[n]
    with httpx.Client(base_url=serving.url) as http:
        signed = _signed_in(http, who) if who else {}
    _run(serving, _configured(tmp_path, ids), signed, tried, 200 if whole else 1)


def test_schemathesis_finds_nothing_in_signing_out(serving: Process, ids: dict[str, list[str]], tmp_path: Path) -> None:
    with httpx.Client(base_url=serving.url) as http:
        signed = _signed_in(http, MAYA)
    _run(serving, _configured(tmp_path, ids), signed, [LAST], 5)


def _run(serving: Process, config: Path, headers: dict[str, str], tried: Sequence[str], examples: int) -> None:
    """The tool itself, as anybody would call it, with a seed, so that what it finds is found again."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(config),
        "run", f"{serving.url}/openapi.json", "--phases", "examples,coverage,fuzzing,stateful", "--checks", "all",
        "--max-examples", str(examples), "--seed", "20261126", "--continue-on-failure", "--no-color",
        "--warnings", "off",
        *(part for name, value in headers.items() for part in ("-H", f"{name}: {value}")),
        *(part for one in tried for part in ("--include-operation-id", one)),
    ]  # fmt: skip
    # It keeps what it has found beside where it runs.
    done = subprocess.run(command, cwd=config.parent, capture_output=True, text=True, timeout=60 * MINUTES, check=False)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert serving.running
    assert '"level":"error"' not in serving.log()
