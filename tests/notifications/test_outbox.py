import asyncio
import json
from collections import Counter
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

import db as database
import notifications
from db import CLOCK, Bell, Pool
from notifications import Kind, Lane, Transient, deliver_due, delivery
from tests.app.test_alerts_at_once import until_one_waits
from tests.notifications.conftest import Cast
from tests.notifications.phones import SOON, Phones, has_a_phone, states, tell


async def test_a_patient_can_have_someone_told_whose_notifications_she_cannot_read(
    pool: Pool, cast: Cast, now: datetime
) -> None:
    async with pool.transaction(database.person(cast.maya)) as db:
        await notifications.send(
            db, [cast.sam], Kind.ALERT, uuid4(), due_at=now, expires_at=now + SOON, urgent=True, now=now
        )
    async with pool.transaction(database.person(cast.maya)) as db:
        assert await db.value(int, "SELECT count(*) FROM notification") == 0
    assert await states(pool, "notification") == ["pending"]


async def test_the_same_thing_told_twice_is_told_once(pool: Pool, cast: Cast, now: datetime) -> None:
    subject = await tell(pool, cast.sam, now)
    await tell(pool, cast.sam, now, subject=subject)
    await tell(pool, cast.sam, now, subject=subject, stage="again")
    assert await states(pool, "notification") == ["pending", "pending"]


async def test_what_was_withdrawn_can_be_told_again(pool: Pool, cast: Cast, now: datetime, phones: Phones) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    subject = await tell(pool, cast.maya, now)
    async with pool.transaction(CLOCK) as db:
        assert await notifications.withdraw(db, Kind.APPOINTMENT, subject, now) == 1
    await tell(pool, cast.maya, now, subject=subject)
    await deliver_due(pool, phones, now)
    assert phones.rang == ["maya-1"]


async def test_what_was_sent_to_every_phone_stays_told(pool: Pool, cast: Cast, now: datetime, phones: Phones) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    subject = await tell(pool, cast.maya, now)
    await tell(pool, cast.maya, now, subject=subject, stage="later", due_at=now + SOON / 2)
    await deliver_due(pool, phones, now)

    async with pool.transaction(CLOCK) as db:
        assert await notifications.withdraw(db, Kind.APPOINTMENT, subject, now) == 1, "the later one alone"

    assert sorted(await states(pool, "notification")) == ["planned", "withdrawn"]
    assert await states(pool, "delivery") == ["sent"]


async def test_what_one_of_two_phones_has_not_got_yet_is_taken_back(
    pool: Pool, cast: Cast, now: datetime, phones: Phones
) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    await has_a_phone(pool, cast.maya, "maya-2", now)
    phones.answer("maya-2", Transient("UNAVAILABLE", 40))
    subject = await tell(pool, cast.maya, now)
    await deliver_due(pool, phones, now)

    async with pool.transaction(CLOCK) as db:
        assert await notifications.withdraw(db, Kind.APPOINTMENT, subject, now) == 1
    await deliver_due(pool, phones, now + SOON / 2)

    assert sorted(phones.rang) == ["maya-1", "maya-2"]
    assert sorted(await states(pool, "delivery")) == ["dropped", "sent"]


async def test_many_subjects_are_taken_back_in_one_go_and_no_other(pool: Pool, cast: Cast, now: datetime) -> None:
    mine = [await tell(pool, cast.maya, now) for _ in range(3)]
    await tell(pool, cast.maya, now)
    await tell(pool, cast.maya, now, subject=mine[0], kind=Kind.MEDICATION)
    async with pool.transaction(CLOCK) as db:
        assert await notifications.withdraw_all(db, Kind.APPOINTMENT, mine, now) == 3
        assert await notifications.withdraw_all(db, Kind.APPOINTMENT, [], now) == 0
    assert Counter(await states(pool, "notification")) == {"withdrawn": 3, "pending": 2}


async def test_what_is_withdrawn_while_it_is_planned_does_not_ring(
    pool: Pool, cast: Cast, now: datetime, phones: Phones
) -> None:
    """Whoever withdraws waits for the plan, and then sees the deliveries that it made."""
    await has_a_phone(pool, cast.maya, "maya-1", now)
    subject = await tell(pool, cast.maya, now)

    async def take_back() -> int:
        async with pool.transaction(CLOCK) as db:
            return await notifications.withdraw(db, Kind.APPOINTMENT, subject, now)

    async with pool.transaction(CLOCK) as db:
        await delivery._plan(db, Lane.ORDINARY, now, Counter())
        taking_back = asyncio.create_task(take_back())
        await until_one_waits(pool)

    assert await taking_back == 1
    await deliver_due(pool, phones, now)
    assert phones.rang == []
    assert await states(pool, "delivery") == ["dropped"]


async def test_nobody_to_tell_is_no_row_and_no_error(pool: Pool, now: datetime) -> None:
    async with pool.transaction(CLOCK) as db:
        await notifications.send(db, [], Kind.ALERT, uuid4(), due_at=now, expires_at=now + SOON, now=now)
    assert await states(pool, "notification") == []


async def test_a_cause_that_rolls_back_tells_nobody(pool: Pool, cast: Cast, now: datetime) -> None:
    async def fail() -> None:
        async with pool.transaction(CLOCK) as db:
            await notifications.send(db, [cast.sam], Kind.ALERT, uuid4(), due_at=now, expires_at=now + SOON, now=now)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await states(pool, "notification") == []


async def test_a_commit_rings_the_bell_of_its_own_lane(pool: Pool, cast: Cast, now: datetime) -> None:
    bell = Bell()
    pool.ring = bell.ring
    with bell.listening(Lane.URGENT.bell) as urgent, bell.listening(Lane.ORDINARY.bell) as ordinary:
        await tell(pool, cast.sam, now, urgent=True)
        assert (urgent.is_set(), ordinary.is_set()) == (True, False)


async def test_how_late_the_oldest_is_does_not_depend_on_how_much_is_still_to_come(
    owner: str, cast: Cast, now: datetime
) -> None:
    raw = await database.connect(owner)
    await raw.execute(
        """
        INSERT INTO notification (id, person_id, kind, subject_id, due_at, expires_at, next_at)
        SELECT gen_random_uuid(), $1, 'medication', gen_random_uuid(), at, at + interval '1 hour', at
        FROM (SELECT $2::timestamptz + n * interval '1 second' AS at FROM generate_series(1, 100000) n) AS later
        """,
        cast.maya, now,
    )  # fmt: skip
    await raw.execute("ANALYZE notification")
    asked = "SELECT oldest_due_seconds($1)"

    assert await raw.fetchval(asked, now) is None
    assert await raw.fetchval(asked, now + timedelta(seconds=91)) == 90
    # All that is still to come would be more than a thousand pages.
    explained = json.loads(await raw.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {asked}", now))
    await raw.close()
    plan = explained[0]["Plan"]
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 200
