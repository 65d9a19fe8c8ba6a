"""Text messages through whatever service a site has: one HTTPS request to an address of its choosing.

Services differ in everything but this, so a site puts a few lines between: they are sent `{"id", "to", "text"}`, with
the token as a bearer, and answer 2xx when it was taken. The id is the same at every attempt. Another `Carrier` may
stand in place of this one.
"""

from collections.abc import Awaitable, Callable, Mapping

import msgspec
from msgspec import Struct

from notifications import rules
from notifications.channel import Accepted, Outcome, Permanent, Transient
from notifications.letters import Letter

BUSY = (408, 425, 429)


class Reply(Struct, frozen=True):
    """What the service said; header names in small letters."""

    status: int
    headers: Mapping[str, str]


Ask = Callable[[Mapping[str, str], bytes], Awaitable[Reply | None]]
"""Post these headers and this body to the service; None where nothing came back. Whoever opens the carrier has the
client with which anybody is asked at all."""


class Webhook:
    """A carrier that asks one address."""

    def __init__(self, ask: Ask, token: str | None = None) -> None:
        self._ask = ask
        self._headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})

    async def carry(self, letter: Letter) -> Outcome:
        """Accepted once it has said so; nothing that it answers is kept."""
        said = msgspec.json.encode({"id": letter.id, "to": letter.to, "text": letter.text})
        reply = await self._ask(self._headers, said)
        return Transient("UNREACHABLE") if reply is None else meaning(reply)


def meaning(reply: Reply) -> Outcome:
    """2xx is taken; what the service cannot do now may work later; what it refuses it will refuse again."""
    if 200 <= reply.status < 300:
        return Accepted("")
    if reply.status >= 500 or reply.status in BUSY:
        wait = rules.retry_after(reply.headers.get("retry-after", ""), reply.headers.get("date", ""))
        return Transient(f"HTTP_{reply.status}", wait)
    return Permanent(f"HTTP_{reply.status}")
