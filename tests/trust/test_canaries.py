"""A day with a mark in everything that people write or hold; what the machine tells of itself has none of them.

Logs at their most talkative, errors that the database explains with whole rows, metrics, problems, pushes.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from app.clock import system_clock
from app.demo.cast import CAST, DANA, MAYA, OKAFOR, SAM, Person
from db import embedded, migrate, new_id
from signaling import messages
from tests.conftest import copied
from tests.trust.processes import Process, running

NOTE, MEDICINE, TOKEN, NAME = "canary-note", "canary-medicine", "canary-push-token", "Canary Name"
KEY, QUERY, FIELD, TICKET = "canary-key", "canary-query", "canaryField", "canary-ticket"


@pytest.fixture(scope="module")
async def database(server: embedded.Server, template: str) -> AsyncIterator[str]:
    """A database of this file's own, which itself refuses one kind of name."""
    async with copied(server, template, "canaries") as name:
        raw = await asyncpg.connect(server.dsn(name))
        # PostgreSQL explains such a refusal with the whole row, in words that a driver's exception carries.
        await raw.execute("ALTER TABLE person ADD CONSTRAINT no_owls CHECK (name NOT LIKE '%Owl%') NOT VALID")
        await raw.close()
        yield name


@pytest.fixture(scope="module")
def serving(server: embedded.Server, database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A server that logs all there is."""
    arguments = ("tests.trust._serve", server.dsn(database, migrate.APP_ROLE), "debug")
    with running(tmp_path_factory.mktemp("trust"), *arguments) as one:
        yield one


def marks(found: str | bytes) -> list[str]:
    """The marks in a text, and whose tokens or names they would betray."""
    text = (found.decode("utf-8", "replace") if isinstance(found, bytes) else found).lower()
    known = (NOTE, MEDICINE, TOKEN, NAME, KEY, QUERY, FIELD, TICKET, "canary", MAYA.name)
    return [one for one in known if one.lower() in text] + re.findall(r"cairn_[a-z0-9_-]{43}", text)


async def test_a_day_leaves_no_word_of_it_in_what_the_machine_tells(serving: Process) -> None:
    """What the phones are sent is written beside the log by tests/trust/_serve.py."""
    now, told = system_clock(), list[httpx.Response]()
    async with httpx.AsyncClient(base_url=serving.url, timeout=30) as http:
        clients = {one: await _signed_in(http, one) for one in (MAYA, SAM, DANA, OKAFOR)}

        async def asks(who: Person, method: str, path: str, **sent: Any) -> httpx.Response:
            headers = clients[who] | sent.pop("headers", {})
            answer = await http.request(method, path, headers=headers, **sent)
            told.append(answer)
            return answer

        check_in = {"id": str(new_id(now)), "date": now.date().isoformat(), "mood": 1, "craving": 9,
                    "wantsToTalk": True, "note": NOTE, "answeredAt": now.isoformat()}  # fmt: skip
        for who in (SAM, DANA):
            device = {"id": str(new_id(now)), "kind": "fcm-token", "token": f"{TOKEN}-{who.handle}", "platform": "ios"}
            answer = await asks(who, "POST", "/v1/devices", json=device | {"timeZone": "UTC"})
            assert answer.status_code == 201
            times = {"startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=8)).isoformat()}
            on_duty = await asks(who, "POST", "/v1/duty-shifts", json={"id": str(new_id(now)), **times})
            assert on_duty.status_code == 201
        opened = await asks(MAYA, "POST", "/v1/check-ins", json=check_in, headers={"idempotency-key": KEY})
        assert opened.status_code == 201
        dose = {"id": str(new_id(now)), "medicine": MEDICINE, "times": ["08:00"], "startsOn": now.date().isoformat()}
        assert (await asks(OKAFOR, "POST", f"/v1/patients/{MAYA.id}/regimens", json=dose)).status_code == 201
        somebody = {"id": str(new_id(now)), "name": NAME, "timeZone": "UTC", "language": "en"}
        assert (await asks(DANA, "POST", "/v1/patients", json=somebody)).status_code == 201
        served = list(told)

        told.clear()
        owl = somebody | {"id": str(new_id(now)), "name": f"{NAME} Owl"}
        broken = await asks(DANA, "POST", "/v1/patients", json=owl, headers={"idempotency-key": f"{KEY}2"})
        assert (broken.status_code, broken.json()["code"]) == (500, "OurMistake")
        wrong: list[tuple[str, str, dict[str, Any]]] = [
            ("POST", "/v1/check-ins", {"json": check_in | {"note": f"{NOTE}\x00"}}),
            ("POST", "/v1/check-ins", {"json": check_in | {"date": NOTE}}),
            ("POST", "/v1/check-ins", {"content": f'{{"note": "{NOTE}'.encode()}),
            ("POST", "/v1/check-ins", {"content": NOTE.encode(), "headers": {"content-type": "text/plain"}}),
            ("POST", "/v1/check-ins", {"json": check_in | {"note": "other"}, "headers": {"idempotency-key": KEY}}),
            ("POST", "/v1/check-ins", {"json": check_in | {"note": "other"}}),
            ("GET", f"/v1/check-ins?cursor={QUERY}", {}),
            ("GET", f"/v1/slots?kind={QUERY}", {}),
            ("GET", f"/v1/patients/{QUERY}/trend", {}),
            ("GET", f"/{QUERY}", {}),
            ("DELETE", f"/v1/devices/{new_id(now)}", {}),
            ("GET", "/v1/me", {"headers": {"authorization": f"Bearer cairn_{TOKEN:x<43}"}}),
            ("GET", "/v1/calendar/canary-query-canary-query-canary-query.ics", {}),
        ]
        for method, path, sent in wrong:
            answer = await asks(MAYA, method, path, **sent)
            assert answer.status_code >= 400, (method, path)
        metrics = await http.get("/metrics", headers={"authorization": "Bearer a scraper's own token"})

    assert any(NOTE in answer.text for answer in served), "the mark can be seen where it belongs"
    assert [(a.url.path, found) for a in told if (found := marks(a.text + str(a.headers)))] == []
    assert marks(metrics.text) == []
    assert await _closed_with(serving) == messages.REASONS[messages.BAD_TICKET]
    async with asyncio.timeout(30):
        while "pushed " not in serving.log():
            await asyncio.sleep(0.1)
    log = serving.log()
    assert '"sqlstate":"23514"' in log, "the error was logged"
    assert '"constraint":"no_owls"' in log
    assert marks(log) == []
    assert [one.handle for one in CAST if str(one.id) in log or one.name in log] == []


async def _signed_in(http: httpx.AsyncClient, who: Person) -> dict[str, str]:
    answer = await http.post("/v1/demo/sign-ins", json={"person": who.handle})
    return {"authorization": f"Bearer {answer.json()['accessToken']}"}


async def _closed_with(serving: Process) -> str:
    """The reason for which a socket is closed that says what it should not."""
    async with connect(f"ws://127.0.0.1:{serving.port}/v1/signaling", proxy=None) as socket:
        await socket.send(f'{{"t":"hello","v":1,"ticket":"{TICKET}"}}')
        try:
            await asyncio.wait_for(socket.recv(), 10)
        except ConnectionClosed as closed:
            return closed.rcvd.reason if closed.rcvd else ""
    return ""
