"""Whoever leaves takes their words with them: what nothing keeps any more is gone, whoever wrote it."""

from datetime import timedelta

from app.closure import actions as closure
from app.demo.cast import MAYA, SAM
from db import connect
from tests.messages.talk import a_thread, wrote
from tests.world import World


async def test_words_are_shredded_with_the_record_of_the_patient(real_world: World, own_database: str) -> None:
    thread = await a_thread(real_world)
    for who in (MAYA, SAM):
        await wrote(real_world, who, thread)
    maya = await real_world.of(MAYA)
    asked = await maya.post("/v1/closure", json={"id": str(real_world.new_id())})
    assert asked.status_code == 201, asked.text

    await closure.go_on(real_world.pool, real_world.clock.now + timedelta(days=15))
    await closure.go_on(real_world.pool, real_world.clock.now + timedelta(days=365 * 9))

    raw = await connect(own_database.replace("cairn_app", "postgres"))
    sealed = [row[0] for row in await raw.fetch("SELECT text_sealed FROM message")]
    await raw.close()
    assert sealed == [None, None]
