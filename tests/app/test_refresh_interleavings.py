"""Whatever comes in whatever order: an honest client goes on, and of a thief and the owner at most one does.

A search over what may happen to the tokens of one session, one thing after the other; then the same things at once, on
connections of their own.
"""

import asyncio
import random
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app import auth
from app.auth import Signed, Tokens
from app.demo.cast import MAYA, SAM
from app.errors import NotSignedIn, Refusal
from app.sessions import actions as sessions
from app.sessions.models import Refresh
from app.sessions.rules import ProofNeeded, ProofStale, SessionOver
from db import DOOR, Pool, connect, embedded, migrate, person
from tests.conftest import NOW, OneConnection
from tests.device import Device
from tests.world import World

T = TypeVar("T")
Who = Literal["owner", "thief"]


class Client:
    """Whoever holds tokens of the session: the pair that they go on with."""

    def __init__(self, tokens: Tokens | None = None) -> None:
        self.refresh = tokens.refresh_token if tokens else None
        self.access = tokens.access_token if tokens else None
        self.minted = 0
        self.was_let_in = False


class Machine(RuleBasedStateMachine):
    """One session, its owner, and a thief who can copy what the owner holds or what was lost on its way."""

    runner: asyncio.Runner
    pool: OneConnection
    tried = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).tried += 1
        self.now, self.began, self.theft, self.turn = NOW, NOW, 0, 0
        self.phone: Device | None = None
        self.owner, self.thief = Client(), Client()
        self.lost: Tokens | None = None
        self.over = False
        # Who has used what was handed out after the latest theft.
        self.went_on: set[Who] = set()
        self.known: dict[str, datetime] = {}
        self.work = self.run(self._begin())

    async def _begin(self) -> Any:
        work = self.pool._one.transaction()
        await work.start()
        return work

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(doing)

    def teardown(self) -> None:
        self.run(self.work.rollback())

    @initialize(with_key=st.booleans())
    def sign_in(self, with_key: bool) -> None:
        self.phone = Device() if with_key else None
        tokens = self.run(self._signed_in())
        self.owner, self.known = Client(tokens), {tokens.refresh_token: tokens.refresh_expires_at}
        self.until = tokens.refresh_expires_at

    async def _signed_in(self) -> Tokens:
        async with self.pool.transaction(DOOR) as db:
            key = self.phone.key if self.phone else None
            return await auth.open_session(db, MAYA.id, self.now, "link", device=key)

    def _ask(self, token: str, *, proof: str | None) -> Tokens | type[Refusal]:
        """Refresh; what came back, whoever gets to see it."""
        try:
            found = self.run(sessions.refresh(self.pool, Refresh(token, proof), self.now))
        except Refusal as refusal:
            self.over |= isinstance(refusal, SessionOver)
            return type(refusal)
        self.turn += 1
        self.known[found.refresh_token], self.until = self.now, found.refresh_expires_at
        return found

    def _proof(self, token: str) -> str | None:
        """The owner's phone signs each time a moment later than before."""
        self.now += timedelta(milliseconds=1)
        return self.phone.proof(token, self.now) if self.phone else None

    def _owner_asks(self) -> Tokens | None:
        """An honest client is refused only after its time, after it was ended, or after a theft.

        Where there is a device key the theft of a refresh token alone does not hurt them.
        """
        assert self.owner.refresh is not None
        found = self._ask(self.owner.refresh, proof=self._proof(self.owner.refresh))
        if isinstance(found, type):
            in_time = self.now < self.until and not self.ended
            assert found is SessionOver, found
            hurt = self.theft and (self.phone is None or self.thief.was_let_in)
            assert not in_time or hurt, "an honest client was signed out"
            return None
        return found

    ended = False

    @rule()
    def refresh(self) -> None:
        if (found := self._owner_asks()) is not None:
            self.owner.refresh, self.owner.access, self.owner.minted = (
                found.refresh_token, found.access_token, self.turn,
            )  # fmt: skip

    @rule()
    def refresh_and_lose_the_reply(self) -> None:
        self.lost = self._owner_asks() or self.lost

    @rule()
    def use(self) -> None:
        self._use(self.owner, "owner")

    @rule()
    def steal_what_the_owner_holds(self) -> None:
        self.thief.refresh, self.theft, self.went_on = self.owner.refresh, self.turn + 1, set()

    @precondition(lambda self: self.lost is not None)
    @rule()
    def steal_the_reply_that_was_lost(self) -> None:
        assert self.lost is not None
        self.thief.refresh, self.thief.access, self.thief.minted = (
            self.lost.refresh_token, self.lost.access_token, self.turn + 1,
        )  # fmt: skip
        self.theft, self.went_on, self.lost = self.turn + 1, set(), None

    @precondition(lambda self: self.thief.refresh is not None)
    @rule(bare=st.booleans())
    def thief_refreshes(self, bare: bool) -> None:
        assert self.thief.refresh is not None
        proof = None if bare else Device().proof(self.thief.refresh, self.now)
        found = self._ask(self.thief.refresh, proof=proof)
        if isinstance(found, type):
            assert found is (ProofNeeded if self.phone and not self.over else SessionOver) or self._is_past()
            return
        assert self.phone is None, "a token was refreshed without the device that it belongs to"
        self.thief.refresh, self.thief.access, self.thief.minted = found.refresh_token, found.access_token, self.turn

    def _is_past(self) -> bool:
        return self.ended or self.now >= self.until

    @precondition(lambda self: self.phone is not None)
    @rule()
    def replay_a_refresh(self) -> None:
        """What the owner sent comes once more, word for word."""
        assert self.owner.refresh is not None
        token, proof = self.owner.refresh, self._proof(self.owner.refresh)
        first = self._ask(token, proof=proof)
        if isinstance(first, Tokens):
            assert self._ask(token, proof=proof) is ProofStale
            self.owner.refresh, self.owner.access = first.refresh_token, first.access_token

    @precondition(lambda self: self.thief.access is not None)
    @rule()
    def thief_uses(self) -> None:
        self._use(self.thief, "thief")

    def _use(self, client: Client, who: Who) -> None:
        assert client.access is not None
        try:
            self.run(auth.who(self.pool, f"Bearer {client.access}", self.now))
        except NotSignedIn:
            return
        closed = self.ended or self.over
        assert not closed, f"the {who} was let in after the end"
        client.was_let_in = True
        if self.theft and client.minted >= self.theft:
            self.went_on.add(who)

    @invariant()
    def not_both_go_on(self) -> None:
        assert len(self.went_on) < 2, "a thief and the owner have both gone on"

    @rule(minutes=st.sampled_from([1, 9, 11, 60, 11 * 60, 30 * 60]))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @precondition(lambda self: self.turn > 1)
    @rule()
    def end_elsewhere(self) -> None:
        self.run(self._end())
        self.ended = True

    async def _end(self) -> None:
        async with self.pool.transaction(person(MAYA.id)) as db:
            await auth.end_sessions(db, MAYA.id, self.now, "elsewhere")

    @rule()
    def look_for_two_leaves(self) -> None:
        """Of all tokens that were ever handed out, try each as if it were the only thing that happens."""
        if self.phone is not None:
            return
        worth = [token for token in self.known if self.run(self._would_go_on(token))]
        assert len(worth) <= 2, "more than a leaf and the parent of an unused one would be taken"
        for one in worth:
            for other in worth:
                assert one == other or not self.run(self._both(one, other)), "two leaves"

    async def _would_go_on(self, token: str) -> bool:
        work = self.pool._one.transaction()
        await work.start()
        try:
            await sessions.refresh(self.pool, Refresh(token), self.now)
        except Refusal:
            return False
        finally:
            await work.rollback()
        return True

    async def _both(self, one: str, other: str) -> bool:
        """Whether after the one has gone on, and used what it got, the other one goes on as well."""
        work = self.pool._one.transaction()
        await work.start()
        try:
            found = await sessions.refresh(self.pool, Refresh(one), self.now)
            await auth.who(self.pool, f"Bearer {found.access_token}", self.now)
            await sessions.refresh(self.pool, Refresh(other), self.now)
        except Refusal:
            return False
        finally:
            await work.rollback()
        return True


