"""Parameters and texts as they are kept and shown."""

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from app.wire import Model, Page


class LegalParameter(Model, frozen=True):
    """Something that the law, or the site within the law, has settled for a time."""

    name: str
    jurisdiction: Annotated[str, Meta(description="`US`, or a state as `US-NY`.")]
    value: str
    valid_from: date
    valid_until: Annotated[date | None, Meta(description="The first day on which it holds no more.")]
    source: Annotated[str, Meta(description="Where it says so; *(confirm)* wants a lawyer's eye.")]


class LegalParameters(Page, frozen=True, kw_only=True):
    """What holds on a day, by name."""

    items: list[LegalParameter]


class Text(Struct, frozen=True):
    """A text as it is read and signed; its id pins this version."""

    id: int
    name: str
    language: str
    version: int
    body: str


class Lasting(Struct, frozen=True):
    """A parameter or text that holds now, and when nothing of its name will hold any more: perhaps never."""

    name: str
    ends: date | None
