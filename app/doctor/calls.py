"""Visits: whether media can pass through TURN, and whether signaling lets in whom the API sends there."""

import ipaddress
import socket
import ssl
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit
from uuid import uuid4

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Origin

from app import stack
from app.doctor import turn as probe
from app.doctor.findings import Finding, fail, ok, warn
from app.doctor.machine import known_secret
from app.settings import Settings
from signaling import ice, messages, tickets

ANSWER_SECONDS = 5.0


async def turn(settings: Settings, url: str | None, clock: Callable[[], datetime]) -> Finding:
    """A relayed address, allocated with a credential as a visit gets it."""
    if url is None:
        return warn(
            "None: two people meet directly, learn each other's address, and on many phone networks do not meet.",
            "Run coturn with deploy/turnserver.conf, and set CAIRN_TURN_URLS and CAIRN_TURN_SECRET.",
        )
    if not settings.turn_secret:
        return fail(f"{url}: there is no secret for it.", "Set CAIRN_TURN_SECRET to coturn's static-auth-secret.")
    (server,) = ice.servers([url], settings.turn_secret.encode(), uuid4(), clock()).servers
    try:
        async with probe.allocated(url, server.username or "", server.credential or "") as allocation:
            return _relayed(url, allocation)
    except Exception as error:
        return _turned_away(url, error)


def _relayed(url: str, allocation: probe.Allocation) -> Finding:
    """An address of the server's own network, handed to somebody outside of it, leads nowhere."""
    what = f"{url}: allocated a relay, {allocation.milliseconds:.0f} ms away."
    inside = ipaddress.ip_address(allocation.relayed).is_private
    if inside and not stack.is_loopback(probe.place(url).host):
        return warn(
            f"{what} Its address is one of a private network.", "Give coturn --external-ip with its public one."
        )
    return ok(what)


def _turned_away(url: str, error: Exception) -> Finding:
    match error:
        case probe.Refused(code=401):
            told = "it answers and refuses our credential (401)."
            advice = "CAIRN_TURN_SECRET must be coturn's static-auth-secret, and both clocks must be right."
        case probe.Refused(code=code):
            told, advice = (
                f"it answers and refuses an allocation ({code}).",
                "Look at the quotas and relay ports of coturn.",
            )
        case probe.NotTurn():
            told = "what answers there does not speak TURN, or not that way."
            advice = "Write turn:host:3478, turn:host:3478?transport=tcp or turns:host:5349?transport=tcp."
        case ssl.SSLError():
            told, advice = "its certificate is not accepted.", "Give coturn a certificate for that name."
        case socket.gaierror():
            told, advice = (
                f"nobody knows the name {probe.place(url).host}.",
                "Correct it in CAIRN_TURN_URLS, or in DNS.",
            )
        case TimeoutError() | OSError():
            told = f"no answer over {_transport(url)}."
            advice = "See that coturn runs, and that its port is open for UDP and TCP."
        case _:
            raise error
    return fail(f"{url}: {told}", advice)


def _transport(url: str) -> str:
    where = probe.place(url)
    return "TLS" if where.tls else where.transport.upper()


async def signaling(settings: Settings, clock: Callable[[], datetime]) -> Finding:
    """Enter an empty room with a ticket of ours, as the page would, and leave it again."""
    url = settings.signaling_url
    if url is None:
        return ok("Beside the API, on the same port.")
    if (settings.public_url or "").startswith("https") and urlsplit(url).scheme != "wss":
        return fail(
            f"{url} is not wss, and a page of https may open nothing else.", "Set CAIRN_SIGNALING_URL to wss://…"
        )
    secret = known_secret(settings)
    if secret is None:
        return fail(f"{url}: there is no secret that it could share.", "Set CAIRN_SECRET, the same for every process.")
    site = stack.site_of(settings, secret)
    return await _entered(url, tickets.issue(site.ticket_key, _pass(clock())), site.origin)


def _pass(now: datetime) -> tickets.Ticket:
    """For a visit that nobody else is in."""
    return tickets.Ticket(uuid4(), uuid4(), uuid4(), "patient", "visit", int(now.timestamp()) + 60)


async def _entered(url: str, ticket: str, origin: str) -> Finding:
    try:
        async with connect(
            url, origin=Origin(origin), proxy=None, compression=None, open_timeout=ANSWER_SECONDS, close_timeout=1
        ) as line:
            await line.send(messages.write(messages.Hello(v=messages.VERSION, ticket=ticket)))
            if isinstance(messages.read_told(await line.recv()), messages.Welcome):
                return ok(f"{url} lets in whom we send.")
            return fail(f"{url} does not answer as signaling does.", "CAIRN_SIGNALING_URL ends in /v1/signaling.")
    except ConnectionClosed as closed:
        return _closed(url, closed.rcvd.code if closed.rcvd else 1006)
    except InvalidStatus as answer:
        return _not_opened(url, answer.response.status_code)
    except (OSError, TimeoutError, WebSocketException):
        return fail(f"{url} does not answer.", "Start `python3 -m app signaling`, or correct CAIRN_SIGNALING_URL.")


def _closed(url: str, code: int) -> Finding:
    if code == messages.BAD_TICKET:
        return fail(
            f"{url} does not take our tickets.", "Give both processes the same CAIRN_SECRET, and the right time."
        )
    return fail(f"{url} closed with {code}.", "Look at the log of the signaling process.")


def _not_opened(url: str, status: int) -> Finding:
    if not urlsplit(url).path.endswith("/v1/signaling"):
        return fail(f"{url}: there is no signaling there ({status}).", "CAIRN_SIGNALING_URL ends in /v1/signaling.")
    if status == 403:
        return fail(f"{url} does not let our page in (403).", "Give both processes the same CAIRN_PUBLIC_URL.")
    return fail(f"{url} answers with {status}.", "Let CAIRN_SIGNALING_URL lead to a signaling process.")
