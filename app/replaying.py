"""`app rules replay`: what other thresholds would have raised. It reads as the owner, and writes nothing."""

import argparse
import asyncio
from collections.abc import Mapping
from datetime import date

import msgspec

from app import database, stack, unusable
from app.settings import Settings
from app.thresholds.replay import CannotReplay, Report, changed, in_words, programs, replayed
from db.reading import reading


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Replay, print, and end with 0."""
    since, changes = _day(options.since), changed(options.set or ())
    reports = asyncio.run(_replay(settings, since, changes))
    if options.json:
        print(msgspec.json.encode(reports).decode())
    else:
        print("\n\n".join(in_words(one) for one in reports) or "There is no program yet.")
    return 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CannotReplay("Expected a day, such as 2026-03-03.") from None


async def _replay(settings: Settings, since: date, changes: Mapping[str, int]) -> list[Report]:
    async with database.opened(settings, stack.secret_of(settings)) as place:
        with unusable.told(place.owner_setting):
            async with reading(place.owner) as db:
                return [await replayed(db, one, since, changes) for one in await programs(db)]
