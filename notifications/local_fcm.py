"""A stand-in for Google on loopback: it speaks FCM HTTP v1, errors included, and keeps what arrives where one can look.

It checks what Google checks, so that the real firebase-admin runs its real path: a signed assertion for an access
token, the token for each message. It answers with an error where it was told to, or where the push token ends in one:
`…:UNREGISTERED` is a phone whose app was removed.
"""

import asyncio
import json
import secrets
import socket
import time
from base64 import urlsafe_b64decode
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from msgspec import Struct

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

KEPT = 2000
"""How many arrivals are kept; a demo that runs for weeks forgets the oldest."""

TOKEN_SECONDS = 3600
AUDIENCE = "https://oauth2.googleapis.com/token"
"""What Google's library writes into an assertion, wherever it sends it."""

MOST_BYTES = 4096

HTML = b"text/html; charset=utf-8"
SAFE = (
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
)
_HEAD = (
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>Inbox of the demo</title>"
    "<style>body{font:1rem/1.5 system-ui;max-width:44rem;margin:2rem auto;padding:0 1rem}"
    "article{border-top:1px solid #999;padding:.5rem 0}h2{font-size:1rem;margin:0}pre{white-space:pre-wrap;margin:0}"
    "</style>"
)

# The HTTP status and the RPC status with which Google answers each of its errors.
ERRORS = {
    "UNREGISTERED": (404, "NOT_FOUND"),
    "INVALID_ARGUMENT": (400, "INVALID_ARGUMENT"),
    "SENDER_ID_MISMATCH": (403, "PERMISSION_DENIED"),
    "QUOTA_EXCEEDED": (429, "RESOURCE_EXHAUSTED"),
    "UNAVAILABLE": (503, "UNAVAILABLE"),
    "INTERNAL": (500, "INTERNAL"),
    "THIRD_PARTY_AUTH_ERROR": (401, "UNAUTHENTICATED"),
}


class Arrival(Struct, frozen=True):
    """A message that was accepted, as Google would pass it on."""

    token: str
    at: datetime
    name: str
    message: dict[str, Any]


class Refused(Exception):
    """An answer in the form of Google's errors."""

    def __init__(self, error: str, *, retry_after: int | None = None, reason: str = "", unsigned: bool = False) -> None:
        super().__init__(error)
        self.error, self.retry_after, self.reason, self.unsigned = error, retry_after, reason, unsigned


