"""Every route, asked by everybody: what the access table says happens, and no stranger's word is in an answer."""

import re
from collections.abc import Mapping
from typing import Any, cast

import httpx
import msgspec
import pytest
from litestar import Litestar, get, head, post, route
from litestar.types import ControllerRouterHandler, Method

from app import access, openapi, stack, tables, versions
from app.access import Rule, UnruledRoute
from app.asgi import create_app
from app.demo.cast import CAST, MAYA, NOAH, Person
from db import Bell, Pool
from tests.app.knowing import facts_in, knows, leaks
from tests.app.may import MAY, May
from tests.app.recipes import RECIPES, SOCKETS, Recipe, ask, expected
from tests.app.scene import PATIENTS, Fact, Scene
from tests.world import SITE

APP = stack.app_without_database()
TABLE = [(method, path, rule) for method, path, rule in access.ruled(APP)]
DESCRIBED = openapi.description(APP)
ROUTES = [row for row in TABLE if row[:2] not in SOCKETS]
EVERYBODY: tuple[Person | None, ...] = (*CAST, None)
EVERY_FACT: set[Fact] = {"identity", "note", "medicine", "device"}
each_route = pytest.mark.parametrize(
    ("method", "path", "rule"), ROUTES, ids=[f"{method} {path}" for method, path, _ in ROUTES]
)


def recipe_of(method: str, path: str) -> Recipe:
    called = (method, path) if (method, path) in RECIPES else ("GET" if method == "HEAD" else method, path)
    if called not in RECIPES:
        pytest.fail(f"tests/app/recipes.py does not say how to call {method} {path}", pytrace=False)
    return RECIPES[called]


def book(method: str, path: str, rule: Rule) -> May | None:
    """What our own book says of a route; nothing of one that is open to everybody."""
    if rule.public:
        return None
    if (method, path) not in MAY:
        pytest.fail(f"tests/app/may.py does not say who may {method} {path}; the app: {rule.who}", pytrace=False)
    return MAY[method, path]


@each_route
async def test_each_route_answers_everybody_as_the_table_says(scene: Scene, method: str, path: str, rule: Rule) -> None:
    recipe = recipe_of(method, path)
    wrong = []
    for actor in EVERYBODY:
        due = expected(book(method, path, rule), recipe, actor)
        async with scene.undone():
            await recipe.first(scene)
            before = await scene.seen.digest() if due.status >= 400 else {}
            answer = await ask(scene, method, path, recipe, actor)
            changed = bool(before) and await scene.seen.digest() != before
        code = msgspec.json.decode(answer.content)["code"] if answer.status_code >= 400 and due.code else None
        who = actor.handle if actor else "nobody"
        if (answer.status_code, code) != (due.status, due.code):
            wrong.append(f"{who}: {answer.status_code} {code} instead of {due.status} {due.code}: {answer.text[:300]}")
        if answer.status_code >= 400 and not is_described(method, path, answer):
            wrong.append(f"{who}: the description knows nothing of {answer.status_code} {code}")
        if changed:
            wrong.append(f"{who}: was refused, and yet something was written")
        found = leaks(answer.content + str(answer.headers).encode(), scene.records, allowed(recipe, actor, due.status))
        wrong += [f"{who}: is shown {fact}" for fact in found]
    assert wrong == []


def is_described(method: str, path: str, answer: httpx.Response) -> bool:
    """Whether the description names this refusal; what is not in it at all is for browsers."""
    operation = DESCRIBED["paths"].get(path, {}).get(method.lower())
    told = operation and operation["responses"].get(str(answer.status_code), {})
    return operation is None or answer.json()["code"] in str(told)


def allowed(recipe: Recipe, actor: Person | None, status: int) -> dict[str, set[Fact]]:
    """What may be in the answer about each patient; nothing at all in a refusal."""
    if status >= 400:
        return {p.handle: set() for p in PATIENTS}
    if recipe.tells_names:
        return {p.handle: {"identity"} for p in PATIENTS}
    return {p.handle: knows(actor, p, claimed=recipe.claims and p == MAYA) for p in PATIENTS}


@each_route
async def test_with_the_guard_off_nobody_is_told_more_than_with_it(
    open_scene: Scene, method: str, path: str, rule: Rule
) -> None:
    """Who would not be admitted finds nothing there, or what is their own, which is nothing yet; not only no mark."""
    recipe = recipe_of(method, path)
    wrong = []
    for actor in EVERYBODY:
        due = expected(book(method, path, rule), recipe, actor)
        async with open_scene.undone():
            await recipe.first(open_scene)
            answer = await ask(open_scene, method, path, recipe, actor)
        who = actor.handle if actor else "nobody"
        if answer.status_code == 500 or (actor is not None and answer.status_code == 401 != due.status):
            wrong.append(f"{who}: {answer.status_code} {answer.text[:300]}")
        elif actor is not None and due.status in NOT_ADMITTED and not is_nothing(answer, path, recipe, actor):
            wrong.append(f"{who}: {answer.status_code} instead of {due.status}: {answer.text[:300]}")
        found = leaks(answer.content, open_scene.records, allowed(recipe, actor, answer.status_code))
        wrong += [f"{who}: is shown {fact}" for fact in found]
    assert wrong == []


NOT_ADMITTED = {403, 404}
# What somebody who is asked about themselves is told when there is nothing of theirs.
EMPTY: Mapping[str, dict[str, Any]] = {
    "/v1/support": {"state": "none", "since": None, "answeredBy": None},
    "/v1/care-team": {"members": [], "version": versions.of([])},
    "/v1/disclosures": {"nextCursor": None, "items": [], "since": "2023-03-03T15:30:00Z"},
    "/v1/approvals": {"items": []},
    "/v1/duty-shifts": {"items": []},
    "/v1/exports": {"items": []},
    "/v1/closures": {"items": []},
    "/v1/provider-links": {"items": []},
    "/v1/totp": {"items": []},
    "/v1/visits": {"items": []},
}


