"""Whatever is sent, the answer is a problem that names the field, nothing is half done, and nothing sent comes back."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import msgspec
import pytest

from app import operations, stack
from app.access import Rule
from app.demo.cast import CAST, MAYA, Person
from app.errors import PROBLEM
from app.observe import HEADERS as SECURITY_HEADERS
from app.operations import Operation
from app.wire import Line
from tests.app import nasty
from tests.app.nasty import MARK, Case
from tests.app.recipes import Recipe, ask, expected
from tests.app.scene import Scene
from tests.app.test_access import ROUTES, book, each_route, recipe_of

OPERATIONS = {(one.method, one.path): one for one in operations.served(stack.app_without_database())}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
PATHS = sorted({path for _, path, _ in ROUTES})
WITH_PLACES = [row for row in ROUTES if "{" in row[1]]
each_path = pytest.mark.parametrize(
    ("method", "path", "rule"), WITH_PLACES, ids=[f"{method} {path}" for method, path, _ in WITH_PLACES]
)


def asked_of(operation: Operation) -> list[str]:
    """What may stand in the query."""
    return [one.name for one in operation.parameters if one.where == "query"]


WITH_QUERY = [one for one in OPERATIONS.values() if asked_of(one)]


class Told:
    """The answers to one route's cases: what is wrong with them, each with the case that showed it."""

    def __init__(self, scene: Scene, recipe: Recipe) -> None:
        self.scene, self.recipe, self.wrong = scene, recipe, list[str]()

    async def answer(self, name: str, sent: Awaitable[httpx.Response]) -> httpx.Response:
        """Send it. What is served is undone; what is refused must have undone itself, which `those_of` checks."""
        self._name = name
        with suppress(_Undone):
            async with self.scene.seen.savepoint():
                answer = await sent
                if answer.status_code < 400 or answer.status_code >= 500:
                    raise _Undone
        return answer

    def refused(self, answer: httpx.Response, *statuses: int, pointer: str | None = None) -> None:
        """It must be one of these statuses, and name the field."""
        if answer.status_code not in statuses:
            self._say(f"{answer.status_code} instead of {statuses}: {answer.text[:200]}")
        self.harmless(answer)
        if pointer is not None and answer.status_code == 422:
            named = [one["pointer"] for one in answer.json().get("errors", [])]
            if not any(one == pointer or (pointer and one.startswith(f"{pointer}/")) for one in named):
                self._say(f"names {named} instead of {pointer}")

    def harmless(self, answer: httpx.Response) -> None:
        """Whether it was taken or not: no error of ours, a refusal is a proper problem, nothing comes back."""
        if answer.status_code >= 400 and answer.status_code != self.recipe.served:
            for fault in faults(answer):
                self._say(fault)
            if MARK in answer.text or MARK in str(answer.headers):
                self._say(f"what was sent came back: {answer.text[:300]}")
        if missing := without_security_headers(answer):
            self._say(f"has no {missing}")

    def _say(self, what: str) -> None:
        self.wrong.append(f"{self._name}: {what}")


class _Undone(Exception):
    """What was served shall not have happened."""


@asynccontextmanager
async def those_of(scene: Scene, recipe: Recipe) -> AsyncIterator[Told]:
    """All cases of a route; at the end nothing may be wrong, and no refusal may have left anything behind."""
    told = Told(scene, recipe)
    async with scene.undone():
        await recipe.first(scene)
        before = await scene.seen.digest()
        yield told
        after = await scene.seen.digest()
    told.wrong += [f"refusals have changed {table}" for table in before if before[table] != after[table]]
    if told.wrong:
        pytest.fail(f"{len(told.wrong)} wrong:\n" + "\n".join(told.wrong[:20]), pytrace=False)


def faults(answer: httpx.Response) -> list[str]:
    """What is wrong with a refusal."""
    if answer.status_code >= 500:
        return [f"{answer.status_code}: {answer.text[:200]}"]
    if answer.headers.get("content-type") != PROBLEM:
        return [f"is no problem document but {answer.headers.get('content-type')}: {answer.text[:100]}"]
    if answer.request.method == "HEAD":
        return ["an answer to HEAD has a body"] if answer.content else []
    said = msgspec.json.decode(answer.content, type=dict[str, Any])
    number = answer.headers.get("x-request-id")
    checks = {
        "no code": bool(said.get("code")),
        "no title": bool(said.get("title")),
        "another status": said.get("status") == answer.status_code,
        "another request id": bool(number) and said.get("requestId") == number,
        "no type": said.get("type", "").startswith("urn:cairn:problem:"),
        "no Allow": answer.status_code != 405 or "allow" in answer.headers,
        "no WWW-Authenticate": answer.status_code != 401 or "www-authenticate" in answer.headers,
        "more than a problem": set(said) <= {"type", "title", "status", "code", "requestId", "errors"},
    }
    return [fault for fault, right in checks.items() if not right]


