import json
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

import db as database
import notifications
from db import CLOCK, Bell, Pool
from notifications import Kind, Lane, deliver_due
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
    async with pool.transaction(database.person(cast.bea)) as db:
        assert await notifications.withdraw(db, Kind.APPOINTMENT, subject, now) == 1
    await tell(pool, cast.maya, now, subject=subject)
    await deliver_due(pool, phones, now)
    assert phones.rang == ["maya-1"]


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
