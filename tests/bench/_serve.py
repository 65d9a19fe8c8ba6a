"""A server process of a benchmark: `python -m tests.bench._serve PEER DSN`.

It prints its port, then for each line that it reads the CPU seconds it has used so far; end of input ends it.
"""

import importlib
import signal
import sys
import time
from typing import Any

import uvloop

from app import server


async def serve(peer: str, dsn: str) -> None:
    """Serve one peer with the settings that Cairn serves with."""
    sock = server.bind("127.0.0.1", 0)
    async with importlib.import_module(f"tests.bench._peers.{peer}").opened(dsn) as app:
        await server.serve(app, sock, started=lambda: _listen(sock.getsockname()[1]), stopping=lambda: None)


def _listen(port: int) -> None:
    import asyncio

    _say(port)
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _asked)


def _asked() -> None:
    """Reading costs the same little for everybody, outside what is measured."""
    if sys.stdin.readline():
        _say(time.process_time())
    else:
        signal.raise_signal(signal.SIGTERM)


def _say(what: Any) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(serve(*sys.argv[1:]))
