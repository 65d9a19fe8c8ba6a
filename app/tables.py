"""The declaration for people to read: as a list of cells, as who sees what, and as the file for the database."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from litestar import Litestar
from msgspec import Struct

from app.access import Rule, ruled
from app.escalation.rules import ANSWER_CRISES
from app.grants import GRANTS, RELATIONS, ROLES, Cell, Role, cells, purpose
from app.people.rules import BESIDE, LEADERS

Served = Sequence[tuple[str, str, Rule]]


class Line(Struct, frozen=True, order=True):
    """A cell, or what is open to everybody, with the routes that serve it."""

    action: str
    category: str
    role: str
    relation: str
    purpose: str
    routes: tuple[str, ...]


def lines(app: Litestar) -> list[Line]:
    """Every permission there is, those that are not declared yet included."""
    served, found = ruled(app), list[Line]()
    for one in sorted({*cells(), *_undeclared(served)}):
        routes = tuple(_route(*row) for row in served if _serves(row[2], one))
        found.append(Line(one.action, one.category, one.role, one.relation, one.purpose, routes))
    for action, category in sorted({(rule.action, rule.category) for _, _, rule in served if rule.public}):
        group = (action, category)
        routes = tuple(_route(m, p, r) for m, p, r in served if r.public and (r.action, r.category) == group)
        found.append(Line(action, category, "anyone", "", "", routes))
    return found


def _route(method: str, path: str, rule: Rule) -> str:
    """Where it is, with what it asks of a session beyond the role."""
    return f"{method} {path}" + (" [step-up]" if rule.step_up else "") + (" [limited]" if rule.limited else "")


def _serves(rule: Rule, cell: Cell) -> bool:
    same = not rule.public and (rule.action, rule.category) == (cell.action, cell.category)
    return same and cell.relation in rule.who.get(cell.role, ())


def _undeclared(served: Served) -> list[Cell]:
    return [
        Cell(rule.action, rule.category, role, relation, purpose(rule.category, role, relation))
        for _, _, rule in served
        if not rule.declared
        for role, held in rule.who.items()
        for relation in held
    ]


def printed(app: Litestar) -> str:
    """A line for each group of cells that share an action, data and routes, for `app access`."""
    grouped: dict[tuple[str, str, tuple[str, ...]], list[Line]] = {}
    for line in lines(app):
        grouped.setdefault((line.action, line.category, line.routes), []).append(line)
    rows = [("ACTION", "DATA", "ROLE", "RELATION", "PURPOSE", "ROUTES")]
    for (action, category, routes), found in grouped.items():
        rows += [(action, category, *who, ", ".join(routes)) for who in _who(found)]
    return _columns(rows)


def _who(found: Iterable[Line]) -> list[tuple[str, str, str]]:
    """Roles that share relations and purpose, in our order of both."""
    held: dict[tuple[str, str], list[str]] = {}
    for line in sorted(found, key=lambda line: (*ROLES, "anyone").index(line.role)):
        held.setdefault((line.role, line.purpose), []).append(line.relation)
    alike: dict[tuple[str, str], list[str]] = {}
    for (role, why), relations in held.items():
        said = ", ".join(sorted(relations, key=("", *RELATIONS).index))
        alike.setdefault((said, why), []).append(role)
    return [(_names(names), relations, why) for (relations, why), names in alike.items()]


def _names(names: Sequence[str]) -> str:
    return "everybody who works here" if set(names) == set(ROLES) - {"patient"} else ", ".join(names)


def as_json(app: Litestar) -> str:
    """Every cell with its routes."""
    return msgspec.json.format(msgspec.json.encode(lines(app)), indent=2).decode()


def matrix(table: Mapping[tuple[str, str], Mapping[Role, tuple[str, ...]]] = GRANTS) -> str:
    """Who reads which data, under which relations: categories down, roles across, as a table of Markdown."""
    seen = {category: who for (action, category), who in sorted(table.items()) if action in ("read", "list")}
    for (action, category), who in sorted(table.items()):
        if action == "read":
            seen[category] = who
    rows = [["data", *ROLES], ["---"] * (len(ROLES) + 1)]
    rows += [[category, *(", ".join(who.get(role, ())) or "no" for role in ROLES)] for category, who in seen.items()]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def page() -> str:
    """The same for the page's own files: which roles may what, and who answers and leads."""
    may = {f"{action} {category}": _staff(who) for (action, category), who in sorted(GRANTS.items())}
    told = {"MAY": may, "ANSWER_CRISES": ANSWER_CRISES, "LEADERS": _staff(LEADERS), "BESIDE": _staff(BESIDE)}
    lines = "\n".join(
        f"/** @type {{{'Record<string, string[]>' if name == 'MAY' else 'string[]'}}} */\n"
        f"export const {name} = {msgspec.json.format(msgspec.json.encode(said), indent=2).decode()};"
        for name, said in told.items()
    )
    return (
        "/** Who may what, as the server holds it. Made by `python3 -m app access --page` from its declaration. */\n\n"
        f"{lines}\n\n"
        "/** Whether they hold one of these. @param {{roles: string[]}} one @param {string[]} roles */\n"
        "export const has = (one, roles) => one.roles.some((role) => roles.includes(role));\n\n"
        "/** Whether a role of theirs may do that at all. @param {{roles: string[]}} one @param {string} what */\n"
        "export const may = (one, what) => has(one, MAY[what] ?? []);\n"
    )


def _staff(names: Iterable[str]) -> list[str]:
    """Those of them who work here, in our order."""
    held = set(names)
    return [role for role in ROLES if role in held and role != "patient"]


def undeclared(app: Litestar) -> str:
    """The lines that would put what routes say themselves into the declaration; nothing where all of it is there."""
    found: dict[tuple[str, str], list[Cell]] = {}
    for cell in sorted(set(_undeclared(ruled(app)))):
        found.setdefault((cell.action, cell.category), []).append(cell)
    return "\n".join(
        f'    ("{action}", "{category}", ({", ".join(_grants(held))},)),' for (action, category), held in found.items()
    )


def _grants(held: Iterable[Cell]) -> list[str]:
    """As few calls of `roles` as say it."""
    by_role: dict[str, list[str]] = {}
    for cell in held:
        by_role.setdefault(cell.role, []).append(cell.relation)
    by_relations: dict[tuple[str, ...], list[str]] = {}
    for role, relations in by_role.items():
        by_relations.setdefault(tuple(relations), []).append(role)
    return [
        f"roles({', '.join(_quoted(names))}, under=({', '.join(_quoted(relations))},))"
        for relations, names in by_relations.items()
    ]


def _quoted(names: Iterable[str]) -> list[str]:
    return [f'"{name}"' for name in names]


def _columns(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=False)) + "  " + row[-1] for row in rows
    )
