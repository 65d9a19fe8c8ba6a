"""Live events over Server-Sent Events."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from litestar import Request, get
from litestar.response import ServerSentEvent, ServerSentEventMessage

from app import access
from app.access import EVERYONE
from app.dependencies import Me
from app.events import actions
from app.events.models import Event


@get("/v1/events", operation_id="listen", tags=["live"], summary="Live events",
     access=access.allow("listen", "own-events", EVERYONE))  # fmt: skip
async def listen(request: Request[Any, Any, Any], me: Me) -> ServerSentEvent:
    """A stream of what changes for you: `id` is the cursor, and `Last-Event-ID` resumes where you left.

    A comment line comes every 15 seconds. Events carry ids only; fetch what they name.
    """
    state = request.app.state
    found = actions.listen(state.pool, state.bell, me.id, request.headers.get("last-event-id"))
    return ServerSentEvent(_messages(found))


async def _messages(events: AsyncIterator[Event | None]) -> AsyncIterator[ServerSentEventMessage]:
    async for event in events:
        yield _message(event)


def _message(event: Event | None) -> ServerSentEventMessage:
    if event is None:
        return ServerSentEventMessage(comment="ping")
    return ServerSentEventMessage(id=event.cursor, event=event.topic, data=msgspec.json.encode(event).decode())


ROUTES = (listen,)