@contextmanager
def at(dsn: str) -> Iterator[None]:
    """The machine has a connection and an event loop of its own."""
    with asyncio.Runner() as runner:
        raw = runner.run(connect(dsn))
        work = raw.transaction()
        runner.run(work.start())
        Machine.runner, Machine.pool, Machine.tried = runner, OneConnection(raw), 0
        yield
        runner.run(work.rollback())
        runner.run(raw.close())


async def test_an_honest_client_goes_on_and_of_a_thief_and_the_owner_at_most_one(
    server: embedded.Server, shared_pool: Pool, *, whole: bool
) -> None:
    """Ten thousand interleavings with `--whole`; it is quiet on the shared database, since nothing is committed."""
    count = 10_000 if whole else 40
    how = settings(
        max_examples=count, stateful_step_count=14, deadline=None, database=None, derandomize=not whole,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
    )  # fmt: skip

    def search() -> None:
        with at(server.dsn("shared", migrate.APP_ROLE)):
            run_state_machine_as_test(Machine, settings=how)

    await asyncio.to_thread(search)
    assert Machine.tried >= count


async def _tried(doing: Coroutine[Any, Any, T]) -> T | Refusal:
    try:
        return await doing
    except Refusal as refusal:
        return refusal


async def _at_once(world: World, chance: random.Random) -> None:
    """A few generations of a session whose tokens are refreshed and used by several at once."""
    pool, now = world.pool, world.clock.now
    held = [await auth.sign_in(pool, chance.choice((MAYA, SAM)).id, now)]
    while len(held) < 20:
        tokens = chance.choices(held[-3:], k=chance.randint(1, 4))
        asked = [_tried(sessions.refresh(pool, Refresh(one.refresh_token), now)) for one in tokens]
        used = [_tried(auth.who(pool, f"Bearer {one.access_token}", now)) for one in held[-2:] if chance.random() < 0.5]
        found = await asyncio.gather(*asked, *used)
        new = [one for one in found if isinstance(one, Tokens)]
        let_in = [one for one in await _who_is_let_in(pool, new, now) if one]
        # Of those that came at once one at most brought what holds; each of the others was replaced or ended by it.
        assert len(let_in) <= 1, "two who refreshed at once both go on"
        if not let_in:
            return
        held += new if chance.random() < 0.2 else [one for one in new if one in let_in]


