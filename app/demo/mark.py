"""The mark that a demo leaves in its database, so that no real person is ever served from it."""

from datetime import datetime

from app.demo import rules
from app.demo.cast import HOUSES
from db import connect
from db.connection import Raw


async def check(dsn: str, *, demo: bool) -> None:
    """Refuse to serve a demo's database outside demo mode, and any other in it; raises `Misplaced`."""
    raw = await connect(dsn)
    try:
        rules.check_served(demo=demo, marked=await found(raw))
    finally:
        await raw.close()


async def found(raw: Raw) -> bool:
    """Whether a demo was put into this database."""
    return await raw.fetchval("SELECT EXISTS (SELECT FROM demo_mark)") is True


async def leave(raw: Raw, now: datetime) -> None:
    """Mark the database as a demo's, in the transaction that fills it; raises `Misplaced` where real people are.

    A link for a first operator that was printed before stops working: it would let somebody real into the demo.
    """
    there = [row["id"] for row in await raw.fetch("SELECT id FROM organisation")]
    rules.check_seeded(there, [house.id for house in HOUSES])
    await raw.execute("DELETE FROM setup_link WHERE used_at IS NULL")
    await raw.execute("INSERT INTO demo_mark (seeded_at) VALUES ($1) ON CONFLICT DO NOTHING", now)
