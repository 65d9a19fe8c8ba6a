"""Live events over Server-Sent Events."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.openapi import ResponseSpec
from litestar.params import HeaderParameter
from litestar.response import Stream

from app import access
from app.dependencies import Me
from app.events import actions
from app.events.models import Event

Since = Annotated[str | None, HeaderParameter(name="Last-Event-ID", description="The `id` of the last event read.")]
# A proxy that buffers would hold an alert back.
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@get("/v1/events", operation_id="listen", tags=["live"], summary="Live events", media_type="text/event-stream",
     responses={200: ResponseSpec(Event, media_type="text/event-stream", generate_examples=False)},
     access=access.allow("listen", "own-events"))  # fmt: skip
async def listen(request: Request[Any, Any, Any], me: Me, since: Since = None) -> Stream:
    """A stream of what changes for you, as it happens: `id` is the cursor, and `Last-Event-ID` resumes where you left.

    At first, and every 15 seconds of silence, comes a comment with the `id` alone, so that a stream that broke off
    before it said anything resumes as well. Within a stream each event comes once; after a resume nothing is missing,
    and the latest events may come again. Where a resume would leave a gap, because the cursor is about two days old or
    of another database, the stream begins with `event: reset` and the present cursor: fetch everything anew. Events
    carry ids only; fetch what they name. When you sign out, here or from elsewhere, or your roles change, it ends.
    """
    state = request.app.state
    found = actions.listen(state.pool, state.bell, me, since or "", state.clock)
    return Stream(_lines(found), media_type="text/event-stream", headers=HEADERS)


async def _lines(events: AsyncIterator[Event | str]) -> AsyncIterator[bytes]:
    async for event in events:
        yield _ping(event) if isinstance(event, str) else _line(event)


def _ping(place: str) -> bytes:
    return f"id: {place}\n: ping\n\n".encode()


def _line(event: Event) -> bytes:
    return f"id: {event.cursor}\nevent: {event.topic}\ndata: ".encode() + msgspec.json.encode(event) + b"\n\n"


ROUTES = (listen,)
