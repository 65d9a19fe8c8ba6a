"""Consent, teams, cover, broken glasses and time, in any order: who sees what is what a small model says.

The model knows the cast, what was signed and what o'clock it is, and nothing of the app's declaration, queries or
policies. After each step it is compared with what row-level security alone lets everybody see, and with what
somebody is answered over HTTP, down to the statement beside it and the row in the accounting.
"""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from msgspec import Struct

from app.demo.cast import (
    DANA,
    ELM,
    GRACE,
    HARBOR,
    INES,
    JUNE,
    KAI,
    LINDQVIST,
    MAYA,
    NED,
    NELL,
    NOAH,
    NORTHSIDE,
    OKAFOR,
    ROSA,
    SAM,
    TEAMS,
    THEO,
    House,
    Person,
)
from app.people.rules import today
from db import Pool, embedded, person
from tests.app.scene import Seen, seen
from tests.conftest import NOW
from tests.consents.papers import broken, consent, revoked
from tests.consents.test_reads import READS
from tests.world import World, a_check_in

PATIENTS = (MAYA, NOAH)
EVERYBODY = (DANA, OKAFOR, SAM, INES, THEO, ROSA, JUNE, KAI, GRACE, LINDQVIST, NELL, NED)
NAMED = (LINDQVIST, NELL, NED, SAM, DANA, OKAFOR, THEO)
CATEGORIES = ("check-in-levels", "check-ins", "regimens", "dose-log", "plan-goals")
FACTS = tuple(READS)
CLINICIANS, MEDICAL = {"counselor", "prescriber"}, {"prescriber", "primary-care"}
HOUR = timedelta(minutes=60)
ASKED = tuple((actor, patient) for actor in EVERYBODY for patient in PATIENTS)


class Paper(Struct):
    """A consent as the model keeps it."""

    number: str
    patient: Person
    to: Person | House | None
    categories: tuple[str, ...]
    signed: datetime
    ends: datetime | None
    revoked: bool = False

    def holds(self, now: datetime) -> bool:
        return not self.revoked and self.signed <= now and (self.ends is None or now < self.ends)


class Cover(Struct):
    """A colleague who stands in for somebody, until then."""

    number: UUID
    covered: Person
    covering: Person
    until: datetime
    ended: bool = False


class Model:
    """What is so, in the words of the privacy table."""

    def __init__(self) -> None:
        self.now = NOW
        self.team = {(patient, staff) for patient, staff, _ in TEAMS if patient in PATIENTS}
        self.once: set[tuple[Person, Person]] = set()
        self.papers: list[Paper] = []
        self.covers: list[Cover] = []
        self.glasses: list[tuple[Person, Person, datetime]] = []

    def sees(self, actor: Person, patient: Person, fact: str) -> bool:
        return (
            self.ordinarily(actor, patient, fact) or self.by_consent(actor, patient, fact) or self.glass(actor, patient)
        )

    def ordinarily(self, actor: Person, patient: Person, fact: str) -> bool:
        """Inside the program: the team and who stands in for it, and those who oversee or run it."""
        if actor.house != patient.house:
            return False
        roles = set(actor.roles)
        if "supervisor" in roles or (fact == "identity" and roles & {"coordinator", "privacy-officer", "operator"}):
            return True
        standing_in = {c.covered for c in self.covers if c.covering == actor and not c.ended and self.now < c.until}
        beside = any((patient, one) in self.team for one in {actor} | standing_in)
        return beside and (bool(roles & CLINICIANS) or ("peer" in roles and fact in ("identity", "check-in-levels")))

    def wrote(self, actor: Person, patient: Person, fact: str) -> bool:
        """Whoever prescribed reads their own prescriptions later too; nobody here has written one."""
        once = (patient, actor) in self.once and actor.house == patient.house
        return once and fact == "regimens" and "prescriber" in actor.roles

    def by_consent(self, actor: Person, patient: Person, fact: str) -> bool:
        """Outside it: a consent that holds, is theirs, and covers it."""
        return actor.house != patient.house and any(
            self.names(paper, actor) and self.covers_it(paper, actor, fact)
            for paper in self.papers
            if paper.patient == patient and paper.holds(self.now)
        )

    def names(self, paper: Paper, actor: Person) -> bool:
        treats = bool(set(actor.roles) & {*CLINICIANS, "primary-care"})
        if isinstance(paper.to, Person):
            return paper.to == actor
        if isinstance(paper.to, House):
            return treats and actor.house == paper.to
        return treats and (paper.patient, actor) in self.team

    @staticmethod
    def covers_it(paper: Paper, actor: Person, fact: str) -> bool:
        within = {*paper.categories, "identity"} | ({"check-in-levels"} if "check-ins" in paper.categories else set())
        if set(actor.roles) & {*CLINICIANS, "primary-care"}:
            return fact in within
        return "peer" in actor.roles and fact in within & {"identity", "check-in-levels"}

    def glass(self, actor: Person, patient: Person) -> bool:
        return any(who == actor and whom == patient and self.now < until for who, whom, until in self.glasses)

    def edges(self) -> list[datetime]:
        """Every instant still to come at which something ends."""
        ends = [p.ends for p in self.papers if p.ends and not p.revoked] + [until for *_, until in self.glasses]
        return sorted(end for end in ends + [c.until for c in self.covers if not c.ended] if end > self.now)


