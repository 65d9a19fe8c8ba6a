"""What the card says, and what it leaves out because it would lead nowhere."""

import msgspec
import pytest

from app import card
from app.database import Database
from app.demo.cast import BEN, MAYA, OKAFOR, SAM, Person
from app.stack import Ready
from tests.world import SITE

READY = Ready(SITE, Database("", "", "PostgreSQL 17"), "a local FCM server", "mail to a local server")
LINK = "http://cairn.test/#setup=secret"


def test_without_the_page_no_link_leads_to_it() -> None:
    assert "http://cairn.test/#demo=maya" in card.text(READY)

    told = card.text(msgspec.structs.replace(READY, page=False))

    assert "not there: its packages are not installed" in told
    assert "#demo=" not in told
    assert "http://cairn.test/docs" in told
    assert "http://cairn.test/v1/demo/sign-ins" in told


def test_the_first_operators_link_says_that_it_needs_the_page() -> None:
    clinic = msgspec.structs.replace(READY, site=msgspec.structs.replace(SITE, demo=False), setup_link=LINK)
    assert "start again once that is there" not in card.text(clinic)

    told = card.text(msgspec.structs.replace(clinic, page=False))

    assert "start again once that is there" in told
    assert LINK in told


def test_the_line_to_try_leaves_the_prompt_on_a_line_of_its_own() -> None:
    (line,) = [one for one in card.text(READY).splitlines() if "curl" in one]
    assert line.endswith("; echo")


@pytest.mark.parametrize(
    ("person", "called"),
    [(MAYA, "patient"), (SAM, "peer supporter"), (BEN, "peer lead"), (OKAFOR, "prescriber")],
)
def test_who_has_several_roles_is_called_by_the_leading_one(person: Person, called: str) -> None:
    assert card._role(person.roles) == called
