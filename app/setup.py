"""The one-time links that whoever owns the database makes: for the first operator, and for one who cannot come in."""

from datetime import datetime, timedelta

from msgspec import Struct

from app import auth
from app.signin.actions import LINK_LASTS
from db.pool import connect

LASTS = timedelta(hours=24)


class WayBack(Struct, frozen=True):
    """A one-time sign-in link for somebody who operates an organisation."""

    name: str
    organisation: str
    url: str


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


async def ways_back(owner_dsn: str, public_url: str, now: datetime) -> list[WayBack]:
    """A fresh sign-in link for every operator, as the schema's owner; a link of theirs that was not used yet ends.

    Whoever owns the database could do this by hand; here it leaves the same row as a link that an operator makes.
    """
    raw = await connect(owner_dsn)
    try:
        async with raw.transaction():
            operators = await raw.fetch(
                """
                SELECT p.id, p.name, o.name AS organisation FROM staff_role r
                JOIN person p ON p.id = r.person_id JOIN organisation o ON o.id = p.organisation_id
                WHERE r.role = 'operator' ORDER BY o.name, p.name
                """
            )
            ways = []
            for one in operators:
                secret, sha256 = auth.new_secret()
                await raw.execute("DELETE FROM sign_in_link WHERE person_id = $1 AND used_at IS NULL", one["id"])
                await raw.execute(
                    "INSERT INTO sign_in_link (sha256, person_id, made_by, made_at, expires_at)"
                    " VALUES ($1, $2, $2, $3, $4)",
                    sha256, one["id"], now, now + LINK_LASTS,
                )  # fmt: skip
                # Nobody vouches where there is one operator alone, and whoever owns the database needs no link at all.
                await raw.execute("UPDATE sign_in_link SET opens_at = $2 WHERE sha256 = $1", sha256, now)
                ways.append(WayBack(one["name"], one["organisation"], f"{public_url}/#invite={secret}"))
            return ways
    finally:
        await raw.close()
