"""Rotations as they are planned, and the shifts that come of them."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from app.walltime import WallTime
from app.wire import ClientId, Incoming, Line, Model, Page, ZoneName

Wanted = Literal["peer", "clinician"]
Every = Literal["day", "week"]
Weekday = Annotated[int, Meta(ge=1, le=7, description="1 is Monday.")]


class Window(Incoming, frozen=True):
    """Part of a weekday, by the wall clock; one that does not end after it starts ends on the next day."""

    weekday: Weekday
    starts: WallTime
    ends: WallTime


class NewRotation(Incoming, frozen=True):
    """Who is to follow whom."""

    id: ClientId
    name: Line
    wanted: Wanted
    time_zone: ZoneName
    starts_on: date
    members: Annotated[list[UUID], Meta(min_length=1, max_length=50, description="In the order of their turns.")]
    every: Every
    hands_over: WallTime
    windows: Annotated[tuple[Window, ...], Meta(max_length=50, description="None: around the clock.")] = ()


class Rotation(Model, frozen=True):
    """Who follows whom from when on, and at which wall time they hand over; without windows it is always."""

    time_zone: str
    starts_on: date
    members: list[UUID]
    every: Every
    hands_over: str
    windows: tuple[Window, ...] = ()


class KeptRotation(Rotation, frozen=True, kw_only=True):
    """A rotation as it is planned; its shifts are made four weeks ahead."""

    id: UUID
    name: str
    wanted: Wanted
    ended_at: datetime | None


class Rotations(Page, frozen=True, kw_only=True):
    """The rotations of a program that go on."""

    items: list[KeptRotation]


class Unmade(KeptRotation, frozen=True, kw_only=True):
    """A rotation whose next shifts have to be made, and until when they were."""

    made_until: datetime


class Turn(Struct, frozen=True, order=True):
    """Somebody's time on duty."""

    starts_at: datetime
    ends_at: datetime
    staff_id: UUID
