"""A real OpenID provider on this machine, and somebody who signs in there."""

import asyncio
import re
import shutil
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
import pytest

from app.site import OpenId
from app.web.assets import HERE
from deploy import launcher, npm

SCRIPT = Path(__file__).with_suffix(".mjs")
SECRET = "a secret: of ours & theirs"
START_SECONDS = 30


class Provider:
    """It answers at `config.issuer`."""

    def __init__(self, issuer: str) -> None:
        self.config = OpenId(issuer, "cairn", SECRET, "Harbor")

    async def rotate(self) -> None:
        """It signs with a new key from now on, and knows the old one no more."""
        async with httpx.AsyncClient() as client:
            (await client.get(f"{self.config.issuer}/test/rotate")).raise_for_status()

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[httpx.AsyncClient]:
        """Whoever signs in there; it is remembered as a browser does, until they leave."""
        async with httpx.AsyncClient(timeout=30) as client:
            yield client


@asynccontextmanager
async def running(back: str, ended: str) -> AsyncIterator[Provider]:
    """The provider that sends browsers back there, and tells of a logout here."""
    try:
        npm.install(everything=True)
    except launcher.CannotPrepare as problem:
        pytest.skip(f"the page's packages cannot be installed here: {problem}")
    node = shutil.which("node") or pytest.skip("Node.js is not installed here")
    arguments = (str(SCRIPT), str(HERE / "node_modules"), back, ended)
    process = await asyncio.create_subprocess_exec(node, *arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    assert process.stdin is not None
    try:
        yield Provider(await _issuer(process))
    finally:
        process.stdin.close()
        await process.wait()


async def _issuer(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(START_SECONDS):
        async for line in process.stdout:
            if line.startswith(b"issuer "):
                return line.decode().split()[1]
    raise AssertionError("the provider did not start")


async def log_in(browser: httpx.AsyncClient, url: str, account: str, back: str) -> dict[str, str]:
    """Follow the way to the provider, be that account, and say what one is sent back with."""
    for _ in range(20):
        if url.startswith(back):
            return dict(parse_qsl(urlsplit(url).fragment))
        answer = await browser.get(url)
        if answer.is_redirect:
            url = urljoin(url, answer.headers["location"])
            continue
        form = re.search(r'action="([^"]+)"', answer.text)
        prompt = re.search(r'name="prompt" value="([^"]+)"', answer.text)
        assert form, answer.text
        assert prompt, answer.text
        sent = {"prompt": prompt[1]} | ({"login": account, "password": "x"} if prompt[1] == "login" else {})
        answer = await browser.post(urljoin(url, form[1]), data=sent)
        url = urljoin(url, answer.headers["location"])
    raise AssertionError(f"the way by {urlsplit(url).path} does not end")
