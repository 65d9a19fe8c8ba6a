"""A talk between two of the cast, as their phones have it."""

from typing import Any

from app.demo.cast import MAYA, SAM, Person
from tests.world import World


async def a_thread(world: World, who: Person = MAYA, other: Person = SAM) -> str:
    """The id of the thread that these two have."""
    answer = await (await world.of(who)).post("/v1/threads", json={"id": str(world.new_id()), "withId": str(other.id)})
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["id"]
    return found


def a_message(world: World, text: str = "Hello.", **changes: Any) -> dict[str, Any]:
    """Something that is written now."""
    return {"id": str(world.new_id()), "text": text, "sentAt": world.clock.now.isoformat()} | changes


async def wrote(world: World, who: Person, thread: str, text: str = "Hello.", **changes: Any) -> dict[str, Any]:
    """Somebody writes, and this is what is kept."""
    answer = await (await world.of(who)).post(f"/v1/threads/{thread}/messages", json=a_message(world, text, **changes))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def read(world: World, who: Person, thread: str, **query: Any) -> list[dict[str, Any]]:
    """What somebody sees of a thread."""
    answer = await (await world.of(who)).get(f"/v1/threads/{thread}/messages", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def seen(world: World, who: Person, thread: str) -> dict[str, Any]:
    """How a thread stands for somebody."""
    answer = await (await world.of(who)).get(f"/v1/threads/{thread}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
