"""The served page in a real browser: one Chromium for the run, a database and a server for each test."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from litestar import Litestar
from playwright.async_api import Browser, async_playwright

from app import setup
from app.asgi import create_app
from app.clock import system_clock
from app.demo import seed
from app.site import Site
from app.stack import signaling_beside
from db import Bell, embedded, migrate, open_pool
from deploy import launcher, npm
from tests.browser.people import People
from tests.conftest import copied
from tests.keys import some_keys

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
)


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The machine's own Chromium, with a camera that shows a moving test picture and a microphone that beeps."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("Chromium is not installed here")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=FLAGS, timeout=60_000)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def packages() -> None:
    """The page's packages, as its lock file names them."""
    try:
        npm.install(everything=True)
    except launcher.CannotPrepare as problem:
        pytest.skip(f"the page's packages cannot be installed here: {problem}")


@pytest.fixture
async def address(server: embedded.Server, template: str, packages: None) -> AsyncIterator[str]:
    """Where a whole Cairn with its demo people answers, on a database of its own and by the real clock."""
    async with copied(server, template, "browser") as name:
        await seed.everything(server.dsn(name), system_clock())
        async with answering(server.dsn(name, migrate.APP_ROLE), demo=True) as url:
            yield url


@pytest.fixture
async def setup_link(server: embedded.Server, packages: None) -> AsyncIterator[str]:
    """The link that a Cairn prints in which there is nobody yet."""
    async with copied(server, "template1", "nobody") as name:
        await migrate.migrate(server.dsn(name))
        async with answering(server.dsn(name, migrate.APP_ROLE), demo=False) as url:
            link = await setup.link(server.dsn(name), url, system_clock())
            assert link is not None
            yield link


@asynccontextmanager
async def answering(dsn: str, *, demo: bool) -> AsyncIterator[str]:
    """The address at which API and signaling answer over this database."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        pool = await open_pool(dsn, size=8, keys=some_keys())
        bell = Bell()
        pool.ring = bell.ring
        site = Site(ticket_key=b"k" * 32, demo=demo, public_url=url)
        async with serving(create_app(pool, bell, site, beside=[signaling_beside(site)]), listener, bell):
            yield url
        await pool.close()


@asynccontextmanager
async def serving(app: Litestar, listener: socket.socket, bell: Bell) -> AsyncIterator[None]:
    """The app behind uvicorn on that socket, as it is really served."""
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="on", ws="websockets-sansio", timeout_graceful_shutdown=5
    )
    running = uvicorn.Server(config)
    task = asyncio.create_task(running.serve(sockets=[listener]))
    while not running.started and not task.done():
        await asyncio.sleep(0)
    try:
        yield
    finally:
        bell.close()
        running.should_exit = True
        await task


@pytest.fixture
async def people(chromium: Browser, address: str) -> AsyncIterator[People]:
    """Pages for whomever the test speaks of. Afterwards none of them may have complained or looked elsewhere."""
    made = People(chromium, address)
    yield made
    await made.leave()
    assert made.complaints == []
    assert made.elsewhere == set()
