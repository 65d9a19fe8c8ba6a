"""Asking two of the staff, and vouching."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from app.wire import VISIBLE, Incoming, Model

How = Literal["in-person", "video", "known-voice"]
NumberText = Annotated[
    str, Meta(min_length=1, max_length=40, pattern=VISIBLE, description="Eight digits that the patient's device shows.")
]


class AskedVouch(Model, frozen=True):
    """What the patient reads to two of the staff."""

    id: UUID
    number: str
    expires_at: datetime


class VouchState(Model, frozen=True):
    """How many of the two have vouched."""

    id: UUID
    confirmed: Annotated[int, Meta(ge=0, le=2)]
    expires_at: datetime


class VouchLook(Incoming, frozen=True):
    """The number that somebody reads out."""

    number: NumberText


class Vouched(Incoming, frozen=True):
    """How you know that it is them."""

    number: NumberText
    how: How


class VouchFor(Model, frozen=True):
    """Who it should be. Look at them, or hear them, before you vouch."""

    patient_id: UUID
    name: str
    confirmed: Annotated[int, Meta(ge=0, le=1, description="How many others have vouched.")]
    expires_at: datetime


class VouchedFor(Model, frozen=True):
    """Whether one more of the staff is needed."""

    confirmed: Annotated[int, Meta(ge=1, le=2)]


class AskedRow(Struct, frozen=True):
    """What is asked, for whoever has the number."""

    patient_id: UUID
    name: str
    first_by: UUID | None
    expires_at: datetime


class SaidRow(Struct, frozen=True):
    """What the database made of it."""

    patient_id: UUID
    said: Literal["first", "second", "same", "strangers"]
