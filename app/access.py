"""Who may do what: one rule on each route, from which come the guard and the printed table.

A rule names the action, the category of data, and for each role the relations to the patient under which it is
allowed. The guard settles the role before anything is read (403). The relation is held in the WHERE clause of the
query, where a stranger's row is simply not there (404), and once more by row-level security.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import CodeType
from typing import Any, Literal, get_args

from litestar import Litestar, Request
from litestar.routes import HTTPRoute
from litestar.types import HTTPScope
from msgspec import Struct

from app import auth, limits
from app.auth import Signed
from app.errors import FullAssuranceNeeded, NotYourRole, StepUpNeeded

StaffRole = Literal[
    "peer", "peer-lead", "counselor", "prescriber", "primary-care", "coordinator", "supervisor", "program-lead",
    "operator",
]  # fmt: skip
Role = Literal["patient", StaffRole]
Relation = Literal["self", "team", "lead", "told", "claimed", "booked", "program"]
Who = Mapping[Role, tuple[Relation, ...]]

ROLES: tuple[Role, ...] = get_args(Role)
CLINICIANS: tuple[Role, ...] = ("counselor", "prescriber")
OVERSEERS: tuple[Role, ...] = ("coordinator", "supervisor")
KEY = "access"
# What Litestar answers to OPTIONS by itself: which methods there are, and nothing of anybody.
_OPTIONS = next(part for part in HTTPRoute.create_options_handler.__code__.co_consts if isinstance(part, CodeType))


class Rule(Struct, frozen=True):
    """What a route does, to which data, and who may: role → relations. `public` needs no sign-in at all.

    `step_up`: only with a factor that was shown in the last five minutes. `limited`: also in a session of limited
    assurance, in which somebody may be whoever has the patient's old telephone number by now.
    """

    action: str
    category: str
    who: dict[Role, tuple[Relation, ...]]
    public: bool = False
    step_up: bool = False
    limited: bool = False

    def admits(self, roles: Iterable[str]) -> bool:
        """Whether any of these roles is in the rule, under whatever relation."""
        return any(role in self.who for role in roles)


class UnruledRoute(Exception):
    """A route was added without saying who may call it; the app does not start."""


def allow(action: str, category: str, *grants: Who, step_up: bool = False, limited: bool = False) -> Rule:
    """A rule from one or more grants; a later grant for a role adds its relations."""
    who: dict[Role, tuple[Relation, ...]] = {}
    for grant in grants:
        for role, relations in grant.items():
            who[role] = tuple(dict.fromkeys(who.get(role, ()) + relations))
    return Rule(action, category, who, step_up=step_up, limited=limited)


def roles(*names: Role, under: tuple[Relation, ...]) -> Who:
    """The same relations for several roles."""
    return dict.fromkeys(names, under)


def leading(names: Iterable[str]) -> str:
    """The role by which somebody who has several is called: the last in our order; without one, a patient."""
    return max(names, key=list[str](ROLES).index, default="patient")


def public(action: str, category: str) -> Rule:
    """For the few routes that answer people nobody knows yet."""
    return Rule(action, category, {}, public=True)


SELF: Who = {"patient": ("self",)}
EVERYONE: Who = roles(*ROLES, under=("self",))


async def guard(request: Request[Any, Any, Any]) -> None:
    """Find out who is calling and hold the route's rule against their roles, before anything else runs.

    It stands before the request and not among the framework's guards, which copy the whole handler for each call.
    """
    opt = request.route_handler.opt
    if KEY not in opt and _is_litestars_own(request.route_handler):
        return
    rule: Rule = opt[KEY]
    app, limit = request.app.state, opt[limits.KEY]
    if rule.public:
        if limit is not None and app.limited:
            await limits.hold(request, limit, limits.address(request))
        return
    me = await auth.who(app.pool, _header(request.scope, b"authorization"), app.clock())
    request.scope["user"] = me
    if app.limited:
        await limits.hold(request, limit, me.id.bytes)
    if app.guarded:
        hold(rule, me, app.clock())


def hold(rule: Rule, me: Signed, now: datetime) -> None:
    """The role first, then how sure we are of the person, then how lately they have shown that it is them."""
    if not rule.admits(me.roles):
        raise NotYourRole
    if me.assurance == "limited" and not rule.limited:
        raise FullAssuranceNeeded
    if rule.step_up and not me.is_fresh(now):
        raise StepUpNeeded


def _header(scope: HTTPScope, name: bytes) -> str | None:
    """The first header of that name, without making a dictionary of them all."""
    found = next((value for key, value in scope["headers"] if key == name), None)
    return None if found is None else found.decode("latin-1")


def ruled(app: Litestar) -> list[tuple[str, str, Rule]]:
    """Every route as (method, path, rule), sorted; raises `UnruledRoute` at the first without a rule.

    A route that names no limit gets the usual one of its kind.
    """
    table = []
    for route in app.routes:
        for handler in getattr(route, "route_handlers", [getattr(route, "route_handler", None)]):
            for method in () if _is_litestars_own(handler) else sorted(getattr(handler, "http_methods", {"WS"})):
                if not isinstance(handler.opt.get(KEY), Rule):
                    raise UnruledRoute(f"{method} {route.path} does not say who may call it")
                _see_that_it_is_guarded(method, route.path, handler)
                handler.opt.setdefault(limits.KEY, limits.usual(method, public=handler.opt[KEY].public))
                table.append((method, route.path_format, handler.opt[KEY]))
    return sorted(table, key=lambda row: (row[1], row[0]))


def _is_litestars_own(handler: Any) -> bool:
    """Whether it is the answer to OPTIONS that Litestar adds to each path, and not a handler that somebody wrote."""
    return getattr(handler.fn, "__code__", None) is _OPTIONS


def _see_that_it_is_guarded(method: str, path: str, handler: Any) -> None:
    """The guard stands before requests: a handler with another one there, or a socket, would slip past it."""
    passed_by = method == "WS" or handler.resolve_before_request() is not guard
    if passed_by and not handler.opt[KEY].public:
        raise UnruledRoute(f"{method} {path} has a rule that nothing would hold")


def printed(app: Litestar) -> str:
    """The table as text, for `app access`."""
    rows = [("METHOD", "PATH", "ACTION", "DATA", "WHO")]
    rows += [(m, p, r.action, r.category, _who(r)) for m, p, r in ruled(app)]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return "\n".join(
        "  ".join(c.ljust(w) for c, w in zip(row[:4], widths, strict=True)) + "  " + row[4] for row in rows
    )


def _who(rule: Rule) -> str:
    if rule.public:
        return "anyone, without signing in"
    said = ", ".join(f"{role} ({'/'.join(rule.who[role])})" for role in ROLES if role in rule.who)
    return said + (" [step-up]" if rule.step_up else "") + (" [limited]" if rule.limited else "")