async def _who_is_let_in(pool: Pool, tokens: list[Tokens], now: datetime) -> list[Tokens | None]:
    found = await asyncio.gather(*(_tried(auth.who(pool, f"Bearer {one.access_token}", now)) for one in tokens))
    return [one if isinstance(signed, Signed) else None for one, signed in zip(tokens, found, strict=True)]


@pytest.mark.parametrize("part", range(2))
async def test_at_once_on_real_connections_two_never_go_on(real_world: World, part: int, *, whole: bool) -> None:
    for seed in range(150 if whole else 12):
        await asyncio.wait_for(_at_once(real_world, random.Random(f"{part} {seed}")), 60)  # noqa: S311


async def test_a_first_use_and_a_refresh_of_the_parent_at_once_leave_one_that_goes_on(real_world: World) -> None:
    """Whichever comes first: it was used, and the parent ends the session; or it was replaced, and opens nothing."""
    pool, now, seen = real_world.pool, real_world.clock.now, set[tuple[bool, bool]]()
    for _ in range(20):
        first = await auth.sign_in(pool, MAYA.id, now)
        second = await sessions.refresh(pool, Refresh(first.refresh_token), now)
        again, used = await asyncio.gather(
            _tried(sessions.refresh(pool, Refresh(first.refresh_token), now)),
            _tried(auth.who(pool, f"Bearer {second.access_token}", now)),
        )
        later = await _who_is_let_in(pool, [second, *([again] if isinstance(again, Tokens) else [])], now)
        seen.add((isinstance(again, Tokens), isinstance(used, Signed)))
        assert not (isinstance(again, Tokens) and isinstance(used, Signed)), (
            "it was used, and replaced as if it were not"
        )
        assert later[0] is None
    assert seen <= {(True, False), (False, True)}
