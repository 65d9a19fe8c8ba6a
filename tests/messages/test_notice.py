"""Where nobody is there to read it, the thread says so, in honest words and with numbers that answer."""

from datetime import UTC, datetime, timedelta

import pytest

from app.demo.cast import DANA, LEO, MAYA, OKAFOR, SAM
from app.messages import rules
from app.messages.models import Presence
from tests.conftest import NOW
from tests.messages.talk import a_thread, read, wrote
from tests.world import World

NIGHT = timedelta(hours=21)  # the shifts of the cast are over, and it is early morning


async def kinds(world: World, thread: str) -> list[str]:
    return [one["kind"] for one in await read(world, MAYA, thread, after=0)]


async def test_a_message_in_the_night_is_followed_by_a_notice_with_the_numbers_at_most_once_in_twelve_hours(
    world: World,
) -> None:
    thread = await a_thread(world)
    world.clock.forward(hours=21)
    await wrote(world, MAYA, thread, "Are you awake?")
    await wrote(world, MAYA, thread, "Hello?")
    assert await kinds(world, thread) == ["said", "notice", "said"]
    world.clock.forward(hours=12)
    await wrote(world, MAYA, thread)
    assert await kinds(world, thread) == ["said", "notice", "said", "said", "notice"]

    notice = (await read(world, MAYA, thread, after=1))[0]
    assert (notice["authorId"], "nobody else reads this" in notice["text"]) == (None, True)
    assert [one["call"] for one in notice["crisis"]["resources"]][:2] == ["988", "911"]


async def test_nobody_needs_a_notice_while_who_they_write_to_is_on_duty(world: World) -> None:
    thread = await a_thread(world)
    await wrote(world, MAYA, thread)
    assert await kinds(world, thread) == ["said"]


async def test_nor_in_their_working_hours_by_their_own_clock(world: World) -> None:
    """Okafor is on no duty; he works on Tuesdays from nine in New York, and today he is there until eleven."""
    okafor = await world.of(OKAFOR)
    thread = await a_thread(world, MAYA, OKAFOR)
    await okafor.put(
        "/v1/working-hours",
        json={"blocks": [{"weekday": 2, "starts": "09:00", "ends": "11:00"}]},
        headers={"if-match": "*"},
    )
    await wrote(world, MAYA, thread)
    assert await kinds(world, thread) == ["said"]
    world.clock.forward(hours=1)
    await wrote(world, MAYA, thread)
    assert await kinds(world, thread) == ["said", "said", "notice"]


async def test_a_day_that_is_not_like_the_week_counts_instead_of_it(world: World) -> None:
    okafor = await world.of(OKAFOR)
    thread = await a_thread(world, MAYA, OKAFOR)
    await okafor.put(
        "/v1/working-hours",
        json={"blocks": [{"weekday": 2, "starts": "09:00", "ends": "00:00"}]},
        headers={"if-match": "*"},
    )
    closed = {"id": str(world.new_id()), "day": NOW.date().isoformat()}
    assert (await okafor.post("/v1/working-exceptions", json=closed)).status_code == 201
    await wrote(world, MAYA, thread)
    assert await kinds(world, thread) == ["said", "notice"]


async def test_what_the_other_side_writes_at_night_needs_no_notice(world: World) -> None:
    thread = await a_thread(world)
    world.clock.forward(hours=21)
    await wrote(world, SAM, thread)
    assert await kinds(world, thread) == ["said"]


async def test_a_notice_speaks_the_language_of_its_reader(world: World) -> None:
    thread = await a_thread(world, LEO, DANA)
    world.clock.forward(hours=21)
    await wrote(world, LEO, thread)
    notice = (await read(world, LEO, thread))[0]
    assert (notice["kind"], notice["crisis"]["language"]) == ("notice", "es")
    assert notice["text"].startswith("La persona a quien escribiste")


@pytest.mark.parametrize(
    ("is_there", "ago", "needs"),
    [(True, None, False), (False, None, True), (False, timedelta(hours=12), True),
     (False, timedelta(hours=11, minutes=59), False), (True, timedelta(days=2), False)],
)  # fmt: skip
def test_when_a_notice_is_due(is_there: bool, ago: timedelta | None, needs: bool) -> None:
    now = datetime(2026, 3, 3, 3, tzinfo=UTC)
    assert rules.needs_notice(Presence(is_there, now - ago if ago else None), now) is needs
