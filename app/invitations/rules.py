"""What a link and a key are, what they are worth, and what is refused."""

from base64 import urlsafe_b64encode
from datetime import timedelta
from hmac import digest
from uuid import UUID

from app import spoken
from app.auth import Assurance
from app.errors import Refusal
from app.invitations.models import Tried

LASTS = timedelta(days=7)
LETTERS = 8
_NO_ID, _NO_SEED = UUID(int=0), bytes(32)


class InvitationRefused(Refusal):
    """Link and key do not fit, or have been used, or are too old. Look at the key again, or ask who gave it to you."""

    status = 403


class NotToBeWrittenTo(Refusal):
    """Nothing is to be sent to this contact. Show the link instead."""


def link(key: bytes, invitation: UUID, seed: bytes) -> str:
    """The secret in the link: the same whenever it is sent, and nowhere stored."""
    return urlsafe_b64encode(digest(key, b"link\0" + invitation.bytes + seed, "sha256")).decode().rstrip("=")


def address(public_url: str, secret: str) -> str:
    """Where the page takes the link; what follows # is not sent to any server."""
    return f"{public_url}/#invitation={secret}"


def key_of(key: bytes, invitation: UUID, seed: bytes) -> str:
    """The key that is told apart from the link."""
    return spoken.letters(key, "invitation", invitation.bytes + seed, count=LETTERS)


def is_right(key: bytes, tried: Tried | None, given: str) -> bool:
    """Whether this is the key; the same work where there is nothing to compare with."""
    due = key_of(key, tried.id, tried.seed) if tried else key_of(key, _NO_ID, _NO_SEED)
    return spoken.same(due, spoken.heard(given)) and tried is not None


def assurance(*, again: bool) -> Assurance:
    """Who comes for the first time is whom the program invited. Who has been here before is somebody already.

    One member of staff alone could otherwise become any patient; for those, two of them vouch.
    """
    return "limited" if again else "full"
