import asyncio
from collections import Counter
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

import db as database
import notifications
from db import CLOCK, Pool
from notifications import Kind, Lane, Permanent, Transient, addresses, deliver_due, rules
from tests.keys import some_keys
from tests.notifications.conftest import Cast
from tests.notifications.phones import SOON, Phones, has_a_phone, states, tell

SECOND = timedelta(seconds=1)


async def test_every_phone_of_a_person_rings_once(pool: Pool, cast: Cast, now: datetime, phones: Phones) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    await has_a_phone(pool, cast.maya, "maya-2", now)
    await tell(pool, cast.maya, now)
    settled = await deliver_due(pool, phones, now)
    again = await deliver_due(pool, phones, now + SOON / 2)
    assert sorted(phones.rang) == ["maya-1", "maya-2"]
    assert (settled.planned, settled.sent, again.sent) == (1, 2, 0)
    assert await states(pool, "delivery") == ["sent", "sent"]


async def test_all_that_one_person_hears_of_one_subject_has_one_tag_and_what_another_hears_has_another(
    pool: Pool, cast: Cast, now: datetime, phones: Phones
) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    await has_a_phone(pool, cast.sam, "sam-1", now)
    subject = await tell(pool, cast.maya, now, stage="step-0")
    await tell(pool, cast.maya, now, subject=subject, stage="step-1")
    await tell(pool, cast.maya, now)
    await tell(pool, cast.sam, now, subject=subject)
    await deliver_due(pool, phones, now)

    tags = Counter((push.address, push.tag) for push in phones.pushes)
    assert sorted(tags.values()) == [1, 1, 2]
    assert len({tag for _, tag in tags}) == 3


async def test_nothing_rings_before_it_is_due(pool: Pool, cast: Cast, now: datetime, phones: Phones) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    await tell(pool, cast.maya, now, due_at=now + SECOND)
    await deliver_due(pool, phones, now)
    assert phones.rang == []
    await deliver_due(pool, phones, now + SECOND)
    assert phones.rang == ["maya-1"]


async def test_each_reads_the_line_in_the_language_they_chose(
    pool: Pool, cast: Cast, now: datetime, phones: Phones
) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    await has_a_phone(pool, cast.sam, "sam-1", now)
    await tell(pool, cast.maya, now)
    await tell(pool, cast.sam, now)
    await deliver_due(pool, phones, now)
    assert {push.address: push.line for push in phones.pushes} == {
        "maya-1": "Tienes un recordatorio",
        "sam-1": "You have a reminder",
    }


async def test_a_person_without_a_phone_is_unreachable(pool: Pool, cast: Cast, now: datetime, phones: Phones) -> None:
    await tell(pool, cast.maya, now)
    settled = await deliver_due(pool, phones, now)
    assert settled.unreachable == 1
    assert await states(pool, "notification") == ["unreachable"]


async def test_what_nobody_asked_for_in_time_is_expired(pool: Pool, cast: Cast, now: datetime, phones: Phones) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    await tell(pool, cast.maya, now)
    settled = await deliver_due(pool, phones, now + SOON)
    assert (settled.lapsed, phones.rang) == (1, [])
    assert await states(pool, "notification") == ["expired"]


async def test_four_workers_in_competition_send_each_once(
    pool: Pool, cast: Cast, now: datetime, phones: Phones, dsn: str
) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    for _ in range(60):
        await tell(pool, cast.maya, now)
    pools = [await database.open_pool(dsn, size=2, keys=some_keys()) for _ in range(4)]

    async def work(own: Pool) -> int:
        sent = 0
        while len(phones.pushes) < 60:
            sent += (await deliver_due(own, phones, now, limit=5)).sent
        return sent

    sent = await asyncio.gather(*(work(each) for each in pools))
    assert sum(sent) == 60
    assert Counter(push.tag for push in phones.pushes).most_common(1)[0][1] == 1
    for each in pools:
        await each.close()


