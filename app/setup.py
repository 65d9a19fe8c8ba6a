"""The one-time link with which the first operator comes in."""

from datetime import datetime, timedelta

from app import auth
from db.pool import connect

LASTS = timedelta(hours=24)


async def link(owner_dsn: str, public_url: str, now: datetime) -> str | None:
    """A fresh link, as the schema's owner; None when there is an operator already. Older links stop working."""
    raw = await connect(owner_dsn)
    try:
        if await raw.fetchval("SELECT EXISTS (SELECT FROM staff_role WHERE role = 'operator')"):
            return None
        secret, sha256 = auth.new_secret()
        await raw.execute("DELETE FROM setup_link WHERE used_at IS NULL")
        await raw.execute("INSERT INTO setup_link (sha256, expires_at) VALUES ($1, $2)", sha256, now + LASTS)
        return f"{public_url}/#setup={secret}"
    finally:
        await raw.close()
