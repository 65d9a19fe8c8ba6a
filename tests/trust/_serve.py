"""A demo server for whoever means harm: `python -m tests.trust._serve DSN [LEVEL]`; it prints its port.

It counts nobody's requests, since one person here asks thousands of times. End of input ends it.
"""

import asyncio
import signal
import sys
from contextlib import AsyncExitStack

import uvloop

import notifications
from app import logs, server
from app.alerts import actions as alerts
from app.asgi import create_app
from app.clock import system_clock
from app.crisis import actions as crisis
from app.stack import signaling_beside
from db import Pool, open_bell, open_pool
from tests.keys import some_keys
from tests.notifications.phones import Phones
from tests.world import SITE


async def serve(dsn: str, level: str = "warning") -> None:
    """Serve until nobody listens to us any more."""
    logs.configure(level)
    sock = server.bind("127.0.0.1", 0)
    pool = await open_pool(dsn, keys=some_keys())
    try:
        await crisis.remember(pool)
        async with open_bell(pool, dsn) as bell, AsyncExitStack() as stack:
            bell.close()  # so that a stream of live events ends by itself
            keeping_up = asyncio.create_task(_keeps_up(pool))
            stack.callback(keeping_up.cancel)
            app = create_app(pool, bell, SITE, limited=False, beside=[signaling_beside(SITE)])
            await server.serve(app, sock, started=lambda: say(sock.getsockname()[1]), stopping=lambda: None)
    finally:
        await pool.close()


async def _keeps_up(pool: Pool) -> None:
    """What the worker does so that nothing is overdue."""
    phones = Phones()
    while True:
        now = system_clock()
        await alerts.escalate_overdue(pool, now)
        await notifications.deliver_due(pool, phones, now)
        for push in phones.pushes:
            sys.stderr.write(f"pushed {push.delivery} {push.tag} {push.line}\n")
        sys.stderr.flush()
        phones.pushes.clear()
        await asyncio.sleep(1)


def say(port: int) -> None:
    """Where we are; and from now on, for each line that comes in, how many tasks there are."""
    _write(port)
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _heard)


def _heard() -> None:
    if sys.stdin.readline():
        _write(len(asyncio.all_tasks()))
    else:
        signal.raise_signal(signal.SIGTERM)


def _write(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(serve(*sys.argv[1:]))
