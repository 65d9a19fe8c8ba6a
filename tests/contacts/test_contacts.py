"""Where the cast is written to."""

from datetime import datetime
from typing import Any

import asyncpg
import msgspec
import pytest

from app.contacts import actions as contacts
from app.contacts.models import Contact, NewContact, Owner
from app.demo.cast import DANA, KAI, LEO, MAYA, NELL, ROSA, SAM, Person
from app.errors import IdTaken, NotFound
from db import CLOCK, DOOR, Pool, Principal, new_id, person

ADDRESS = "maya@example.org"


def an_address(now: datetime, **changes: Any) -> NewContact:
    return msgspec.structs.replace(NewContact(new_id(now), "email", ADDRESS), **changes)


async def added(pool: Pool, whose: Person, new: NewContact, now: datetime, *, by: Person | None = None) -> Contact:
    by = by or whose
    async with pool.transaction(person(by.id)) as db:
        return await contacts.add(db, whose.id, new, by.id, now)


async def verified(pool: Pool, contact: Contact, now: datetime, by: Principal = DOOR) -> None:
    async with pool.transaction(by) as db:
        await contacts.verified(db, contact.id, now)


async def owner(pool: Pool, value: str, by: Principal = DOOR) -> Owner | None:
    async with pool.transaction(by) as db:
        return await contacts.find_owner(db, "email", value)


async def of(pool: Pool, whose: Person, by: Principal) -> list[Contact]:
    async with pool.transaction(by) as db:
        return await contacts.of(db, whose.id)


async def test_a_contact_is_found_by_its_value_once_it_is_verified(pool: Pool, now: datetime) -> None:
    contact = await added(pool, MAYA, an_address(now), now)
    assert contact.value == ADDRESS
    assert await owner(pool, ADDRESS) is None
    await verified(pool, contact, now)
    assert await owner(pool, " MAYA@Example.org") == Owner(MAYA.id, contact.id)
    assert await owner(pool, "leo@example.org") is None


@pytest.mark.parametrize("by", [person(DANA.id), person(KAI.id), person(MAYA.id), CLOCK, Principal()])
async def test_only_the_door_finds_somebody_by_their_contact(pool: Pool, now: datetime, by: Principal) -> None:
    await verified(pool, await added(pool, MAYA, an_address(now), now), now)
    assert await owner(pool, ADDRESS, by) is None


async def test_what_lies_there_is_sealed(pool: Pool, now: datetime) -> None:
    await added(pool, MAYA, an_address(now), now)
    async with pool.transaction(person(MAYA.id)) as db:
        [row] = await db.values(str, "SELECT c::text || encode(value_sealed, 'escape') FROM contact c")
    assert "maya@" not in row.lower()
    assert "example" not in row.lower()


async def test_adding_it_again_is_the_contact_that_is_there(pool: Pool, now: datetime) -> None:
    first = await added(pool, MAYA, an_address(now), now)
    again = await added(pool, MAYA, an_address(now, value="Maya@example.ORG"), now, by=DANA)
    assert again == first


async def test_an_id_that_is_used_is_refused(pool: Pool, now: datetime) -> None:
    first = await added(pool, MAYA, an_address(now), now)
    with pytest.raises(IdTaken):
        await added(pool, MAYA, an_address(now, id=first.id, value="other@example.org"), now)


@pytest.mark.parametrize(
    ("whose", "by"),
    [(MAYA, MAYA), (MAYA, DANA), (MAYA, ROSA), (SAM, SAM), (SAM, KAI)],
    ids=lambda one: one.handle,
)
async def test_who_may_write_to_somebody_adds_and_reads(pool: Pool, now: datetime, whose: Person, by: Person) -> None:
    contact = await added(pool, whose, an_address(now), now, by=by)
    assert await of(pool, whose, person(by.id)) == [contact]
    assert await of(pool, whose, CLOCK) == [contact]


@pytest.mark.parametrize(
    ("whose", "by"),
    [(MAYA, LEO), (MAYA, SAM), (MAYA, KAI), (MAYA, NELL), (SAM, DANA), (SAM, ROSA), (SAM, MAYA)],
    ids=lambda one: one.handle,
)
async def test_nobody_else_does(pool: Pool, now: datetime, whose: Person, by: Person) -> None:
    contact = await added(pool, whose, an_address(now), now)
    assert await of(pool, whose, person(by.id)) == []
    assert await of(pool, whose, DOOR) == []
    with pytest.raises(NotFound):
        await verified(pool, contact, now, person(by.id))
    async with pool.transaction(person(by.id)) as db:
        with pytest.raises(NotFound):
            await contacts.close(db, contact.id, "own", now)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await added(pool, whose, an_address(now, value="other@example.org"), now, by=by)


async def test_nobody_says_by_themselves_that_a_contact_is_verified(pool: Pool, now: datetime) -> None:
    contact = await added(pool, MAYA, an_address(now), now)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pool.transaction(person(MAYA.id)) as db:
            await db.run("UPDATE contact SET verified_at = $2 WHERE id = $1", contact.id, now)
    with pytest.raises(NotFound):
        await verified(pool, contact, now, person(DANA.id))


async def test_a_number_that_moves_is_closed_where_it_was(pool: Pool, now: datetime) -> None:
    before = await added(pool, MAYA, an_address(now), now)
    await verified(pool, before, now)
    after = await added(pool, LEO, an_address(now), now)
    assert await owner(pool, ADDRESS) == Owner(MAYA.id, before.id), "nobody moves it before they have shown it"
    await verified(pool, after, now)
    assert await owner(pool, ADDRESS) == Owner(LEO.id, after.id)
    assert await of(pool, MAYA, person(MAYA.id)) == []


async def test_two_who_live_together_may_both_have_it_and_one_has_shown_it(pool: Pool, now: datetime) -> None:
    shared = await added(pool, MAYA, an_address(now, shared=True), now)
    await added(pool, LEO, an_address(now), now)
    await verified(pool, shared, now)
    assert [c.value for c in await of(pool, LEO, person(LEO.id))] == [ADDRESS]


async def test_a_closed_contact_is_forgotten(pool: Pool, now: datetime) -> None:
    contact = await added(pool, MAYA, an_address(now), now)
    await verified(pool, contact, now)
    async with pool.transaction(person(MAYA.id)) as db:
        await contacts.close(db, contact.id, "own", now)
        left = await db.values(bool, "SELECT value_sealed IS NULL AND value_index IS NULL FROM contact")
    assert left == [True]
    assert await owner(pool, ADDRESS) is None
    assert (await added(pool, MAYA, an_address(now), now)).verified_at is None


async def test_verifying_twice_is_once(pool: Pool, now: datetime) -> None:
    contact = await added(pool, MAYA, an_address(now), now)
    await verified(pool, contact, now)
    await verified(pool, contact, now.replace(hour=18), person(MAYA.id))
    [shown] = await of(pool, MAYA, person(MAYA.id))
    assert shown.verified_at == now


def test_a_contact_does_not_show_itself(now: datetime) -> None:
    shown = Contact(new_id(now), "email", ADDRESS, True, False, False, now, None)
    assert ADDRESS not in repr(shown) + repr(an_address(now))
