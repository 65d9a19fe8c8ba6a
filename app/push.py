"""Where pushes go: to Google with its credentials; in a demo to a small local server that speaks the same protocol.

Elsewhere without credentials they go nowhere, and every one is kept as one that could not be sent.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import Struct

from app.settings import BadSettings, Settings
from notifications import Channel, Permanent, Push
from notifications.channel import Keep
from notifications.push import GOOGLE, open_firebase

NO_CREDENTIALS = "no push credentials: phones do not ring; set GOOGLE_APPLICATION_CREDENTIALS"


class Nowhere:
    """The channel of a server that cannot push: each message is refused for good, so its rows say that nobody heard."""

    async def push(self, _push: Push) -> Permanent:
        """Never; the address stays open, since it is not at fault."""
        return Permanent("NO_CREDENTIALS")


class Pushing(Struct, frozen=True):
    """The channel, and what to call it on the card; `inbox` is where a local server shows what arrived.

    With `keep` other things are shown there as well, such as mail.
    """

    channel: Channel
    told: str
    inbox: str | None = None
    keep: Keep | None = None


@asynccontextmanager
async def opened(settings: Settings, *, demo: bool) -> AsyncIterator[Pushing]:
    """Firebase with its credentials, or against the local server in a demo, or nowhere."""
    if settings.google_application_credentials:
        account = credentials(settings.google_application_credentials)
        async with open_firebase(account, settings.push_endpoint or GOOGLE) as channel:
            yield Pushing(channel, f"Firebase, project {account.get('project_id', '?')}")
        return
    if not demo:
        yield Pushing(Nowhere(), NO_CREDENTIALS)
        return
    from notifications import local_fcm  # noqa: PLC0415  # a server that a real deployment never loads

    async with (
        local_fcm.serve() as local,
        open_firebase(local.service_account, local.url) as channel,
    ):
        inbox = f"{local.url}/inbox"
        yield Pushing(channel, f"a local FCM server, inbox at {inbox}", inbox, local.keep)


def credentials(path: str) -> dict[str, str]:
    """The service account in that file; raises `BadSettings` and quotes nothing of it."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadSettings("GOOGLE_APPLICATION_CREDENTIALS names a file that cannot be read as JSON.") from error
    if not isinstance(found, dict) or not {"project_id", "client_email", "private_key", "token_uri"} <= set(found):
        raise BadSettings("GOOGLE_APPLICATION_CREDENTIALS names a file that is not a service account's.")
    return found
