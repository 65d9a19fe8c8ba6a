import asyncio
import json
import os
import signal
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

import db as database
import notifications
from db import CLOCK, Pool
from notifications import Kind, local_fcm, rules
from notifications.local_fcm import LocalFcm
from tests.keys import some_keys
from tests.notifications.conftest import Cast
from tests.notifications.phones import Phones, has_a_phone, states, tell

ROOT = Path(__file__).resolve().parents[2]
ROWS, KILLS, AT_ONCE = 300, 6, 8

# Delivers until nothing waits. Its clock is ahead by as many leases as workers died before it, so that nobody waits
# half a minute for what they had leased.
WORKER = '''
import asyncio, json, sys
from datetime import datetime, timedelta, UTC
import db, notifications
from notifications import push, rules
from tests.keys import some_keys

WAITING = """
SELECT EXISTS (SELECT FROM notification WHERE next_at IS NOT NULL)
    OR EXISTS (SELECT FROM delivery WHERE next_at IS NOT NULL)
"""

async def something_waits(pool):
    async with pool.transaction(db.CLOCK) as clock:
        return await clock.value(bool, WAITING)

async def main(dsn, account, endpoint, died, at_once):
    pool = await db.open_pool(dsn, size=2, keys=some_keys())
    async with push.open_firebase(account, endpoint) as channel:
        while await something_waits(pool):
            now = datetime.now(UTC) + died * (rules.LEASE + timedelta(seconds=1))
            await notifications.deliver_due(pool, channel, now, at_once=at_once)
    await pool.close()

asyncio.run(main(**json.load(sys.stdin)))
'''


async def a_worker(dsn: str, fcm: LocalFcm, died: int) -> asyncio.subprocess.Process:
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        WORKER,
        stdin=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)]), "PATH": os.environ["PATH"]},
    )
    told = {"dsn": dsn, "account": fcm.service_account, "endpoint": fcm.url, "died": died, "at_once": AT_ONCE}
    assert worker.stdin is not None
    worker.stdin.write(json.dumps(told).encode())
    worker.stdin.close()
    return worker


@pytest.mark.faults
async def test_a_worker_that_is_killed_again_and_again_loses_nothing(pool: Pool, cast: Cast, dsn: str) -> None:
    now = datetime.now(UTC)  # noqa: TID251 - the workers are processes with clocks of their own
    await has_a_phone(pool, cast.maya, "maya-1", now)
    async with pool.transaction(CLOCK) as db:
        for _ in range(ROWS):
            await notifications.send(
                db, [cast.maya], Kind.APPOINTMENT, uuid4(), due_at=now, expires_at=now + timedelta(hours=1), now=now
            )
    async with local_fcm.serve() as fcm:
        for died in range(KILLS):
            worker = await a_worker(dsn, fcm, died)
            await fcm.arrived("maya-1", (died + 1) * ROWS // (KILLS + 1), within=60)
            worker.kill()
            assert await worker.wait() == -signal.SIGKILL
        last = await a_worker(dsn, fcm, KILLS)
        assert await asyncio.wait_for(last.wait(), 60) == 0
        arrivals = Counter(arrival.message["android"]["notification"]["tag"] for arrival in fcm.inbox("maya-1"))

    async with pool.transaction(CLOCK) as db:
        again = (
            "SELECT n.subject_id FROM delivery d JOIN notification n ON n.id = d.notification_id WHERE d.attempt > 1"
        )
        attempts = {rules.tag(cast.maya, subject) for subject in await db.values(UUID, again)}
        assert await db.value(int, "SELECT count(*) FROM delivery WHERE state = 'sent'") == ROWS
    assert len(arrivals) == ROWS
    repeated = {tag for tag, times in arrivals.items() if times > 1}
    assert repeated <= attempts
    assert arrivals.total() - ROWS <= KILLS * AT_ONCE


async def test_the_database_cut_off_in_the_middle_of_a_pass_loses_nothing(
    pool: Pool, cast: Cast, owner: str, dsn: str, now: datetime
) -> None:
    phones = Phones()
    await has_a_phone(pool, cast.maya, "maya-1", now)
    await tell(pool, cast.maya, now)
    doomed = await database.open_pool(dsn, size=1, application="doomed", keys=some_keys())

    async def cut_off() -> None:
        raw = await database.connect(owner)
        await raw.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'doomed'")
        await raw.close()

    phones.during = cut_off
    await asyncio.gather(notifications.deliver_due(doomed, phones, now), return_exceptions=True)
    phones.during = None
    await doomed.close()
    await notifications.deliver_due(pool, phones, now + timedelta(seconds=31))
    assert await states(pool, "delivery") == ["sent"]
    assert 1 <= len(phones.pushes) <= 2
    assert len({push.tag for push in phones.pushes}) == 1
