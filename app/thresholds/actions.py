"""Read from when on answers worry a program, and set it."""

from datetime import datetime

from app.auth import Signed
from app.errors import IdTaken, NotFound
from app.thresholds import queries, rules
from app.thresholds.models import KeptThresholds, NewThresholds, ThresholdHistory
from db import Connection


async def history(db: Connection, me: Signed) -> ThresholdHistory:
    """What holds, held and will hold for the caller's program."""
    return ThresholdHistory(await queries.history(db, me.organisation_id))


async def add(db: Connection, me: Signed, new: NewThresholds, now: datetime) -> KeptThresholds:
    """Let these hold from then on. What held before stays: an alert is explained by the thresholds of its day."""
    rules.check_new(new, now)
    added = await queries.add(db, new)
    if added is None:
        raise NotFound
    kept = await queries.by_id(db, me.organisation_id, new.id)
    if kept is None:
        raise rules.NotTheirTime
    if not added and not rules.same(kept, new):
        raise IdTaken
    return kept
