"""Every statement of the source held against the live schema: it prepares, and its columns fit its Struct by type.

Statements are the constant strings passed to `db.one`, `db.all`, `db.value`, `db.values` and `db.run`, found by
reading the source; so a query that no test reaches is checked as well.
"""

import ast
import builtins
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import asyncpg
from msgspec import Struct

from db.pool import connect
from db.rows import WrongColumns, check_types, fits, reader

ROWS = ("all", "one")
SCALARS = ("value", "values")
SHOWN = 5


class Statement(Struct, frozen=True):
    """One call: where it stands, its SQL, and the name of the Struct its rows become or of what it selects, if any."""

    module: str
    line: int
    sql: str
    shape: str | None
    kind: str | None = None


def found(root: Path, packages: Sequence[str]) -> Iterator[Statement]:
    """Every statement in these packages below `root`."""
    for package in packages:
        for path in sorted((root / package).rglob("*.py")):
            module = ".".join(path.relative_to(root).with_suffix("").parts)
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                yield from _statement(module, node)


async def check(raw: "asyncpg.Connection[asyncpg.Record]", statement: Statement) -> str | None:
    """What is wrong with it, or None. Nothing is run: the statement is prepared and its columns are read."""
    try:
        columns = [(a.name, a.type.name) for a in (await raw.prepare(statement.sql)).get_attributes()]
        if statement.shape is not None:
            shape = _named(statement, statement.shape)
            reader(shape, [name for name, _ in columns])
            check_types(shape, dict(columns))
        if statement.kind is not None:
            _check_kind(_named(statement, statement.kind), columns)
    except (asyncpg.PostgresError, WrongColumns) as error:
        return f"{statement.module}:{statement.line}: {str(error).splitlines()[0]}"
    return None


class Misfit(Exception):
    """Statements and schema are not of the same version; the message names a few statements and what is wrong."""


async def check_all(dsn: str, root: Path, packages: Sequence[str]) -> int:
    """Hold every statement of these packages against a database; how many there are. Raises `Misfit`."""
    statements = list(found(root, packages))
    raw = await connect(dsn, "cairn statements")
    try:
        wrong = [problem for each in statements if (problem := await check(raw, each))]
    finally:
        await raw.close()
    if wrong:
        raise Misfit(_told(wrong))
    return len(statements)


def _told(wrong: Sequence[str]) -> str:
    """The first of them: where a table is missing, a hundred statements say the same."""
    more = [f"… and {len(wrong) - SHOWN} more."] if len(wrong) > SHOWN else []
    return "\n".join(["The database is not of this version of Cairn:", *wrong[:SHOWN], *more])


def _statement(module: str, node: ast.AST) -> Iterator[Statement]:
    match node:
        case ast.Call(func=ast.Attribute(attr=verb), args=[ast.Name(id=shape), ast.Constant(value=str(sql)), *_]):
            if verb in (*ROWS, *SCALARS):
                rows = verb in ROWS
                yield Statement(module, node.lineno, sql, shape if rows else None, None if rows else shape)
        case ast.Call(func=ast.Attribute(attr="run", value=ast.Name(id="db")), args=[ast.Constant(value=str(sql)), *_]):
            yield Statement(module, node.lineno, sql, None)


def _check_kind(kind: Any, columns: Sequence[tuple[str, str]]) -> None:
    """The one column of a `value` or of `values` is what the caller was promised."""
    if len(columns) != 1 or not fits(kind, columns[0][1]):
        raise WrongColumns(f"{kind.__name__}: {', '.join(given for _, given in columns)}")


def _named(statement: Statement, name: str) -> Any:
    import_module(statement.module)
    return getattr(sys.modules[statement.module], name, None) or getattr(builtins, name)
