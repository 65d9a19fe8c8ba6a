"""People as others may see them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct
from msgspec.structs import force_setattr

from app import versions
from app.access import StaffRole
from app.auth import Assurance
from app.disclosures.models import Disclosed
from app.wire import ClientId, Incoming, Language, Line, Model, Page, Versioned, ZoneName

Roles = Annotated[
    list[StaffRole], Meta(max_length=10, description="All of them; none means that they work here no more.")
]


class Organisation(Model, frozen=True):
    """A program or a clinic."""

    id: UUID
    name: str
    kind: str
    part2: Annotated[bool, Meta(description="Bound by 42 CFR Part 2.")]
    time_zone: str


class Wishes(Model, frozen=True):
    """What a patient has decided about those beside them."""

    peer_beside: Annotated[bool, Meta(description="A peer beside the clinician in an urgent alert.")]
    shares_doses: Annotated[bool, Meta(description="The peers on the team see whether doses were taken.")]


class Profile(Versioned, frozen=True):
    """Yourself; in a session of limited assurance neither name, roles nor organisation is told."""

    id: UUID
    name: str
    roles: list[str]
    organisation: Organisation | None
    time_zone: str
    language: str
    assurance: Assurance
    wishes: Annotated[Wishes | None, Meta(description="A patient's own; staff have none here.")]

    def __post_init__(self) -> None:
        force_setattr(self, "version", versions.of(self.time_zone, self.language, self.wishes))


class ProfileChange(Incoming, frozen=True):
    """What you would like to be otherwise; what is left out stays."""

    time_zone: ZoneName | None = None
    language: Language | None = None
    peer_beside: bool | None = None
    shares_doses: bool | None = None


class PersonRow(Struct, frozen=True):
    """A person's own row with the organisation's beside it."""

    id: UUID
    name: str
    time_zone: str
    language: str
    wishes: Wishes | None
    organisation: Organisation


class NewPatient(Incoming, frozen=True):
    """Somebody who comes into the program's care."""

    id: ClientId
    name: Line
    time_zone: ZoneName
    language: Language


class NewStaff(Incoming, frozen=True):
    """Somebody who comes to work in the organisation."""

    id: ClientId
    name: Line
    roles: Roles
    time_zone: ZoneName
    language: Language


class RoleChange(Incoming, frozen=True):
    """The roles that somebody holds from now on."""

    roles: Roles


class StaffMember(Versioned, frozen=True):
    """Somebody who works in the organisation."""

    id: UUID
    name: str
    roles: list[str]
    time_zone: str
    language: str

    def __post_init__(self) -> None:
        force_setattr(self, "version", versions.of(sorted(self.roles)))


class Staff(Page, frozen=True, kw_only=True):
    """Everybody who works in the organisation, by name."""

    items: list[StaffMember]


class TeamMember(Model, frozen=True):
    """Somebody who stands beside a patient."""

    id: UUID
    name: str
    roles: list[str]
    lead: bool
    on_duty: bool
    joined_at: datetime


class CareTeam(Versioned, frozen=True):
    """Everybody on a patient's team, the lead first. Its version is who that is, whoever of them is on duty."""

    members: list[TeamMember]

    def __post_init__(self) -> None:
        force_setattr(self, "version", versions.of(sorted((one.id, one.lead) for one in self.members)))


class Place(Incoming, frozen=True):
    """Somebody's place on a team."""

    staff_id: UUID
    lead: bool = False


class TeamChange(Incoming, frozen=True):
    """The whole team as it shall be."""

    members: Annotated[list[Place], Meta(min_length=1, max_length=50, description="Exactly one of them leads.")]


class Candidate(Struct, frozen=True):
    """Somebody who was named for a team: who is on it may stay, who works here may come."""

    id: UUID
    roles: list[str]
    on_team: bool
    of_program: bool


class Patient(Disclosed, frozen=True):
    """Who somebody is, and how to speak with them: all that a peer, or whoever runs the place, knows by this."""

    id: UUID
    name: str
    time_zone: str
    language: str


class PatientRecord(Disclosed, frozen=True):
    """A patient as those who treat them see them."""

    id: UUID
    name: str
    time_zone: str
    language: str
    in_care_since: datetime
    wishes: Wishes


class Patients(Page, frozen=True, kw_only=True):
    """Patients whom the caller supports, by name."""

    items: list[Patient]
