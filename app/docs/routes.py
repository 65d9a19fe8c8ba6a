"""The API's description over HTTP: `/openapi.json` for programs, `/docs` for people, and nothing from elsewhere."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, route
from msgspec import Struct

from app import access, openapi
from app.docs import page
from app.wire import READ

_STYLE = Path(__file__).with_name("static").joinpath("docs.css").read_bytes()
_STYLE_PLACE = f"/docs/docs.css?v={sha256(_STYLE).hexdigest()[:16]}"
_OPEN = access.public("read", "api-description")


class Described(Struct, frozen=True):
    """Both forms of the description, made once for an app."""

    document: bytes
    page: bytes


@route("/openapi.json", http_method=READ, include_in_schema=False, access=_OPEN)
async def document(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The OpenAPI document."""
    return _revalidated(request, _described(request).document, MediaType.JSON)


@route("/docs", http_method=READ, include_in_schema=False, access=_OPEN)
async def docs(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The same, to be read; it has no script and one style sheet of our own."""
    return _revalidated(request, _described(request).page, MediaType.HTML)


@route("/docs/docs.css", http_method=READ, include_in_schema=False, access=_OPEN)
async def style() -> Response[bytes]:
    """The page's style sheet; its address changes with it, so it is kept for ever."""
    return Response(_STYLE, media_type=MediaType.CSS, headers={"Cache-Control": "public, max-age=31536000, immutable"})


def _described(request: Request[Any, Any, Any]) -> Described:
    """Made at the first request, when every route is there."""
    state = request.app.state
    if "described" not in state:
        text = openapi.document(request.app)
        shown = page.written(msgspec.json.decode(text), _STYLE_PLACE, state.site.public_url)
        state["described"] = Described(text, shown.encode())
    described: Described = state["described"]
    return described


def _revalidated(request: Request[Any, Any, Any], content: bytes, media_type: MediaType) -> Response[bytes]:
    """The content, or 304 to whoever has it already."""
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, media_type=MediaType.TEXT, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


ROUTES = (document, docs, style)
