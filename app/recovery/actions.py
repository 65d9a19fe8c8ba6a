"""Make recovery codes, and use one."""

import secrets
from datetime import datetime

from app import auth, limits
from app.auth import Signed
from app.codes.models import Assured
from app.recovery import queries, rules
from app.recovery.models import RecoveryCodeGiven, RecoveryCodes, RecoveryLeft
from app.site import Site
from app.spoken import grouped
from db import Connection, Pool, Principal


async def make(db: Connection, site: Site, me: Signed, now: datetime) -> RecoveryCodes:
    """Ten codes, shown once; those from before open nothing any more."""
    made = rules.new(site.code_key, secrets.token_bytes(32))
    await queries.replace(db, me.id, [rules.kept(site.code_key, me.id, code) for code in made], now)
    return RecoveryCodes([grouped(code, 5) for code in made], now)


async def left(db: Connection, me: Signed) -> RecoveryLeft:
    """How many the caller still has."""
    row = await queries.left(db, me.id)
    return RecoveryLeft(row.left, row.made_at) if row else RecoveryLeft(0, None)


async def use(
    pool: Pool, caller: Principal, site: Site, me: Signed, given: RecoveryCodeGiven, now: datetime
) -> Assured:
    """Be sure of whoever holds one of their codes. A try is counted before it is looked at, whatever comes of it."""
    await limits.spend(pool, limits.RECOVERY, me.id.bytes, now)
    async with pool.transaction(caller) as db:
        if not await queries.use(db, me.id, rules.kept(site.code_key, me.id, given.code), now):
            raise rules.RecoveryRefused
        await auth.prove(db, me.session_id, now, "recovery-code", assurance="full")
    return Assured("full")
