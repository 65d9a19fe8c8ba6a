"""However an address is typed, it is found."""

import pytest

from app.contacts.rules import normal
from app.errors import Invalid

SAME = [
    ("email", "Maya.Torres@Example.ORG", "maya.torres@example.org"),
    ("email", "  maya+code@example.org ", "maya+code@example.org"),
    ("email", "maya@Bücher.example", "maya@xn--bcher-kva.example"),
    ("email", "maya@xn--bcher-kva.example", "maya@xn--bcher-kva.example"),
    ("email", "maya@\uff45xample.org", "maya@example.org"),
    ("sms", "+1 (555) 234-5678", "+15552345678"),
    ("sms", "555.234.5678", "+15552345678"),
    ("sms", "1-555-234-5678", "+15552345678"),
    ("sms", "0049 30 1234567", "+49301234567"),
    ("sms", "+49\u00a030\u20111234567", "+49301234567"),
    ("sms", "\uff0b1 555 234 5678", "+15552345678"),
]
NONE = [
    ("email", "maya"), ("email", "@example.org"), ("email", "maya@"), ("email", "maya@localhost"),
    ("email", "a b@example.org"), ("email", "maya@example.org, leo@example.org"), ("email", ".maya@example.org"),
    ("email", "ma..ya@example.org"), ("email", "maya@-x-.example"), ("email", "maya@example.org."),
    ("email", "maya@example.org\nBcc: leo@example.org"), ("email", f"{'m' * 65}@example.org"),
    ("email", f"maya@{'x' * 63}.{'y' * 63}.{'z' * 63}.{'w' * 63}.example"), ("email", "maya.@example.org"),
    ("sms", "555"), ("sms", "+1 055 234 5678"), ("sms", "+1 555 123 4567"), ("sms", "+0 555 234 5678"),
    ("sms", "maya"), ("sms", "+1 555 234 5678 ext 9"), ("sms", "+12345678901234567"), ("sms", "2345678"),
    ("sms", "\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669\u0660"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "typed", "found"), SAME)
def test_one_address_has_one_spelling(kind: str, typed: str, found: str) -> None:
    assert normal(kind, typed) == found  # type: ignore[arg-type]  # a word of the closed set
    assert normal(kind, found) == found  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "typed"), NONE)
def test_what_is_no_address_is_refused_and_not_repeated(kind: str, typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        normal(kind, typed)  # type: ignore[arg-type]
    [problem] = refused.value.errors
    assert problem.pointer == "/value"
    assert typed not in problem.message
