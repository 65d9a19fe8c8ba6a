"""What a passkey is refused for."""

from datetime import datetime, timedelta

from app.errors import Refusal

ANSWER_WITHIN = timedelta(minutes=5)
MOST = 20


class PasskeyRefused(Refusal):
    """This passkey could not be checked. Please try again, or sign in another way."""

    status = 403


class ChallengeGone(Refusal):
    """This took too long, or was answered already. Please begin again."""

    status = 403


class PasskeySuspended(Refusal):
    """This passkey may have been copied, so it opens nothing any more. Sign in another way, and remove it."""

    status = 403


class PasskeyThere(Refusal):
    """This passkey is there already."""


class NoPasskey(Refusal):
    """You have no passkey yet. Show in another way that it is you."""


class TooManyPasskeys(Refusal):
    """You have as many passkeys as can be kept. Remove one that you do not use any more."""


def counts_on(kept: int, told: int) -> bool:
    """Whether a passkey's counter went forward. One that is copied between devices counts nothing and says 0."""
    return told > kept or told == kept == 0


def check_usable(suspended_at: datetime | None) -> None:
    """A passkey that may be in two hands is in nobody's."""
    if suspended_at is not None:
        raise PasskeySuspended


def check_room(there: int) -> None:
    """An authenticator is told of all of them each time."""
    if there >= MOST:
        raise TooManyPasskeys


def label(name: str, *, patient: bool) -> str:
    """What a passkey is called on the device, and wherever that copies it to.

    That somebody is a patient is protected, so theirs carries initials.
    """
    return "".join(word[0] for word in name.split())[:3] if patient else name
