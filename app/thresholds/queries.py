"""The table check_in_threshold: dated rows, never changed."""

from uuid import UUID

import msgspec
from msgspec.structs import asdict

from app.thresholds.models import KeptThresholds, NewThresholds
from db import Connection


async def history(db: Connection, organisation_id: UUID) -> list[KeptThresholds]:
    """A program's own rows and the default ones, in the order in which they come to hold."""
    return await db.all(
        KeptThresholds,
        """
        SELECT id, organisation_id IS NOT NULL AS own, valid_from, craving_high, craving_above, mood_low, mood_below,
               median_days, together_craving, together_mood, together_sleep, trend_points, missed_days, basis
        FROM check_in_threshold WHERE organisation_id = $1 OR organisation_id IS NULL
        ORDER BY organisation_id NULLS LAST, valid_from DESC
        """,
        organisation_id,
    )


async def add(db: Connection, new: NewThresholds) -> bool | None:
    """Whether they are kept now: not where the id is used, or other ones begin then. None for whoever may not."""
    return await db.value(bool, "SELECT worry_from($1)", msgspec.json.encode(asdict(new)).decode())


async def by_id(db: Connection, organisation_id: UUID, threshold_id: UUID) -> KeptThresholds | None:
    """One of the program's own."""
    return await db.one(
        KeptThresholds,
        """
        SELECT id, organisation_id IS NOT NULL AS own, valid_from, craving_high, craving_above, mood_low, mood_below,
               median_days, together_craving, together_mood, together_sleep, trend_points, missed_days, basis
        FROM check_in_threshold WHERE id = $2 AND organisation_id = $1
        """,
        organisation_id,
        threshold_id,
    )
