"""What a form may be."""

from collections.abc import Sequence
from datetime import datetime

from app.errors import FieldError, Invalid
from app.questions.models import Asked, CheckInForm, FormQuestion, Kept, NewForm, NewQuestion

CHOOSING = ("triggers", "used")


def check_form(new: NewForm) -> None:
    """Each question once, with choices where something is chosen and nowhere else; a note is never needed."""
    wrong = [error for place, one in enumerate(new.questions) for error in _errors(place, one, new.questions[:place])]
    if wrong:
        raise Invalid(*wrong)


def _errors(place: int, one: NewQuestion, before: Sequence[NewQuestion]) -> Sequence[FieldError]:
    at = f"/questions/{place}"
    checks = (
        (one.question in {other.question for other in before}, "question", "twice", "Expected each question once."),
        (bool(one.choices) != (one.question in CHOOSING), "choices", "not-for-this", _CHOICES),
        (len(set(one.choices)) != len(one.choices), "choices", "twice", "Expected each choice once."),
        (one.required and one.question == "note", "required", "never-needed", "A note is never needed."),
    )
    return [FieldError(f"{at}/{name}", code, message) for wrong, name, code, message in checks if wrong]


_CHOICES = "Expected choices for triggers and for what was used, and for no other question."


def kept(one: NewQuestion, before: Sequence[Asked], now: datetime) -> Kept:
    """A question as it is kept, with the moment from which answers are held to it."""
    return Kept(one.question, one.required, one.choices, one.english, one.spanish, _since(one, before, now))


def _since(one: NewQuestion, kept: Sequence[Asked], now: datetime) -> datetime:
    """One that asks for the same as before goes on as it was."""
    before = next((other for other in kept if other.question == one.question), None)
    if before is None or (before.required, before.choices) != (one.required, one.choices):
        return now
    return before.since


def form(rows: Sequence[FormQuestion]) -> CheckInForm:
    """The questions in their order."""
    return CheckInForm(list(rows))
