"""Look whether this server is well."""

from datetime import datetime

from app.health import queries, rules
from app.health.models import Ready
from db import Pool, meaning, migrate, unmigrated

KNOWN = [m.name for m in migrate.read()]


async def ready(pool: Pool, now: datetime) -> Ready:
    """Database, migrations, age of the oldest due reminder or alert; never raises for a database that is away."""
    try:
        async with pool.reading() as db:
            return rules.ready(await queries.applied(db), KNOWN, await queries.oldest_due(db, now))
    except Exception as error:
        if meaning(error) == "try-again":
            return rules.UNREACHABLE
        if unmigrated(error):
            return rules.HALF_MIGRATED
        raise
