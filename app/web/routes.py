"""The page over HTTP: `/` and the files that it loads, all of them from here."""

from typing import Any
from urllib.parse import urlsplit

from litestar import MediaType, Request, Response, route
from litestar.params import FromPath

from app import access
from app.dependencies import Where
from app.errors import NotFound
from app.observe import HEADERS
from app.site import Site
from app.web import assets
from app.web.assets import Asset, NotInstalled
from app.wire import READ

_OPEN = access.public("read", "page")
_FOR_EVER = "public, max-age=31536000, immutable"
_NOT_INSTALLED = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Cairn</title><link rel=icon href='data:,'>"
    "<p>The page's packages are not installed yet: stop Cairn and start it with <code>python3 -m app up</code>,"
    " which brings them; everything else is running.</p></html>"
)


@route(["/", "/signed-in"], http_method=READ, include_in_schema=False, access=_OPEN)
async def page(site: Where) -> Response[bytes]:
    """The page, also where a provider sends a browser back to; without its packages one sentence that says so."""
    try:
        found = assets.site()
    except NotInstalled:
        return Response(_NOT_INSTALLED.encode(), media_type=MediaType.HTML, status_code=503)
    headers = {"Content-Security-Policy": policy(site, found.import_map), "Cache-Control": "no-cache"}
    return Response(found.page, media_type=MediaType.HTML, headers=headers)


@route("/assets/{version:str}/{name:path}", http_method=READ, include_in_schema=False, access=_OPEN)
async def asset(version: FromPath[str], name: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
    """One of the page's files. Its address changes when any of them does, so it is kept for ever."""
    found = _asset(version, name.removeprefix("/"))
    headers = {"Cache-Control": _FOR_EVER, "Vary": "Accept-Encoding"}
    if found.packed and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.packed, media_type=found.media_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(found.content, media_type=found.media_type, headers=headers)


@route("/sw.js", http_method=READ, include_in_schema=False, access=_OPEN)
async def offline() -> Response[bytes]:
    """What lets the page open without a network; it lies at the root because it may serve only what lies below it."""
    try:
        found = assets.site().files["sw.js"]
    except NotInstalled:
        raise NotFound from None
    return Response(found.content, media_type=found.media_type, headers={"Cache-Control": "no-cache"})


def _asset(version: str, name: str) -> Asset:
    try:
        found = assets.site()
    except NotInstalled:
        raise NotFound from None
    if version != found.version or name not in found.files:
        raise NotFound
    return found.files[name]


def policy(site: Site, import_map: str) -> str:
    """The policy of every answer, with the page's one inline script, and with signaling where that runs apart."""
    usual = dict(HEADERS)[b"content-security-policy"].decode()
    socket = urlsplit(site.socket)
    return usual.replace("script-src 'self'", f"script-src 'self' {import_map}").replace(
        "connect-src 'self'", f"connect-src 'self' {socket.scheme}://{socket.netloc}"
    )


ROUTES = (page, asset, offline)
