"""What the database says of itself."""

from datetime import datetime

from db import Connection


async def applied(db: Connection) -> list[str]:
    """The migrations that have run."""
    return await db.values(str, "SELECT name FROM migration ORDER BY name")


async def oldest_due(db: Connection, now: datetime) -> float | None:
    """Seconds since the oldest reminder or alert that is due should have gone on; None where nothing waits."""
    return await db.value(float, "SELECT oldest_due_seconds($1)", now)
