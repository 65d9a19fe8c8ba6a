import base64
import hashlib
import hmac
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling import tickets
from signaling.tickets import BadTicket, Spent
from tests.signaling.conftest import KEY, NOON, a_ticket


def test_a_ticket_comes_back_as_it_was_issued() -> None:
    ticket = a_ticket(role="staff")

    assert tickets.read(KEY, tickets.issue(KEY, ticket), NOON) == ticket


def test_a_ticket_goes_into_a_url_and_is_short() -> None:
    text = tickets.issue(KEY, a_ticket())

    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
    assert len(text) <= tickets.LONGEST


@given(st.data())
def test_a_ticket_with_any_character_changed_is_refused(data: st.DataObject) -> None:
    text = tickets.issue(KEY, a_ticket())
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters().filter(lambda character: character != text[at]))

    with pytest.raises(BadTicket):
        tickets.read(KEY, text[:at] + other + text[at + 1 :], NOON)


@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(BadTicket):
        tickets.read(KEY, text, NOON)


def test_a_ticket_of_another_key_is_refused() -> None:
    with pytest.raises(BadTicket):
        tickets.read(KEY[::-1], tickets.issue(KEY, a_ticket()), NOON)


def test_a_signature_made_for_another_purpose_is_refused() -> None:
    body, _, _ = tickets.issue(KEY, a_ticket()).partition(".")
    signature = base64.urlsafe_b64encode(hmac.digest(KEY, body.encode(), hashlib.sha256)).rstrip(b"=").decode()

    with pytest.raises(BadTicket):
        tickets.read(KEY, f"{body}.{signature}", NOON)


def test_something_signed_that_is_no_ticket_is_refused() -> None:
    body = base64.urlsafe_b64encode(b'{"id": 1}').rstrip(b"=").decode()

    with pytest.raises(BadTicket):
        tickets.read(KEY, f"{body}.{tickets._signature(KEY, body)}", NOON)


def test_a_ticket_is_good_until_the_second_in_which_it_expires() -> None:
    text = tickets.issue(KEY, a_ticket(until=NOON))

    assert tickets.read(KEY, text, NOON - timedelta(microseconds=1)).role == "patient"
    with pytest.raises(BadTicket):
        tickets.read(KEY, text, NOON)


def test_an_enormous_ticket_is_refused_before_it_is_looked_at() -> None:
    with pytest.raises(BadTicket):
        tickets.read(KEY, tickets.issue(KEY, a_ticket()) + "A" * 1_000_000, NOON)


def test_a_short_key_signs_nothing() -> None:
    with pytest.raises(ValueError, match="fewer than 32 bytes"):
        tickets.issue(b"short", a_ticket())


def test_a_ticket_is_spent_once() -> None:
    spent, ticket = Spent(), a_ticket()
    spent.spend(ticket, NOON)

    with pytest.raises(BadTicket):
        spent.spend(ticket, NOON)
    spent.spend(a_ticket(), NOON)


def test_spent_tickets_are_forgotten_when_they_expire() -> None:
    spent = Spent()
    for minutes in (3, 1, 2):
        spent.spend(a_ticket(until=NOON + timedelta(minutes=minutes)), NOON)

    spent.spend(a_ticket(until=NOON + timedelta(hours=1)), NOON + timedelta(minutes=2))

    assert len(spent) == 2
