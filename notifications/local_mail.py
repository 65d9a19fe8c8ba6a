"""A mail server on loopback for a demo: it takes what it is handed and puts it where one can look, and passes on none.

Mail reaches it over real SMTP, so that the real carrier runs its real path; texts are put beside it by `LocalSms`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Peer

from notifications.channel import Accepted, Keep, Outcome
from notifications.letters import Letter
from notifications.mail import Server

MOST_BYTES = 64 * 1024


class Shelf:
    """What aiosmtpd asks when a message has come in."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep

    async def handle_DATA(self, _server: SMTP, _peer: Peer, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep it for each of its recipients."""
        mail = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        body = mail.get_body(("plain",))
        said = {"subject": str(mail["Subject"]), "text": body.get_content().strip() if body else ""}
        for address in envelope.rcpt_tos:
            await self._keep(address, str(mail["Message-ID"]), {"mail": said})
        return "250 OK"


class LocalSms:
    """A carrier of texts that go no further than the inbox."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep

    async def carry(self, letter: Letter) -> Outcome:
        """Accepted, always."""
        await self._keep(letter.to, str(letter.id), {"sms": {"text": letter.text}})
        return Accepted(str(letter.id))


@asynccontextmanager
async def serve(keep: Keep) -> AsyncIterator[Server]:
    """The server on loopback, for as long as the block runs, at a port that was free."""
    loop = asyncio.get_running_loop()
    shelf = Shelf(keep)

    def protocol() -> SMTP:
        return SMTP(shelf, data_size_limit=MOST_BYTES, hostname="localhost", loop=loop, timeout=30)

    listening = await loop.create_server(protocol, "127.0.0.1", 0)
    try:
        yield Server("127.0.0.1", listening.sockets[0].getsockname()[1], "none")
    finally:
        listening.close()
