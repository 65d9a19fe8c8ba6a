"""What the app serves to clients, read from Litestar's routes: what each operation takes, answers and allows."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from litestar import Litestar, Response
from litestar.enums import MediaType
from litestar.handlers import HTTPRouteHandler
from litestar.params import ParameterKwarg
from litestar.response import ServerSentEvent
from litestar.routes import HTTPRoute
from litestar.types import Empty
from litestar.typing import FieldDefinition
from msgspec import Meta, Struct

from app.access import KEY, Rule


class Parameter(Struct, frozen=True):
    """Something in the path, the query or a header; `kind` is the annotation with its limits."""

    name: str
    where: str
    kind: Any
    required: bool
    default: Any
    description: str | None


class Answer(Struct, frozen=True):
    """What comes back with a status; without a media type there is no body."""

    kind: Any
    media_type: str | None
    description: str | None = None


class Operation(Struct, frozen=True):
    """One method of one path, as its handler declares it."""

    method: str
    path: str
    id: str
    handler: HTTPRouteHandler
    rule: Rule
    parameters: list[Parameter]
    body: Any
    answers: dict[int, Answer]

    @property
    def package(self) -> str:
        """The slice that serves it."""
        return self.handler.fn.__module__.rpartition(".")[0]


def served(app: Litestar) -> list[Operation]:
    """Every operation in the order of the slices; sockets and `include_in_schema=False` are left out."""
    return [one for route in app.routes if isinstance(route, HTTPRoute) for one in _of(route)]


def _of(route: HTTPRoute) -> Iterator[Operation]:
    for handler in route.route_handlers:
        if handler.resolve_include_in_schema():
            for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"}):
                yield _read(route, handler, str(method))


def _read(route: HTTPRoute, handler: HTTPRouteHandler, method: str) -> Operation:
    body = handler.parsed_fn_signature.parameters.get("data")
    return Operation(
        method=method,
        path=route.path_format,
        id=str(handler.operation_id or handler.handler_name),
        handler=handler,
        rule=handler.opt[KEY],
        parameters=list(_parameters(route, handler)),
        body=None if body is None else body.annotation,
        answers=_answers(handler),
    )


def _parameters(route: HTTPRoute, handler: HTTPRouteHandler) -> Iterator[Parameter]:
    """Those of the handler and of the dependencies it asks for, and parts of the path that neither of them reads."""
    unread = dict(route.path_parameters)
    for name, field in _fields(handler, handler.parsed_fn_signature.parameters):
        marker = field.kwarg_definition
        if isinstance(marker, ParameterKwarg) and not field.is_di_field and marker.include_in_schema:
            called = marker.name or name
            unread.pop(called, None)
            where = str(marker.param_type.value)
            required = where == "path" or field.is_required
            yield Parameter(called, where, field.raw, required, field.default, marker.description)
    if takes_key(handler):
        yield Parameter("Idempotency-Key", "header", IdempotencyKey, required=False, default=None, description=None)
    for name, part in unread.items():
        yield Parameter(name, "path", part.type, required=True, default=Empty, description=None)


IdempotencyKey = Annotated[
    str,
    Meta(
        min_length=1, max_length=202, pattern='^("[ !#-\\[\\]-~]{1,200}"|[A-Za-z0-9._:=+/-]{1,200})$',
        description="Best a new UUID in quotes. The same again within a day has one effect, and the same answer.",
    ),
]  # fmt: skip


def takes_key(handler: HTTPRouteHandler) -> bool:
    """Whether it changes something in the request's transaction, so that the answer can be kept with it."""
    return "db" in handler.parsed_fn_signature.parameters and not handler.http_methods & {"GET", "HEAD"}


def _fields(handler: HTTPRouteHandler, asked: Mapping[str, FieldDefinition]) -> Iterator[tuple[str, FieldDefinition]]:
    dependencies = handler.resolve_dependencies()
    for name, field in asked.items():
        if name in dependencies:
            yield from _fields(handler, dependencies[name].parsed_fn_signature.parameters)
        else:
            yield name, field


def _answers(handler: HTTPRouteHandler) -> dict[int, Answer]:
    """What the signature says, and what `responses=` says better."""
    declared = {
        status: Answer(
            spec.data_container, None if spec.data_container is None else _media(spec.media_type), spec.description
        )
        for status, spec in (handler.responses or {}).items()
    }
    return {handler.status_code: _signed_answer(handler), **declared}


def _signed_answer(handler: HTTPRouteHandler) -> Answer:
    given = handler.parsed_fn_signature.return_type
    if given.is_subclass_of(ServerSentEvent):
        return Answer(str, "text/event-stream")
    kind = given.raw
    if given.is_subclass_of(Response):
        kind = given.inner_types[0].raw if given.inner_types else bytes
    if kind in (None, type(None)):
        return Answer(None, None)
    media_type = _media(handler.media_type or MediaType.JSON)
    return Answer(kind if "json" in media_type else str, media_type)


def _media(media_type: MediaType | str) -> str:
    return media_type.value if isinstance(media_type, MediaType) else media_type
