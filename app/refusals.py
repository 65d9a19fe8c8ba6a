"""Which refusals an operation may answer with: those that its handler names, or anything of ours that it calls.

Read from the source, so that nothing is written down twice. A refusal that is named is taken to be raised: of one that
may be raised none is missing, and the few that a function only hands on are there as well.
"""

import ast
from collections.abc import Callable, Iterator
from functools import cache
from inspect import getsource
from textwrap import dedent
from types import FunctionType, ModuleType
from typing import Any

from msgspec import Struct

from app.errors import Refusal


class Named(Struct, frozen=True):
    """What the body of a function speaks of: refusals, and functions of ours."""

    refusals: frozenset[type[Refusal]]
    functions: tuple[FunctionType, ...]


def of(handler: Callable[..., Any]) -> list[type[Refusal]]:
    """Every refusal on the ways that begin in this function, by status."""
    found, seen, left = set[type[Refusal]](), set[Any](), [handler]
    while left:
        one = left.pop()
        if one not in seen:
            seen.add(one)
            named = _named(one)
            found |= named.refusals
            left += named.functions
    return sorted(found, key=lambda refusal: (refusal.status, refusal.__name__))


@cache
def _named(function: Callable[..., Any]) -> Named:
    found = list(_things(function))
    return Named(
        frozenset(one for one in found if isinstance(one, type) and issubclass(one, Refusal)),
        tuple(one for one in found if isinstance(one, FunctionType) and one.__module__.startswith("app.")),
    )


def _things(function: Any) -> Iterator[Any]:
    """What the names in a function's body stand for, decorators and annotations apart."""
    [written] = ast.parse(dedent(getsource(function))).body
    known = {k: v for k, v in function.__globals__.items() if k not in function.__code__.co_varnames}
    for statement in getattr(written, "body", ()):
        for node in ast.walk(statement):
            if isinstance(node, ast.Name | ast.Attribute):
                yield _meant(node, known)


def _meant(node: ast.expr, known: dict[str, Any]) -> Any:
    """The thing behind a name, or behind a name in a module; None for all others."""
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.Attribute) and isinstance(module := _meant(node.value, known), ModuleType):
        return getattr(module, node.attr, None)
    return None
