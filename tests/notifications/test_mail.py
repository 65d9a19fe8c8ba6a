"""Mail handed to real servers: over TLS, with a user, on good days and bad ones."""

import asyncio
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from notifications import mail, wording
from notifications.channel import Accepted, Permanent, Transient
from notifications.letters import Letter
from notifications.mail import Mail, Server
from notifications.models import LetterKind, Post
from tests.notifications.post import PASSWORD, USER, Authority, open_office

AT = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)
SENDER = "Notices <notices@site.test>"
NUMBER = UUID("0193a6f0-7c1a-7000-8000-0000000000aa")
SECURE = ("tls", "starttls")


def a_letter(to: str = "somebody@example.org", language: str = "en") -> Letter:
    subject, text = wording.letter("code", "email", language, "12345678")
    return Letter(NUMBER, "email", to, language, subject, text, AT, AT + timedelta(minutes=10))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(Path(tmp_path_factory.mktemp("certificates")))


@pytest.mark.parametrize("security", SECURE)
async def test_a_letter_goes_out_encrypted_with_a_user_and_says_what_it_should(
    authority: Authority, security: mail.Security
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # aiosmtpd takes no TLS of its own for implicit TLS
        async with open_office(security, authority.for_server(), login=True) as (office, place):
            outcome = await Mail(place, SENDER, authority.trusted()).carry(a_letter())

    assert outcome == Accepted(f"<{NUMBER}@site.test>")
    [letter] = office.letters
    assert (letter["From"], letter["To"], letter["Subject"]) == (SENDER, "somebody@example.org", "Your code")
    assert (letter["Message-ID"], letter["Auto-Submitted"]) == (f"<{NUMBER}@site.test>", "auto-generated")
    assert letter["Date"] == "Tue, 03 Mar 2026 15:00:00 +0000"
    assert letter.get_content_type() == "text/plain"
    assert "Your code is 12345678." in letter.get_content()
    assert set(office.greeted_as) == {"site.test"}, "the machine's own name is nobody's business"


async def test_words_beyond_ascii_arrive_as_they_were_written(authority: Authority) -> None:
    async with open_office("starttls", authority.for_server()) as (office, place):
        await Mail(place, "Avisos y más <notices@site.test>", authority.trusted()).carry(a_letter(language="es"))

    [letter] = office.letters
    assert (letter["Subject"], letter["Content-Language"]) == ("Tu código", "es")
    assert letter["From"] == "Avisos y más <notices@site.test>"
    assert "Nadie te lo pedirá nunca." in letter.get_content()


@pytest.mark.parametrize("security", SECURE)
@pytest.mark.parametrize("why", ["nobody we know signed it", "it is for another name"])
async def test_a_certificate_that_proves_nothing_gets_no_letter_and_no_password(
    authority: Authority, tmp_path: Path, security: mail.Security, why: str
) -> None:
    stranger = Authority(tmp_path)
    shown = stranger.for_server() if why.startswith("nobody") else authority.for_server("elsewhere.test")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        async with open_office(security, shown, login=True) as (office, place):
            outcome = await Mail(place, SENDER, authority.trusted()).carry(a_letter())

    assert isinstance(outcome, Transient)
    assert office.letters == []


async def test_a_server_that_offers_no_encryption_gets_no_letter(authority: Authority) -> None:
    async with open_office("none") as (office, place):
        hopeful = Server(place.host, place.port, "starttls", USER, PASSWORD)
        outcome = await Mail(hopeful, SENDER, authority.trusted()).carry(a_letter())

    assert outcome == Transient("NOT_SUPPORTED")
    assert (office.letters, office.knocks) == ([], 0)


async def test_a_wrong_password_may_be_put_right_and_the_servers_words_are_not_kept(authority: Authority) -> None:
    async with open_office("starttls", authority.for_server(), login=True, user="stranger") as (office, place):
        outcome = await Mail(place, SENDER, authority.trusted()).carry(a_letter())

    assert outcome == Transient("LOGIN_535")
    assert office.letters == []


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("550 5.1.1 <somebody@example.org> is nobody here", Permanent("SMTP_550")),
        ("450 4.2.0 greylisted, come back in five minutes", Transient("SMTP_450")),
        ("421 4.7.0 too many of you", Transient("SMTP_421")),
        ("552 5.2.2 the mailbox of somebody@example.org is full", Permanent("SMTP_552")),
    ],
)
async def test_a_refusal_is_for_good_or_for_now_and_is_kept_as_its_number(
    answer: str, outcome: Permanent | Transient
) -> None:
    async with open_office() as (office, place):
        office.refusing.append(answer)
        assert await Mail(place, SENDER).carry(a_letter()) == outcome
        assert await Mail(place, SENDER).carry(a_letter()) == Accepted(f"<{NUMBER}@site.test>")


