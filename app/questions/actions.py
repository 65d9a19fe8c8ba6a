"""Read what a program asks each day, and change it."""

from datetime import datetime

from app.auth import Signed
from app.errors import NotFound
from app.questions import queries, rules
from app.questions.models import CheckInForm, NewForm
from db import Connection


async def form(db: Connection, me: Signed) -> CheckInForm:
    """What the caller's program asks."""
    return rules.form(await queries.form(db, me.organisation_id))


async def change(db: Connection, me: Signed, new: NewForm, now: datetime) -> CheckInForm:
    """Ask this from now on. What was answered before, on a phone without network, is held to the old questions."""
    rules.check_form(new)
    before = await queries.asked(db, me.organisation_id)
    if not await queries.change(db, [rules.kept(one, before, now) for one in new.questions], now):
        raise NotFound
    return await form(db, me)