def without_security_headers(answer: httpx.Response) -> list[str]:
    """The security headers that an answer does not have."""
    names = [name.decode() for name, _ in SECURITY_HEADERS]
    return [name for name in (*names, "x-request-id") if name not in answer.headers]


def asker(method: str, path: str, rule: Rule) -> Person | None:
    """Somebody to whom the route answers, when nothing is wrong."""
    if rule.public:
        return None
    recipe = recipe_of(method, path)
    due = {p: expected(book(method, path, rule), recipe, p).status for p in CAST}
    return next(p for p in CAST if due[p] == recipe.served)


@each_route
async def test_each_route_refuses_a_body_that_is_broken_anywhere(
    scene: Scene, method: str, path: str, rule: Rule
) -> None:
    operation, recipe = OPERATIONS.get((method, path)), recipe_of(method, path)
    async with those_of(scene, recipe) as told:
        if operation is None or operation.body is None:
            await _sends_what_nobody_reads(told, method, path, recipe, rule)
        else:
            await _sends_broken_bodies(told, operation, recipe)


async def _sends_broken_bodies(told: Told, operation: Operation, recipe: Recipe) -> None:
    assert recipe.body is not None, f"tests/app/recipes.py sends no body to {operation.id}"
    call = (
        told.scene,
        operation.method,
        operation.path,
        recipe,
        asker(operation.method, operation.path, operation.rule),
    )
    for case in (*nasty.RAW, *nasty.bodies(operation, recipe.body(told.scene))):
        _judge(told, await told.answer(case.name, ask(*call, content=case.content)), case)
    for media_type in nasty.MEDIA_TYPES:
        sent = ask(*call, headers={"content-type": media_type})
        told.refused(await told.answer(f"Content-Type {media_type!r}", sent), 415)


def _judge(told: Told, answer: httpx.Response, case: Case) -> None:
    if case.too_large:
        told.refused(answer, 413)
    elif case.pointer is None:
        told.refused(answer, 400, 422)
    elif case.certain:
        told.refused(answer, 422, pointer=case.pointer)
    else:
        told.harmless(answer)


async def _sends_what_nobody_reads(told: Told, method: str, path: str, recipe: Recipe, rule: Rule) -> None:
    """A route that takes no body is not disturbed by one."""
    for case in nasty.RAW:
        sent = ask(told.scene, method, path, recipe, asker(method, path, rule), content=case.content)
        told.harmless(await told.answer(case.name, sent))


@each_route
async def test_each_route_is_unmoved_by_odd_headers_and_refuses_odd_credentials(
    scene: Scene, method: str, path: str, rule: Rule
) -> None:
    recipe = recipe_of(method, path)
    usual = dict(recipe.headers) | ({"content-type": "application/json"} if recipe.body else {})
    async with those_of(scene, recipe) as told:
        for odd in nasty.HEADERS:
            sent = ask(scene, method, path, recipe, asker(method, path, rule), headers=usual | odd)
            told.harmless(await told.answer(str(odd)[:60], sent))
        for credentials in () if rule.public else nasty.CREDENTIALS:
            sent = ask(scene, method, path, recipe, None, headers=usual | {"authorization": credentials})
            told.refused(await told.answer(f"Authorization {str(credentials)[:40]}", sent), 401)


@each_path
async def test_each_route_refuses_a_path_that_leads_nowhere(scene: Scene, method: str, path: str, rule: Rule) -> None:
    recipe = recipe_of(method, path)
    async with those_of(scene, recipe) as told:
        for place in nasty.PLACES:
            for name in recipe.path(scene):
                sent = ask(scene, method, path, recipe, asker(method, path, rule), path={name: place})
                # The door answers alike whatever is not there.
                constant = (403,) if rule.public else ()
                told.refused(await told.answer(f"{name}={place[:40]}", sent), 404, 422, *constant)


@pytest.mark.parametrize("operation", WITH_QUERY, ids=[one.id for one in WITH_QUERY])
async def test_each_route_refuses_a_query_that_does_not_fit(scene: Scene, operation: Operation) -> None:
    recipe = recipe_of(operation.method, operation.path)
    async with those_of(scene, recipe) as told:
        for name in asked_of(operation):
            for value in (*nasty.QUERIES, *(nasty.cursors() if name == "cursor" else ())):
                sent = _queried(scene, operation, recipe, name, value)
                told.harmless(await told.answer(f"{name}={value[:40]}", sent))
            for value in nasty.OUT_OF_RANGE.get(name, ()):
                sent = _queried(scene, operation, recipe, name, value)
                told.refused(await told.answer(f"{name}={value}", sent), 422, pointer=f"/{name}")