# As everybody, without a WHERE that knows anything: which patients there is something of.
VISIBLE = """
    SELECT ARRAY(SELECT id FROM person WHERE id = ANY ($1)) AS identity,
           ARRAY(SELECT p FROM unnest($1::uuid[]) AS p
                 WHERE EXISTS (SELECT FROM levels_between(p, '2026-01-01', '2027-01-01'))) AS levels,
           ARRAY(SELECT DISTINCT patient_id FROM check_in) AS words,
           ARRAY(SELECT DISTINCT patient_id FROM regimen) AS regimens,
           ARRAY(SELECT DISTINCT patient_id FROM occurrence) AS doses
"""


class Visible(Struct, frozen=True):
    """Patients of whom somebody sees something, by what it is."""

    identity: list[UUID]
    levels: list[UUID]
    words: list[UUID]
    regimens: list[UUID]
    doses: list[UUID]

    def of(self, fact: str) -> set[UUID]:
        kinds = dict(zip(FACTS, (self.identity, self.levels, self.words, self.regimens, self.doses), strict=True))
        return set(kinds[fact])


class Stage:
    """A world that each run begins anew, and the loop in which it lives."""

    def __init__(self, runner: asyncio.Runner, dsn: str) -> None:
        self.runner, self.dsn = runner, dsn
        self.stack = AsyncExitStack()
        runner.run(self._set())

    async def _set(self) -> None:
        self.seen: Seen = await self.stack.enter_async_context(seen(self.dsn))
        self.world: World = await self.stack.enter_async_context(World.over(self.seen, NOW))
        for somebody in (*EVERYBODY, *PATIENTS):
            await self.world.of(somebody)
        for patient in PATIENTS:
            said = a_check_in(self.world, note="Words.")
            assert (await (await self.world.of(patient)).post("/v1/check-ins", json=said)).status_code == 201
            await self.seen.owner(
                """
                WITH made AS (
                    INSERT INTO regimen (id, patient_id, prescribed_by, medicine, times, time_zone, starts_on,
                                         made_until, created_at)
                    SELECT gen_random_uuid(), $1, $2, 'Something', '{11:00}', 'UTC', '2026-03-03', '2026-03-05',
                           '2026-03-03' RETURNING id
                )
                INSERT INTO occurrence (id, regimen_id, patient_id, version, slot, due_at)
                SELECT gen_random_uuid(), id, $1, 1, '2026-03-03 11:00', '2026-03-03 11:00Z' FROM made
                """,
                patient.id, GRACE.id,
            )  # fmt: skip

    def close(self) -> None:
        self.runner.run(self.stack.aclose())


@pytest.fixture
def stage(server: embedded.Server, shared_pool: Pool) -> Iterator[Stage]:
    """A loop of the test's own: a state machine's steps are plain functions."""
    with asyncio.Runner() as runner:
        made = Stage(runner, server.dsn("shared"))
        yield made
        made.close()


