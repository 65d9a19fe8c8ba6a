"""Firebase Cloud Messaging through Google's own firebase-admin; the only file that knows it.

Whoever imports this module loads the SDK, which takes a second: only the process that sends does.

What of the SDK is private is touched in `_messaging` and nowhere else: it has no setting for the endpoint, its retry
of 500 and 503 leaks HTTP/2 streams until every call hangs, and its authorisation refreshes tokens on the event loop.
"""

import asyncio
import contextlib
import functools
from collections import Counter
from collections.abc import AsyncIterator, Generator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import firebase_admin
import httpx
from firebase_admin import _http_client, _retry, credentials, exceptions, messaging
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request

from notifications import rules
from notifications.channel import Accepted, Outcome, Permanent, Push, Transient
from notifications.models import Lane

HTTP_SECONDS = 10
HANG_SECONDS = 11.0
"""More than the SDK's own timeout and less than the caller's: what takes longer hangs, and its client is replaced."""

REFRESH_SECONDS = 300.0
"""How long before its end an access token is renewed; the SDK's own renewal, on the event loop, begins at 225."""

GOOGLE = "https://fcm.googleapis.com"

_CODES = (
    (messaging.UnregisteredError, "UNREGISTERED"),
    (messaging.SenderIdMismatchError, "SENDER_ID_MISMATCH"),
    (messaging.QuotaExceededError, "QUOTA_EXCEEDED"),
    (messaging.ThirdPartyAuthError, "THIRD_PARTY_AUTH_ERROR"),
)


@asynccontextmanager
async def open_firebase(service_account: Mapping[str, str], endpoint: str = GOOGLE) -> AsyncIterator["Firebase"]:
    """A channel to the project of this service account, for as long as the block runs."""
    options = {"httpTimeout": HTTP_SECONDS, "projectId": service_account["project_id"]}
    certificate = credentials.Certificate(dict(service_account))
    app = firebase_admin.initialize_app(certificate, options, name=f"cairn-{uuid4()}")
    firebase = Firebase(app, endpoint)
    try:
        yield firebase
    finally:
        await firebase.close()
        await asyncio.to_thread(firebase_admin.delete_app, app)  # It runs an event loop of its own.


class Firebase:
    """One client, replaced when a call hangs; the calls that ride on the old one are let finish."""

    def __init__(self, app: firebase_admin.App, endpoint: str) -> None:
        self._app = app
        self._credential: Any = app.credential.get_credential()
        self._service = _messaging(app, endpoint)
        self._riding: Counter[_http_client.HttpxAsyncClient] = Counter()
        self._refreshing: asyncio.Task[None] | None = None
        self._renew()

    async def push(self, push: Push) -> Outcome:
        """One message in one call: a malformed answer spoils a whole batch for the SDK."""
        try:
            await self._authorised()
        except (GoogleAuthError, OSError):
            return Transient("NO_ACCESS_TOKEN")
        async with self._client() as client:
            try:
                async with asyncio.timeout(HANG_SECONDS):
                    return await self._sent(message(push))
            except TimeoutError:
                if client is self._service._async_client:
                    self._renew()
                return Transient("TIMEOUT")

    async def close(self) -> None:
        """Close the client; what is still on the wire is cut off."""
        self._riding.clear()
        await _close(self._service._async_client)

    async def _sent(self, composed: messaging.Message) -> Outcome:
        try:
            batch = await messaging.send_each_async([composed], dry_run=False, app=self._app)
        except exceptions.FirebaseError:  # An answer that is no JSON; whether it was taken nobody knows.
            return Transient("UNKNOWN")
        except ValueError:  # The SDK refuses to write it down; it would the next time.
            return Permanent("INVALID_ARGUMENT")
        answer = batch.responses[0]
        if answer.success:
            return Accepted(answer.message_id)
        outcome = rules.meaning(*_failure(answer.exception))
        if outcome == Transient("UNAUTHENTICATED"):
            self._credential.token = None
        return outcome

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[_http_client.HttpxAsyncClient]:
        """The client of this call; the last call on one that was replaced closes it."""
        client = self._service._async_client
        self._riding[client] += 1
        try:
            yield client
        finally:
            self._riding[client] -= 1
            if self._riding[client] <= 0:
                del self._riding[client]
                if client is not self._service._async_client:
                    await _close(client)

    def _renew(self) -> None:
        """A client that has never been used: without retries, and with no refresh of tokens inside a call."""
        client = _http_client.HttpxAsyncClient(retry_config=_retry.HttpxRetry(max_retries=0), timeout=HTTP_SECONDS)
        client.async_client.auth = _Bearer(self._credential)
        self._service._async_client = client

    async def _authorised(self) -> None:
        """Wait for an access token that lasts; one thread renews it for all who wait."""
        if _lasts(self._credential):
            return
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._refresh())
        await asyncio.shield(self._refreshing)

    async def _refresh(self) -> None:
        request = functools.partial(Request(), timeout=HTTP_SECONDS)
        await asyncio.to_thread(self._credential.refresh, request)


