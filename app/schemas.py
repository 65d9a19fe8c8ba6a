"""JSON Schemas of Structs, as the generators of clients like them.

msgspec makes them; what is added here: every instant has its format, an enum has its type, what may be absent is a
list of types instead of a choice, and in what only goes out every field is there. There is never a `oneOf`.
"""

from collections.abc import Iterable, Iterator, Mapping
from inspect import cleandoc
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

Json = dict[str, Any]
K = TypeVar("K")

_PLACE = "#/components/schemas/"
_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number"}


def of(takes: Mapping[K, Any], gives: Mapping[K, Any]) -> tuple[dict[K, Json], Json]:
    """The schema of each annotation that comes in or goes out, under its key, and the Structs they share, by name."""
    kinds = {**takes, **gives}
    made, shared = msgspec.json.schema_components(kinds.values(), ref_template=_PLACE + "{name}")
    schemas = dict(zip(kinds, made, strict=True))
    for kind, schema in zip(inspect.multi_type_info(kinds.values()), made, strict=True):
        _mark_instants(kind, schema)
    for struct in _structs(inspect.multi_type_info(kinds.values())):
        _mark_fields(struct, shared[struct.cls.__name__])
    _complete(shared, outgoing=_reached(shared, gives, schemas) - _reached(shared, takes, schemas))
    tidy = {name: _tidy(shared[name]) for name in sorted(shared)}
    return {key: _tidy(schema) for key, schema in schemas.items()}, tidy


def reference(name: str) -> Json:
    """A pointer to a shared schema."""
    return {"$ref": _PLACE + name}


def name_of(schema: Mapping[str, Any]) -> str | None:
    """The shared schema to which this one points, also when it may be null instead."""
    for one in (schema, *schema.get("anyOf", ())):
        if str(one.get("$ref", "")).startswith(_PLACE):
            return str(one["$ref"]).removeprefix(_PLACE)
    return None


def without_null(schema: Json) -> Json:
    """The schema of something that is left out rather than null, such as a part of the query."""
    if isinstance(schema.get("type"), list):
        kinds = [kind for kind in schema["type"] if kind != "null"]
        schema = {**schema, "type": kinds[0] if len(kinds) == 1 else kinds}
    if "enum" in schema:
        schema = {**schema, "enum": [value for value in schema["enum"] if value is not None]}
    return schema


def _structs(kinds: Iterable[inspect.Type], seen: set[type] | None = None) -> Iterator[inspect.StructType]:
    """Every Struct within these types, once."""
    seen = set() if seen is None else seen
    for kind in kinds:
        if isinstance(kind, inspect.StructType):
            if kind.cls not in seen:
                seen.add(kind.cls)
                yield kind
                yield from _structs((field.type for field in kind.fields), seen)
        else:
            yield from _structs(_within(kind), seen)


def _within(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    match kind:
        case inspect.Metadata():
            return (kind.type,)
        case inspect.CollectionType():
            return (kind.item_type,)
        case inspect.TupleType():
            return kind.item_types
        case inspect.UnionType():
            return kind.types
        case inspect.DictType():
            return (kind.key_type, kind.value_type)
    return ()


def _mark_fields(struct: inspect.StructType, schema: Json) -> None:
    for field in struct.fields:
        _mark_instants(field.type, schema["properties"][field.encode_name])
        if not field.required and {field.default, field.default_factory} == {msgspec.NODEFAULT}:
            schema["properties"][field.encode_name]["x-left-out"] = True
    if struct.cls.__struct_config__.omit_defaults:
        schema["x-omits"] = True


def _mark_instants(kind: inspect.Type, schema: Json) -> None:
    """Ours all carry their offset, whether or not the annotation that goes out says so."""
    match kind:
        case inspect.DateTimeType():
            schema["format"] = "date-time"
        case inspect.Metadata():
            _mark_instants(kind.type, schema)
        case inspect.CollectionType() if "items" in schema:
            _mark_instants(kind.item_type, schema["items"])
        case inspect.UnionType() if "anyOf" in schema:
            one = [some for some in kind.types if not isinstance(some, inspect.NoneType)]
            if len(one) == 1:
                _mark_instants(one[0], schema["anyOf"][0])


def _reached(shared: Json, keys: Iterable[K], schemas: Mapping[K, Json]) -> set[str]:
    """The names of the shared schemas that these come to, at any depth."""
    names: set[str] = set()
    waiting = [name for key in keys for name in _names(schemas[key])]
    while waiting:
        name = waiting.pop()
        if name not in names:
            names.add(name)
            waiting.extend(_names(shared[name]))
    return names


def _names(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"].removeprefix(_PLACE)
        for one in node.values():
            yield from _names(one)
    elif isinstance(node, list):
        for one in node:
            yield from _names(one)


def _complete(shared: Json, *, outgoing: set[str]) -> None:
    """What only goes out has all of its fields, so a default would be a lie; unless its Struct leaves those away.

    A field that is unset by default is there or is not, in either direction.
    """
    for name, schema in shared.items():
        omits = schema.pop("x-omits", False)
        if name in outgoing and not omits and "properties" in schema:
            there = [field for field, kind in schema["properties"].items() if "x-left-out" not in kind]
            schema["required"] = there
            for field in schema["properties"].values():
                field.pop("default", None)
        for field in schema.get("properties", {}).values():
            field.pop("x-left-out", None)


def _tidy(node: Any) -> Any:
    """The same schema, in the words that every generator knows."""
    if isinstance(node, list):
        return [_tidy(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {key: value if key == "default" else _tidy(value) for key, value in node.items()}
    if isinstance(made.get("description"), str):
        made["description"] = cleandoc(made["description"])
    if isinstance(made.get("enum"), list) and "type" not in made:
        made["type"] = _TYPES[type(made["enum"][0])]
    return _nullable(made)


def _nullable(schema: Json) -> Json:
    """`anyOf` of a plain type and null, as one schema with two types; a shared schema stays in its `anyOf`."""
    options = schema.get("anyOf", [])
    if len(options) != 2 or options[1] != {"type": "null"} or not isinstance(options[0].get("type"), str):
        return schema
    plain, said = options[0], {key: value for key, value in schema.items() if key != "anyOf"}
    values = {"enum": [*plain["enum"], None]} if "enum" in plain else {}
    return {**plain, **said, "type": [plain["type"], "null"], **values}
