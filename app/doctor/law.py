"""Legal parameters and texts are dated: what soon holds no more is told before people notice by being refused."""

from collections.abc import Callable
from datetime import datetime

from app.doctor.findings import Finding, ok, warn
from app.doctor.storage import NOT_RUNNING, Unreachable, connected, where
from app.legal import rules
from app.legal.models import Lasting
from app.settings import Settings

# Of each name what holds longest: where one row ends and another goes on, nothing ends.
_LASTING = """
    SELECT name, nullif(max(coalesce(valid_until, 'infinity')), 'infinity') AS ends
    FROM (SELECT name || CASE jurisdiction WHEN 'US' THEN '' ELSE ' (' || jurisdiction || ')' END AS name, valid_until
          FROM legal_parameter
          UNION ALL SELECT name || ' (' || language || ')', valid_until FROM legal_text) AS dated
    GROUP BY name
"""
_THERE = "SELECT to_regclass('public.legal_text') IS NOT NULL"


async def parameters(settings: Settings, clock: Callable[[], datetime]) -> Finding:
    """Every parameter and text holds for thirty days more."""
    place = where(settings)
    if place is None:
        return NOT_RUNNING
    try:
        async with connected(place.owner, place.owner_setting) as raw:
            if not await raw.fetchval(_THERE):
                return ok("To be seen once the migrations have run.")
            found = [Lasting(row["name"], row["ends"]) for row in await raw.fetch(_LASTING)]
    except Unreachable as unreachable:
        return unreachable.finding
    today = clock().date()
    ending = rules.running_out(found, today)
    if not ending:
        return ok(f"{len(found)} parameters and texts hold, each for thirty days more at least.")
    return warn(
        f"Soon, or already, not in force: {', '.join(rules.told(one, today) for one in ending)}.",
        "Look up what holds from then on, and add it as a row of legal_parameter or legal_text with its source.",
    )
