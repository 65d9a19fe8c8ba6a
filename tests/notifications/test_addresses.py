import asyncio
from datetime import datetime, timedelta

import msgspec
import pytest

import db as database
import notifications
from db import CLOCK, Bell, Pool
from notifications import Address, Kind, Lane, NewAddress, Permanent, addresses, deliver_due
from tests.app.test_alerts_at_once import until_one_waits
from tests.notifications.conftest import Cast
from tests.notifications.phones import Phones, a_phone, has_a_phone, states, tell

MINUTE = timedelta(minutes=1)


async def test_the_same_phone_twice_is_one(pool: Pool, cast: Cast, now: datetime) -> None:
    phone = a_phone("maya-1")
    async with pool.transaction(database.person(cast.maya)) as db:
        first = await addresses.register(db, cast.maya, phone, now)
        again = await addresses.register(db, cast.maya, phone, now + timedelta(days=1))
        assert await addresses.mine(db, cast.maya) == [first]
    assert first == again


async def test_the_same_token_under_a_new_id_rings_once(pool: Pool, cast: Cast, now: datetime, phones: Phones) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    newer = await has_a_phone(pool, cast.maya, "maya-1", now)
    await tell(pool, cast.maya, now)
    await deliver_due(pool, phones, now)
    assert phones.rang == ["maya-1"]
    async with pool.transaction(database.person(cast.maya)) as db:
        assert await addresses.mine(db, cast.maya) == [newer]


async def test_a_newer_token_replaces_the_older(pool: Pool, cast: Cast, now: datetime, phones: Phones) -> None:
    phone = await has_a_phone(pool, cast.maya, "maya-1", now)
    await has_a_phone(pool, cast.maya, "maya-2", now, id=phone.id)
    await tell(pool, cast.maya, now)
    await deliver_due(pool, phones, now)
    assert phones.rang == ["maya-2"]


async def test_a_token_that_moved_rings_only_for_its_new_owner(
    pool: Pool, cast: Cast, now: datetime, phones: Phones
) -> None:
    await has_a_phone(pool, cast.maya, "shared", now)
    await has_a_phone(pool, cast.sam, "shared", now)
    await tell(pool, cast.maya, now)
    settled = await deliver_due(pool, phones, now)
    assert (settled.unreachable, phones.rang) == (1, [])
    await tell(pool, cast.sam, now)
    await deliver_due(pool, phones, now)
    assert phones.rang == ["shared"]


async def test_two_who_register_one_token_at_once_leave_one_owner(
    pool: Pool, cast: Cast, now: datetime, owner: str
) -> None:
    await asyncio.gather(*(has_a_phone(pool, who, "shared", now) for who in (cast.maya, cast.sam) * 4))
    raw = await database.connect(owner)
    assert await raw.fetchval("SELECT count(*) FROM address WHERE closed_at IS NULL") == 1
    await raw.close()


async def test_somebody_elses_id_is_refused(pool: Pool, cast: Cast, now: datetime) -> None:
    phone = await has_a_phone(pool, cast.maya, "maya-1", now)
    async with pool.transaction(database.person(cast.bea)) as db:
        assert await addresses.register(db, cast.bea, a_phone("bea-1", id=phone.id), now) is None
        assert not await addresses.close(db, cast.bea, phone.id, now)
    async with pool.transaction(database.person(cast.maya)) as db:
        assert await addresses.mine(db, cast.maya) == [phone]


async def test_a_phone_that_was_closed_can_come_back(pool: Pool, cast: Cast, now: datetime) -> None:
    phone = await has_a_phone(pool, cast.maya, "maya-1", now)
    async with pool.transaction(database.person(cast.maya)) as db:
        assert await addresses.close(db, cast.maya, phone.id, now)
        assert await addresses.close(db, cast.maya, phone.id, now)
        assert await addresses.mine(db, cast.maya) == []
    back = await has_a_phone(pool, cast.maya, "maya-1", now, id=phone.id)
    assert back == phone


