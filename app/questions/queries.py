"""The tables check_in_form and check_in_question."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from app.questions.models import Asked, FormQuestion, Kept
from db import Connection


async def form(db: Connection, organisation_id: UUID) -> list[FormQuestion]:
    """A program's own questions where it has a form of its own, or else the default ones, in order."""
    return await db.all(
        FormQuestion,
        """
        SELECT question, required, choices, english, spanish FROM check_in_question
        WHERE organisation_id IS NOT DISTINCT FROM (
            SELECT organisation_id FROM check_in_form WHERE organisation_id = $1)
        ORDER BY position
        """,
        organisation_id,
    )


async def asked(db: Connection, organisation_id: UUID) -> list[Asked]:
    """The same as the rules know them."""
    return await db.all(
        Asked,
        """
        SELECT question, required, choices, since FROM check_in_question
        WHERE organisation_id IS NOT DISTINCT FROM (
            SELECT organisation_id FROM check_in_form WHERE organisation_id = $1)
        ORDER BY position
        """,
        organisation_id,
    )


async def change(db: Connection, new: Sequence[Kept], now: datetime) -> bool:
    """Ask these questions from now on, in this order; False for whoever may not. Of two at once the later holds."""
    return await db.value(bool, "SELECT ask_each_day($1, $2)", msgspec.json.encode(new).decode(), now) is True
