"""Who may do what, held before each route: its cells come from the one declaration, `app/grants.py`.

A route says which group of cells it serves, by action and category: `access.allow("read", "check-ins")`. Where two
routes share a group, one may serve a part of it: `only=("self",)` for what a person asks about themselves. The guard
settles the role before anything is read (403). The relation is held in the WHERE clause of the query, where a
stranger's row is simply not there (404), and once more by row-level security; both ask the database for the relations
of the same cells (`patients_for`), within the purposes for which the caller's roles have them. Who knows of somebody
and stands in another relation to them than this wants is told so (403): `app.people.actions.absent`.

A route that is new may say its grants itself, `allow("read", "letters", roles("counselor", under=("team",)))`, until
they stand in the declaration: `app access --undeclared` prints the lines to put there, and the tests ask for it. Where
the group is declared already, such grants narrow it like `only`, and start-up refuses those that would widen it.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from types import CodeType
from typing import Any

from litestar import Litestar, Request
from litestar.routes import HTTPRoute
from litestar.types import HTTPScope
from msgspec import Struct

from app import auth, limits, wire
from app.auth import Signed
from app.errors import FullAssuranceNeeded, NotYourRole, StepUpNeeded
from app.grants import (
    CLINICIANS,
    EVERYONE,
    GRANTS,
    OVERSEERS,
    PEERS,
    ROLES,
    SELF,
    Relation,
    Role,
    StaffRole,
    Who,
    cells,
    joined,
    purpose,
    roles,
)

__all__ = [
    "CLINICIANS", "EVERYONE", "KEY", "OVERSEERS", "PEERS", "ROLES", "SELF", "Relation", "Role", "Rule", "StaffRole",
    "UnruledRoute", "Who", "allow", "guard", "leading", "public", "roles", "ruled",
]  # fmt: skip

KEY = "access"
INSTANTS = "instants"
DECLARED = {(one.action, one.category, one.role, one.relation) for one in cells()}
# What Litestar answers to OPTIONS by itself: which methods there are, and nothing of anybody.
_OPTIONS = next(part for part in HTTPRoute.create_options_handler.__code__.co_consts if isinstance(part, CodeType))


class Rule(Struct, frozen=True):
    """What a route does, to which data, and who may: role → relations. `public` needs no sign-in at all.

    `step_up`: only with a factor that was shown in the last five minutes. `limited`: also in a session of limited
    assurance, in which somebody may be whoever has the patient's old telephone number by now.
    `declared` tells whether its cells come from the declaration.
    """

    action: str
    category: str
    who: dict[Role, tuple[Relation, ...]]
    public: bool = False
    step_up: bool = False
    limited: bool = False
    declared: bool = True

    def admits(self, roles: Iterable[str]) -> bool:
        """Whether any of these roles is in the rule, under whatever relation."""
        return any(role in self.who for role in roles)

    def purposes(self, held: Collection[str]) -> str:
        """For what somebody with these roles does this, as words."""
        found = [
            purpose(self.category, role, one)
            for role, relations in self.who.items()
            if role in held
            for one in relations
        ]
        return " ".join(dict.fromkeys(found))


class UnruledRoute(Exception):
    """A route was added without saying who may call it, or a cell that no route serves; the app does not start."""


def allow(
    action: str,
    category: str,
    *grants: Who,
    only: tuple[Relation, ...] = (),
    step_up: bool = False,
    limited: bool = False,
) -> Rule:
    """The rule of the group of cells that is declared for this action and category, or of a part of it."""
    declared = GRANTS.get((action, category))
    who = joined(*grants) if grants else dict(declared or {})
    if only:
        who = {role: left for role, held in who.items() if (left := tuple(one for one in held if one in only))}
    return Rule(action, category, who, step_up=step_up, limited=limited, declared=declared is not None)


def leading(names: Iterable[str]) -> str:
    """The role by which somebody who has several is called: the last in our order; without one, a patient."""
    return max(names, key=list[str](ROLES).index, default="patient")


def public(action: str, category: str) -> Rule:
    """For the few routes that answer people nobody knows yet."""
    return Rule(action, category, {}, public=True)


async def guard(request: Request[Any, Any, Any]) -> None:
    """Find out who is calling and hold the route's rule against their roles, before anything else runs.

    It stands before the request and not among the framework's guards, which copy the whole handler for each call.
    """
    opt = request.route_handler.opt
    if KEY not in opt and is_litestars_own(request.route_handler):
        return
    rule: Rule = opt[KEY]
    app, limit = request.app.state, opt[limits.KEY]
    if query := request.scope["query_string"]:
        wire.check_query(query, opt[INSTANTS])
    if rule.public:
        if limit is not None and app.limited:
            await limits.hold(request, limit, limits.address(request))
        return
    me = await auth.who(app.pool, _header(request.scope, b"authorization"), app.clock())
    request.scope["user"] = me
    request.scope["state"]["purposes"] = rule.purposes(me.roles)
    if app.limited:
        await limits.hold(request, limit, me.id.bytes)
    if app.guarded:
        hold(rule, me, app.clock())


def hold(rule: Rule, me: Signed, now: datetime) -> None:
    """The role first, then how sure we are of the person, then how lately they have shown that it is them."""
    if not rule.admits(me.roles):
        raise NotYourRole
    if not (me.is_sure or rule.limited):
        raise FullAssuranceNeeded
    if rule.step_up and not me.is_fresh(now):
        raise StepUpNeeded


def _header(scope: HTTPScope, name: bytes) -> str | None:
    """The first header of that name, without making a dictionary of them all."""
    found = next((value for key, value in scope["headers"] if key == name), None)
    return None if found is None else found.decode("latin-1")


def ruled(app: Litestar) -> list[tuple[str, str, Rule]]:
    """Every route as (method, path, rule), sorted.

    Raises `UnruledRoute` at the first without a rule, or with one that no declaration covers, and for a cell that no
    route serves. A route that names no limit gets the usual one of its kind.
    """
    table: list[tuple[str, str, Rule]] = []
    for route in app.routes:
        for handler in getattr(route, "route_handlers", [getattr(route, "route_handler", None)]):
            for method in () if is_litestars_own(handler) else sorted(getattr(handler, "http_methods", {"WS"})):
                if not isinstance(handler.opt.get(KEY), Rule):
                    raise UnruledRoute(f"{method} {route.path} does not say who may call it")
                _see_that_it_is_guarded(method, route.path, handler)
                handler.opt.setdefault(limits.KEY, limits.usual(method, public=handler.opt[KEY].public))
                handler.opt.setdefault(INSTANTS, wire.instants(handler.parsed_fn_signature.parameters))
                table.append((method, route.path_format, handler.opt[KEY]))
    _see_that_it_is_the_declaration(table)
    return sorted(table, key=lambda row: (row[1], row[0]))


def _see_that_it_is_the_declaration(table: Iterable[tuple[str, str, Rule]]) -> None:
    """No route goes beyond the cells that are declared, and each of these is served by one."""
    served: set[tuple[str, str, Role, Relation]] = set()
    for method, path, rule in table:
        if rule.declared and not rule.public:
            found = {(rule.action, rule.category, role, one) for role, held in rule.who.items() for one in held}
            if not found:
                raise UnruledRoute(f"{method} {path} serves no cell of the declaration")
            if found - DECLARED:
                beyond = " ".join(min(found - DECLARED))
                raise UnruledRoute(f"{method} {path} goes beyond the declaration: {beyond}")
            served |= found
    if DECLARED - served:
        raise UnruledRoute(f"no route serves {' '.join(min(DECLARED - served))}")


def is_litestars_own(handler: Any) -> bool:
    """Whether it is the answer to OPTIONS that Litestar adds to each path, and not a handler that somebody wrote."""
    return getattr(handler.fn, "__code__", None) is _OPTIONS


def _see_that_it_is_guarded(method: str, path: str, handler: Any) -> None:
    """The guard stands before requests: a handler with another one there, or a socket, would slip past it."""
    passed_by = method == "WS" or handler.resolve_before_request() is not guard
    if passed_by and not handler.opt[KEY].public:
        raise UnruledRoute(f"{method} {path} has a rule that nothing would hold")
