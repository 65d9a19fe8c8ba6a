"""Bring the schema up to date, or tell what would be run; whoever owns it can also let operators in."""

import asyncio
from collections.abc import Sequence

from app import card, database, setup, stack, unusable
from app.clock import system_clock
from app.settings import Settings


def run(settings: Settings, *, plan_only: bool) -> None:
    """Migrate the configured database, or the embedded one; outside demo mode the first operator's link follows."""
    asyncio.run(_run(settings, plan_only=plan_only))


async def _run(settings: Settings, *, plan_only: bool) -> None:
    async with database.opened(settings, stack.secret_of(settings)) as place:
        names = await stack.planned(place) if plan_only else await stack.migrated(place, settings)
        _tell("would run" if plan_only else "run", names)
        if not plan_only and not stack.is_demo(settings):
            link = await stack.first_operator(place, stack.public_url(settings))
            print("\n".join(card.first(link, page=True)))


def let_operators_in(settings: Settings) -> None:
    """Print a one-time sign-in link for each operator: the way back when none of them can come in any more."""
    asyncio.run(_let_operators_in(settings))


async def _let_operators_in(settings: Settings) -> None:
    async with database.opened(settings, stack.secret_of(settings)) as place:
        with unusable.told(place.owner_setting):
            ways = await setup.ways_back(place.owner, stack.public_url(settings), system_clock())
    print("\n".join(card.ways_back(ways)))


def _tell(done: str, names: Sequence[str]) -> None:
    print("\n".join(f"{done}: {name}" for name in names) or "The schema is up to date.", flush=True)
