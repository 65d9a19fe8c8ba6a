"""Hand out what opens a visit's socket."""

from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4

from app import audit
from app.auth import Signed
from app.errors import NotFound
from app.site import Site
from app.visits import queries, rules
from app.visits.models import Entry, Visits
from db import Connection, new_id
from signaling import ice, tickets
from signaling.tickets import Ticket


async def enter(db: Connection, me: Signed, site: Site, appointment_id: UUID, now: datetime) -> Entry:
    """A ticket for one of the two people of an appointment, while its visit is open."""
    booked = await queries.booked(db, appointment_id, me.id)
    if booked is None:
        raise NotFound
    rules.enter(booked, now)
    await audit.record(db, "enter", "visits", [booked.patient_id], booked.id)
    closes_at = booked.ends_at + rules.CLOSES_AFTER
    return _entry(site, booked.id, me, rules.role(booked, me.id), "visit", now, closes_at)


async def soon(db: Connection, me: Signed, now: datetime) -> Visits:
    """What the caller, a patient, can go to now or within a day."""
    items = await queries.between(db, me.id, now - rules.CLOSES_AFTER, now + rules.SOON)
    await audit.record(db, "list", "visits", [me.id])
    return Visits(items)


def mirror(me: Signed, site: Site, now: datetime) -> Entry:
    """A ticket for a room where the other side sends back what it gets, to test camera and network."""
    return _entry(site, uuid4(), me, "patient" if me.has("patient") else "staff", "mirror", now)


def _entry(
    site: Site,
    room: UUID,
    me: Signed,
    role: Literal["patient", "staff"],
    kind: Literal["visit", "mirror"],
    now: datetime,
    closes_at: datetime | None = None,
) -> Entry:
    """Sign a ticket, and lend TURN credentials that name this ticket and no person, and end with the visit."""
    expires, ends = now + rules.TICKET_LASTS, int(closes_at.timestamp()) if closes_at else None
    ticket = Ticket(new_id(now), room, me.id, role, kind, int(expires.timestamp()), me.session_id, ends)
    lent = ice.servers(site.turn_urls, site.turn_secret, ticket.id, now, ice.lasting(now, ends))
    return Entry(site.socket, tickets.issue(site.ticket_key, ticket), expires, lent)
