"""`POST /v1/check-ins` and a list of 50, end to end, against the same work done with less and with more framework.

Each server is a process of its own over one PostgreSQL; rounds go from one to the next, so that whatever else the
machine does meets all of them. What is compared is the CPU that a server process needs for a request.
"""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from statistics import median, quantiles
from typing import TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct

from app.clock import system_clock
from db import new_id
from tests.bench import Ratio, _database, _machine, _verify
from tests.bench._database import Database, Patient
from tests.bench._load import Outcome
from tests.bench._processes import Client, Server, client, server

PEERS = ("cairn", "bare", "fastapi_asyncpg", "fastapi_sqlalchemy")
PACKAGES = (
    "litestar", "msgspec", "asyncpg", "uvicorn", "uvloop", "httptools", "fastapi", "starlette", "pydantic",
    "sqlalchemy",
)  # fmt: skip
PATIENTS, CONNECTIONS = 200, 16
WARM_UP, ROUNDS, REQUESTS = 400, 15, 400

T = TypeVar("T")
Requests = Callable[[], list[str]]


class Round(Struct, frozen=True):
    """One burst at one server."""

    cpu_us: float
    per_second: float


class Cost(Struct, frozen=True):
    """The middle of all rounds: microseconds of CPU for a request, and requests in a second."""

    cpu_us: float
    per_second: float


async def measure() -> list[Ratio]:
    """Check that all do the same, let each warm up, measure, and check what they left behind."""
    now = system_clock()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(_database.opened())
        _machine.told(database.version, PACKAGES)
        patients = await _database.patients(database, PATIENTS, now)
        sender = await stack.enter_async_context(client())
        servers = [await stack.enter_async_context(server(peer, database.app)) for peer in PEERS]
        await _verify.same_answers(servers, patients[0], now)
        recorded = await _recording(servers, sender, database, patients, now)
        listed = await _listing(servers, sender, database, patients)
    return [
        _ratio("POST check-in, bare ASGI + asyncpg", recorded, "bare", 0.45),
        _ratio("POST check-in, FastAPI + asyncpg", recorded, "fastapi_asyncpg", 1.4),
        _ratio("POST check-in, FastAPI + SQLAlchemy", recorded, "fastapi_sqlalchemy", 5),
        _ratio("list of 50, bare ASGI + asyncpg", listed, "bare", 0.55),
        _ratio("list of 50, FastAPI + SQLAlchemy", listed, "fastapi_sqlalchemy", 6),
    ]


async def _recording(
    servers: Sequence[Server], sender: Client, database: Database, patients: Sequence[Patient], now: datetime
) -> dict[str, Cost]:
    """Every check-in has an id of its own; afterwards each must be there once, with its audit row."""
    sent: list[UUID] = []

    def requests() -> list[str]:
        made = [(patients[i % len(patients)], new_id(now)) for i in range(REQUESTS)]
        sent.extend(made_id for _, made_id in made)
        return [recording(patient, made_id, now) for patient, made_id in made]

    costs = await _rounds(servers, sender, database, requests, 201)
    await _verify.recorded(database, sent)
    return costs


async def _listing(
    servers: Sequence[Server], sender: Client, database: Database, patients: Sequence[Patient]
) -> dict[str, Cost]:
    asked = [listing(patients[i % len(patients)]) for i in range(REQUESTS)]
    before = await _verify.reads(database)
    costs = await _rounds(servers, sender, database, lambda: asked, 200)
    await _verify.read(database, before + len(servers) * (1 + ROUNDS) * REQUESTS)
    return costs


async def _rounds(
    servers: Sequence[Server], sender: Client, database: Database, requests: Requests, status: int
) -> dict[str, Cost]:
    """A round that does not count, then so many that do; each round asks every server, in an order that turns."""
    for one in servers:
        await _round(one, sender, requests(), status)
    await _database.settle(database)
    found: dict[str, list[Round]] = {one.peer: [] for one in servers}
    for turn in range(ROUNDS):
        for one in turned(servers, turn):
            found[one.peer].append(await _round(one, sender, requests(), status))
    return {peer: cost(rounds) for peer, rounds in found.items()}


async def _round(one: Server, sender: Client, requests: Sequence[str], status: int) -> Round:
    before = await one.cpu()
    outcome: Outcome = await sender.send(one.port, requests, CONNECTIONS)
    used = await one.cpu() - before
    if outcome.statuses != {status: len(requests)}:
        raise ArithmeticError(f"{one.peer} answered {outcome.statuses} where {len(requests)} x {status} was right")
    return Round(used * 1e6 / len(requests), len(requests) / outcome.seconds)


def turned(servers: Sequence[T], by: int) -> list[T]:
    """The same ones, beginning with another one."""
    by %= len(servers)
    return [*servers[by:], *servers[:by]]


def cost(rounds: Sequence[Round]) -> Cost:
    """CPU at the first quartile, for every server alike: what else the machine does can only add to it."""
    return Cost(quantiles([r.cpu_us for r in rounds], n=4)[0], median(r.per_second for r in rounds))


def _ratio(name: str, costs: dict[str, Cost], peer: str, wanted: float) -> Ratio:
    ours, theirs = costs["cairn"], costs[peer]
    detail = f"{ours.cpu_us:.0f} µs of CPU here, {theirs.cpu_us:.0f} µs there; "
    detail += f"{ours.per_second:.0f} and {theirs.per_second:.0f} requests/s"
    return Ratio(name, theirs.cpu_us / ours.cpu_us, wanted, detail)


def recording(patient: Patient, made_id: UUID, now: datetime) -> str:
    """A calm day, as a phone sends it."""
    body = msgspec.json.encode(
        {
            "id": made_id, "date": now.date(), "mood": 6, "craving": 2, "wantsToTalk": False,
            "note": "Slept well, went for a walk.", "answeredAt": now,
        }
    ).decode()  # fmt: skip
    return (
        f"POST /v1/check-ins HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {patient.token}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\naccept: application/json\r\n\r\n{body}"
    )


def listing(patient: Patient) -> str:
    """Fifty days at once."""
    return (
        "GET /v1/check-ins?limit=50 HTTP/1.1\r\nhost: 127.0.0.1\r\n"
        f"authorization: Bearer {patient.token}\r\naccept: application/json\r\n\r\n"
    )