class Sharing(RuleBasedStateMachine):
    """Everything that changes who sees what."""

    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        self.world, self.seen, self.run = self.stage.world, self.stage.seen, self.stage.runner.run
        self.model, self.turn = Model(), 0
        self.world.clock.now = NOW
        self.undone = self.seen.undone()
        self.run(self.undone.__aenter__())

    def teardown(self) -> None:
        self.run(self.undone.__aexit__(None, None, None))

    @rule(
        patient=st.sampled_from(PATIENTS),
        to=st.sampled_from((*NAMED, ELM, NORTHSIDE, HARBOR, None)),
        categories=st.lists(st.sampled_from(CATEGORIES), min_size=1, max_size=3, unique=True),
        days=st.sampled_from((0, 1, 30, None)),
    )
    def sign(self, patient: Person, to: Person | House | None, categories: list[str], days: int | None) -> None:
        """A patient lets one person, one clinic or everybody who treats them read something for a while."""
        house = to.house if isinstance(to, Person) else to
        if house == patient.house:
            return
        on = today(patient.time_zone, self.model.now)
        end = {"expiresOn": None, "expiresWith": "end-of-treatment"} if days is None else {
            "expiresOn": (on + timedelta(days=days)).isoformat()}  # fmt: skip
        whom: dict[str, Any] = {"kind": "tpo", "purpose": "tpo", "recipientKind": "treating-providers"}
        if house is not None:
            kind = "person" if isinstance(to, Person) else "organisation"
            whom = {"recipientKind": kind, "recipientOrganisationId": str(house.id)}
        whom["recipientId"] = str(to.id) if isinstance(to, Person) else None
        whom.setdefault("recipientOrganisationId", None)
        kept = self.run(consent(self.world, patient, categories=categories, **whom, **end))
        ends = datetime.fromisoformat(kept["expiresAt"]) if kept["expiresAt"] else None
        self.model.papers.append(Paper(kept["id"], patient, to, tuple(categories), self.model.now, ends))

    @precondition(lambda self: any(not paper.revoked for paper in self.model.papers))
    @rule(which=st.integers(0, 99))
    def revoke(self, which: int) -> None:
        """A patient takes one back."""
        there = [paper for paper in self.model.papers if not paper.revoked]
        paper = there[which % len(there)]
        assert self.run(revoked(self.world, paper.number, paper.patient)).status_code == 200
        paper.revoked = True

    @rule(patient=st.sampled_from(PATIENTS), staff=st.sampled_from((DANA, OKAFOR, SAM, INES, LINDQVIST, NELL, NED)))
    def join_or_leave(self, patient: Person, staff: Person) -> None:
        """Somebody of the program comes to a team or leaves it; a doctor elsewhere may be on Maya's."""
        if staff.house != patient.house and (patient, staff) != (MAYA, LINDQVIST):
            return
        if (patient, staff) in self.model.team:
            leave = (
                "UPDATE care_team_member SET left_at = $3 WHERE patient_id = $1 AND staff_id = $2 AND left_at IS NULL"
            )
            self.run(self.seen.owner(leave, patient.id, staff.id, self.model.now))
            self.model.once.add((patient, staff))
        else:
            come = (
                "INSERT INTO care_team_member (id, patient_id, staff_id, joined_at)"
                " VALUES (gen_random_uuid(), $1, $2, $3)"
            )
            self.run(self.seen.owner(come, patient.id, staff.id, self.model.now))
        self.model.team ^= {(patient, staff)}

    @rule(
        pair=st.sampled_from(((DANA, OKAFOR), (OKAFOR, DANA), (SAM, INES), (INES, SAM))),
        minutes=st.sampled_from((1, 60)),
    )
    def stand_in(self, pair: tuple[Person, Person], minutes: int) -> None:
        """A colleague of the same kind stands in for a while; once that is so, it ends."""
        covered, covering = pair
        found = [
            c for c in self.model.covers if (c.covered, c.covering) == pair and not c.ended and self.model.now < c.until
        ]
        if found:
            end = "UPDATE coverage SET ended_at = $2, ended_by = $3 WHERE id = $1"
            self.run(self.seen.owner(end, found[0].number, self.model.now, covered.id))
            found[0].ended = True
            return
        number, until = self.world.new_id(), self.model.now + timedelta(minutes=minutes)
        begin = (
            "INSERT INTO coverage (id, covered_id, covering_id, during, made_by, made_at)"
            " VALUES ($1, $2, $3, tstzrange($4, $5), $2, $4)"
        )
        self.run(self.seen.owner(begin, number, covered.id, covering.id, self.model.now, until))
        self.model.covers.append(Cover(number, covered, covering, until))

    @rule(who=st.sampled_from((LINDQVIST, OKAFOR, DANA, NELL)), patient=st.sampled_from(PATIENTS))
    def break_the_glass(self, who: Person, patient: Person) -> None:
        """Medical staff say that there is an emergency; others cannot, and of Northside nobody answers for privacy."""
        answer = self.run(broken(self.world, who, patient))
        may = bool(set(who.roles) & MEDICAL) and patient.house == HARBOR
        assert (answer.status_code == 201) == may, answer.text
        if may:
            self.model.glasses.append((who, patient, self.model.now + HOUR))

    @rule(
        by=st.sampled_from((timedelta(minutes=1), timedelta(minutes=59), HOUR, timedelta(days=1), timedelta(days=29)))
    )
    def wait(self, by: timedelta) -> None:
        """Time goes on."""
        self._be(self.model.now + by)

    @precondition(lambda self: self.model.edges())
    @rule(early=st.booleans())
    def reach_the_next_edge(self, early: bool) -> None:
        """It is the very instant at which something ends, or the last one before."""
        self._be(self.model.edges()[0] - (timedelta(microseconds=1) if early else timedelta()))

    def _be(self, now: datetime) -> None:
        self.model.now = self.world.clock.now = now

    @invariant()
    def row_level_security_alone_shows_what_the_model_says(self) -> None:
        assert self.run(self._wrong()) == []

    async def _wrong(self) -> list[str]:
        wrong = []
        for actor in EVERYBODY:
            async with self.seen.transaction(person(actor.id, now=self.model.now)) as db:
                visible = await db.one(Visible, VISIBLE, [patient.id for patient in PATIENTS])
            assert visible
            for fact in FACTS:
                due = {patient.id for patient in PATIENTS if self.model.sees(actor, patient, fact)}
                if visible.of(fact) != due:
                    shown = [p.handle for p in PATIENTS if p.id in visible.of(fact)]
                    wrong.append(f"{actor.handle} sees {fact} of {shown}")
        return wrong

    @invariant()
    def somebody_is_answered_what_the_model_says(self) -> None:
        """One of them at each step in turn, and every other time the doctor elsewhere about Maya."""
        self.turn += 1
        actor, patient = ASKED[self.turn // 2 % len(ASKED)] if self.turn % 2 else (LINDQVIST, MAYA)
        self.run(self._answered(actor, patient))

    async def _answered(self, actor: Person, patient: Person) -> None:
        client, model, before, rows = await self.world.of(actor), self.model, await self._accounted(patient), 0
        for fact, path in READS.items():
            answer = await client.get(path.format(id=patient.id))
            said, told = f"{actor.handle} asks for {fact} of {patient.handle}", answer.json()
            if model.wrote(actor, patient, fact) and not model.sees(actor, patient, fact):
                assert (answer.status_code, told["items"]) == (200, []), said
                continue
            assert (answer.status_code == 200) == model.sees(actor, patient, fact), f"{said}: {answer.text[:200]}"
            if not model.sees(actor, patient, "identity"):
                assert told["code"] in ("NotFound", "NotYourRole"), said
            across = answer.status_code == 200 and actor.house != patient.house
            assert ("disclosure" in told) == across, said
            rows += across or (answer.status_code == 200 and not model.ordinarily(actor, patient, fact))
            if across:
                assert (told["disclosure"]["consentId"] is None) != model.by_consent(actor, patient, fact), said
        assert await self._accounted(patient) - before == rows, f"{actor.handle} about {patient.handle}"

    async def _accounted(self, patient: Person) -> int:
        [row] = await self.seen.owner("SELECT count(*) FROM disclosure WHERE patient_id = $1", patient.id)
        return int(row[0])


def test_whatever_happens_in_whatever_order_everybody_sees_what_the_model_says(stage: Stage, whole: bool) -> None:
    run_state_machine_as_test(
        type("Staged", (Sharing,), {"stage": stage}),
        settings=settings(
            max_examples=200 if whole else 8,
            stateful_step_count=30 if whole else 12,
            deadline=None,
            derandomize=not whole,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
