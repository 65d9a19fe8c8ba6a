"""Who may enter a visit, and when."""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from app.demo.cast import DANA, INES, LEO, MAYA, NELL, SAM, Person
from db import Pool, new_id, person
from signaling import tickets
from tests.world import SITE, World


async def booked(pool: Pool, world: World, status: str = "booked") -> UUID:
    """Maya and Dana meet in an hour, for fifty minutes."""
    visit, starts = new_id(world.clock.now), world.clock.now + timedelta(hours=1)
    async with pool.transaction(person(MAYA.id)) as db:
        await db.run(
            "INSERT INTO appointment (id, patient_id, staff_id, kind, during, booked_by, booked_at)"
            " VALUES ($1, $2, $3, 'counseling', tstzrange($4, $5), $2, $6)",
            visit, MAYA.id, DANA.id, starts, starts + timedelta(minutes=50), world.clock.now,
        )  # fmt: skip
    return visit


async def enter(world: World, who: Person, visit: UUID) -> httpx.Response:
    return await (await world.of(who)).post(f"/v1/appointments/{visit}/visit")


@pytest.mark.parametrize(
    ("minutes", "code"), [(0, "TooEarly"), (44, "TooEarly"), (45, None), (60, None), (139, None), (140, "TooLate")]
)
async def test_a_visit_opens_a_quarter_of_an_hour_before_and_closes_half_an_hour_after(
    world: World, minutes: int, code: str | None
) -> None:
    visit = await booked(world.pool, world)
    world.clock.forward(minutes=minutes)

    answer = await enter(world, MAYA, visit)

    assert answer.json().get("code") == code
    assert answer.status_code == (409 if code else 200)


async def test_each_of_the_two_gets_a_ticket_of_their_own_that_lasts_a_minute(world: World) -> None:
    visit = await booked(world.pool, world)
    now = world.clock.forward(minutes=50)

    for who, role in ((MAYA, "patient"), (DANA, "staff")):
        entry = (await enter(world, who, visit)).json()
        ticket = tickets.read(SITE.ticket_key, entry["ticket"], now)
        assert (ticket.visit, ticket.person, ticket.role, ticket.kind) == (visit, who.id, role, "visit")
        assert entry["socket"] == "ws://cairn.test/v1/signaling"
        assert entry["ice"] == {"servers": [], "ttl": 600, "policy": "all"}
        with pytest.raises(tickets.BadTicket):
            tickets.read(SITE.ticket_key, entry["ticket"], now + timedelta(seconds=60))


async def test_nobody_else_learns_that_there_is_a_visit(world: World) -> None:
    visit = await booked(world.pool, world)
    world.clock.forward(minutes=50)

    for stranger in (SAM, INES, LEO, NELL):
        assert (await enter(world, stranger, visit)).status_code == 404, stranger.handle


async def test_a_cancelled_appointment_has_no_visit(world: World) -> None:
    visit = await booked(world.pool, world)
    assert (await (await world.of(MAYA)).post(f"/v1/appointments/{visit}/cancel")).status_code == 200
    world.clock.forward(minutes=50)

    assert (await enter(world, DANA, visit)).json()["code"] == "NotBooked"


async def test_anybody_may_look_in_the_mirror(world: World) -> None:
    entry = (await (await world.of(MAYA)).post("/v1/mirror")).json()

    ticket = tickets.read(SITE.ticket_key, entry["ticket"], world.clock.now)
    assert (ticket.person, ticket.kind) == (MAYA.id, "mirror")


async def test_what_relays_a_visit_is_lent_to_no_later_than_its_end(world: World) -> None:
    visit = await booked(world.pool, world)
    ends = world.clock.now + timedelta(hours=1, minutes=50 + 30)
    for minutes, ttl in ((50, 600), (85, 5 * 60)):
        now = world.clock.forward(minutes=minutes)
        entry = (await enter(world, MAYA, visit)).json()
        ticket = tickets.read(SITE.ticket_key, entry["ticket"], now)
        assert ticket.closes_at == int(ends.timestamp())
        assert entry["ice"]["ttl"] == ttl
