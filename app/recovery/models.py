"""Recovery codes."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from app.wire import VISIBLE, Incoming, Model


class RecoveryCodes(Model, frozen=True):
    """All of them, shown this one time; of each only an HMAC is kept."""

    codes: list[str]
    made_at: datetime

    def __repr__(self) -> str:
        """Nothing."""
        return "RecoveryCodes()"


class RecoveryLeft(Model, frozen=True):
    """How many are left of those that were made last."""

    left: int
    made_at: datetime | None


class RecoveryCodeGiven(Incoming, frozen=True):
    """One of them."""

    code: Annotated[
        str, Meta(min_length=1, max_length=40, pattern=VISIBLE, description="Ten characters, in whatever case.")
    ]

    def __repr__(self) -> str:
        """Nothing."""
        return "RecoveryCodeGiven()"


class LeftRow(Struct, frozen=True):
    """How many are left, and since when there are some."""

    left: int
    made_at: datetime | None
