"""Alerts in any order of what people do and the clock brings: who answers what is what a small model says."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from msgspec import Struct

from app.alerts import actions as alerts
from app.alerts import states
from app.alerts.models import EventKind
from app.demo.cast import DANA, INES, MAYA, SAM, THEO, Person
from db import Pool, embedded
from tests.app.scene import Seen, seen
from tests.conftest import NOW
from tests.world import World, a_check_in

CRISES, CLINICIANS = ("p0", "p1"), {DANA, THEO}
LAPSES = {"p0": timedelta(minutes=10), "p1": timedelta(minutes=10), "p2": timedelta(minutes=30)}
SAID: dict[str, dict[str, object]] = {"p0": {"inDanger": True}, "p1": {"used": ["opioid"]}, "p2": {"wantsToTalk": True}}
PEOPLE, CLASSES = st.sampled_from((SAM, INES, DANA, THEO)), st.sampled_from(("p0", "p1", "p2"))
WHICH = st.integers(0, 2)


class Open(Struct, eq=False):
    """An alert as the model keeps it."""

    alert_class: str
    by: Person | None = None
    contacted: bool = False
    lapses: datetime | None = None

    def held(self, by: Person, now: datetime) -> None:
        self.by, self.contacted, self.lapses = by, False, now + LAPSES[self.alert_class]

    def let_go(self) -> None:
        self.by, self.contacted, self.lapses = None, False, None


class Stage:
    """A world that each run begins anew, and the loop in which it lives."""

    def __init__(self, runner: asyncio.Runner, dsn: str) -> None:
        self.runner, self.dsn, self.stack = runner, dsn, AsyncExitStack()
        runner.run(self._set())

    async def _set(self) -> None:
        self.seen: Seen = await self.stack.enter_async_context(seen(self.dsn))
        self.world: World = await self.stack.enter_async_context(World.over(self.seen, NOW))
        for somebody in (SAM, INES, DANA, THEO, MAYA):
            await self.world.of(somebody)

    def close(self) -> None:
        self.runner.run(self.stack.aclose())


@pytest.fixture
def stage(server: embedded.Server, shared_pool: Pool) -> Iterator[Stage]:
    """A loop of the test's own: a state machine's steps are plain functions."""
    with asyncio.Runner() as runner:
        made = Stage(runner, server.dsn("shared"))
        yield made
        made.close()


class Alerting(RuleBasedStateMachine):
    """Whatever happens to the alerts of one patient within an hour or two."""

    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        self.world, self.seen, self.run = self.stage.world, self.stage.seen, self.stage.runner.run
        self.world.clock.now = NOW
        self.open: dict[str, Open] = {}
        self.undone = self.seen.undone()
        self.run(self.undone.__aenter__())

    def teardown(self) -> None:
        self.run(self.undone.__aexit__(None, None, None))

    @property
    def now(self) -> datetime:
        return self.world.clock.now

    def of_class(self, alert_class: str) -> str | None:
        return next((number for number, one in self.open.items() if one.alert_class == alert_class), None)

    @rule(alert_class=CLASSES)
    def worry(self, alert_class: str) -> None:
        """Maya says it; what is open already is joined, and danger asks whoever answers to try once more."""
        kept = self.run(self._says(alert_class))
        known = self.of_class(alert_class)
        assert known in (None, kept["alertId"])
        one = self.open.setdefault(kept["alertId"], Open(alert_class))
        if known and alert_class in CRISES and one.by:
            one.held(one.by, self.now)

    async def _says(self, alert_class: str) -> dict[str, str]:
        maya = await self.world.of(MAYA)
        answer = await maya.post("/v1/check-ins", json=a_check_in(self.world, **SAID[alert_class]))
        assert answer.status_code == 201, answer.text
        found: dict[str, str] = answer.json()
        return found

    @precondition(lambda self: self.open)
    @rule(person=PEOPLE, which=WHICH)
    def claim(self, person: Person, which: int) -> None:
        def expected(one: Open) -> str:
            if one.by in (None, person):
                return ""
            return "AlreadyClaimed"

        one = self._does(person, which, "claim", expected)
        if one and one.by is None:
            one.held(person, self.now)

    @precondition(lambda self: self.open)
    @rule(person=PEOPLE, which=WHICH)
    def contact(self, person: Person, which: int) -> None:
        one = self._does(person, which, "contact", lambda one: "" if one.by == person else "NotYourClaim")
        if one:
            one.contacted, one.lapses = True, None

    @precondition(lambda self: self.open)
    @rule(person=PEOPLE, which=WHICH)
    def release(self, person: Person, which: int) -> None:
        one = self._does(person, which, "release", lambda one: "" if one.by == person else "NotYourClaim")
        if one:
            one.let_go()

    @precondition(lambda self: self.open)
    @rule(person=PEOPLE, which=WHICH)
    def close(self, person: Person, which: int) -> None:
        mine = self._does(
            person, which, "close",
            lambda one: "" if person in (THEO, one.by) else "NotYourClaim", outcome="reached-safe",
        )  # fmt: skip
        if mine:
            self.open = {number: one for number, one in self.open.items() if one is not mine}

    @precondition(lambda self: self.open)
    @rule(person=PEOPLE, which=WHICH, to=st.sampled_from(("p0", "p1")))
    def raise_to(self, person: Person, which: int, to: str) -> None:
        def expected(one: Open) -> str:
            if one.alert_class == to:
                return ""
            if one.alert_class < to:
                return "NeverLowered"
            return "AlreadyRaised" if self.of_class(to) else ""

        one = self._does(person, which, "raise", expected, answers=False, to=to)
        if one and one.alert_class != to:
            one.alert_class = to
            if one.by is not None and one.by in CLINICIANS:
                one.held(one.by, self.now)
            else:
                one.let_go()

    @rule(minutes=st.sampled_from((1, 9, 10, 29, 30, 61)))
    def time(self, minutes: int) -> None:
        """The clock ticks; a claim in which nobody tried to reach her is over."""
        self.world.clock.forward(minutes=minutes)
        self.run(alerts.escalate_overdue(self.seen, self.now))
        for one in self.open.values():
            if one.lapses and one.lapses <= self.now:
                one.let_go()

    def _does(
        self,
        person: Person,
        which: int,
        verb: str,
        expected: Callable[[Open], str],
        *,
        answers: bool = True,
        **body: str,
    ) -> Open | None:
        """Somebody does something about an alert that is open; the alert where it went well."""
        number, one = sorted(self.open.items())[which % len(self.open)]
        code = self.run(self._asks(person, number, verb, body))
        knows = person == THEO or self.run(self._told(person, number))
        if not knows:
            wanted = "NotFound"
        elif answers and one.alert_class in CRISES and person not in CLINICIANS:
            wanted = "ClinicianNeeded"
        else:
            wanted = expected(one)
        assert code == wanted, (person.handle, verb, one.alert_class)
        return one if code == "" else None

    async def _asks(self, person: Person, number: str, verb: str, body: dict[str, str]) -> str:
        client = await self.world.of(person)
        answer = await client.post(f"/v1/alerts/{number}/{verb}", json=body or None)
        return "" if answer.status_code == 200 else str(answer.json()["code"])

    async def _told(self, person: Person, number: str) -> bool:
        [row] = await self.seen.owner(
            "SELECT EXISTS (SELECT FROM alert_told WHERE alert_id = $1 AND person_id = $2)", UUID(number), person.id
        )
        return bool(row[0])

    @invariant()
    def what_is_open_is_what_the_model_says(self) -> None:
        found = {one["id"]: one for one in self.run(self._listed()) if one["closedAt"] is None}
        assert {
            number: (one["alertClass"], one["claimedBy"], one["contactedAt"] is not None)
            for number, one in found.items()
        } == {
            number: (one.alert_class, str(one.by.id) if one.by else None, one.contacted)
            for number, one in self.open.items()
        }  # fmt: skip

    @invariant()
    def each_history_is_a_walk_through_the_declared_states_and_no_crisis_is_with_peers_alone(self) -> None:
        for kinds in self.run(self._histories()):
            assert states.walked(kinds), kinds
        peers = self.run(self._crises_of_peers())
        assert peers == []

    async def _listed(self) -> list[dict[str, str | None]]:
        answer = await (await self.world.of(THEO)).get("/v1/alerts")
        items: list[dict[str, str | None]] = answer.json()["items"]
        return items

    async def _histories(self) -> list[list[EventKind]]:
        rows = await self.seen.owner(
            "SELECT array_agg(kind ORDER BY at, seq) AS kinds FROM alert_event GROUP BY alert_id"
        )
        return [row["kinds"] for row in rows]

    async def _crises_of_peers(self) -> list[str]:
        """Crises of which nobody but peers was told since they are one."""
        rows = await self.seen.owner(
            """
            SELECT a.id::text FROM alert a
            WHERE a.closed_at IS NULL AND a.class IN ('p0', 'p1') AND a.reached_somebody AND NOT EXISTS (
                SELECT FROM alert_told t JOIN staff_role r ON r.person_id = t.person_id
                WHERE t.alert_id = a.id AND r.role IN ('counselor', 'prescriber', 'supervisor', 'program-lead'))
            """
        )
        return [row[0] for row in rows]


def test_whatever_happens_in_whatever_order_alerts_stand_as_the_model_says(stage: Stage, whole: bool) -> None:
    run_state_machine_as_test(
        type("Staged", (Alerting,), {"stage": stage}),
        settings=settings(
            max_examples=300 if whole else 30,
            stateful_step_count=40 if whole else 30,
            deadline=None,
            derandomize=not whole,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
