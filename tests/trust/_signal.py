"""A signaling process for whoever means harm: `python -m tests.trust._signal KEY`; it prints its port."""

import sys

import uvloop

from app import logs, server
from app.clock import system_clock
from signaling.asgi import create_app
from signaling.hub import Config
from tests.trust._serve import say


async def serve(key: str) -> None:
    """Serve until nobody listens to us any more; nobody is waited for as long as in a real visit."""
    logs.configure("warning")
    sock = server.bind("127.0.0.1", 0)
    app = create_app(Config(ticket_key=bytes.fromhex(key), clock=system_clock, hello_seconds=2, silence_seconds=20))
    await server.serve(app, sock, started=lambda: say(sock.getsockname()[1]), stopping=lambda: None)


if __name__ == "__main__":
    uvloop.run(serve(*sys.argv[1:]))