@pytest.mark.parametrize("operation", WITH_QUERY, ids=[one.id for one in WITH_QUERY])
async def test_each_route_names_what_is_missing_in_its_query(scene: Scene, operation: Operation) -> None:
    recipe = recipe_of(operation.method, operation.path)
    for one in operation.parameters:
        if one.where == "query" and one.required:
            who = asker(operation.method, operation.path, operation.rule)
            answer = await ask(scene, operation.method, operation.path, recipe, who, params={})
            assert answer.status_code == 422
            assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [(f"/{one.name}", "missing")]


async def test_what_does_not_fit_is_told_with_what_is_expected_and_never_as_an_expression(scene: Scene) -> None:
    client = await scene.world.of(MAYA)

    words = (await client.get("/v1/slots", params={"kind": MARK})).json()["errors"]
    names = await client.post("/v1/setup", json={MARK * 100: 1})
    line = await client.post("/v1/demo/sign-ins", json={"person": MARK.upper()})

    assert words == [
        {"pointer": "/kind", "code": "invalid", "message": "Expected one of counseling, medication, peer."}
    ]
    (unknown,) = names.json()["errors"]
    assert (unknown["code"], len(unknown["pointer"])) == ("unknown", 81)
    assert MARK not in unknown["message"]
    assert line.json()["errors"][0]["message"].startswith("Some of its characters cannot stand here")


@pytest.mark.parametrize("name", [" ", "\u00a0\u2003", "\u200b", "\u2800", "\ufeff \u3164", "x\n", "\n"])
def test_a_line_of_nothing_that_can_be_seen_is_no_line(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(name, Line)


@pytest.mark.parametrize("name", ["x", " Harbor ", "Señora Núñez", "山田", "👩\u200d🚀", "\u200fشمس"])
def test_a_line_may_have_something_unseen_beside_what_is_seen(name: str) -> None:
    assert msgspec.convert(name, Line) == name


async def _queried(scene: Scene, operation: Operation, recipe: Recipe, name: str, value: str) -> httpx.Response:
    rest = "".join(f"&{key}={word}" for key, word in recipe.query(scene).items() if key != name)
    address = f"{operation.path}?{name}={value}{rest}"
    return await ask(
        scene, operation.method, address, recipe, asker(operation.method, operation.path, operation.rule), params=None
    )


@pytest.mark.parametrize("path", PATHS)
async def test_each_path_refuses_the_methods_that_it_does_not_have(scene: Scene, path: str) -> None:
    known = {method: recipe_of(method, found) for method, found, _ in ROUTES if found == path}
    bare = Recipe(of="nobody", path=next(iter(known.values())).path)
    async with those_of(scene, bare) as told:
        for method in METHODS:
            if method not in known:
                answer = await told.answer(method, ask(scene, method, path, bare, MAYA))
                told.refused(answer, 204 if method == "OPTIONS" else 405)
                if answer.status_code == 405:
                    assert set(known) <= set(answer.headers["allow"].replace(" ", "").split(","))


NOWHERE = (
    "/v1", "/v1/", "/v1/none", "/v1//me", "/v1/me/", "/%00", "/.env", "/" + "a" * 10_000, "/v1/%2e%2e/me", "/%FF%FE",
    "/v1/alerts/", "/v1/patients/zqmark/none", "/v1/me%20", "/V1/ME", "/v1/me;zqmark", "/admin", "/graphql",
)  # fmt: skip
# One slash too many leads to the same place.
ANOTHER_SPELLING = {"/v1//me", "/v1/me/", "/v1/alerts/"}


@pytest.mark.parametrize("path", NOWHERE, ids=lambda path: path[:30])
async def test_an_address_that_is_not_there_answers_with_a_problem_and_all_security_headers(
    scene: Scene, path: str
) -> None:
    for client in (scene.world.nobody(), await scene.world.of(MAYA)):
        answer = await client.get(path)
        if path not in ANOTHER_SPELLING:
            assert answer.status_code == 404
        if answer.status_code >= 400:
            assert faults(answer) == []
            assert MARK not in answer.text
        assert without_security_headers(answer) == []


@each_route
async def test_each_route_has_all_security_headers_on_what_it_serves(
    scene: Scene, method: str, path: str, rule: Rule
) -> None:
    recipe = recipe_of(method, path)
    async with scene.undone():
        await recipe.first(scene)
        answer = await ask(scene, method, path, recipe, asker(method, path, rule))
    assert answer.status_code == recipe.served
    assert without_security_headers(answer) == []
    assert "server" not in answer.headers