class LocalFcm:
    """The server's memory: who it is, which access tokens it gave, what arrived, and how it was told to answer."""

    def __init__(self, project: str, url: str) -> None:
        self.url, self.project = url, project
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._granted: dict[str, float] = {}
        self._told: dict[str, deque[Refused]] = defaultdict(deque)
        self._arrivals: deque[Arrival] = deque(maxlen=KEPT)
        self._news = asyncio.Condition()
        self.requests = self.grants = 0

    @property
    def service_account(self) -> dict[str, str]:
        """What Google's console would let an operator download, made for this server alone."""
        key = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {
            "type": "service_account",
            "project_id": self.project,
            "private_key_id": "local",
            "private_key": key.decode(),
            "client_email": f"cairn@{self.project}.iam.gserviceaccount.com",
            "client_id": "0",
            "token_uri": f"{self.url}/token",
        }

    def answer(self, token: str, error: str, times: int = 1, *, retry_after: int | None = None) -> None:
        """Refuse the next messages to this phone with this error, as often as that."""
        if error not in ERRORS:
            raise KeyError(error)
        self._told[token].extend(Refused(error, retry_after=retry_after) for _ in range(times))

    def revoke(self) -> None:
        """Forget all access tokens, as Google does when a key is withdrawn."""
        self._granted.clear()

    def inbox(self, token: str | None = None) -> list[Arrival]:
        """What arrived, the oldest first; for one phone or for all."""
        return [a for a in self._arrivals if token in (None, a.token)]

    async def arrived(self, token: str, count: int = 1, *, within: float = 10) -> list[Arrival]:
        """Wait until so many messages have arrived at this phone; `TimeoutError` after `within` seconds."""
        async with asyncio.timeout(within), self._news:
            await self._news.wait_for(lambda: len(self.inbox(token)) >= count)
            return self.inbox(token)

    def grant(self, body: bytes) -> dict[str, Any]:
        """An access token for an assertion that the service account has signed (RFC 7523 § 2.1)."""
        form = parse_qs(body.decode("ascii", "replace"))
        claims = self._verified(form.get("assertion", [""])[0])
        if claims.get("aud") != AUDIENCE or not claims.get("exp", 0) > time.time():
            raise Refused("invalid_grant")
        self.grants += 1
        token = secrets.token_urlsafe(24)
        self._granted[token] = time.time() + TOKEN_SECONDS
        return {"access_token": token, "expires_in": TOKEN_SECONDS, "token_type": "Bearer"}

    async def accept(self, project: str, authorization: str, body: bytes) -> dict[str, str]:
        """Take a message as Google would, or refuse it."""
        self.requests += 1
        if self._granted.get(authorization.removeprefix("Bearer "), 0) < time.time():
            raise Refused("UNAUTHENTICATED", unsigned=True)
        if project != self.project:
            raise Refused("SENDER_ID_MISMATCH")
        envelope = _decoded(body)
        message = envelope["message"]
        token = message.get("token") or message["fid"]
        self._refuse_as_told(token)
        name = f"projects/{project}/messages/0:{time.time_ns()}%{secrets.token_hex(8)}"
        if not envelope.get("validate_only"):
            await self._keep(Arrival(token, datetime.now(UTC), name, message))  # noqa: TID251 - when it came in is this server's to say
        return {"name": name}

    async def keep(self, address: str, name: str, message: dict[str, Any]) -> None:
        """Show something else that has arrived, such as mail, beside the pushes."""
        await self._keep(Arrival(address, datetime.now(UTC), name, message))  # noqa: TID251 - when it came in is ours to say

    async def _keep(self, arrival: Arrival) -> None:
        async with self._news:
            self._arrivals.append(arrival)
            self._news.notify_all()

    def _refuse_as_told(self, token: str) -> None:
        if self._told.get(token):
            raise self._told[token].popleft()
        ending = token.rpartition(":")[2]
        if ending in ERRORS:
            raise Refused(ending)

    def _verified(self, assertion: str) -> dict[str, Any]:
        """The claims of an assertion with our own signature (RS256)."""
        try:
            signed, _, signature = assertion.rpartition(".")
            self._key.public_key().verify(_base64(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
            claims = json.loads(_base64(signed.partition(".")[2]))
        except (InvalidSignature, ValueError) as error:
            raise Refused("invalid_grant") from error
        return claims if isinstance(claims, dict) else {}


@asynccontextmanager
async def serve(port: int = 0, project: str = "cairn-local") -> AsyncIterator[LocalFcm]:
    """The server on loopback, for as long as the block runs; `port=0` finds a free one."""
    with socket.create_server(("127.0.0.1", port), backlog=512) as listening:
        fcm = LocalFcm(project, f"http://127.0.0.1:{listening.getsockname()[1]}")
        config = uvicorn.Config(
            application(fcm), lifespan="off", ws="none", log_config=None, access_log=False, timeout_graceful_shutdown=1
        )
        server = _Server(config)
        running = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield fcm
        finally:
            server.should_exit = True
            await running


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the program that we are part of."""
        yield


def application(fcm: LocalFcm) -> Callable[[Message, Receive, Send], Awaitable[None]]:
    """The three addresses: a token, a message, and the inbox, as JSON or for somebody who looks."""

    async def respond(scope: Message, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body = await _body(receive)
        try:
            status, answer = await _answer(fcm, scope["method"], scope["path"], headers, body)
            extra: list[tuple[bytes, bytes]] = []
        except Refused as refused:
            status, answer = _refusal(refused)
            extra = [(b"retry-after", b"%d" % refused.retry_after)] if refused.retry_after is not None else []
        kind, content = (HTML, answer) if isinstance(answer, str) else (b"application/json", json.dumps(answer))
        await send(
            {"type": "http.response.start", "status": status, "headers": [(b"content-type", kind), *SAFE, *extra]}
        )
        await send({"type": "http.response.body", "body": content.encode()})

    return respond


async def _answer(fcm: LocalFcm, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, object]:
    match method, path.strip("/").split("/"):
        case "POST", ["token"]:
            return 200, fcm.grant(body)
        case "POST", ["v1", "projects", project, "messages:send"]:
            return 200, await fcm.accept(project, headers.get("authorization", ""), body)
        case "GET", ["inbox"]:
            return 200, _page(fcm.inbox()) if "text/html" in headers.get("accept", "") else _shown(fcm.inbox())
        case _:
            return 404, {"error": {"code": 404, "message": "Not found.", "status": "NOT_FOUND"}}


def _shown(arrivals: list[Arrival]) -> dict[str, list[dict[str, Any]]]:
    """Pushes by phone, the oldest first."""
    shown: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for a in arrivals:
        shown[a.token].append({"at": a.at.isoformat(), "name": a.name, "message": a.message})
    return shown


def _page(arrivals: list[Arrival]) -> str:
    """The same for somebody who looks, the newest first: mail and texts as they read, pushes as a phone shows them."""
    rows = "".join(
        f"<article><p><b>{escape(a.token[:60])}</b> <time>{a.at:%H:%M:%S}</time></p>{_words(a.message)}</article>"
        for a in reversed(arrivals)
    )
    return f"{_HEAD}<h1>What has arrived</h1>{rows or '<p>Nothing yet.</p>'}</html>"


def _words(message: dict[str, Any]) -> str:
    letter = message.get("mail") or message.get("sms") or message.get("notification", {})
    title = letter.get("subject") or letter.get("title") or ""
    return f"<h2>{escape(title)}</h2><pre>{escape(letter.get('text', ''))}</pre>"


def _refusal(refused: Refused) -> tuple[int, object]:
    """The body in which Google wraps an error of FCM."""
    if refused.error == "invalid_grant":
        return 400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
    status, rpc = ERRORS.get(refused.error, (401, "UNAUTHENTICATED"))
    error: dict[str, Any] = {
        "code": status,
        "message": refused.reason or "Requested entity was refused.",
        "status": rpc,
    }
    if not refused.unsigned:
        kind = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
        error["details"] = [{"@type": kind, "errorCode": refused.error}]
    return status, {"error": error}


def _decoded(body: bytes) -> dict[str, Any]:
    """A message that Google would take: for exactly one phone, not too big, all its data text."""
    try:
        envelope = json.loads(body)
        message = envelope["message"]
        targets = [message[name] for name in ("token", "fid") if name in message]
        data, apns = message.get("data", {}), message.get("apns", {}).get("headers", {})
        checks = {
            "Exactly one of token and fid must be set.": len(targets) == 1
            and all(isinstance(t, str) and t for t in targets),
            "Data must be text.": all(isinstance(value, str) for value in data.values()),
            "A reserved word is used in data.": not any(k == "from" or k.startswith(("google", "gcm")) for k in data),
            "The message is too big.": len(json.dumps(message)) <= MOST_BYTES,
            "The collapse id is too long.": len(apns.get("apns-collapse-id", "")) <= 64,
            "The ttl must be a duration.": message.get("android", {}).get("ttl", "0s").endswith("s"),
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused("INVALID_ARGUMENT", reason="Invalid JSON payload received.") from error
    for reason, holds in checks.items():
        if not holds:
            raise Refused("INVALID_ARGUMENT", reason=reason)
    return dict(envelope)


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        part = await receive()
        body += part.get("body", b"")
        more = part.get("more_body", False)
    return body


def _base64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
