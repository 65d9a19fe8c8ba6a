"""That the peers do the same work: the same answers to the same question, the same rows left behind."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx

from db import connect, new_id
from tests.bench._database import Database, Patient
from tests.bench._processes import Server

# What differs from one answer to the next by its nature.
OWN = {"id", "version", "receivedAt"}


class NotTheSame(Exception):
    """Two servers did different work, so comparing their costs would say nothing."""


async def same_answers(servers: Sequence[Server], patient: Patient, now: datetime) -> None:
    """Each answers a check-in and a list of 50 alike; a stranger's token opens none of them."""
    answers = [await _answers(one, patient, now) for one in servers]
    for one, answer in zip(servers, answers, strict=True):
        if answer != answers[0]:
            raise NotTheSame(f"{one.peer} answers {answer}, {servers[0].peer} answers {answers[0]}")


async def _answers(one: Server, patient: Patient, now: datetime) -> list[Any]:
    calm = {
        "id": str(new_id(now)), "date": now.date().isoformat(), "mood": 6, "craving": 2, "wantsToTalk": False,
        "note": "Slept well.", "answeredAt": now.isoformat(),
    }  # fmt: skip
    headers = {"authorization": f"Bearer {patient.token}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{one.port}", headers=headers) as phone:
        recorded = await phone.post("/v1/check-ins", json=calm)
        listed = await phone.get("/v1/check-ins", params={"limit": 50})
    kept = recorded.json()
    days = listed.json()
    if kept["id"] != calm["id"] or len(days["items"]) != 50 or days["items"][0]["id"] != calm["id"]:
        raise NotTheSame(f"{one.peer} does not show what it was told")
    days["items"][0] = _shared(days["items"][0])
    return [recorded.status_code, _shared(kept), listed.status_code, days]


def _shared(answer: dict[str, Any]) -> dict[str, Any]:
    """The part of an answer that is the same for all, with nothing but the names of the rest."""
    return {name: None if name in OWN else value for name, value in answer.items()}


async def recorded(database: Database, sent: Sequence[UUID]) -> None:
    """Every check-in is there as it was sent, with one audit row that names its own patient and its request."""
    found = await _count(
        database,
        """
        SELECT count(*) FROM check_in c
        WHERE c.id = ANY ($1) AND mood = 6 AND craving = 2
          AND length(note_sealed) = 33 + length('Slept well, went for a walk.')
          AND 1 = (SELECT count(*) FROM audit_event a
                   WHERE a.patient_id = c.patient_id AND a.subject_id = c.id AND a.actor_id = c.patient_id
                     AND a.action = 'record' AND a.category = 'check-ins' AND a.request_id IS NOT NULL)
        """,
        list(sent),
    )
    if found != len(sent):
        raise NotTheSame(f"{len(sent)} check-ins were acknowledged, {found} are there with their audit row")


async def reads(database: Database) -> int:
    """How many times somebody has read check-ins."""
    return await _count(
        database,
        "SELECT count(*) FROM audit_event WHERE action = 'read' AND category = 'check-ins' AND actor_id = patient_id",
    )


async def read(database: Database, expected: int) -> None:
    """Every read has left its row."""
    found = await reads(database)
    if found != expected:
        raise NotTheSame(f"{expected} reads should have been kept, {found} were")


async def _count(database: Database, sql: str, *args: object) -> int:
    raw = await connect(database.owner)
    try:
        found = await raw.fetchval(sql, *args, timeout=60)
    finally:
        await raw.close()
    return int(found)
