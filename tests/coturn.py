"""A real coturn with the settings that are shipped, on loopback alone, for as long as a test needs it."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from socket import create_server
from tempfile import TemporaryDirectory

import pytest

from app.doctor import turn
from app.doctor.turn import NotTurn, Refused

SETTINGS = Path(__file__).resolve().parents[1] / "deploy" / "turnserver.conf"
SECRET = "shared with coturn, and long"
START_SECONDS = 20

# As shipped, nothing is relayed to loopback, where the other side of a test stands.
TO_LOOPBACK = ("--allow-loopback-peers", "--allowed-peer-ip=127.0.0.1")


def need_coturn() -> None:
    """Skip where coturn is not installed; in continuous integration that is a failure."""
    if shutil.which("turnserver"):
        return
    sentence = "coturn is not installed: apt-get install coturn"
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(sentence)
    pytest.skip(sentence)


@asynccontextmanager
async def coturn(secret: str = SECRET, more: Sequence[str] = ()) -> AsyncIterator[int]:
    """The port that it listens on, for UDP and TCP."""
    need_coturn()
    with create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    with TemporaryDirectory(prefix="cairn-turn-") as folder:
        here = ["--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", f"--listening-port={port}", "--no-tls", "--no-dtls"]
        own = [f"--pidfile={folder}/pid", f"--userdb={folder}/users", f"--static-auth-secret={secret}", "--realm=test"]
        command = ["turnserver", "-c", str(SETTINGS), *here, *own, *more]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
            try:
                await _listening(server, port)
                yield port
            finally:
                server.kill()


async def _listening(server: subprocess.Popen[bytes], port: int) -> None:
    """Asked as a phone asks, until it answers over UDP; it refuses nobody, and that is an answer."""
    async with asyncio.timeout(START_SECONDS):
        while server.poll() is None:
            try:
                async with turn.allocated(f"turn:127.0.0.1:{port}", "nobody", ""):
                    raise AssertionError("coturn lets in anybody")
            except Refused:
                return
            except (OSError, TimeoutError, NotTurn):
                await asyncio.sleep(0.02)
    raise AssertionError("coturn did not start with the shipped settings")
