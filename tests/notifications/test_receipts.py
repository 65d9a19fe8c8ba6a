from datetime import datetime, timedelta
from uuid import UUID

import db as database
from db import Pool
from notifications import Kind, Told, deliver_due, receipts
from tests.notifications.conftest import Cast
from tests.notifications.phones import Phones, has_a_phone, tell


async def a_push(pool: Pool, cast: Cast, now: datetime, phones: Phones) -> tuple[UUID, UUID]:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    subject = await tell(pool, cast.maya, now)
    await deliver_due(pool, phones, now)
    return phones.pushes[0].delivery, subject


async def test_a_phone_reports_once_what_it_reports_twice(
    pool: Pool, cast: Cast, now: datetime, phones: Phones, owner: str
) -> None:
    delivery, _ = await a_push(pool, cast, now, phones)
    for minutes in (1, 2):
        async with pool.transaction(database.person(cast.maya)) as db:
            at = now + timedelta(minutes=minutes)
            assert await receipts.receive(db, cast.maya, delivery, "delivered", at)
            assert await receipts.receive(db, cast.maya, delivery, "opened", at)
    raw = await database.connect(owner)
    kept = await raw.fetch("SELECT event, at FROM receipt ORDER BY event")
    await raw.close()
    assert [tuple(row) for row in kept] == [(event, now + timedelta(minutes=1)) for event in ("delivered", "opened")]


async def test_a_stranger_reports_nothing_and_learns_nothing(
    pool: Pool, cast: Cast, now: datetime, phones: Phones, owner: str
) -> None:
    delivery, _ = await a_push(pool, cast, now, phones)
    async with pool.transaction(database.person(cast.bea)) as db:
        for claimed in (cast.bea, cast.maya):
            assert not await receipts.receive(db, claimed, delivery, "opened", now)
            assert await receipts.ask(db, claimed, delivery) is None
    raw = await database.connect(owner)
    assert await raw.fetchval("SELECT count(*) FROM receipt") == 0
    await raw.close()


async def test_an_unlocked_phone_learns_what_its_push_was_about(
    pool: Pool, cast: Cast, now: datetime, phones: Phones
) -> None:
    delivery, subject = await a_push(pool, cast, now, phones)
    async with pool.transaction(database.person(cast.maya)) as db:
        assert await receipts.ask(db, cast.maya, delivery) == Told(delivery, Kind.APPOINTMENT, subject, "", now)
