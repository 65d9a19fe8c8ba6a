"""How a row becomes a Struct: decided once for each pair of Struct and statement, then a plain call."""

from collections.abc import Callable, Sequence
from itertools import starmap
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct


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


def _is_nested(hint: Any) -> bool:
    """Whether the column is JSON that holds a Struct, or a list of them."""
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return any(_holds_struct(option) for option in options if option is not NoneType)


def _holds_struct(hint: Any) -> bool:
    inner = get_args(hint)[0] if get_origin(hint) in (list, tuple) else hint
    return isinstance(inner, type) and issubclass(inner, Struct)


def _decoder(hint: Any) -> Callable[[Any], Any]:
    decode = msgspec.json.Decoder(hint).decode
    return lambda value: None if value is None else decode(value)
