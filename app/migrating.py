"""Bring the schema up to date, or tell what would be run."""

import asyncio

from app import database, stack
from app.settings import Settings
from db import migrate


def run(settings: Settings, *, plan_only: bool) -> None:
    """Migrate the configured database, or the embedded one."""
    asyncio.run(_run(settings, plan_only=plan_only))


async def _run(settings: Settings, *, plan_only: bool) -> None:
    async with database.opened(settings, stack.secret_of(settings)) as place:
        names = [m.name for m in await migrate.plan(place.owner)] if plan_only else await stack.migrated(place)
    told = "would run" if plan_only else "run"
    print("\n".join(f"{told}: {name}" for name in names) or "The schema is up to date.")
