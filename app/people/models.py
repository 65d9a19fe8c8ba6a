"""People as others may see them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from app.wire import Model, Page


class Organisation(Model, frozen=True):
    """A program or a clinic."""

    id: UUID
    name: str
    kind: str
    part2: Annotated[bool, Meta(description="Bound by 42 CFR Part 2.")]
    time_zone: str


class Profile(Model, frozen=True):
    """Yourself."""

    id: UUID
    name: str
    roles: list[str]
    organisation: Organisation
    time_zone: str
    language: str


class PersonRow(Struct, frozen=True):
    """A person's own row with the organisation's beside it."""

    id: UUID
    name: str
    time_zone: str
    language: str
    organisation: Organisation


class TeamMember(Model, frozen=True):
    """Somebody who stands beside a patient."""

    id: UUID
    name: str
    roles: list[str]
    lead: bool
    on_duty: bool
    joined_at: datetime


class CareTeam(Model, frozen=True):
    """Everybody on a patient's team, the lead first."""

    members: list[TeamMember]


class Patient(Model, frozen=True):
    """A patient as their team sees them."""

    id: UUID
    name: str
    time_zone: str
    language: str


class Patients(Page, frozen=True, kw_only=True):
    """Patients whom the caller supports, by name."""

    items: list[Patient]
