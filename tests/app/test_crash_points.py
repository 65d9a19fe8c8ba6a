"""Worker and API die at any moment and are started again: no step of an alert is lost, and none is taken twice.

The clock is the test's. A process that dies takes its open transaction with it, or has just committed and tells nobody;
whoever asked asks again, the worker looks again. What is there at the end is held against a day without a death.
"""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar, cast
from uuid import UUID

import pytest

from app.alerts import actions as alerts
from app.alerts.models import AlertView
from app.checkins import actions as checkins
from app.checkins.models import NewCheckIn
from app.demo.cast import DANA, MAYA, SAM, THEO
from app.errors import Refusal
from db import Connection, Pool, Principal, embedded, person
from tests.app.scene import Seen, seen
from tests.app.test_alerts_at_once import signed
from tests.conftest import NOW
from tests.world import World

V = TypeVar("V")
DEATHS, WHOLE = 1000, 5000


class Died(BaseException):
    """The process is gone; nothing in it catches that."""


class Life:
    """How many more steps a process lives for; None: as long as it takes."""

    def __init__(self, steps: int | None) -> None:
        self.left = steps

    def step(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Died


class Mortal(Connection):
    """A connection of a process that may die before each statement."""

    __slots__ = ("_life",)

    def __init__(self, of: Connection, life: Life) -> None:
        super().__init__(of._raw, of._keys)
        self.woken, self.made, self._life = of.woken, of.made, life

    async def all(self, *args: Any) -> Any:
        self._life.step()
        return await super().all(*args)

    async def one(self, *args: Any) -> Any:
        self._life.step()
        return await super().one(*args)

    async def value(self, *args: Any) -> Any:
        self._life.step()
        return await super().value(*args)

    async def values(self, *args: Any) -> Any:
        self._life.step()
        return await super().values(*args)

    async def run(self, *args: Any) -> int:
        self._life.step()
        return await super().run(*args)


class MortalPool:
    """The pool of such a process: it may die before it begins, before it commits, and right after."""

    def __init__(self, pool: Pool, life: Life) -> None:
        self._pool, self._life, self.keys = pool, life, pool.keys

    @asynccontextmanager
    async def transaction(self, principal: Principal) -> AsyncIterator[Connection]:
        self._life.step()
        async with self._pool.transaction(principal) as db:
            yield Mortal(db, self._life)
            self._life.step()
        self._life.step()


Work = Callable[[Pool], Awaitable[object]]


class Day:
    """A hard day of Maya's, minute by minute, with the same ids each time."""

    def __init__(self, world: World, pool: Seen) -> None:
        self.world, self.pool, self.now, self.deaths = world, pool, NOW, 0

    async def lived(self, chance: random.Random | None) -> dict[str, Any]:
        """Live it, with deaths where chance has it; what is there at the end."""
        self.chance, self.now, self.deaths = chance, NOW, 0
        self.world.clock.now = NOW
        async with self.pool.undone():
            await self._lives()
            return await self._found()

    async def _lives(self) -> None:
        await self._says(1, in_danger=True)
        await self._minutes(7)  # nobody answers: more people are told
        await self._does(DANA, "p0", alerts.claim)
        await self._minutes(12)  # she could not: her claim lapses
        await self._does(THEO, "p0", alerts.claim)
        # To try again is another try; over HTTP the Idempotency-Key of a request that is sent again makes it the same.
        await self._does(THEO, "p0", alerts.contact, may_die=False)
        await self._says(2, wants_to_talk=True)
        await self._minutes(5)
        await self._says(3, in_danger=True)  # said again, told again
        await self._does(SAM, "p2", alerts.claim)
        await self._does(SAM, "p2", alerts.release)
        await self._minutes(40)
        await self._does(THEO, "p0", lambda db, me, alert, now: alerts.close(db, me, alert, "reached-safe", now))
        await self._minutes(30)

    async def _minutes(self, count: int) -> None:
        for _ in range(count):
            self.now += timedelta(minutes=1)
            await self._until_done(lambda pool: alerts.escalate_overdue(pool, self.now), steps=8)

    async def _says(self, number: int, *, wants_to_talk: bool = False, in_danger: bool = False) -> None:
        me, now = await signed(self.world, MAYA), self.now
        said = NewCheckIn(UUID(int=number), now.date(), 5, 5, now, wants_to_talk, in_danger)

        async def record(pool: Pool) -> object:
            async with pool.transaction(person(MAYA.id, now=now)) as db:
                return await checkins.record(db, me, said, now)

        await self._until_done(record, steps=30)

    async def _does(
        self,
        who: Any,
        alert_class: str,
        verb: Callable[[Connection, Any, UUID, Any], Awaitable[AlertView]],
        *,
        may_die: bool = True,
    ) -> None:
        me, now = await signed(self.world, who), self.now
        [[alert]] = await self.pool.owner("SELECT id FROM alert WHERE class = $1 AND closed_at IS NULL", alert_class)

        async def do(pool: Pool) -> object:
            async with pool.transaction(person(who.id, now=now)) as db:
                return await verb(db, me, alert, now)

        await self._until_done(do, steps=30 if may_die else None)

    async def _until_done(self, work: Work, *, steps: int | None) -> None:
        """Ask until it is done, dying within so many steps most of the time."""
        while True:
            life = Life(self._dies_after(steps))
            try:
                await work(cast("Pool", MortalPool(self.pool, life)))
                return
            except Died:
                self.deaths += 1
            except Refusal:
                # It was done before the process died and told nobody; the second time is told that it is done.
                return

    def _dies_after(self, steps: int | None) -> int | None:
        return self.chance.randrange(steps) if self.chance and steps and self.chance.random() < 0.9 else None

    async def _found(self) -> dict[str, Any]:
        """Every hop, every ring of a phone, and how the alerts stand."""
        hops = await self.pool.owner(
            """
            SELECT a.class, e.at, e.kind, e.step, e.by_person, e.cause_id,
                   array(SELECT unnest(e.told) ORDER BY 1) AS told
            FROM alert_event e JOIN alert a ON a.id = e.alert_id ORDER BY e.at, e.seq
            """
        )
        rings = await self.pool.owner(
            """
            SELECT a.class, n.person_id, n.stage, n.due_at, n.state FROM notification n
            JOIN alert a ON a.id = n.subject_id WHERE n.kind = 'alert' ORDER BY 1, 4, 2, 3, 5
            """
        )
        stand = await self.pool.owner(
            """
            SELECT class, step, next_step, escalates_at, claimed_by, contacted_at, lapses_at, closed_at, version
            FROM alert ORDER BY 1
            """
        )
        return {"hops": hops, "rings": rings, "stand": stand}


@pytest.mark.parametrize("turn", range(4))
async def test_no_step_is_lost_and_none_is_taken_twice_wherever_a_process_dies(
    server: embedded.Server, shared_pool: Pool, turn: int, whole: bool
) -> None:
    async with seen(server.dsn("shared")) as pool, World.over(pool, NOW) as world:
        day = Day(world, pool)
        for who in (MAYA, SAM, DANA, THEO):
            await world.of(who)
        usual = await day.lived(None)
        assert day.deaths == 0
        assert {hop["kind"] for hop in usual["hops"]} >= {
            "opened", "joined", "told", "escalated", "claimed", "contacted", "released", "lapsed", "closed"
        }  # fmt: skip
        chance, deaths, lives = random.Random(turn), 0, 0  # noqa: S311  # the same each time
        while deaths < (WHOLE if whole else DEATHS) / 4:
            found, lives = await day.lived(chance), lives + 1
            deaths += day.deaths
            assert found == usual, f"life {lives} of turn {turn}"
