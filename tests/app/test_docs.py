"""The page about the API: all of it is shown, nothing is fetched from elsewhere, and nothing in it runs."""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any, cast

import httpx
import msgspec
import pytest
from litestar import Litestar

from app import openapi, operations, stack
from app.docs import page, samples

Json = dict[str, Any]


@pytest.fixture(scope="module")
def app() -> Litestar:
    """The app as it would be served."""
    return stack.app_without_database()


@pytest.fixture(scope="module")
def described(app: Litestar) -> Json:
    """The document, as a program reads it."""
    found: Json = msgspec.json.decode(openapi.document(app))
    return found


@pytest.fixture
async def client(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody whom nobody knows."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(cast(Any, app), raise_app_exceptions=False), base_url="http://cairn.test"
    ) as made:
        yield made


def each(described: Json) -> list[Json]:
    return [one for item in described["paths"].values() for one in item.values()]


def test_the_body_of_each_line_to_try_is_one_that_the_operation_takes(app: Litestar, described: Json) -> None:
    bodies = {one.id: one.body for one in operations.served(app) if one.body is not None}
    assert bodies
    for one in each(described):
        if "requestBody" in one:
            schema = one["requestBody"]["content"]["application/json"]["schema"]
            msgspec.convert(samples.value(schema, described["components"]["schemas"]), bodies[one["operationId"]])


class Links(HTMLParser):
    """What a page fetches or leads to, its anchors, and whatever a strict policy would refuse."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.places: list[str] = []
        self.ids: list[str] = []
        self.refused: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"href", "src", "srcset", "action", "data", "poster"}:
                self.places.append(value or "")
            if name == "id":
                self.ids.append(value or "")
            if name == "style" or name.startswith("on"):
                self.refused.append(f"{tag} {name}")
        if tag in {"script", "style", "iframe", "base"}:
            self.refused.append(tag)


async def test_the_page_fetches_nothing_from_elsewhere_and_needs_no_exception_from_the_policy(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/docs")
    links = Links(answer.text)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert links.refused == []
    assert {place for place in links.places if not re.match(r"#|/(?!/)|data:,$", place)} == set()
    assert {place[1:] for place in links.places if place.startswith("#")} <= set(links.ids)
    assert len(links.ids) == len(set(links.ids))
    policy = answer.headers["content-security-policy"]
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy
    for place in {place for place in links.places if place.startswith("/")}:
        assert (await client.get(place)).status_code == 200


async def test_the_page_shows_every_operation_and_every_schema(client: httpx.AsyncClient, described: Json) -> None:
    ids = set(Links((await client.get("/docs")).text).ids)
    assert {one["operationId"] for one in each(described)} <= ids
    assert {f"schema-{name}" for name in described["components"]["schemas"]} <= ids


async def test_the_style_sheet_is_kept_for_ever_and_fetches_nothing(client: httpx.AsyncClient) -> None:
    [place] = [place for place in Links((await client.get("/docs")).text).places if ".css" in place]
    style = await client.get(place)
    assert style.headers["content-type"].startswith("text/css")
    assert "immutable" in style.headers["cache-control"]
    assert "url(" not in style.text
    assert "@import" not in style.text


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
async def test_whoever_has_it_already_is_not_sent_it_again(client: httpx.AsyncClient, path: str) -> None:
    first = await client.get(path)
    again = await client.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    other = await client.get(path, headers={"if-none-match": '"something else"'})
    assert other.content == first.content


async def test_the_served_document_is_the_one_that_is_printed(client: httpx.AsyncClient, app: Litestar) -> None:
    answer = await client.get("/openapi.json")
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.content == openapi.document(app)


def test_what_a_docstring_says_is_shown_and_never_run(described: Json) -> None:
    hostile = '<script>alert(1)</script> "quoted" & `<b>`'
    shown = page.written(
        {**described, "info": {**described["info"], "title": hostile, "description": hostile}}, "/s.css", ""
    )
    assert Links(shown).refused == []
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "<code>&lt;b&gt;</code>" in shown
