"""Values that fit a schema, for the lines that a reader may try."""

import json
import re
import shlex
from typing import Any

from app import schemas
from app.schemas import Json

_FORMATS = {
    "uuid": "01970000-0000-7000-8000-000000000001",
    "date-time": "2031-05-14T09:30:00+02:00",
    "date": "2031-05-14",
    "time": "08:00:00",
    "duration": "PT30M",
}
# A time of day, an hour, a word, a number, a hash: what the patterns of a day of care are made of.
_TEXTS = ("08:00", "08", "2031-05-14", "abc", "ABC", "1", "123456", "12345678", "0" * 64)


def value(schema: Json, shared: Json) -> Any:
    """The plainest value that fits: what must be there and nothing else."""
    if name := schemas.name_of(schema):
        return value(shared[name], shared)
    if said := schema.get("enum") or schema.get("examples"):
        return said[0]
    kinds = schema.get("type", "string")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if kind == "object":
        fields = schema.get("properties", {})
        return {field: value(fields[field], shared) for field in schema.get("required", ()) if field in fields}
    return _plain(kind, schema, shared)


def _plain(kind: str, schema: Json, shared: Json) -> Any:
    match kind:
        case "string":
            return _FORMATS.get(schema.get("format", "")) or _text(schema)
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return False
        case "array":
            return [value(schema.get("items") or {}, shared)] * schema.get("minItems", 0)
    return None


def _text(schema: Json) -> str:
    """The first plain text that the pattern lets through; the plainest when none is."""
    plainest = "x" * max(1, schema.get("minLength", 1))
    fitting = (one for one in (plainest, *_TEXTS) if re.search(schema.get("pattern", ""), one))
    return next(fitting, plainest)


def curl(method: str, path: str, operation: Json, shared: Json, address: str) -> str:
    """A line for a prompt that sends what the operation must have."""
    required = [one for one in operation.get("parameters", ()) if one["required"]]
    for one in required:
        path = path.replace("{" + one["name"] + "}", str(value(one["schema"], shared)))
    asked = [f"{one['name']}={value(one['schema'], shared)}" for one in required if one["in"] == "query"]
    words = [f"curl {'' if method == 'get' else f'-X {method.upper()} '}" + shlex.quote(_url(address + path, asked))]
    if operation["security"]:
        words.append('-H "Authorization: Bearer $TOKEN"')
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        words += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(json.dumps(value(schema, shared)))}"]
    return " \\\n  ".join(words)


def _url(address: str, asked: list[str]) -> str:
    return "?".join((address, *(["&".join(asked).replace("+", "%2B")] if asked else [])))