async def test_a_person_registers_phones_for_herself_only(pool: Pool, cast: Cast, now: datetime) -> None:
    with pytest.raises(Exception, match="row-level security"):
        async with pool.transaction(database.person(cast.bea)) as db:
            await addresses.register(db, cast.maya, a_phone("bea-1"), now)


async def test_a_phone_rings_for_what_its_owner_could_not_be_reached_for(
    pool: Pool, cast: Cast, now: datetime, phones: Phones
) -> None:
    await tell(pool, cast.maya, now, urgent=True)
    await tell(pool, cast.maya, now, expires_at=now + MINUTE)
    await tell(pool, cast.sam, now)
    assert (await deliver_due(pool, phones, now)).unreachable == 3
    bell = Bell()
    pool.ring = bell.ring

    with bell.listening(Lane.URGENT.bell) as urgent, bell.listening(Lane.ORDINARY.bell) as ordinary:
        await has_a_phone(pool, cast.maya, "maya-1", now + MINUTE)
        assert (urgent.is_set(), ordinary.is_set()) == (True, False), "only the urgent one is still of use"

    await deliver_due(pool, phones, now + MINUTE)
    await deliver_due(pool, phones, now + 2 * MINUTE)
    assert phones.rang == ["maya-1"]
    assert sorted(await states(pool, "notification")) == ["planned", "unreachable", "unreachable"]


async def test_a_second_phone_is_not_told_what_the_first_has_rung_for(
    pool: Pool, cast: Cast, now: datetime, phones: Phones
) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    await tell(pool, cast.maya, now)
    await deliver_due(pool, phones, now)
    await has_a_phone(pool, cast.maya, "maya-2", now)
    await deliver_due(pool, phones, now + MINUTE)
    assert phones.rang == ["maya-1"]


async def test_a_phone_that_comes_back_with_a_newer_token_rings_for_what_the_old_one_missed(
    pool: Pool, cast: Cast, now: datetime, phones: Phones
) -> None:
    phone = await has_a_phone(pool, cast.maya, "maya-old", now)
    phones.answer("maya-old", Permanent("UNREGISTERED", "unregistered"))
    await tell(pool, cast.maya, now)
    assert (await deliver_due(pool, phones, now)).unreachable == 1

    await has_a_phone(pool, cast.maya, "maya-new", now, id=phone.id)
    await deliver_due(pool, phones, now + MINUTE)

    assert phones.rang == ["maya-old", "maya-new"]
    assert await states(pool, "delivery") == ["sent"]


async def test_what_was_taken_back_is_not_told_to_a_phone_that_comes_later(
    pool: Pool, cast: Cast, now: datetime, phones: Phones
) -> None:
    subject = await tell(pool, cast.maya, now)
    await deliver_due(pool, phones, now)
    async with pool.transaction(CLOCK) as db:
        assert await notifications.withdraw(db, Kind.APPOINTMENT, subject, now) == 1
    await has_a_phone(pool, cast.maya, "maya-1", now)
    await deliver_due(pool, phones, now + MINUTE)
    assert phones.rang == []


async def test_a_phone_that_is_registered_while_its_owner_is_looked_for_is_found(
    pool: Pool, cast: Cast, now: datetime, phones: Phones
) -> None:
    await tell(pool, cast.maya, now)
    async with pool.transaction(database.person(cast.maya)) as db:
        await addresses.register(db, cast.maya, a_phone("maya-1"), now)
        looking = asyncio.create_task(deliver_due(pool, phones, now))
        await until_one_waits(pool)
    await looking
    assert phones.rang == ["maya-1"]


@pytest.mark.parametrize("token", ["", "with space", "nul\0", "ñ", "x" * 4097])
def test_a_token_that_firebase_never_makes_is_refused(token: str) -> None:
    wire = msgspec.json.encode({**msgspec.to_builtins(a_phone("maya-1")), "value": token})
    with pytest.raises(msgspec.ValidationError, match=r"\$\.value"):
        msgspec.json.decode(wire, type=NewAddress)


def test_a_token_is_in_no_representation() -> None:
    assert "secret" not in repr(a_phone("secret"))
    assert "value" not in Address.__struct_fields__
