"""Where pushes go: a server without credentials says that no phone rings, and keeps that of every push."""

import notifications
from app import push
from app.demo.cast import SAM
from app.settings import Settings
from db import CLOCK
from tests.app.test_alerts import register_phone, worried
from tests.world import World


async def test_without_credentials_nobody_is_told_and_the_rows_say_so(world: World) -> None:
    await register_phone(world, SAM)
    await worried(world, craving=9)

    async with push.opened(Settings(), demo=False) as pushing:
        settled = await notifications.deliver_due(world.pool, pushing.channel, world.clock.now)

    assert (settled.sent, settled.errors) == (0, {"NO_CREDENTIALS": 1})
    assert pushing.inbox is None
    assert pushing.told.startswith("no push credentials: phones do not ring")
    async with world.pool.transaction(CLOCK) as db:
        assert await db.values(str, "SELECT state FROM delivery") == ["dead"]
        assert await db.values(str, "SELECT state FROM notification") == ["unreachable"]
        assert await db.value(int, "SELECT count(*) FROM address WHERE closed_at IS NULL") == 1


async def test_an_endpoint_without_credentials_is_no_way_to_a_phone_either(world: World) -> None:
    async with push.opened(Settings(push_endpoint="http://127.0.0.1:9"), demo=False) as pushing:
        assert (pushing.inbox, pushing.told) == (None, push.NO_CREDENTIALS)


async def test_a_demo_has_an_inbox_to_look_into(world: World) -> None:
    async with push.opened(Settings(), demo=True) as pushing:
        assert pushing.inbox is not None
        assert not isinstance(pushing.channel, push.Nowhere)