async def test_a_lease_that_ran_out_is_sent_again_with_the_same_tag(
    pool: Pool, cast: Cast, now: datetime, phones: Phones
) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    await tell(pool, cast.maya, now)
    on_the_wire = asyncio.Event()

    async def hang() -> None:
        on_the_wire.set()
        await asyncio.Event().wait()

    phones.during = hang
    dying = asyncio.create_task(deliver_due(pool, phones, now))
    await on_the_wire.wait()
    dying.cancel()
    await asyncio.wait([dying])
    phones.during = None
    assert (await deliver_due(pool, phones, now + rules.LEASE - SECOND)).sent == 0
    assert (await deliver_due(pool, phones, now + rules.LEASE + SECOND)).sent == 1
    assert len(phones.pushes) == 2
    assert len({push.tag for push in phones.pushes}) == 1


async def test_the_late_answer_of_a_zombie_changes_nothing(
    pool: Pool, cast: Cast, now: datetime, phones: Phones
) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    await tell(pool, cast.maya, now)
    zombie, on_the_wire, wake_up = Phones(), asyncio.Event(), asyncio.Event()
    zombie.answer("maya-1", Permanent("UNREGISTERED", "unregistered"))

    async def sleep_long() -> None:
        on_the_wire.set()
        await wake_up.wait()

    zombie.during = sleep_long
    slow = asyncio.create_task(deliver_due(pool, zombie, now))
    await on_the_wire.wait()
    assert (await deliver_due(pool, phones, now + rules.LEASE + SECOND)).sent == 1
    wake_up.set()
    late = await slow
    assert (late.late, late.dead) == (1, 0)
    assert await states(pool, "delivery") == ["sent"]
    async with pool.transaction(database.person(cast.maya)) as db:
        assert len(await addresses.mine(db, cast.maya)) == 1


async def test_a_removed_app_retires_its_token_and_the_next_phone_still_rings(
    pool: Pool, cast: Cast, now: datetime, phones: Phones
) -> None:
    await has_a_phone(pool, cast.maya, "maya-old", now)
    await has_a_phone(pool, cast.maya, "maya-new", now)
    phones.answer("maya-old", Permanent("UNREGISTERED", "unregistered"))
    await tell(pool, cast.maya, now)
    settled = await deliver_due(pool, phones, now)
    assert (settled.dead, settled.sent, settled.errors) == (1, 1, {"UNREGISTERED": 1})
    await tell(pool, cast.maya, now)
    await deliver_due(pool, phones, now)
    assert Counter(phones.rang) == {"maya-old": 1, "maya-new": 2}


async def test_when_the_only_phone_is_gone_a_newer_one_is_looked_for(
    pool: Pool, cast: Cast, now: datetime, phones: Phones
) -> None:
    await has_a_phone(pool, cast.maya, "maya-old", now)
    await tell(pool, cast.maya, now)
    phones.answer("maya-old", Permanent("UNREGISTERED", "unregistered"))

    async def buy_a_phone() -> None:
        phones.during = None
        await has_a_phone(pool, cast.maya, "maya-new", now)

    phones.during = buy_a_phone
    await deliver_due(pool, phones, now)
    assert phones.rang == ["maya-old", "maya-new"]


async def test_when_the_last_phone_is_gone_the_person_is_unreachable(
    pool: Pool, cast: Cast, now: datetime, phones: Phones
) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    await tell(pool, cast.maya, now)
    phones.answer("maya-1", Permanent("INVALID_ARGUMENT"))
    settled = await deliver_due(pool, phones, now)
    assert (settled.dead, settled.unreachable, phones.rang) == (1, 1, ["maya-1"])
    assert await states(pool, "notification") == ["unreachable"]
    async with pool.transaction(database.person(cast.maya)) as db:
        assert len(await addresses.mine(db, cast.maya)) == 1


