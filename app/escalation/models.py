"""A plan of who is told when, the people who might be told, and a turn of the plan."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from msgspec import Struct

AlertClass = Literal["p0", "p1", "p2", "p3"]


class Step(Struct, frozen=True):
    """Who is told after how long; rows of a site's own plan or of the default one."""

    step: int
    after: timedelta
    after_hours: timedelta | None
    audience: str


class Supporter(Struct, frozen=True):
    """Somebody of the program who might be told. `told`: of this alert, since it is as urgent as now."""

    id: UUID
    roles: list[str]
    on_duty: bool
    on_team: bool
    lead: bool
    told: bool


class Hours(Struct, frozen=True):
    """When a program works, and after how long a claim lapses, an alert repeats, and an answered one is brought up."""

    time_zone: str
    opens_minute: int
    closes_minute: int
    lapses: timedelta
    repeats: timedelta | None
    unclosed: timedelta | None


class Policy(Struct, frozen=True):
    """All that decides whom an alert reaches at some moment."""

    plan: list[Step]
    hours: Hours
    supporters: list[Supporter]


class Standing(Struct, frozen=True):
    """Where an alert stands in its plan: the next step, and from when its times count."""

    alert_class: AlertClass
    next_step: int
    counts_from: datetime
    given_back_by: UUID | None


class Telling(Struct, frozen=True, kw_only=True):
    """What a turn of the plan comes to: up to which step is told, to whom, and when it goes on."""

    step: int
    people: list[UUID]
    on_duty: bool
    next_step: int
    counts_from: datetime
    escalates_at: datetime | None
