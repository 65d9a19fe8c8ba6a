"""The questions of a daily check-in, as a program asks them."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from app.wire import Incoming, Line, Model

Question = Literal["sleep", "triggers", "used", "medication", "note"]
Slug = Annotated[str, Meta(min_length=1, max_length=40, pattern="^[a-z0-9-]*$")]


class Asked(Struct, frozen=True):
    """A question as the rules know it: whether it has to be answered, and by what."""

    question: Question
    required: bool
    choices: list[str]
    since: datetime


class Kept(Struct, frozen=True):
    """A question as its row holds it."""

    question: Question
    required: bool
    choices: list[str]
    english: str
    spanish: str
    since: datetime


class FormQuestion(Model, frozen=True):
    """A question that a program asks beside mood and craving."""

    question: Question
    required: bool
    choices: Annotated[list[str], Meta(description="What can be chosen; empty where it is not about choosing.")]
    english: str
    spanish: str


class CheckInForm(Model, frozen=True):
    """What is asked each day, in this order after mood and craving."""

    questions: list[FormQuestion]


class NewQuestion(Incoming, frozen=True):
    """A question as a program wants to ask it."""

    question: Question
    english: Line
    spanish: Line
    required: bool = False
    choices: Annotated[list[Slug], Meta(max_length=20)] = field(default_factory=list)


class NewForm(Incoming, frozen=True):
    """What a program asks from now on, in this order; an empty list asks mood and craving alone."""

    questions: Annotated[list[NewQuestion], Meta(max_length=5)]
