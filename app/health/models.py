"""What a health check says."""

from typing import Annotated, Literal

from msgspec import Meta

from app.wire import Model


class Live(Model, frozen=True):
    """The process answers."""

    status: Literal["ok"]


class Ready(Model, frozen=True):
    """Whether requests should be sent here, and what stands in the way."""

    status: Literal["ok", "not-ready"]
    database: Literal["ok", "unreachable"]
    migrations: Literal["ok", "pending", "unknown"]
    oldest_due_seconds: Annotated[
        float | None, Meta(description="How long the oldest due reminder or alert has waited; null: none waits.")
    ] = None
