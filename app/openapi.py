"""The API's description, made from the routes themselves: what they take, answer and refuse, and whom they admit.

Paths, parameters and answers are read from Litestar's routes, every schema from the Structs by msgspec, the rest from
docstrings and access rules. Nothing is written down twice, and the same routes always make the same bytes.
"""

import sys
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from inspect import cleandoc
from typing import Any

import msgspec
from litestar import Litestar
from litestar.types import Empty
from msgspec import Struct

from app import errors, limits, operations, refusals, schemas
from app.access import ROLES, Relation, Rule
from app.errors import PROBLEM, Problem, Refusal
from app.operations import Answer, Operation, Parameter
from app.schemas import Json

VERSION = "0.1.0"
_ABOUT = """
One day of care over HTTP: a person says how they feel, somebody answers, a visit is booked and held.

- **Signing in**: `Authorization: Bearer TOKEN`. Each operation says who may call it. What is not yours to see is
  simply not there: 404.
- **No**: a problem document (RFC 9457) with a stable `code` and a `title` that a person may read; `errors` names the
  fields.
- **Time**: an instant carries its offset from UTC; a day is the patient's own date.
- **Again**: ids are made by the client, so that sending something twice is safe; so does an `Idempotency-Key` where
  there is no id: the same answer comes back with `Idempotency-Replayed: true`.
- **Together**: what several may change has a `version`, which goes back in `If-Match`: 412 when somebody was faster.
- **Limits**: `RateLimit-Policy` says what may be had, `RateLimit` what is left of it; a 429 says when to come back.
- **Lists**: `nextCursor` goes back as `cursor`; there are no offsets.
"""
UNDER: dict[Relation, str] = {
    "self": "for themselves",
    "team": "for patients whose team they are on",
    "lead": "for patients whose team they lead",
    "covering": "for patients of a colleague for whom they stand in",
    "shared": "for patients of their team who show it to them",
    "told": "for alerts of which they were told",
    "claimed": "for patients whose alert they answer",
    "booked": "for patients whom they see about now",
    "held": "for appointments that are with them",
    "thread": "for threads of theirs with patients whom they stand beside",
    "former": "for what they wrote while they were on the team",
    "program": "for their own program",
    "consented": "for patients who have consented to it",
    "break-glass": "in an emergency, with a reason",
}


def document(app: Litestar) -> bytes:
    """The description as JSON text: the same bytes for the same routes, in every process."""
    return msgspec.json.format(msgspec.json.encode(description(app)), indent=2)


def description(app: Litestar) -> Json:
    """The description as OpenAPI 3.1; a route that is `include_in_schema=False` and a socket are not in it."""
    found = sorted(operations.served(app), key=lambda one: (one.path, one.method))
    made, components = schemas.of(_takes(found), _gives(found))
    paths: dict[str, Json] = {}
    for operation in found:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, made)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Cairn", "version": VERSION, "description": cleandoc(_ABOUT)},
        "servers": [{"url": "/"}],
        "tags": _tags(app),
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": {one.__name__: _problem(one) for one in _all_general()},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "scraper": {"type": "http", "scheme": "bearer", "description": "`CAIRN_METRICS_TOKEN` of the server."},
            },
        },
    }


def _takes(found: list[Operation]) -> dict[tuple[str, str], Any]:
    """Every annotation that comes in, by operation and name; the body's name is the empty one."""
    kinds = {(one.id, p.name): p.kind for one in found for p in one.parameters}
    return kinds | {(one.id, ""): one.body for one in found if one.body is not None}


def _gives(found: list[Operation]) -> dict[tuple[str, str], Any]:
    """Every annotation that goes out, by operation and status."""
    kinds = {
        (one.id, str(status)): answer.kind
        for one in found
        for status, answer in one.answers.items()
        if answer.media_type is not None
    }
    return {("", "problem"): Problem, **kinds}


def _operation(one: Operation, made: Mapping[tuple[str, str], Json]) -> Json:
    handler = one.handler
    written: Json = {
        "operationId": one.id,
        "tags": sorted(handler.resolve_tags()),
        "summary": handler.summary or one.id,
        "description": "\n\n".join((cleandoc(handler.description or handler.fn.__doc__ or ""), who(one.rule))),
        "security": list(handler.security or ()) if one.rule.public else [{"bearer": []}],
        "x-access": _access(one.rule),
    }
    if one.parameters:
        written["parameters"] = [_parameter(p, made[one.id, p.name]) for p in one.parameters]
    if one.body is not None:
        written["requestBody"] = {"required": True, "content": {"application/json": {"schema": made[one.id, ""]}}}
    answers = {str(s): _answer(s, a, made.get((one.id, str(s)))) for s, a in one.answers.items()}
    return written | {"responses": dict(sorted((_problems(one) | answers).items()))}