class _Bearer(httpx.Auth):
    """The access token that is there. A 401 is an answer and not a reason to ask three times."""

    def __init__(self, credential: Any) -> None:
        self._credential = credential

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._credential.token}"
        yield request


def message(push: Push) -> messaging.Message:
    """What Google is told: a neutral line, an opaque id, how urgent it is and how long it is worth anything.

    Android gets no collapse key: a phone keeps four of them, and a fifth pushes another one out. The tag replaces what
    is on the screen without that limit.
    """
    urgent = push.lane is Lane.URGENT
    made = messaging.Message(
        notification=messaging.Notification(title=push.line),
        data={"category": "reminder", "delivery": str(push.delivery)},
        android=_android(push, urgent=urgent),
        apns=_apns(push, urgent=urgent),
        webpush=_webpush(push, urgent=urgent),
    )
    # As attributes, because the constructor warns on every call that tokens are on their way out.
    made.token = push.address if push.address_kind == "fcm-token" else None
    made.fid = push.address if push.address_kind == "fcm-fid" else None
    return made


def _android(push: Push, *, urgent: bool) -> messaging.AndroidConfig:
    shown = messaging.AndroidNotification(
        tag=push.tag, visibility="private", priority="max" if urgent else "high", channel_id=push.lane.value
    )
    return messaging.AndroidConfig(priority="high" if urgent else "normal", ttl=push.ttl, notification=shown)


def _apns(push: Push, *, urgent: bool) -> messaging.APNSConfig:
    headers = {
        "apns-collapse-id": push.tag,
        "apns-expiration": str(int(push.expires_at.timestamp())),
        "apns-priority": "10" if urgent else "5",
    }
    aps = messaging.Aps(
        alert=messaging.ApsAlert(title=push.line),
        sound="default",
        category="reminder",
        mutable_content=True,
        custom_data={"interruption-level": "time-sensitive"},
    )
    return messaging.APNSConfig(headers=headers, payload=messaging.APNSPayload(aps))


def _webpush(push: Push, *, urgent: bool) -> messaging.WebpushConfig:
    """A browser that replaces what it shows is silent unless it is told to ring again; the other platforms ring."""
    headers = {
        "TTL": str(max(0, int(push.ttl.total_seconds()))),
        "Urgency": "high" if urgent else "normal",
        "Topic": push.tag,
    }
    shown = messaging.WebpushNotification(title=push.line, tag=push.tag, renotify=True)
    return messaging.WebpushConfig(headers=headers, notification=shown)


def _messaging(app: firebase_admin.App, endpoint: str) -> Any:
    """The SDK's messaging service with its endpoint set; there is no public way to say it."""
    service = messaging._get_messaging_service(app)
    service._fcm_url = f"{endpoint}/v1/projects/{app.project_id}/messages:send"
    return service


def _failure(error: exceptions.FirebaseError) -> tuple[str, float | None]:
    """The error's code and the seconds that Google asks us to wait; its text may quote the token and is left behind."""
    code = next((code for kind, code in _CODES if isinstance(error, kind)), error.code)
    answer = error.http_response
    if answer is None or "Retry-After" not in answer.headers:
        return code, None
    return code, rules.retry_after(answer.headers["Retry-After"], answer.headers.get("Date", ""))


def _lasts(credential: Any) -> bool:
    """Whether its token is good for a while; the library keeps the end as naive UTC."""
    if credential.token is None or credential.expiry is None:
        return False
    left = credential.expiry.replace(tzinfo=UTC) - datetime.now(UTC)  # noqa: TID251 - the clock that Google's token runs by
    return bool(left.total_seconds() > REFRESH_SECONDS)


async def _close(client: _http_client.HttpxAsyncClient) -> None:
    """A client that hung may hang in closing too; a second is enough for one that does not."""
    with contextlib.suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(1):
            await client.aclose()
