"""Mail over SMTP; the only file that knows aiosmtplib.

One connection a letter: letters are few, and one that is kept open is one that has gone when it is needed.
"""

import asyncio
import ssl
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Literal
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTP
from msgspec import Struct

from notifications.channel import Accepted, Outcome, Permanent, Transient
from notifications.letters import Letter

STEP_SECONDS = 8.0
LETTER_SECONDS = 18.0
"""For each answer of the server, and for all of them together: a server that hangs holds nobody up for ever."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")

Security = Literal["tls", "starttls", "none"]


class Server(Struct, frozen=True):
    """Where letters are handed in, and as whom."""

    host: str
    port: int
    security: Security
    user: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        """No password."""
        return f"Server({self.host}:{self.port})"


def server(url: str) -> Server:
    """`smtps://` is TLS from the first byte, `smtp://` begins with STARTTLS; without either only on this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    implicit = parts.scheme == "smtps"
    security: Security = "tls" if implicit else "none" if host in LOOPBACK else "starttls"
    user, password = (None if one is None else unquote(one) for one in (parts.username, parts.password))
    return Server(host, parts.port or (465 if implicit else 587), security, user, password)


class Mail:
    """Hands letters to one server, whose certificate is held against `context`: usually the system's authorities."""

    def __init__(self, place: Server, sender: str, context: ssl.SSLContext | None = None) -> None:
        self._place, self._sender = place, sender
        self._context = context or ssl.create_default_context()

    async def carry(self, letter: Letter) -> Outcome:
        """Accepted once the server has said so; what it says by itself is never kept, since it may quote an address."""
        try:
            composed = message(letter, self._sender)
        except ValueError:  # an address that cannot be written down, or would be more than one
            return Permanent("ADDRESS")
        try:
            async with asyncio.timeout(LETTER_SECONDS):
                return await self._handed_in(composed)
        except TimeoutError:  # aiosmtplib's own are of this kind as well
            return Transient("TIMEOUT")
        except aiosmtplib.SMTPException as error:
            return meaning(error)
        except ssl.SSLError:
            return Transient("TLS")
        except OSError:
            return Transient("UNREACHABLE")

    async def _handed_in(self, composed: EmailMessage) -> Outcome:
        smtp = self._connection()
        try:
            await smtp.connect()
            await smtp.send_message(composed)
            with suppress(aiosmtplib.SMTPException, OSError):  # It is theirs already, however they say good-bye.
                await smtp.quit()
        finally:
            smtp.close()
        return Accepted(str(composed["Message-ID"]))

    def _connection(self) -> SMTP:
        """The name by which we greet is the sender's domain: the machine's own name is nobody's business."""
        place, encrypted = self._place, self._place.security != "none"
        return SMTP(
            hostname=place.host,
            port=place.port,
            username=place.user,
            password=place.password,
            local_hostname=domain(self._sender),
            timeout=STEP_SECONDS,
            use_tls=place.security == "tls",
            start_tls=place.security == "starttls",
            tls_context=self._context if encrypted else None,
        )


def meaning(error: aiosmtplib.SMTPException) -> Outcome:
    """Whether it may work later: 4xx always, and whatever an operator can put right; a refusal with 5xx is for good."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return Transient(f"LOGIN_{error.code}")
    refusals = (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError)
    if isinstance(error, refusals):
        return (Permanent if error.code >= 500 else Transient)(f"SMTP_{error.code}")
    if isinstance(error, aiosmtplib.SMTPServerDisconnected | aiosmtplib.SMTPConnectError):
        return Transient("UNREACHABLE")
    # The plain kind is what it raises where a server does not offer what was asked for, such as STARTTLS.
    plain = type(error) is aiosmtplib.SMTPException
    return Transient("NOT_SUPPORTED" if plain else type(error).__name__)


def message(letter: Letter, sender: str) -> EmailMessage:
    """The letter as mail: plain text, nothing to load, no answer wanted (RFC 3834)."""
    name, address = parseaddr(sender)
    made = EmailMessage()
    made.set_content(letter.text)
    made["From"] = Address(name, addr_spec=address)
    made["To"] = Address(addr_spec=letter.to)
    made["Subject"] = letter.subject
    made["Date"] = format_datetime(letter.written_at)
    made["Message-ID"] = f"<{letter.id}@{domain(sender)}>"
    made["Content-Language"] = letter.language
    made["Auto-Submitted"] = "auto-generated"
    made["X-Auto-Response-Suppress"] = "All"
    return made


def domain(sender: str) -> str:
    """The part of the sender's address that belongs to the site."""
    return parseaddr(sender)[1].rpartition("@")[2]
