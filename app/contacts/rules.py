"""One spelling for each address and number, so that it is found however it was typed."""

import re
import unicodedata
from collections.abc import Sequence
from uuid import UUID

import idna

from app.contacts.models import Kept, Kind
from app.errors import FieldError, Invalid, NotFound, Refusal

_LONGEST = 254
_LOCAL = re.compile(r"[^\s@\x00-\x1f\x7f\"(),:;<>\[\]\\]{1,64}")
_FILLING = re.compile(r"[\s().\-/\u00a0\u2010-\u2015]+")
_E164 = re.compile(r"\+[1-9]\d{7,14}")
_NORTH_AMERICAN = re.compile(r"\+1[2-9]\d{2}[2-9]\d{6}")


class LastWayIn(Refusal):
    """By this one you come in, and there is no other. Without it you need a recovery code, or staff who know you."""


def check_removal(own: Sequence[Kept], contact_id: UUID, *, sure: bool) -> None:
    """It is the caller's, and either not the last by which they come in, or they have been told so."""
    if contact_id not in {one.id for one in own}:
        raise NotFound
    if not sure and {one.id for one in own if one.verified_at} == {contact_id}:
        raise LastWayIn


def normal(kind: Kind, value: str) -> str:
    """The one spelling of what somebody typed, or a refusal that names the field and does not repeat the value."""
    found = _email(value) if kind == "email" else _telephone(value)
    if found is None:
        expected = "an e-mail address" if kind == "email" else "a telephone number with its country, such as +1 …"
        raise Invalid(FieldError("/value", "not-an-address", f"Expected {expected}."))
    return found


def _email(value: str) -> str | None:
    """Small letters, and the domain as the DNS has it (IDNA 2008, UTS 46).

    RFC 5321 lets a mailbox tell capitals apart; none that people use does, and a phone begins a line with one.
    """
    local, _, domain = unicodedata.normalize("NFC", value.strip()).rpartition("@")
    if not _LOCAL.fullmatch(local) or local.startswith(".") or local.endswith(".") or ".." in local:
        return None
    try:
        host = idna.encode(domain, uts46=True).decode().lower()
    except (idna.IDNAError, UnicodeError):
        return None
    found = f"{local.lower()}@{host}"
    return found if "." in host.strip(".") and not host.endswith(".") and len(found) <= _LONGEST else None


def _telephone(value: str) -> str | None:
    """E.164. Ten digits without a country are of North America, where programs under 42 CFR Part 2 are."""
    digits = _FILLING.sub("", unicodedata.normalize("NFKC", value.strip()))
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if re.fullmatch(r"1?\d{10}", digits):
        digits = "+1" + digits[-10:]
    if not digits.isascii() or not _E164.fullmatch(digits):
        return None
    return None if digits.startswith("+1") and not _NORTH_AMERICAN.fullmatch(digits) else digits
