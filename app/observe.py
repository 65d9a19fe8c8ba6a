"""Around every request: an id, security headers, a count and a time, and a line in the log where it went wrong."""

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import CollectorRegistry, Counter, Histogram

from app.logs import log
from db import meaning, new_id

SLOW_SECONDS = 1.0
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

# A page of ours loads only from us; nobody frames it; no address of ours is passed on. What could become a script is
# made by the one policy of the page, so that no text ever turns into one.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "media-src 'self' blob:; font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types cairn"
)
# A visit needs camera, microphone and a screen that stays on; signing in may need a passkey. Nothing else is used.
_USED = ("camera", "display-capture", "fullscreen", "microphone", "screen-wake-lock", "publickey-credentials-get",
         "publickey-credentials-create")  # fmt: skip
_UNUSED = ("accelerometer", "autoplay", "encrypted-media", "geolocation", "gyroscope", "hid", "magnetometer", "midi",
           "payment", "picture-in-picture", "serial", "usb", "xr-spatial-tracking")  # fmt: skip
_PERMISSIONS = ", ".join((*(f"{one}=(self)" for one in _USED), *(f"{one}=()" for one in _UNUSED)))
HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"require-corp"),
    (b"cross-origin-resource-policy", b"same-origin"),
    # An answer may be about a patient, and a browser's cache is read by whoever has the machine next.
    (b"cache-control", b"no-store"),
    (b"permissions-policy", _PERMISSIONS.encode()),
    # Whatever stands at an address of ours is for whoever was given it.
    (b"x-robots-tag", b"noindex, nofollow, noarchive"),
)
# Where people come by TLS, they come by nothing else for two years.
_BY_TLS_ONLY = (b"strict-transport-security", b"max-age=63072000")

OWN = frozenset(name for name, _ in HEADERS)


class Gone(OSError):
    """The line was cut before the answer was out; the server has no better word for that than a RuntimeError."""


class Metrics:
    """What /metrics shows: numbers by route and status, never by person."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "cairn_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "cairn_request_seconds", "Time to answer.", ("route",), registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
        )  # fmt: skip
        self._of: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request more. The library looks its labels up under a lock; here that happens once for each."""
        found = self._of.get((method, route, status))
        if found is None:
            found = self.requests.labels(method, route, str(status)), self.seconds.labels(route)
            self._of[method, route, status] = found
        found[0].inc()
        found[1].observe(seconds)


def observed(app: ASGIApp, metrics: Metrics, clock: Callable[[], datetime], *, tls: bool = False) -> ASGIApp:
    """The same app, with every request given its id, counted and timed; also those that no route matches."""
    by_tls_only = (_BY_TLS_ONLY,) if tls else ()

    async def around(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        started = time.perf_counter()
        now = clock()
        number = new_id(now)
        scope["cairn_request"] = number  # type: ignore[typeddict-unknown-key]
        scope["cairn_now"] = now  # type: ignore[typeddict-unknown-key]
        status = 500

        async def reply(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                about = (*by_tls_only, *_counted(scope), (b"x-request-id", str(number).encode()))
                message["headers"] = [*_ours(message["headers"]), *about]
            try:
                await send(message)
            except RuntimeError:
                raise Gone from None

        try:
            await app(scope, receive, reply)
        except Exception as broken:
            # Its head was sent, so that nothing else can be told but that it ends here: as for whoever has no room.
            _broken_off(broken, number)
            raise
        finally:
            _count(metrics, scope, status, time.perf_counter() - started)

    return around


def _broken_off(broken: Exception, number: UUID) -> None:
    """An answer that ended in the middle: the framework's exception says only that, and stands before the real one."""
    error = broken.__cause__ or broken
    level = "error" if meaning(error) == "mistake" else "warning"
    getattr(log(), level)("broken off", error=error, request_id=str(number))


def _ours(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """These headers, and ours beside them; what a response says by itself is left as it is."""
    said = [name for name, _ in headers]
    if OWN.isdisjoint(said):
        return [*headers, *HEADERS]
    return [*headers, *((name, value) for name, value in HEADERS if name not in said)]


def _counted(scope: Scope) -> tuple[tuple[bytes, bytes], ...]:
    """What the limit of this route has left for whoever asked, where there is one."""
    told: tuple[tuple[bytes, bytes], ...] = scope.get("cairn_limit", ())  # type: ignore[assignment]
    return told


def request_id(scope: Scope) -> UUID:
    """The id that this request was given."""
    number: UUID = scope["cairn_request"]  # type: ignore[typeddict-item]  # put there above
    return number


def decided_at(scope: Scope) -> datetime:
    """The instant at which this request is decided: one for all of it, in Python and in SQL."""
    now: datetime = scope["cairn_now"]  # type: ignore[typeddict-item]  # put there above
    return now


def _count(metrics: Metrics, scope: Scope, status: int, seconds: float) -> None:
    route = str(scope.get("path_template") or "none")
    method = scope["method"] if scope["method"] in METHODS else "other"  # type: ignore[typeddict-item]
    metrics.count(method, route, status, seconds)
    if status >= 500 or (seconds > SLOW_SECONDS and not route.endswith("/events")):
        log().warning(
            "request",
            method=method,
            route=route,
            status=status,
            milliseconds=round(seconds * 1000),
            request_id=str(request_id(scope)),
        )
