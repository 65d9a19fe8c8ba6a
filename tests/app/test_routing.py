"""Whom each class of alert reaches first in every situation of duty, worked out a second time from the table."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest
from msgspec import Struct

from app.demo.cast import HARBOR
from app.escalation import actions, queries, rules
from app.escalation.models import AlertClass, Hours, Policy, Standing, Step, Supporter
from db import CLOCK
from tests.world import World

NOW = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)
CLASSES: tuple[AlertClass, ...] = ("p0", "p1", "p2", "p3")


class Somebody(Struct, frozen=True):
    """Who may be there: a role, on the team or not, leading it or not."""

    name: str
    role: str
    team: bool = False
    leads: bool = False


PEOPLE = (
    Somebody("assigned peer", "peer", team=True), Somebody("other peer", "peer"), Somebody("peer lead", "peer-lead"),
    Somebody("her counselor", "counselor", team=True, leads=True), Somebody("other counselor", "counselor"),
    Somebody("supervisor", "supervisor"), Somebody("program lead", "program-lead"),
)  # fmt: skip
IDS = {one.name: UUID(int=number) for number, one in enumerate(PEOPLE, 1)}
ON, OFF, GONE = "on duty", "off duty", "not here"

# Clinical table of alerts: who is told first, and who after that where these are not there. * means on duty or not.
TOLD: Mapping[AlertClass, Sequence[Sequence[str]]] = {
    "p0": (("her counselor", "other counselor", "supervisor *"), ("her counselor *", "other counselor *"),
           ("supervisor *",), ("program lead *",)),
    "p1": (("her counselor", "other counselor"), ("her counselor *", "other counselor *"), ("supervisor *",)),
    "p2": (("assigned peer",), ("assigned peer", "other peer"), ("peer lead",), ("her counselor", "other counselor")),
    "p3": (("assigned peer",), ("her counselor *",)),
}  # fmt: skip


def situations() -> Iterator[dict[str, str]]:
    """Each of the seven on duty, off duty or not here: 2 187 of them."""
    for states in product((ON, OFF, GONE), repeat=len(PEOPLE)):
        yield dict(zip((one.name for one in PEOPLE), states, strict=True))


def expected(alert_class: AlertClass, duty: Mapping[str, str]) -> set[str]:
    """The first row of the table in which somebody is there."""
    for row in TOLD[alert_class]:
        there = {
            name.removesuffix(" *") for name in row
            if duty[name.removesuffix(" *")] == ON or (name.endswith("*") and duty[name[:-2]] == OFF)
        }  # fmt: skip
        if there:
            return there
    return set()


def supporters(duty: Mapping[str, str]) -> list[Supporter]:
    """The same people as the plan sees them."""
    return [
        Supporter(IDS[one.name], [one.role], duty[one.name] == ON, one.team, one.leads, told=False)
        for one in PEOPLE if duty[one.name] != GONE
    ]  # fmt: skip


async def policy(world: World, alert_class: AlertClass) -> tuple[list[Step], Hours]:
    """The plan and the limits that a program starts with."""
    async with world.pool.transaction(CLOCK) as db:
        plan, hours = await queries.plan(db, HARBOR.id, alert_class), await queries.hours(db, HARBOR.id, alert_class)
    assert hours is not None
    return plan, hours


@pytest.mark.parametrize("alert_class", CLASSES)
async def test_each_class_reaches_whom_the_table_names_in_every_situation_of_duty(
    world: World, alert_class: AlertClass
) -> None:
    plan, hours = await policy(world, alert_class)
    alert, wrong, counted = Standing(alert_class, 0, NOW, None), list[str](), 0
    for duty in situations():
        counted += 1
        told = rules.telling(Policy(plan, hours, supporters(duty)), alert, NOW)
        if set(told.people) != {IDS[name] for name in expected(alert_class, duty)}:
            wrong.append(str(duty))
        on_duty = any(duty[name] == ON for name in expected(alert_class, duty))
        assert told.on_duty == on_duty
    assert counted == 3**7
    assert wrong == []


@pytest.mark.parametrize("alert_class", ["p0", "p1"])
async def test_at_no_moment_and_in_no_situation_is_a_crisis_with_peers(world: World, alert_class: AlertClass) -> None:
    """Nor beside a clinician, unless the patient asked for one and a clinician was told."""
    plan, hours = await policy(world, alert_class)
    peers = {IDS[one.name] for one in PEOPLE if one.role in {"peer", "peer-lead"}}
    for duty, minutes in product(list(situations())[::7], (0, 6, 16, 61, 600)):
        found = Policy(plan, hours, supporters(duty))
        told = rules.telling(found, Standing(alert_class, 0, NOW - timedelta(minutes=minutes), None), NOW)
        assert not peers & set(told.people)
        beside = rules.beside(alert_class, told, found.supporters, opted_in=True)
        assert not beside or (alert_class == "p1" and told.people)


async def test_a_class_without_a_plan_is_a_mistake_of_the_site_and_not_silence(world: World) -> None:
    async with world.pool.transaction(CLOCK) as db:
        with pytest.raises(LookupError):
            await actions.policy(db, HARBOR.id, HARBOR.id, HARBOR.id, "p9", NOW, NOW)
