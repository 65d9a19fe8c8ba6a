"""How people come in, in the tests: contacts that are theirs, a post office that keeps what it carries, and codes."""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from app import written
from app.contacts import actions as contacts
from app.contacts.models import Contact, NewContact
from app.demo.cast import Person
from db import Pool, new_id
from db import person as as_person
from notifications import letters
from notifications.channel import Accepted, Outcome
from notifications.letters import Letter, Posted
from notifications.models import Post
from tests.device import Device
from tests.world import SITE, World

MAYAS, MAYAS_PHONE, LEOS = "maya@example.org", "+12025550143", "leo@example.org"


class PostOffice:
    """A carrier that keeps what it carries. What it is told to answer comes first, and an exception is raised."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.tried: list[Letter] = []
        self.answers: list[Outcome | BaseException] = []

    async def carry(self, letter: Letter) -> Outcome:
        self.tried.append(letter)
        answer = self.answers.pop(0) if self.answers else Accepted("")
        if isinstance(answer, BaseException):
            raise answer
        if isinstance(answer, Accepted):
            self.letters.append(letter)
        return answer


async def has_contact(pool: Pool, who: Person, value: str, now: datetime, **flags: Any) -> Contact:
    """A contact of theirs that they have shown to be theirs; `verified=False`: not yet."""
    verified = flags.pop("verified", True)
    kind: Post = "email" if "@" in value else "sms"
    async with pool.transaction(as_person(who.id)) as db:
        kept = await contacts.add(db, who.id, NewContact(new_id(now), kind, value, **flags), who.id, now)
        if verified:
            await contacts.verified(db, kept.id, now)
    return kept


async def posted(world: World, office: PostOffice, by: Post = "email") -> Posted:
    """The worker's tick."""
    return await letters.post_due(world.pool, written.composer(SITE), by, office, world.clock.now)


async def ask(world: World, contact: str, device: Device | None = None) -> httpx.Response:
    """Ask for a code at the door."""
    sent = {"contact": contact} | ({"device": key_of(device)} if device else {})
    return await world.nobody().post("/v1/sign-in/codes", json=sent)


async def give(
    world: World, challenge: str, code: str, device: Device | None = None, proof: str | None = None
) -> httpx.Response:
    """Give the code."""
    sent = {"code": code, **({"device": key_of(device)} if device else {}), **({"proof": proof} if proof else {})}
    return await world.nobody().post(f"/v1/sign-in/codes/{challenge}/redeem", json=sent)


def key_of(device: Device) -> dict[str, Any]:
    """As it is sent."""
    return {"publicKey": device.public_key, "name": device.name}


def held(device: Device, challenge: str, at: datetime, **changes: Any) -> str:
    """That the device has its key, for this challenge."""
    return device.proof(challenge, at, htu=f"/v1/sign-in/codes/{challenge}/redeem", **changes)


def code_in(letter: Letter) -> str:
    """The code that a letter carries."""
    [found] = re.findall(r"\b\d{8}\b", letter.text)
    return str(found)


async def challenge_and_code(world: World, contact: str = MAYAS, device: Device | None = None) -> tuple[str, str]:
    """A code that was asked for and came."""
    asked, office = await ask(world, contact, device), PostOffice()
    assert asked.status_code == 202, asked.text
    await posted(world, office, "email" if "@" in contact else "sms")
    return asked.json()["id"], code_in(office.letters[-1])


async def comes_in(world: World, contact: str = MAYAS, device: Device | None = None) -> httpx.AsyncClient:
    """A client that has come in by a code alone."""
    challenge, code = await challenge_and_code(world, contact, device)
    signed = await give(world, challenge, code, device)
    assert signed.status_code == 201, signed.text
    return world.with_token(signed.json()["accessToken"])


async def is_sure(world: World, client: httpx.AsyncClient) -> bool:
    """Whether the session reaches a record."""
    answer = await client.get("/v1/check-ins")
    assert answer.status_code in (200, 403), answer.text
    return answer.status_code == 200


def session_of(client: httpx.AsyncClient) -> str:
    """The header that says who somebody is."""
    return str(client.headers["authorization"])


def minutes(number: float) -> timedelta:
    """So many."""
    return timedelta(minutes=number)


def other_digit(code: str) -> str:
    """A code that is wrong in one place."""
    return str((int(code[0]) + 1) % 10) + code[1:]


def an_id(world: World) -> UUID:
    """An id that nobody has."""
    return new_id(world.clock.now)
