"""The HTTP app: slices, dependencies, problems."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from litestar import Litestar, Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ControllerRouterHandler
from litestar.typing import FieldDefinition

from app import access, answers, errors, idempotency, limits, wire
from app.clock import system_clock
from app.dependencies import PROVIDERS
from app.errors import FieldError, Problem, Refusal
from app.idempotency import Replayed
from app.logs import log
from app.observe import Metrics, observed
from app.provider.openid import Provider
from app.site import Site
from app.slices import SLICES
from db import Bell, Pool, meaning


def create_app(
    pool: Pool,
    bell: Bell,
    site: Site,
    *,
    clock: Callable[[], datetime] = system_clock,
    guarded: bool = True,
    limited: bool = True,
    beside: Sequence[ControllerRouterHandler] = (),
    lifespan: Sequence[Any] = (),
) -> Litestar:
    """The whole API over a pool that the caller opens and closes; refuses to be made with a route that has no rule.

    `guarded=False` lets every role through to the queries, for the test that the walls behind the guard hold;
    `limited=False` counts nothing, for tests in which one person asks a thousand times at one instant.
    `beside` are handlers served in the same process, such as the signaling socket.
    """
    metrics = Metrics()
    app = Litestar(
        route_handlers=[*SLICES, *beside],
        before_request=access.guard,
        dependencies=PROVIDERS,
        exception_handlers={Refusal: _refused, HTTPException: _http, Replayed: _again, Exception: _failed},
        request_class=wire.CairnRequest,
        response_class=answers.Answer,
        request_max_body_size=wire.BODY_LIMIT,
        state=State(
            {
                "pool": pool,
                "bell": bell,
                "site": site,
                "clock": clock,
                "guarded": guarded,
                "metrics": metrics,
                "limited": limited,
                "counts": limits.Counts(),
                "provider": Provider(site.openid) if site.openid else None,
            }
        ),
        openapi_config=None,
        lifespan=list(lifespan),
        logging_config=None,
    )
    access.ruled(app)
    _resolve_in_turn(app)
    _name_every_method(app)
    app.asgi_handler = observed(app.asgi_handler, metrics, clock, tls=site.origin.startswith("https:"))
    return app


def _resolve_in_turn(app: Litestar) -> None:
    """Have each dependency awaited where it stands.

    Litestar gives independent ones a task group and a task each, which takes longer than all of ours together. It has
    no setting for that; a test sees that this is still where it keeps them.
    """
    for route in app.routes:
        for _, model in getattr(route, "route_handler_map", {}).values():
            model.dependency_batches = [{one} for batch in model.dependency_batches for one in batch]


def _name_every_method(app: Litestar) -> None:
    """Let OPTIONS name all methods of a path.

    Litestar makes its answer with the first handler of a path and then keeps it, so that it would leave out the others.
    """
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if access.is_litestars_own(handler):
                (of,) = handler.fn.__closure__
                of.cell_contents = route


def _refused(request: Request[Any, Any, Any], refusal: Refusal) -> Response[Problem]:
    return errors.answer(refusal, _request_id(request))


def _again(_request: Request[Any, Any, Any], replayed: Replayed) -> Response[bytes]:
    return idempotency.again(replayed.kept)


def _http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """The framework's own refusals: no route, wrong method, a parameter that does not fit."""
    if isinstance(error, ValidationException):
        if isinstance(error.__cause__, KeyError) and error.__cause__.args == ("if-match",):
            return _refused(request, errors.NoVersion())
        return _refused(request, errors.Invalid(*_misfits(request, error)))
    known = {404: errors.NotFound, 405: errors.WrongMethod, 413: errors.TooMuch, 400: errors.Malformed}
    if error.status_code in known:
        answer = _refused(request, known[error.status_code]())
        answer.headers.update(error.headers or {})
        return answer
    return _failed(request, error)


def _misfits(request: Request[Any, Any, Any], error: ValidationException) -> Iterator[FieldError]:
    """What does not fit, by its name on the wire and with what is expected there.

    Litestar calls a parameter by its name in Python, and one that is missing only in the exception's cause; it does
    not look into an empty body at all.
    """
    if isinstance(error.__cause__, KeyError):
        yield FieldError(f"/{error.__cause__.args[0]}", "missing", "This parameter is missing.")
    for one in error.extra if isinstance(error.extra, list) else []:
        name = one["key"].partition(".")[0]
        if name == "data":
            yield FieldError("", "missing", "Expected a JSON object, and nothing was sent.")
        else:
            yield _misfit(request.route_handler.parsed_fn_signature.parameters[name], one["message"])


def _misfit(field: FieldDefinition, what: str) -> FieldError:
    said = errors.misfit(f"/{getattr(field.kwarg_definition, 'name', None) or field.name}", what)
    if field.origin is not Literal:
        return said
    return msgspec.structs.replace(said, message=f"Expected one of {', '.join(field.args)}.")


def _failed(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Whatever nobody foresaw: said as little of as can be, logged without its text."""
    kind = meaning(error)
    refusal = _MEANINGS[kind]()
    if kind == "mistake":
        log().error("failed", error=error, request_id=_request_id(request))
    else:
        log().warning("refused by the database", reason=kind, error=error, request_id=_request_id(request))
    return _refused(request, refusal)


_MEANINGS: dict[str, type[Refusal]] = {
    "try-again": errors.Overloaded,
    "uncertain": errors.Uncertain,
    "bad-input": errors.Invalid,
    "conflict": errors.Conflict,
    "mistake": errors.OurMistake,
}


def _request_id(request: Request[Any, Any, Any]) -> str:
    return str(request.scope.get("cairn_request", ""))
