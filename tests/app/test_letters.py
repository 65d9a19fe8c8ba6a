"""Where letters go: the configured server and service, a demo's inbox, or nowhere; and that they arrive there."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest

import notifications
from app import letters, push, seats, worker, written
from app.demo.cast import MAYA
from app.egress import Egress
from app.settings import BadSettings, Settings, read
from app.trail import notary
from notifications import local_fcm, wording
from notifications.channel import Accepted, Permanent, Transient
from notifications.letters import Letter
from notifications.mail import Mail
from notifications.models import Post
from notifications.sms import Reply, Webhook, meaning
from tests.app.coming import MAYAS, MAYAS_PHONE, ask, has_contact
from tests.notifications.phones import Phones
from tests.world import SITE, World

POSTS: tuple[tuple[Post, str], ...] = (("email", MAYAS), ("sms", MAYAS_PHONE))
AT = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)


def a_letter(post: Post, to: str) -> Letter:
    subject, text = wording.letter("code", post, "en", "12345678")
    return Letter(UUID(int=7), post, to, "en", subject, text, AT, AT + timedelta(minutes=10))


async def test_what_is_not_configured_goes_nowhere_and_the_card_says_so() -> None:
    async with letters.opened(Settings(), None) as carriers:
        outcomes = [await carriers.by[post].carry(a_letter(post, "x")) for post, _ in POSTS]

    assert outcomes == [Permanent("NOT_CONFIGURED")] * 2
    assert carriers.told == "no mail: set CAIRN_SMTP_URL and CAIRN_MAIL_FROM; no texts: set CAIRN_SMS_URL"


async def test_what_is_configured_is_what_is_used_and_its_password_is_not_told() -> None:
    settings = read(
        {
            "CAIRN_SMTP_URL": "smtps://cairn:pass%40word@mail.example.org:465",
            "CAIRN_MAIL_FROM": "Notices <notices@example.org>",
            "CAIRN_SMS_URL": "https://texts.example.org/send",
            "CAIRN_SMS_TOKEN": "a-token",
        }
    )
    async with letters.opened(settings, None) as carriers:
        assert isinstance(carriers.by["email"], Mail)
        assert isinstance(carriers.by["sms"], Webhook)
    assert carriers.told == "mail through mail.example.org; texts through texts.example.org"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CAIRN_SMTP_URL", "mail.example.org"),
        ("CAIRN_SMTP_URL", "http://mail.example.org"),
        ("CAIRN_SMTP_URL", "smtp://user:canary@word@mail.example.org"),
        ("CAIRN_SMTP_URL", "smtp://user:canary@mail.example.org:99999"),
        ("CAIRN_SMTP_URL", "smtp://canary@mail.example.org"),
        ("CAIRN_MAIL_FROM", "canary"),
        ("CAIRN_MAIL_FROM", "Canary\nBcc: x@y.org <a@b.org>"),
        ("CAIRN_SMS_URL", "http://texts.example.org/canary"),
        ("CAIRN_SMS_URL", "https://user:canary@texts.example.org"),
        ("CAIRN_SMS_TOKEN", "canary with spaces"),
    ],
)
def test_a_mistake_is_told_in_one_sentence_without_what_was_written(name: str, value: str) -> None:
    with pytest.raises(BadSettings, match=rf"^{name}: Expected ") as refused:
        read({name: value})
    assert "canary" not in str(refused.value).lower()
    assert "\n" not in str(refused.value)


def test_mail_needs_somebody_whom_it_comes_from() -> None:
    with pytest.raises(BadSettings, match=r"^CAIRN_SMTP_URL needs CAIRN_MAIL_FROM"):
        read({"CAIRN_SMTP_URL": "smtp://mail.example.org"})


@asynccontextmanager
async def a_service(status: int = 202, headers: str = "") -> AsyncIterator[tuple[str, list[bytes]]]:
    """A small HTTP server that keeps what it is asked and always answers the same; its address."""
    asked: list[bytes] = []

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
        asked.append(head + await reader.readexactly(length))
        writer.write(f"HTTP/1.1 {status} x\r\n{headers}content-length: 0\r\nconnection: close\r\n\r\n".encode())
        writer.close()

    listening = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/send", asked
    finally:
        listening.close()


def a_webhook(url: str) -> Webhook:
    return Webhook(letters.asker(Egress(frozenset({"127.0.0.1"}), loopback=True, seconds=2), url), "a-token")


async def test_a_text_is_handed_to_the_sites_own_service_with_its_token_and_the_same_id_each_time() -> None:
    async with a_service() as (url, asked):
        for _ in range(2):
            assert await a_webhook(url).carry(a_letter("sms", MAYAS_PHONE)) == Accepted("")

    heads, bodies = zip(*(one.split(b"\r\n\r\n") for one in asked), strict=True)
    assert b"authorization: bearer a-token" in heads[0].lower()
    sent = json.loads(bodies[0])
    assert sent == {"id": str(UUID(int=7)), "to": MAYAS_PHONE, "text": a_letter("sms", "").text}
    assert bodies[0] == bodies[1]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(503, Transient("HTTP_503", 7.0)), (429, Transient("HTTP_429", 7.0)), (400, Permanent("HTTP_400")),
     (302, Permanent("HTTP_302"))],
)  # fmt: skip
async def test_what_a_service_says_is_kept_as_a_number(status: int, outcome: Transient | Permanent) -> None:
    async with a_service(status, "retry-after: 7\r\nlocation: http://127.0.0.1:1/\r\n") as (url, asked):
        assert await a_webhook(url).carry(a_letter("sms", MAYAS_PHONE)) == outcome
    assert len(asked) == 1, "a redirect is not followed"


async def test_a_service_that_is_not_there_or_not_allowed_may_be_asked_again() -> None:
    async with a_service() as (url, asked):
        elsewhere = Webhook(letters.asker(Egress(frozenset({"texts.example.org"})), url))
        assert await elsewhere.carry(a_letter("sms", MAYAS_PHONE)) == Transient("UNREACHABLE")
    assert asked == []
    assert await a_webhook(url).carry(a_letter("sms", MAYAS_PHONE)) == Transient("UNREACHABLE")


def test_without_a_retry_after_a_service_is_asked_again_in_our_own_time() -> None:
    assert meaning(Reply(500, {})) == Transient("HTTP_500", None)
    assert meaning(Reply(204, {})) == Accepted("")


async def test_in_a_demo_mail_and_texts_show_in_the_inbox_beside_the_pushes() -> None:
    async with push.opened(Settings(), demo=True) as pushing:
        assert pushing.inbox is not None
        async with letters.opened(Settings(), pushing.keep) as carriers, httpx.AsyncClient() as http:
            told = [await carriers.by[post].carry(a_letter(post, to)) for post, to in POSTS]
            shown = (await http.get(pushing.inbox)).json()
            page = await http.get(pushing.inbox, headers={"accept": "text/html,*/*"})

    assert all(isinstance(one, Accepted) for one in told)
    assert carriers.told == "mail to a local server; texts beside it"
    assert "Your code is 12345678." in shown[MAYAS][0]["message"]["mail"]["text"]
    assert shown[MAYAS_PHONE][0]["message"]["sms"]["text"].startswith("Your code is 12345678.")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.text.index(MAYAS_PHONE) < page.text.index(MAYAS), "the newest first"


async def test_what_arrives_is_shown_as_text_whatever_is_in_it() -> None:
    async with local_fcm.serve() as local, httpx.AsyncClient() as http:
        empty = (await http.get(f"{local.url}/inbox", headers={"accept": "text/html"})).text
        await local.keep("<b>x</b>", "a name", {"mail": {"subject": "<script>", "text": "<img src=x>"}})
        await local.keep("a phone", "a name", {"notification": {"title": "You have a reminder"}})
        page = (await http.get(f"{local.url}/inbox", headers={"accept": "text/html"})).text

    assert "Nothing yet." in empty
    assert "You have a reminder" in page
    assert not any(tag in page for tag in ("<b>x", "<script", "<img"))


async def test_the_worker_sends_a_code_and_is_rung_for_it(world: World, tmp_path: Path) -> None:
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)
    rung: list[set[str]] = []
    world.pool.ring = rung.append
    await ask(world, MAYAS)
    assert rung == [{notifications.letters.BELL}]

    async with local_fcm.serve() as local, letters.opened(Settings(), local.keep) as carriers:
        post = worker.Letters(written.composer(SITE), carriers)
        settings = Settings(state_dir=str(tmp_path))
        beside = worker.Beside(seats.Apart(SITE, world.clock), notary.appointed(settings), post)
        ticks = {tick.name: tick for tick in worker.ticks(world.pool, Phones(), beside) if tick.bell in rung[0]}
        assert set(ticks) == {"mail", "texts"}
        for tick in ticks.values():
            await tick.run(world.clock.now)
        [arrival] = local.inbox(MAYAS)

    assert arrival.message["mail"]["subject"] == "Your code"