# Who works where is known to everybody behind the guard, and so is the law; that they change nothing of it is what the
# wall is for.
OF_STAFF = {
    "/v1/staff",
    "/v1/staff/{staff_id}/roles",
    "/v1/recipients",
    "/v1/legal-parameters",
    "/v1/check-in-form",
    "/v1/thresholds",
    "/v1/rotations",
}


def is_nothing(answer: httpx.Response, path: str, recipe: Recipe, actor: Person) -> bool:
    """Whether an answer refuses, has nothing in it, or speaks of its caller and of what was just sent alone."""
    if path in OF_STAFF:
        return answer.status_code >= 400 or answer.request.method == "GET"
    if recipe.of == "one":
        return answer.status_code in NOT_ADMITTED
    if answer.status_code >= 400:
        return answer.status_code in {*NOT_ADMITTED, 409}
    if answer.request.method == "GET":
        week = {"timeZone": actor.time_zone, "blocks": [], "exceptions": [], "version": versions.of([])}
        due = week if path == "/v1/working-hours" else EMPTY.get(path, {"nextCursor": None, "items": []})
        return bool(answer.json() == due)
    return ids_in(answer.content) <= ids_in(answer.request.content) | {str(actor.id).encode()}


def ids_in(text: bytes) -> set[bytes]:
    """Every id that is spoken of."""
    return set(re.findall(rb"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", text))


async def test_every_mark_can_be_found_by_those_who_may_read_it(scene: Scene) -> None:
    """Otherwise the tests above would find no leak because there is nothing to leak."""
    found: set[str] = set()
    for method, path, _ in ROUTES:
        recipe = recipe_of(method, path)
        if method == "GET" and recipe.of != "nobody":
            for actor in (MAYA, NOAH):
                found |= facts_in((await ask(scene, method, path, recipe, actor)).content, scene.records)
    assert found >= {f"{p.handle}: {fact}" for p in (MAYA, NOAH) for fact in EVERY_FACT}
    assert not any("token" in fact for fact in found)


def test_a_leak_is_found(scene: Scene) -> None:
    """The comparison itself can fail."""
    nothing: dict[str, set[Fact]] = {p.handle: set() for p in PATIENTS}
    answer = f'{{"name":"{MAYA.name}","id":"{NOAH.id}"}}'.encode()
    assert leaks(answer, scene.records, nothing) == ["maya: identity", "noah: identity"]


@each_route
def test_both_books_say_the_same_of_each_route(method: str, path: str, rule: Rule) -> None:
    said = book(method, path, rule)
    assert said is None or {role: set(held) for role, held in rule.who.items()} == {r: set(h) for r, h in said.items()}


def test_every_route_takes_its_cells_from_the_one_declaration() -> None:
    assert tables.undeclared(APP) == "", "put these lines into app/grants.py, and run `app access --sql` anew"


def test_our_book_speaks_of_no_route_that_is_not_there() -> None:
    assert set(MAY) - {row[:2] for row in ROUTES} == set()


def test_every_recipe_belongs_to_a_route() -> None:
    assert set(RECIPES) - {row[:2] for row in ROUTES} == set()


def test_every_socket_is_one_that_we_know() -> None:
    assert {row[:2] for row in TABLE if row[0] == "WS"} == SOCKETS


def test_an_app_with_a_route_that_says_nothing_of_access_does_not_start() -> None:
    @get("/v1/forgotten", sync_to_thread=False)
    def forgotten() -> None:
        """Nobody said who may call this."""

    with pytest.raises(UnruledRoute, match="GET /v1/forgotten"):
        create_app(Pool.none(), Bell(), SITE, beside=[forgotten])


def served(*beside: ControllerRouterHandler) -> Litestar:
    return create_app(Pool.none(), Bell(), SITE, beside=beside)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
def test_an_app_with_a_handler_of_any_method_that_says_nothing_of_access_does_not_start(method: Method) -> None:
    @route("/v1/forgotten", http_method=method, sync_to_thread=False)
    def forgotten() -> None:
        """Nobody said who may call this."""

    with pytest.raises(UnruledRoute, match=f"{method} /v1/forgotten"):
        served(forgotten)


async def test_a_handler_of_head_or_options_is_held_to_its_rule() -> None:
    @route(
        "/v1/open", http_method=["GET", "HEAD", "OPTIONS"], sync_to_thread=False, access=access.public("read", "page")
    )
    def opened() -> str:
        return "open"

    @head("/v1/closed", sync_to_thread=False, access=access.allow("read", "page", access.EVERYONE))
    def closed() -> None:
        """For those who have signed in."""

    @post("/v1/closed", sync_to_thread=False, access=access.allow("change", "page", access.EVERYONE))
    def changed() -> None:
        """The same."""

    transport = httpx.ASGITransport(cast(Any, served(opened, closed, changed)), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://cairn.test") as client:
        found = {
            (method, path): (await client.request(method, path)).status_code
            for method in ("HEAD", "OPTIONS")
            for path in ("/v1/open", "/v1/closed")
        }
    assert found == {
        ("HEAD", "/v1/open"): 200, ("OPTIONS", "/v1/open"): 200,
        ("HEAD", "/v1/closed"): 401, ("OPTIONS", "/v1/closed"): 204,
    }  # fmt: skip
