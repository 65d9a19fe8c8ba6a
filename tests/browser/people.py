"""People at the page: each in a browser context of their own, signed in by the one-click link."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect

from app.clock import system_clock
from app.demo.cast import MAYA, Person
from app.web.assets import HERE
from db import new_id

DESKTOP = ViewportSize(width=1280, height=860)
PHONE = ViewportSize(width=360, height=740)
AXE = HERE / "node_modules" / "axe-core" / "axe.min.js"
# Long enough for a browser that shares two cores with everything else.
PATIENCE = 20_000
SIGN_OUT = re.compile("Sign out|Salir")

# Every connection and socket that the page makes is kept where a test can ask it what it has received, or cut it.
KEEP_CONNECTIONS = """
    window.connections = [];
    window.sockets = [];
    window.WebSocket = class extends WebSocket {
        constructor(...given) { super(...given); window.sockets.push(this); }
    };
    window.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(...given) { super(...given); window.connections.push(this); }
    };
"""
RECEIVED = """
    async () => {
        const latest = window.connections.at(-1);
        const received = { state: latest?.connectionState ?? "none", frames: 0, sound: 0 };
        for (const one of (await latest?.getStats())?.values() ?? []) {
            if (one.type !== "inbound-rtp") continue;
            if (one.kind === "video") received.frames = one.framesDecoded ?? 0;
            if (one.kind === "audio") received.sound = one.packetsReceived;
        }
        const picture = document.querySelector("video.big");
        return { ...received, width: picture?.videoWidth ?? 0, time: picture?.currentTime ?? 0 };
    }
"""
WIDER_THAN_THE_SCREEN = """
    () => [...document.querySelectorAll("body *")]
        .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
        .filter((one) => getComputedStyle(one).position !== "absolute")
        .map((one) => `${one.tagName}.${one.className}`)
"""

expect.set_options(timeout=PATIENCE)


class People:
    """Opens pages and remembers everything that a page complained about or fetched from another place."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.browser, self.address = browser, address
        self.complaints: list[str] = []
        self.elsewhere: set[str] = set()
        self._contexts: list[BrowserContext] = []
        self._clients: list[httpx.AsyncClient] = []

    async def nobody(self, size: ViewportSize = DESKTOP, **options: Any) -> Page:
        """A page at which nobody has signed in."""
        context = await self.browser.new_context(viewport=size, locale="en-US", **options)
        self._contexts.append(context)
        await context.add_init_script(KEEP_CONNECTIONS)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._fetched(request.url))
        page.on("websocket", lambda socket: self._fetched(socket.url))
        await page.goto(self.address)
        return page

    async def be(self, person: Person, size: ViewportSize = DESKTOP, **options: Any) -> Page:
        """A page as this person sees it, by the link that the server prints for them."""
        page = await self.nobody(size, **options)
        await page.goto(f"{self.address}/#demo={person.handle}")
        await expect(
            page.get_by_role("button", name="Sign out").or_(page.get_by_role("button", name="Salir"))
        ).to_be_visible()
        return page

    async def client(self, person: Person) -> httpx.AsyncClient:
        """The same person at the API, for what the page does not do."""
        client = httpx.AsyncClient(base_url=self.address)
        self._clients.append(client)
        signed_in = (await client.post("/v1/demo/sign-ins", json={"person": person.handle})).json()
        client.headers["authorization"] = f"Bearer {signed_in['accessToken']}"
        return client

    def forgive(self, expected: str) -> None:
        """This complaint, which the test has brought about, is none."""
        self.complaints = [text for text in self.complaints if expected not in text]

    async def leave(self) -> None:
        """Everybody closes their browser."""
        for client in self._clients:
            await client.aclose()
        for context in self._contexts:
            await context.close()

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _fetched(self, url: str) -> None:
        own = (self.address, self.address.replace("http", "ws", 1), "data:", "blob:")
        if not url.startswith(own):
            self.elsewhere.add(url)


async def choose(page: Page, scale: str, value: int) -> None:
    """Choose a number on a scale, as with a finger."""
    await page.locator(f".scale.{scale} .stone.s{value}").click()


async def check_in(page: Page, *, mood: int, craving: int) -> None:
    """Fill in the day's check-in and send it."""
    await choose(page, "mood", mood)
    await choose(page, "craving", craving)
    await page.get_by_role("button", name="Check in", exact=True).click()


async def prescribe(prescriber: httpx.AsyncClient, medicine: str, times: list[str]) -> None:
    """Start a regimen for Maya from today on; no view does it yet."""
    now = system_clock()
    regimen = {"id": str(new_id(now)), "medicine": medicine, "times": times, "startsOn": _day(now)}
    answer = await prescriber.post(f"/v1/patients/{MAYA.id}/regimens", json=regimen)
    answer.raise_for_status()


async def live_through(patient: httpx.AsyncClient, days: tuple[tuple[int, int], ...]) -> None:
    """Tell the mood and craving of the days until yesterday, as somebody who was without a network."""
    for back, (mood, craving) in zip(range(len(days), 0, -1), days, strict=True):
        at = system_clock() - timedelta(days=back)
        told = {"id": str(new_id(at)), "date": _day(at), "mood": mood, "craving": craving, "answeredAt": at.isoformat()}
        (await patient.post("/v1/check-ins", json=told)).raise_for_status()


def _day(at: datetime) -> str:
    return at.astimezone(ZoneInfo(MAYA.time_zone)).date().isoformat()


async def join(page: Page) -> None:
    """Go from the day's list into the visit."""
    await page.get_by_role("link", name="Join visit").click()
    await page.get_by_role("button", name="Join visit").click()


async def received(page: Page) -> dict[str, Any]:
    """What this page's connection has received, and what its large picture shows."""
    found: dict[str, Any] = await page.evaluate(RECEIVED)
    return found


async def faults(page: Page) -> list[str]:
    """What axe finds wrong with the page as it stands."""
    await page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    found = await page.evaluate("axe.run({ resultTypes: ['violations'] })")
    return [f"{one['id']}: {node['html']}" for one in found["violations"] for node in one["nodes"]]


async def too_wide(page: Page) -> list[str]:
    """What makes the page scroll sideways."""
    wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
    found: list[str] = await page.evaluate(WIDER_THAN_THE_SCREEN)
    return found if wide or found else []
