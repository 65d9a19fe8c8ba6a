"""How a row becomes a Struct: decided once for each pair of Struct and statement, then a plain call."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import starmap
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
from msgspec import Struct

# What the driver makes of each type that our statements give. A type that is not here fits nothing.
MADE: Mapping[str, Any] = {
    "bool": bool, "int2": int, "int4": int, "int8": int, "float8": float, "text": str, "uuid": UUID, "date": date,
    "timestamptz": datetime, "interval": timedelta, "bytea": bytes,
}  # fmt: skip
JSON = ("json", "jsonb")


class WrongColumns(TypeError):
    """A statement and its Struct disagree on what a row holds: a mistake in a query, never in a request."""


class Reader(NamedTuple):
    """How one row becomes a Struct, and how many do."""

    one: Callable[[Any], Any]
    all: Callable[[Sequence[Any]], list[Any]]


def reader(shape: type[Struct], columns: Sequence[str]) -> Reader:
    """How rows with these columns become a `shape`; refuses a column too many or a field too few."""
    _compare(shape, columns)
    hints = get_type_hints(shape)
    decoders = {name: _decoder(hints[name]) for name in columns if _is_nested(hints[name])}
    if decoders:
        return _each(lambda row: shape(**{k: decoders[k](v) if k in decoders else v for k, v in row.items()}))
    if tuple(columns) == shape.__struct_fields__[: len(columns)]:
        return Reader(lambda row: shape(*row), lambda rows: list(starmap(shape, rows)))
    return _each(lambda row: shape(**row))


def _each(one: Callable[[Any], Any]) -> Reader:
    return Reader(one, lambda rows: [one(row) for row in rows])


def _compare(shape: type[Struct], columns: Sequence[str]) -> None:
    needed = {f.name for f in msgspec.structs.fields(shape) if f.required}
    extra, missing = set(columns) - set(shape.__struct_fields__), needed - set(columns)
    if extra or missing:
        raise WrongColumns(f"{shape.__name__}: columns too many {sorted(extra)}, fields too few {sorted(missing)}")


def check_types(shape: type[Struct], types: Mapping[str, str]) -> None:
    """Refuse a column whose PostgreSQL type its field is not annotated for; whether it may be null is not known."""
    hints = get_type_hints(shape)
    wrong = [f"{name} is {given}" for name, given in types.items() if not fits(hints[name], given)]
    if wrong:
        raise WrongColumns(f"{shape.__name__}: {', '.join(wrong)}")


def fits(hint: Any, given: str) -> bool:
    """Whether what the driver makes of this PostgreSQL type is what the annotation says."""
    if given in JSON:
        return all(_holds_struct(option) for option in _options(hint))
    made = MADE.get(given.removesuffix("[]"))
    several = given.endswith("[]")
    return all(_of_list(option) == made if several else _plain(option) == made for option in _options(hint))


def _options(hint: Any) -> list[Any]:
    """What a value may be when it is not null."""
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return [option for option in options if option is not NoneType]


def _of_list(hint: Any) -> Any:
    """What a list holds; nothing where it is no list."""
    return _plain(get_args(hint)[0]) if get_origin(hint) is list else NoneType


def _plain(hint: Any) -> Any:
    """The type behind a closed set of words."""
    if get_origin(hint) is Literal:
        return type(get_args(hint)[0])
    return str if isinstance(hint, type) and issubclass(hint, StrEnum) else hint


def _is_nested(hint: Any) -> bool:
    """Whether the column is JSON that holds a Struct, or a list of them."""
    return any(_holds_struct(option) for option in _options(hint))


def _holds_struct(hint: Any) -> bool:
    inner = get_args(hint)[0] if get_origin(hint) in (list, tuple) else hint
    return isinstance(inner, type) and issubclass(inner, Struct)


def _decoder(hint: Any) -> Callable[[Any], Any]:
    decode = msgspec.json.Decoder(hint).decode
    return lambda value: None if value is None else decode(value)
