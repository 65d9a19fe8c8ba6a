"""Every change, asked for twice with one Idempotency-Key: whoever adds a route has it tried here."""

from typing import Any

import httpx
import msgspec
import pytest

from app.access import Rule
from app.operations import takes_key
from tests.app.recipes import RECIPES, Recipe, ask
from tests.app.scene import Scene
from tests.app.test_access import ROUTES, recipe_of
from tests.app.test_bad_input import OPERATIONS, asker

# Whoever has signed out is nobody any more, and is told so.
KEYED = [
    row
    for row in ROUTES
    if row[:2] in OPERATIONS and takes_key(OPERATIONS[row[:2]].handler) and row[1] != "/v1/session"
]
# What this scene refuses to everybody: no answer is kept of it.
REFUSED = [row for row in KEYED if row[:2] in RECIPES and RECIPES[row[:2]].served >= 400]
DONE = [row for row in KEYED if row not in REFUSED]
KEY = {"idempotency-key": '"4f0f2c1e-6a1d-4a1b-9c55-0a8d6c1d2e3f"'}


@pytest.mark.parametrize(("method", "path", "rule"), DONE, ids=[f"{method} {path}" for method, path, _ in DONE])
async def test_each_change_that_is_asked_for_twice_happens_once_and_is_answered_alike(
    scene: Scene, method: str, path: str, rule: Rule
) -> None:
    recipe = recipe_of(method, path)
    who = asker(method, path, rule)
    async with scene.undone():
        await recipe.first(scene)
        body = None if recipe.body is None else recipe.body(scene)
        first = await asked(scene, method, path, recipe, who, body)
        before = await scene.seen.digest()
        again = await asked(scene, method, path, recipe, who, body)
        after = await scene.seen.digest()

    assert (first.status_code, first.headers.get("idempotency-replayed")) == (recipe.served, None)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers.get("content-type") == first.headers.get("content-type")
    assert again.headers.get("etag") == first.headers.get("etag")
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert before == after


@pytest.mark.parametrize(("method", "path", "rule"), REFUSED, ids=[f"{method} {path}" for method, path, _ in REFUSED])
async def test_a_change_that_was_refused_is_decided_again_and_leaves_nothing(
    scene: Scene, method: str, path: str, rule: Rule
) -> None:
    recipe = recipe_of(method, path)
    who = asker(method, path, rule)
    async with scene.undone():
        await recipe.first(scene)
        body = None if recipe.body is None else recipe.body(scene)
        before = await scene.seen.digest()
        answers = [await asked(scene, method, path, recipe, who, body) for _ in range(2)]
        after = await scene.seen.digest()

    assert [answer.status_code for answer in answers] == [recipe.served] * 2
    assert not any("idempotency-replayed" in answer.headers for answer in answers)
    assert before == after


async def asked(scene: Scene, method: str, path: str, recipe: Recipe, who: Any, body: Any) -> httpx.Response:
    """With the key, and exactly this body."""
    headers = dict(recipe.headers) | KEY | ({} if body is None else {"content-type": "application/json"})
    changes: dict[str, Any] = {"headers": headers}
    if body is not None:
        changes["content"] = msgspec.json.encode(body)
    return await ask(scene, method, path, recipe, who, **changes)
