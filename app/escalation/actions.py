"""Find out whom an alert reaches now."""

from datetime import datetime, timedelta
from uuid import UUID

from app.escalation import queries, rules
from app.escalation.models import Policy, Telling
from db import Connection

USUAL_LAPSE = timedelta(minutes=10)


async def policy(
    db: Connection, organisation_id: UUID, patient_id: UUID, alert_id: UUID, alert_class: str,
    class_since: datetime, now: datetime,
) -> Policy:  # fmt: skip
    """The program's plan for that class and the people whom it may reach; raises `LookupError` without a plan."""
    plan = await queries.plan(db, organisation_id, alert_class)
    hours = await queries.hours(db, organisation_id, alert_class)
    if hours is None or not plan:
        raise LookupError("a class of alerts has no plan")
    supporters = await queries.supporters(db, organisation_id, patient_id, alert_id, class_since, now)
    return Policy(plan, hours, supporters)


async def lapses_at(db: Connection, organisation_id: UUID, alert_class: str, now: datetime) -> datetime:
    """When a claim that is made now ends, unless contact is tried."""
    hours = await queries.hours(db, organisation_id, alert_class)
    return now + (hours.lapses if hours else USUAL_LAPSE)


async def brought_up_at(db: Connection, organisation_id: UUID, alert_class: str, now: datetime) -> datetime | None:
    """When an alert that is answered now is brought up again, unless it is closed; None: never."""
    hours = await queries.hours(db, organisation_id, alert_class)
    return None if hours is None or hours.unclosed is None else now + hours.unclosed


async def beside(db: Connection, patient_id: UUID, alert_class: str, told: Telling, found: Policy) -> list[UUID]:
    """The assigned peer who stands beside the clinician, where the patient has asked for one."""
    opted_in = await queries.wants_peer_beside(db, patient_id)
    return rules.beside(alert_class, told, found.supporters, opted_in=opted_in)
