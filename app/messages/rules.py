"""What may be written, what is said when nobody is there, and how a message looks to its reader."""

from datetime import datetime, timedelta

from app.crisis.models import CrisisCard
from app.errors import FieldError, Invalid, Refusal
from app.messages.models import Kept, Message, NewMessage, Presence

EARLIEST, LATEST = timedelta(days=60), timedelta(days=2)
A_NOTICE_HOLDS = timedelta(hours=12)
RINGS_FOR = timedelta(days=1)


class ThreadClosed(Refusal):
    """Nothing can be written here now. What was written stays where it is."""


def check_sent(new: NewMessage, now: datetime) -> None:
    """A phone that is so far off has lost its clock; a message may wait a while for the network."""
    if not -EARLIEST <= new.sent_at - now <= LATEST:
        raise Invalid(FieldError("/sentAt", "out-of-range", "Expected an instant from 60 days ago to 2 days ahead."))


def is_the_same(kept: Kept, text: str, new: NewMessage) -> bool:
    """Whether this is the message that was sent."""
    return (text, kept.sent_at) == (new.text, new.sent_at)


def needs_notice(presence: Presence, now: datetime) -> bool:
    """Whether the patient has to hear that nobody is there: at most once in twelve hours."""
    noticed = presence.noticed_at
    return not presence.is_there and (noticed is None or now - noticed >= A_NOTICE_HOLDS)


_NOTICE = {
    "en": "The person you wrote to is not at work right now, and nobody else reads this. Your message waits for them. "
    "If you need somebody now, use one of these numbers: they answer day and night.",
    "es": "La persona a quien escribiste no está trabajando ahora, y nadie más lee esto. Tu mensaje la espera. "
    "Si necesitas a alguien ahora, usa uno de estos números: contestan de día y de noche.",
}


def shown(kept: Kept, text: str, language: str, card: CrisisCard | None) -> Message:
    """A message as its reader sees it; a notice speaks their language."""
    is_notice = kept.kind == "notice"
    return Message(
        kept.id, kept.thread_id, kept.seq, kept.kind, kept.author_id,
        _NOTICE.get(language, _NOTICE["en"]) if is_notice else text,
        kept.sent_at, kept.received_at, card if is_notice else None,
    )  # fmt: skip
