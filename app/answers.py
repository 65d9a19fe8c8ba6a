"""What a handler gives back, as it is sent: with the version of what it shows, and kept for whoever must ask again."""

from typing import Any

from litestar import Request, Response
from litestar.response.base import ASGIResponse

from app import versions
from app.wire import Versioned

KEPT = "cairn_answer"


class Answer(Response[Any]):
    """Litestar's response, with an `ETag` where there is a version; what is already known is not sent again."""

    def to_asgi_response(self, app: Any, request: Request[Any, Any, Any], **parts: Any) -> ASGIResponse:
        """The answer as bytes. It is made before the request's transaction ends, and so can be kept within it."""
        made = super().to_asgi_response(app, request, **parts)
        if isinstance(self.content, Versioned):
            made = _versioned(made, self.content.version, request)
        if KEPT in request.scope:
            request.scope[KEPT] = made  # type: ignore[literal-required]
        return made


def _versioned(made: ASGIResponse, version: str, request: Request[Any, Any, Any]) -> ASGIResponse:
    """With its tag; empty where a reader has the same already."""
    reads = request.method == "GET"
    current = versions.tag(version, made.body if reads else None)
    if reads and versions.is_among(current, request.headers.get("if-none-match", "")):
        made = ASGIResponse(status_code=304)
    made.headers.add("etag", current)
    return made