@pytest.mark.parametrize(("answer", "kind"), [("554 5.7.1 spam", Permanent), ("451 4.3.0 later", Transient)])
async def test_so_is_a_refusal_of_what_it_says(answer: str, kind: type[Permanent] | type[Transient]) -> None:
    async with open_office() as (office, place):
        office.refusing_words.append(answer)
        outcome = await Mail(place, SENDER).carry(a_letter())
    assert outcome == kind(f"SMTP_{answer[:3]}")


@asynccontextmanager
async def a_server_that(does: str) -> AsyncIterator[Server]:
    """One that takes a connection and then says nothing, hangs up, or says what no mail server says."""
    met = asyncio.Event()

    async def meet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if does == "says nothing":
            await met.wait()
        if does == "speaks otherwise":
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    listening = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield Server("127.0.0.1", listening.sockets[0].getsockname()[1], "none")
    finally:
        met.set()
        listening.close()


async def test_a_server_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "STEP_SECONDS", 0.2)
    async with a_server_that("says nothing") as place:
        assert await Mail(place, SENDER).carry(a_letter()) == Transient("TIMEOUT")
    monkeypatch.setattr(mail, "LETTER_SECONDS", 0.2)
    monkeypatch.setattr(mail, "STEP_SECONDS", 60)
    async with a_server_that("says nothing") as place:
        assert await Mail(place, SENDER).carry(a_letter()) == Transient("TIMEOUT")


async def test_a_server_that_hangs_up_or_speaks_otherwise_may_be_asked_again() -> None:
    async with a_server_that("hangs up") as place:
        assert await Mail(place, SENDER).carry(a_letter()) == Transient("UNREACHABLE")
    async with a_server_that("speaks otherwise") as place:
        assert isinstance(await Mail(place, SENDER).carry(a_letter()), Transient)


async def test_a_dead_server_may_be_asked_again() -> None:
    async with a_server_that("hangs up") as place:
        pass
    assert await Mail(place, SENDER).carry(a_letter()) == Transient("UNREACHABLE")


async def test_no_line_of_ones_own_gets_into_the_head_of_a_letter() -> None:
    async with open_office() as (office, place):
        for to in ("a@b.org\r\nBcc: all@example.org", "a@b.org, c@d.org"):
            assert await Mail(place, SENDER).carry(a_letter(to=to)) == Permanent("ADDRESS")
    assert office.letters == []


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("smtps://u:p%40ss%3Aw@mail.example.org", Server("mail.example.org", 465, "tls", "u", "p@ss:w")),
        ("smtp://mail.example.org:2525", Server("mail.example.org", 2525, "starttls")),
        ("smtp://mail.example.org/", Server("mail.example.org", 587, "starttls")),
        ("smtp://127.0.0.1:25", Server("127.0.0.1", 25, "none")),
        ("smtps://[::1]:465", Server("::1", 465, "tls")),
    ],
)
def test_an_address_says_where_and_how(url: str, place: Server) -> None:
    assert mail.server(url) == place
    assert "p@ss" not in repr(place)


WORDS: list[tuple[LetterKind, Post]] = [
    ("code", "email"), ("code", "sms"), ("invitation", "email"), ("invitation", "sms"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "post"), WORDS)
@pytest.mark.parametrize("language", ["en", "es", "fr"])
def test_a_letter_says_nothing_of_care(kind: LetterKind, post: Post, language: str) -> None:
    subject, text = wording.letter(kind, post, language, "WHAT-IT-IS-FOR")
    said = f"{subject} {text}".lower()

    assert text.count("WHAT-IT-IS-FOR") == 1
    telling = ("cairn", "patient", "paciente", "recover", "recupera", "clinic", "clínic", "care", "program", "health",
               "salud", "treatment", "tratamiento", "sign", "account", "cuenta", "harbor")  # fmt: skip
    assert [word for word in telling if word in said] == []
    assert (
        post == "email" or len(text) <= 160 - len("https://care.example.org/#invitation=" + "x" * 43) or kind == "code"
    )
