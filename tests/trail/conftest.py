"""An audit with a little of everything in it, three anchors over it, and its owner's connection."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app import audit
from app.demo.cast import DANA, KAI, LEO, MAYA, THEO
from app.trail import actions, anchors, verifying
from app.trail.notary import Notary
from app.trail.verifying import Kept, Report
from db import CLOCK, DOOR, Pool, embedded, migrate, open_pool, person
from db.reading import Reading
from tests.conftest import NOW, copied

PEOPLE = (DANA, THEO)  # who reach both Maya and Leo


class Audited:
    """The database with its owner's connection, which no policy and no right binds."""

    def __init__(self, raw: "asyncpg.Connection[asyncpg.Record]", notary: Notary) -> None:
        self.raw, self.notary = raw, notary

    async def report(self) -> Report:
        """What a check against the file of anchors finds, in whatever transaction is open."""
        return await verifying.verify(Reading(self.raw), Kept(anchors.read(self.notary.log), self.notary.public_key))

    @asynccontextmanager
    async def undone(self) -> AsyncIterator[None]:
        """What happens in here has not happened afterwards; triggers do not see it."""
        work = self.raw.transaction()
        await work.start()
        await self.raw.execute("SET LOCAL session_replication_role = 'replica'")
        try:
            yield
        finally:
            await work.rollback()


async def a_morning(pool: Pool, turn: int) -> None:
    """Looks at one and at several patients, the clock at work, a sign-in, a role, a key."""
    for staff in PEOPLE:
        async with pool.transaction(person(staff.id)) as db:
            await audit.record(db, "read", "check-ins", [MAYA.id], purpose="treatment")
            await audit.record(db, "list", "identity", [MAYA.id, LEO.id])
    async with pool.transaction(person(MAYA.id)) as db:
        await audit.record(db, "record", "check-ins", [MAYA.id], LEO.id, under=DANA.id)
    async with pool.transaction(CLOCK) as db:
        await audit.record(db, "escalate", "alerts", [LEO.id], MAYA.id)
    async with pool.transaction(DOOR) as db:
        await audit.security(db, "sign-in", "sessions", KAI.id, detail=f"turn-{turn}")
        await audit.security(db, "rotate", "keys", None)


def a_notary(folder: Path) -> Notary:
    """A key that was made a moment ago, and a file that is not there yet."""
    return Notary(Ed25519PrivateKey.generate(), folder / "anchors.jsonl")


@pytest.fixture(scope="module")
async def audited(
    server: embedded.Server, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Audited]:
    """Four mornings by six connections, with an anchor after each but the last two, and one at the end."""
    notary = a_notary(tmp_path_factory.mktemp("anchors"))
    async with copied(server, template, "audited") as name:
        pool = await open_pool(server.dsn(name, migrate.APP_ROLE), size=6)
        for turn in range(4):
            taken = [await pool.take() for _ in range(turn)]  # so that each morning begins on another connection
            for raw in taken:
                pool.give_back(raw)
            await a_morning(pool, turn)
            if turn != 2:
                await actions.anchor(pool, notary, NOW + turn * timedelta(hours=1))
        await pool.close()
        raw = await asyncpg.connect(server.dsn(name), server_settings={"TimeZone": "UTC"})
        yield Audited(raw, notary)
        await raw.close()