async def test_an_old_tokens_death_does_not_close_the_phone_that_has_a_newer_one(
    pool: Pool, cast: Cast, now: datetime, phones: Phones
) -> None:
    phone = await has_a_phone(pool, cast.maya, "maya-old", now)
    await tell(pool, cast.maya, now)
    phones.answer("maya-old", Permanent("UNREGISTERED", "unregistered"))

    async def rotate() -> None:
        await has_a_phone(pool, cast.maya, "maya-new", now, id=phone.id)

    phones.during = rotate
    await deliver_due(pool, phones, now)
    async with pool.transaction(database.person(cast.maya)) as db:
        assert [a.id for a in await addresses.mine(db, cast.maya)] == [phone.id]


async def test_a_failure_waits_as_long_as_it_was_asked_to_and_then_rings(
    pool: Pool, cast: Cast, now: datetime, phones: Phones
) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    await tell(pool, cast.maya, now)
    phones.answer("maya-1", Transient("UNAVAILABLE", 40))
    first = await deliver_due(pool, phones, now)
    too_soon = await deliver_due(pool, phones, now + 39 * SECOND)
    second = await deliver_due(pool, phones, now + 42 * SECOND)
    assert (first.retried, too_soon.sent, second.sent) == (1, 0, 1)
    assert len({push.tag for push in phones.pushes}) == 1
    assert phones.pushes[1].ttl < phones.pushes[0].ttl


async def test_no_retry_is_planned_past_the_end(pool: Pool, cast: Cast, now: datetime, phones: Phones) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    await tell(pool, cast.maya, now, expires_at=now + 30 * SECOND)
    phones.answer("maya-1", Transient("UNAVAILABLE", 30))
    assert (await deliver_due(pool, phones, now)).expired == 1
    assert await states(pool, "delivery") == ["expired"]


async def test_what_waits_for_a_retry_expires_where_nobody_came_in_time(
    pool: Pool, cast: Cast, now: datetime, phones: Phones
) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    await tell(pool, cast.maya, now)
    phones.answer("maya-1", Transient("UNAVAILABLE"))
    await deliver_due(pool, phones, now)
    assert (await deliver_due(pool, phones, now + SOON)).expired == 1
    assert phones.rang == ["maya-1"]


async def test_a_channel_that_breaks_takes_no_other_push_along(
    pool: Pool, cast: Cast, now: datetime, phones: Phones
) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    await has_a_phone(pool, cast.maya, "maya-2", now)
    await tell(pool, cast.maya, now)

    async def break_once() -> None:
        phones.during = None
        raise RuntimeError("maya-1")

    phones.during = break_once
    settled = await deliver_due(pool, phones, now)
    assert (settled.sent, settled.retried, settled.errors) == (1, 1, {"RuntimeError": 1})


async def test_a_channel_that_is_too_slow_is_asked_again(pool: Pool, cast: Cast, now: datetime, phones: Phones) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    await tell(pool, cast.maya, now)

    async def run_out_of_time() -> None:
        phones.during = None
        raise TimeoutError

    phones.during = run_out_of_time
    settled = await deliver_due(pool, phones, now)
    assert (settled.retried, settled.errors) == (1, {"TIMEOUT": 1})


async def test_a_worker_that_comes_to_it_too_late_leaves_it_to_the_next(
    pool: Pool, cast: Cast, now: datetime, phones: Phones, monkeypatch: pytest.MonkeyPatch
) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    await tell(pool, cast.maya, now)
    with monkeypatch.context() as slow:
        slow.setattr(rules, "LAST_SEND", -1)
        await deliver_due(pool, phones, now)
    assert phones.rang == []
    assert (await deliver_due(pool, phones, now + rules.LEASE + SECOND)).sent == 1


async def test_withdrawing_drops_what_is_queued(pool: Pool, cast: Cast, now: datetime, phones: Phones) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    subject = await tell(pool, cast.maya, now)
    phones.answer("maya-1", Transient("UNAVAILABLE"))
    await deliver_due(pool, phones, now)
    async with pool.transaction(CLOCK) as db:
        assert await notifications.withdraw(db, Kind.APPOINTMENT, subject, now) == 1
        assert await notifications.withdraw(db, Kind.APPOINTMENT, subject, now) == 0
    await deliver_due(pool, phones, now + 61 * SECOND)
    assert phones.rang == ["maya-1"]
    assert await states(pool, "delivery") == ["dropped"]


