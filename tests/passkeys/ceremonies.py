"""What the tests of passkeys do over HTTP."""

from typing import Any

import httpx

from app import auth
from app.auth import Assurance, Factor
from app.demo.cast import Person
from db import DOOR
from tests.passkeys.authenticator import Authenticator
from tests.world import World

Header = dict[str, str]
Json = dict[str, Any]


async def come_in(world: World, who: Person, factor: Factor = "link", assurance: Assurance = "full") -> Header:
    """Somebody has just signed in: their header."""
    async with world.pool.transaction(DOOR) as db:
        tokens = await auth.open_session(db, who.id, world.clock.now, factor, assurance=assurance)
    return {"authorization": f"Bearer {tokens.access_token}"}


async def asked(world: World, path: str, header: Header | None = None) -> Json:
    """The number of a challenge, and what the browser is asked."""
    answer = await world.nobody().post(path, headers=header)
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


async def register(world: World, header: Header, device: Authenticator, **wrong: Any) -> httpx.Response:
    """Make a passkey on this device."""
    begun = await asked(world, "/v1/passkeys/registrations", header)
    made = {
        "challengeId": begun["challengeId"],
        "name": "My phone",
        "credential": device.make(begun["options"], **wrong),
    }
    return await world.nobody().post("/v1/passkeys", json=made, headers=header)


async def holding(world: World, who: Person, *, syncs: bool = False) -> Authenticator:
    """Somebody's device, with a passkey on it."""
    device = Authenticator(syncs=syncs)
    client = await world.of(who)
    begun = (await client.post("/v1/passkeys/registrations")).json()
    made = {"challengeId": begun["challengeId"], "name": "My phone", "credential": device.make(begun["options"])}
    answer = await client.post("/v1/passkeys", json=made)
    assert answer.status_code == 201, answer.text
    return device


async def sign_in(world: World, device: Authenticator, **wrong: Any) -> httpx.Response:
    """Come in with what is on this device."""
    begun = await asked(world, "/v1/sign-in/passkey/challenges")
    shown = {"challengeId": begun["challengeId"], "credential": device.show(begun["options"], **wrong)}
    return await world.nobody().post("/v1/sign-in/passkey", json=shown)


async def prove(world: World, header: Header, device: Authenticator, **wrong: Any) -> httpx.Response:
    """Show that it is still you."""
    begun = await asked(world, "/v1/session/prove/passkey/challenges", header)
    shown = {"challengeId": begun["challengeId"], "credential": device.show(begun["options"], **wrong)}
    return await world.nobody().post("/v1/session/prove/passkey", json=shown, headers=header)


def code_of(answer: httpx.Response) -> str | None:
    """Why it was refused."""
    return answer.json()["code"] if answer.status_code >= 400 else None
