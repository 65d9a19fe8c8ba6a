"""The page that shows the API's description to people: plain HTML, readable without a script."""

import json
import re
from collections.abc import Iterable
from html import escape
from typing import Any

from app import schemas
from app.docs import samples
from app.schemas import Json

_METHODS = ("get", "post", "put", "patch", "delete")
_LIMITS = (
    ("minimum", "at least {}"),
    ("maximum", "at most {}"),
    ("minLength", "{} characters or more"),
    ("maxLength", "up to {} characters"),
    ("minItems", "{} or more"),
    ("maxItems", "up to {}"),
)


def written(description: Json, style: str, address: str) -> str:
    """The whole page; `address` is where the lines to try at a prompt send their requests."""
    groups = _groups(description["paths"])
    shared = description["components"]["schemas"]
    sections = "".join(_section(tag, groups[tag["name"]], shared, address) for tag in description["tags"])
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(description["info"]["title"])} API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{style}">
</head>
<body>
<a class="skip" href="#content">Skip to the operations</a>
<nav aria-label="Operations">{_contents(description["tags"], groups)}</nav>
<main id="content">
<header>
<h1>{escape(description["info"]["title"])} API <small>{escape(description["info"]["version"])}</small></h1>
{_prose(description["info"]["description"])}
<p><a href="/openapi.json">The same as an OpenAPI document</a>, for generators of clients.</p>
</header>
{sections}
<section id="schemas"><h2>Schemas</h2>{"".join(_schema(name, one) for name, one in shared.items())}</section>
</main>
</body>
</html>
"""


def _groups(paths: Json) -> dict[str, list[tuple[str, str, Json]]]:
    """By tag, its operations as (method, path, operation)."""
    groups: dict[str, list[tuple[str, str, Json]]] = {}
    for path, item in paths.items():
        for method in (method for method in _METHODS if method in item):
            for tag in item[method]["tags"]:
                groups.setdefault(tag, []).append((method, path, item[method]))
    return groups


def _contents(tags: Iterable[Json], groups: dict[str, list[tuple[str, str, Json]]]) -> str:
    parts = []
    for tag in tags:
        links = "".join(
            f'<li><a href="#{escape(one["operationId"])}">{escape(one["summary"])}</a></li>'
            for _, _, one in groups[tag["name"]]
        )
        parts.append(f'<h2><a href="#group-{escape(tag["name"])}">{escape(tag["name"])}</a></h2><ul>{links}</ul>')
    return "".join(parts) + '<h2><a href="#schemas">schemas</a></h2>'


def _section(tag: Json, operations: list[tuple[str, str, Json]], shared: Json, address: str) -> str:
    name = escape(tag["name"])
    shown = "".join(_operation(method, path, one, shared, address) for method, path, one in operations)
    return f'<section id="group-{name}"><h2>{name}</h2>{_prose(tag["description"])}{shown}</section>'


def _operation(method: str, path: str, one: Json, shared: Json, address: str) -> str:
    parts = [
        f'<article id="{escape(one["operationId"])}"><h3>{escape(one["summary"])}</h3>',
        f'<p class="address"><span class="method {method}">{method.upper()}</span> <code>{_breakable(path)}</code></p>',
        _prose(one["description"]),
        _parameters(one.get("parameters", [])),
        _body(one, shared),
        _answers(one["responses"]),
        f"<h4>Try</h4><pre><code>{escape(samples.curl(method, path, one, shared, address))}</code></pre></article>",
    ]
    return "".join(parts)


def _parameters(parameters: list[Json]) -> str:
    if not parameters:
        return ""
    return "<h4>Parameters</h4>" + _table(
        (one["name"], f"{one['in']}, required" if one["required"] else one["in"], one["schema"], one.get("description"))
        for one in parameters
    )


def _body(one: Json, shared: Json) -> str:
    if "requestBody" not in one:
        return ""
    schema = one["requestBody"]["content"]["application/json"]["schema"]
    name = schemas.name_of(schema)
    fields = _fields(shared[name]) if name in shared else ""
    return f"<h4>Body: {_kind(schema)}</h4>{fields}"


def _fields(schema: Json) -> str:
    required = schema.get("required", [])
    return _table(
        (name, "required" if name in required else "", one, one.get("description"))
        for name, one in schema.get("properties", {}).items()
    )


def _table(rows: Iterable[tuple[str, str, Json, str | None]]) -> str:
    body = "".join(
        f'<tr><th scope="row"><code>{escape(name)}</code> <small>{escape(note)}</small></th>'
        f"<td>{_kind(schema)}{_limits(schema)}</td><td>{_inline(said or '')}</td></tr>"
        for name, note, schema, said in rows
    )
    return f'<div class="wide"><table><tbody>{body}</tbody></table></div>'


def _kind(schema: Json) -> str:
    """What a value is, in a few words; a shared schema is a link to it."""
    if name := schemas.name_of(schema):
        return f'<a href="#schema-{escape(name)}">{escape(name)}</a>' + (" or null" if "anyOf" in schema else "")
    if "enum" in schema:
        return " · ".join(f"<code>{escape(json.dumps(value).strip(chr(34)))}</code>" for value in schema["enum"])
    kinds = schema.get("type", "anything")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "array" in kinds:
        return "list of " + _kind(schema.get("items") or {}) + (" or null" if "null" in kinds else "")
    return escape(" or ".join(schema.get("format", kind) if kind != "null" else kind for kind in kinds))


def _limits(schema: Json) -> str:
    said = [words.format(schema[key]) for key, words in _LIMITS if key in schema]
    # That text holds no control characters goes without saying.
    if "pattern" in schema and "\\u0000" not in schema["pattern"]:
        said.append(f"matches {schema['pattern']}")
    if schema.get("default") not in (None, ""):
        said.append(f"{json.dumps(schema['default'])} when left out")
    return f"<br><small>{escape(', '.join(said))}</small>" if said else ""


def _answers(responses: Json) -> str:
    good = [(status, one) for status, one in responses.items() if status < "400"]
    bad = [(status, one) for status, one in responses.items() if status >= "400"]
    return (
        f"<h4>Answers</h4><dl>{''.join(_answer(*one) for one in good)}</dl>"
        f"<details><summary>Refusals: {', '.join(status for status, _ in bad)}</summary>"
        f"<dl>{''.join(_refusal(*one) for one in bad)}</dl></details>"
    )


def _answer(status: str, one: Json) -> str:
    kinds = [
        f"{_kind(part['schema'])} <small>{escape(media)}</small>" for media, part in one.get("content", {}).items()
    ]
    return f"<dt>{status} {' '.join(kinds)}</dt><dd>{_inline(one['description'])}</dd>"


def _refusal(status: str, one: Json) -> str:
    if "$ref" in one:
        name = one["$ref"].rpartition("/")[2]
        return f"<dt>{status}</dt><dd><code>{escape(name)}</code></dd>"
    return f"<dt>{status}</dt><dd>{_prose(one['description'])}</dd>"


def _schema(name: str, schema: Json) -> str:
    shown = f"<h3>{escape(name)}</h3>{_prose(schema.get('description', ''))}{_fields(schema)}"
    return f'<article id="schema-{escape(name)}">{shown}</article>'


def _prose(text: str) -> str:
    """Paragraphs and lists of a docstring."""
    return "".join(_paragraph(one) for one in re.split(r"\n\s*\n", text.strip()) if one)


def _paragraph(text: str) -> str:
    if not text.startswith("- "):
        return f"<p>{_inline(text)}</p>"
    items = re.split(r"\n- ", text.removeprefix("- "))
    return "<ul>" + "".join(f"<li>{_inline(item)}</li>" for item in items) + "</ul>"


def _inline(text: str) -> str:
    """Text with `code` and **weight**, everything else escaped."""
    coded = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(" ".join(text.split()), quote=False))
    return re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", coded)


def _breakable(path: Any) -> str:
    return escape(str(path)).replace("/", "/<wbr>")
