"""What goes on when something else has stopped: a process, the network, the database."""

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from app.alerts import actions as alerts
from app.crisis import actions as crisis
from app.demo.cast import MAYA, SAM
from db import Pool, meaning, migrate, open_pool, person
from db.connection import Raw
from db.pool import connect
from db.principal import opening
from tests.app.test_alerts import worried
from tests.world import World, a_check_in

LOCK = "UPDATE alert SET version = version WHERE id = '{}'"


async def test_a_process_that_is_frozen_over_an_alert_does_not_hold_up_its_escalation(
    own_database: str, real_world: World
) -> None:
    alert = UUID((await worried(real_world, craving=9))["alertId"])
    overdue = real_world.clock.now + timedelta(minutes=16)
    frozen, gone = await open_pool(own_database, size=1, idle_seconds=1), asyncio.Event()
    raw = await frozen.take()
    raw.add_termination_listener(lambda _: gone.set())
    await raw.execute(opening(person(SAM.id)))
    assert await raw.execute(LOCK.format(alert)) == "UPDATE 1"

    assert await alerts.escalate_overdue(real_world.pool, overdue) == 0
    async with asyncio.timeout(10):
        await gone.wait()
    assert await alerts.escalate_overdue(real_world.pool, overdue) == 1

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)) as lost:
        await raw.execute("SELECT 1")
    assert meaning(lost.value) == "try-again"
    frozen.give_back(raw)
    async with frozen.transaction(person(SAM.id)) as db:
        assert await db.value(int, "SELECT 1") == 1
    await frozen.close()


CUT_OFF_AT_COMMIT = """
CREATE FUNCTION cut_off() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(9); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER cut_off AFTER INSERT ON check_in DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION cut_off();
"""


async def test_a_commit_without_an_answer_is_not_said_to_have_saved_nothing(
    own_database: str, real_world: World
) -> None:
    maya, sent = await real_world.of(MAYA), a_check_in(real_world)
    owner = await connect(own_database.replace(f"{migrate.APP_ROLE}@", "postgres@"))
    await owner.execute(CUT_OFF_AT_COMMIT)

    answer = await maya.post("/v1/check-ins", json=sent)
    assert (answer.status_code, answer.json()["code"]) == (503, "Uncertain")
    assert answer.headers["retry-after"] == "1"

    await owner.execute("DROP TRIGGER cut_off ON check_in")
    await owner.close()
    assert (await maya.post("/v1/check-ins", json=sent)).status_code == 201
    assert len((await maya.get("/v1/check-ins")).json()["items"]) == 1


async def refused() -> Raw:
    """A database that is not there."""
    raise ConnectionRefusedError


async def test_the_crisis_card_is_there_while_the_database_is_away(world: World) -> None:
    anybody, cards = world.nobody(), {}
    for language in crisis.LANGUAGES:
        cards[language] = (await anybody.get("/v1/crisis-card", params={"language": language})).json()
    await crisis.remember(world.pool)

    world.app.state.pool = Pool(refused, 1)

    for language in crisis.LANGUAGES:
        answer = await anybody.get("/v1/crisis-card", params={"language": language})
        assert (answer.status_code, answer.json()) == (200, cards[language])
        assert answer.json()["resources"]