async def test_a_push_that_was_withdrawn_on_the_wire_stays_withdrawn(
    pool: Pool, cast: Cast, now: datetime, phones: Phones
) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    subject = await tell(pool, cast.maya, now)

    async def take_back() -> None:
        async with pool.transaction(CLOCK) as db:
            await notifications.withdraw(db, Kind.APPOINTMENT, subject, now)

    phones.during = take_back
    settled = await deliver_due(pool, phones, now)
    assert (settled.sent, settled.late) == (0, 1)
    assert await states(pool, "delivery") == ["dropped"]


async def test_a_phone_that_signed_out_does_not_ring_for_what_was_queued(
    pool: Pool, cast: Cast, now: datetime, phones: Phones
) -> None:
    phone = await has_a_phone(pool, cast.maya, "maya-1", now)
    await tell(pool, cast.maya, now)
    phones.answer("maya-1", Transient("UNAVAILABLE"))
    await deliver_due(pool, phones, now)
    async with pool.transaction(database.person(cast.maya)) as db:
        assert await addresses.close(db, cast.maya, phone.id, now)
    settled = await deliver_due(pool, phones, now + 61 * SECOND)
    assert (settled.dropped, settled.unreachable, phones.rang) == (1, 1, ["maya-1"])


async def test_the_urgent_lane_goes_first(pool: Pool, cast: Cast, now: datetime, phones: Phones) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    await has_a_phone(pool, cast.sam, "sam-1", now)
    for _ in range(5):
        await tell(pool, cast.maya, now - SECOND)
    await tell(pool, cast.sam, now, kind=Kind.ALERT, urgent=True)
    await deliver_due(pool, phones, now, limit=1)
    assert [(push.address, push.lane) for push in phones.pushes] == [("sam-1", Lane.URGENT)]


async def test_a_lane_can_be_served_alone(pool: Pool, cast: Cast, now: datetime, phones: Phones) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    await tell(pool, cast.maya, now)
    await deliver_due(pool, phones, now, lanes=[Lane.URGENT])
    assert phones.rang == []
    await deliver_due(pool, phones, now, lanes=[Lane.ORDINARY])
    assert phones.rang == ["maya-1"]


async def test_a_phone_that_does_not_answer_holds_nobody_up(
    pool: Pool, cast: Cast, now: datetime, phones: Phones
) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    await has_a_phone(pool, cast.sam, "sam-1", now)
    await tell(pool, cast.maya, now)
    sam_rang = asyncio.Event()

    async def wait_for_sam() -> None:
        phones.during = ring_sam
        await tell(pool, cast.sam, now)
        await sam_rang.wait()

    async def ring_sam() -> None:
        sam_rang.set()

    phones.during = wait_for_sam
    assert (await deliver_due(pool, phones, now)).sent == 2
    assert phones.rang == ["maya-1", "sam-1"]


async def test_no_more_than_so_many_are_on_the_wire_at_once(
    pool: Pool, cast: Cast, now: datetime, phones: Phones
) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    for _ in range(20):
        await tell(pool, cast.maya, now)
    on_the_wire, most = 0, 0

    async def ride() -> None:
        nonlocal on_the_wire, most
        on_the_wire += 1
        most = max(most, on_the_wire)
        for _ in range(3):
            await asyncio.sleep(0)
        on_the_wire -= 1

    phones.during = ride
    assert (await deliver_due(pool, phones, now, at_once=3)).sent == 20
    assert most == 3


async def test_a_worker_sees_no_more_of_people_than_it_needs(pool: Pool, cast: Cast, now: datetime) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    async with pool.transaction(database.person(cast.bea)) as db:
        assert await addresses.mine(db, cast.maya) == []
        assert await db.value(int, "SELECT count(*) FROM address") == 0
        assert not await addresses.close(db, cast.maya, uuid4(), now)
