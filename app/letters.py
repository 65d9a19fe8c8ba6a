"""Where letters go: mail to the configured server, texts to the configured service; in a demo both to its inbox.

Elsewhere what is not configured goes nowhere, and is kept as what could not be sent.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

from msgspec import Struct

from app.egress import Egress, NoAnswer, NotAllowed
from app.settings import Settings
from notifications import Permanent
from notifications.channel import Keep
from notifications.letters import Carrier, Letter
from notifications.mail import Mail, server
from notifications.models import Post
from notifications.sms import Ask, Reply, Webhook

DEMO_SENDER = "Notices <notices@demo.invalid>"


class Nowhere:
    """The carrier of a server that has no way to send."""

    async def carry(self, _letter: Letter) -> Permanent:
        """Never."""
        return Permanent("NOT_CONFIGURED")


class Carriers(Struct, frozen=True):
    """By which way each kind of letter goes, and what to call that on the card."""

    by: Mapping[Post, Carrier]
    told: str


@asynccontextmanager
async def opened(settings: Settings, keep: Keep | None) -> AsyncIterator[Carriers]:
    """Carriers for as long as the block runs; `keep` is where a demo's inbox takes what is not configured."""
    async with AsyncExitStack() as stack:
        by: dict[Post, Carrier] = {"email": Nowhere(), "sms": Nowhere()}
        told = {"email": "no mail: set CAIRN_SMTP_URL and CAIRN_MAIL_FROM", "sms": "no texts: set CAIRN_SMS_URL"}
        if keep is not None:
            from notifications.local_mail import LocalSms, serve  # noqa: PLC0415  # a server that a demo alone loads

            by = {"email": Mail(await stack.enter_async_context(serve(keep)), DEMO_SENDER), "sms": LocalSms(keep)}
            told = {"email": "mail to a local server", "sms": "texts beside it"}
        if settings.smtp_url and settings.mail_from:
            place = server(settings.smtp_url)
            by["email"], told["email"] = Mail(place, settings.mail_from), f"mail through {place.host}"
        if settings.sms_url:
            host = urlsplit(settings.sms_url).hostname or ""
            asking = asker(Egress(frozenset({host})), settings.sms_url)
            by["sms"], told["sms"] = Webhook(asking, settings.sms_token), f"texts through {host}"
        yield Carriers(by, f"{told['email']}; {told['sms']}")


def asker(egress: Egress, url: str) -> Ask:
    """How a carrier asks its service: by the one way out, to this one address."""

    async def ask(headers: Mapping[str, str], content: bytes) -> Reply | None:
        try:
            answer = await egress.send("POST", url, headers=headers, content=content)
        except (NoAnswer, NotAllowed):
            return None
        return Reply(answer.status, answer.headers)

    return ask
