"""What a code is, what it is worth, and what is refused."""

from datetime import timedelta
from uuid import UUID

from app import spoken
from app.auth import Assurance, Signed
from app.codes.models import Tried
from app.contacts.models import Kind
from app.errors import NotYourRole, Refusal

DIGITS = 8
LASTS = timedelta(minutes=10)
# What is settled is kept for as long as a session of limited assurance may ask which contact it began with.
FORGOTTEN_AFTER = timedelta(days=3)
_NO_SEED = bytes(32)


class CodeRefused(Refusal):
    """This code is not right, has been used, or is too old. Look again, or ask for a new one."""

    status = 403


class SameContact(Refusal):
    """You came in with a code to this one. Please use another contact of yours."""

    status = 403


def check_patient(me: Signed) -> None:
    """Codes are how patients are believed; those who work here have factors of their own."""
    if not me.has("patient"):
        raise NotYourRole


def kind_of(contact: str) -> Kind:
    """What somebody has typed: an address has an @, which no telephone number has."""
    return "email" if "@" in contact else "sms"


def code(key: bytes, challenge: UUID, seed: bytes) -> str:
    """The code of a challenge: the same whenever it is asked for, and nowhere stored."""
    return spoken.digits(key, "code", challenge.bytes + seed, count=DIGITS)


def is_right(key: bytes, challenge: UUID, tried: Tried | None, given: str, device: bytes | None) -> bool:
    """Whether this is the code, from the device that asked; the same work where there is nothing to compare with."""
    due = code(key, challenge, tried.seed if tried else _NO_SEED)
    same = spoken.same(due, spoken.heard(given))
    return same and tried is not None and tried.device == device


def assurance(*, known_device: bool, shared: bool) -> Assurance:
    """A code alone shows that somebody reads there, which a number's next owner does as well.

    With a device on which the person was before it is two things; where others read as well, the code is none.
    """
    return "full" if known_device and not shared else "limited"