def _parameter(one: Parameter, schema: Json) -> Json:
    schema = schemas.without_null(schema)
    said = one.description or schema.pop("description", None)
    if one.default not in (Empty, None):
        schema["default"] = msgspec.to_builtins(one.default)
    written = {"name": one.name, "in": one.where, "required": one.required, "schema": schema}
    return written | ({"description": said} if said else {})


def _answer(status: int, one: Answer, schema: Json | None) -> Json:
    said = one.description or _first_sentence(one.kind) or HTTPStatus(status).phrase
    return {"description": said} | ({"content": {one.media_type: {"schema": schema}}} if schema is not None else {})


def _first_sentence(kind: Any) -> str:
    return cleandoc(kind.__doc__ or "").split("\n\n")[0] if isinstance(kind, type(Struct)) else ""


def who(rule: Rule) -> str:
    """The access rule as a sentence."""
    if rule.public:
        return "**Who may**: anyone, without signing in."
    under: dict[tuple[Relation, ...], list[str]] = {}
    for role in ROLES:
        if role in rule.who:
            under.setdefault(rule.who[role], []).append(role)
    said = [f"{', '.join(roles)} {' or '.join(UNDER[r] for r in rel)}" for rel, roles in under.items()]
    everybody = list(under.values()) == [list(ROLES)]
    asked = " **First**: confirm that it is you, within the last five minutes." if rule.step_up else ""
    asked += " Limited assurance is enough." if rule.limited else ""
    if everybody:
        return "**Who may**: everybody who has signed in, for themselves." + asked
    return f"**Who may**: {'; '.join(said)}.{asked}"


def _access(rule: Rule) -> Json:
    roles = {role: list(rule.who[role]) for role in ROLES if role in rule.who}
    needs = {"stepUp": rule.step_up, "limited": rule.limited}
    return {"action": rule.action, "category": rule.category, "public": rule.public, **needs, "roles": roles}


def _general(one: Operation) -> Iterator[type[Refusal]]:
    """Refusals that follow from what an operation takes and whom it admits."""
    if one.body is not None:
        yield from (errors.Malformed, errors.TooMuch, errors.WrongMediaType)
    if not one.rule.public:
        yield from (errors.NotSignedIn, errors.NotYourRole)
        yield from () if one.rule.limited else (errors.FullAssuranceNeeded,)
        yield from (errors.StepUpNeeded,) if one.rule.step_up else ()
    if one.handler.opt.get(limits.KEY) is not None:
        yield errors.TooMany
    if any(p.where == "path" for p in one.parameters):
        yield errors.NotFound
    if one.method != "GET":
        yield errors.Conflict
    if operations.takes_key(one.handler):
        yield from (errors.BadKey, errors.KeyReused, errors.StillRunning)
    if any(p.name == "If-Match" and p.required for p in one.parameters):
        yield errors.NoVersion
    if one.body is not None or one.parameters:
        yield errors.Invalid
    yield from (errors.OurMistake, errors.Overloaded)
    if one.method != "GET":
        yield errors.Uncertain


def _all_general() -> list[type[Refusal]]:
    """Those that any slice may say, by status."""
    within = [one for one in Refusal.__subclasses__() if one.__module__ == errors.__name__]
    return sorted(within, key=lambda one: (one.status, one.__name__))


def _problems(one: Operation) -> Json:
    """By status, the refusals to be ready for: the general ones, and those on the way of its handler."""
    by_status: dict[int, list[type[Refusal]]] = {}
    for refusal in dict.fromkeys((*_general(one), *refusals.of(one.handler.fn))):
        by_status.setdefault(refusal.status, []).append(refusal)
    return {str(status): _either(by_status[status]) for status in sorted(by_status)}


def _either(kinds: list[type[Refusal]]) -> Json:
    if len(kinds) == 1 and kinds[0] in _all_general():
        return {"$ref": f"#/components/responses/{kinds[0].__name__}"}
    return _problem(*kinds)


def _problem(*kinds: type[Refusal]) -> Json:
    said = "\n\n".join(f"`{one.__name__}`: {' '.join((one.__doc__ or '').split())}" for one in kinds)
    content = {PROBLEM: {"schema": schemas.reference("Problem")}}
    waits = [one.retry_after for one in kinds if one.retry_after is not None]
    headers = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}}}
    return {"description": said, "content": content} | ({"headers": headers} if waits else {})


def _tags(app: Litestar) -> list[Json]:
    """The groups in the order of a day, each with what its slice says of itself."""
    packages = {tag: one.package for one in operations.served(app) for tag in sorted(one.handler.resolve_tags())}
    return [
        {"name": tag, "description": cleandoc(sys.modules[slice_].__doc__ or "")} for tag, slice_ in packages.items()
    ]
