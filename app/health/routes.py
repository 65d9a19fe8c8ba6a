"""Health over HTTP, for load balancers and for /metrics' scraper."""

import hmac
from typing import Any

from litestar import Request, Response, get
from litestar.openapi import ResponseSpec
from prometheus_client import generate_latest

from app import access
from app.dependencies import Now, Where
from app.errors import PROBLEM, NotFound, NotSignedIn, Problem
from app.health import actions
from app.health.models import Live, Ready


@get("/health/live", operation_id="isLive", tags=["health"], summary="Does the process answer",
     access=access.public("read", "health"))  # fmt: skip
async def live() -> Live:
    """The process answers; nothing else is asked."""
    return Live("ok")


@get("/health/ready", operation_id="isReady", tags=["health"], summary="Should requests come here",
     responses={503: ResponseSpec(Ready, description="Something stands in the way.", generate_examples=False)},
     access=access.public("read", "health"))  # fmt: skip
async def ready(request: Request[Any, Any, Any], now: Now) -> Response[Ready]:
    """Database, migrations, age of the oldest due reminder or alert; 503 while one of them stands in the way."""
    found = await actions.ready(request.app.state.pool, now)
    return Response(found, status_code=200 if found.status == "ok" else 503)


@get("/metrics", operation_id="getMetrics", tags=["health"], summary="Numbers for Prometheus", media_type="text/plain",
     security=[{"scraper": []}], responses={404: ResponseSpec(Problem, media_type=PROBLEM, generate_examples=False)},
     access=access.public("read", "metrics"))  # fmt: skip
async def metrics(request: Request[Any, Any, Any], site: Where) -> bytes:
    """Counts and times by route, for a scraper that sends CAIRN_METRICS_TOKEN; without that setting it is not there."""
    if not site.metrics_token:
        raise NotFound
    sent = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(sent.encode(), site.metrics_token.encode()):
        raise NotSignedIn
    return generate_latest(request.app.state.metrics.registry)


ROUTES = (live, ready, metrics)
