"""Patients come in through the page alone: by an invitation, by a code from the real inbox, and the way to the rest."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, expect

from app import letters, written
from app.asgi import create_app
from app.clock import system_clock
from app.demo import seed
from app.demo.cast import MAYA, ROSA, THEO
from app.settings import Settings
from app.site import Site
from app.stack import signaling_beside
from db import Bell, embedded, migrate, open_pool
from notifications import local_fcm
from notifications.letters import post_due
from notifications.local_fcm import LocalFcm
from tests.browser.conftest import serving
from tests.browser.people import PHONE, People, faults, too_wide
from tests.conftest import copied
from tests.keys import some_keys

pytestmark = pytest.mark.browser

PATS = "pat@example.org"


class Town(People):
    """A Cairn whose letters arrive: pages, and the inbox that a demo shows."""

    inbox: LocalFcm


@pytest.fixture
async def town(chromium: Browser, server: embedded.Server, template: str, packages: None) -> AsyncIterator[Town]:
    """A whole Cairn, with a mail server beside it."""
    async with copied(server, template, "browser_letters") as name:
        await seed.everything(server.dsn(name), system_clock())
        async with _served(server.dsn(name, migrate.APP_ROLE)) as (url, inbox):
            made = Town(chromium, url)
            made.inbox = inbox
            yield made
            await made.leave()
    assert made.complaints == []
    assert made.elsewhere == set()


@asynccontextmanager
async def _served(dsn: str) -> AsyncIterator[tuple[str, LocalFcm]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        pool, bell, site = (
            await open_pool(dsn, size=8, keys=some_keys()),
            Bell(),
            Site(ticket_key=bytes(32), demo=True, public_url=url),
        )
        pool.ring = bell.ring
        async with local_fcm.serve() as inbox, letters.opened(Settings(), inbox.keep) as carriers:

            async def post() -> None:
                with bell.listening("notifications.letters") as rung:
                    while True:
                        await rung.wait()
                        rung.clear()
                        await post_due(pool, written.composer(site), "email", carriers.by["email"], system_clock())

            posting = asyncio.create_task(post())
            async with serving(create_app(pool, bell, site, beside=[signaling_beside(site)]), listener, bell):
                yield url, inbox
            posting.cancel()
            await asyncio.gather(posting, return_exceptions=True)
        await pool.close()


async def came(town: Town, count: int) -> str:
    """What the newest letter to Pat says."""
    arrivals = await town.inbox.arrived(PATS, count, within=30)
    return str(arrivals[-1].message["mail"]["text"])


async def come_in_by_code(town: Town, count: int) -> Page:
    """Pat, on a telephone that nobody knows."""
    page = await town.nobody(PHONE)
    await page.get_by_label("E-mail or telephone").fill(PATS)
    await page.get_by_role("button", name="Send me a code").click()
    [code] = re.findall(r"\d{8}", await came(town, count))
    await page.get_by_label("Your code, eight digits").fill(code)
    assert await faults(page) == []
    await page.get_by_role("region", name="Come in").get_by_role("button", name="Come in").click()
    await expect(page.get_by_role("heading", name="You are in, for now")).to_be_visible()
    return page


async def test_from_an_invitation_to_recovery_codes_and_by_a_code_and_two_of_the_staff_back_in(town: Town) -> None:
    rosa = await town.be(ROSA)
    await rosa.get_by_role("button", name="Bring somebody in").click()
    form = rosa.get_by_role("group", name="Bring somebody in")
    await form.get_by_label("Name").fill("Pat Quill")
    await form.get_by_label("E-mail or telephone, if there is one").fill(PATS)
    await form.get_by_role("button", name="Bring somebody in").click()
    invitation = rosa.get_by_role("group", name="Invitation for Pat Quill")
    await expect(invitation.get_by_label("Send the link to")).to_have_value(PATS)
    await invitation.get_by_role("button", name="Make an invitation").click()
    key = await invitation.get_by_label("Key for Pat Quill").inner_text()
    await expect(invitation.get_by_text("on its way to Pat Quill by mail")).to_be_visible()
    assert await faults(rosa) == []

    pat = await town.nobody(PHONE)
    [link] = re.findall(r"http://\S+", await came(town, 1))
    await pat.goto(link)
    await pat.get_by_label("Your key").fill(key.lower())
    assert (await faults(pat), await too_wide(pat)) == ([], [])
    await pat.get_by_role("button", name="Come in").click()
    await pat.get_by_role("button", name="Make ten codes").click()
    await expect(pat.locator(".recovery-codes li")).to_have_count(10)
    recovery = await pat.locator(".recovery-codes code").first.inner_text()
    assert (await faults(pat), await too_wide(pat)) == ([], [])
    await pat.get_by_role("link", name="I have kept them").click()
    await expect(pat.get_by_role("region", name="How are you today?")).to_be_visible()

    phone = await come_in_by_code(town, 2)
    assert (await faults(phone), await too_wide(phone)) == ([], [])
    await phone.get_by_role("button", name="I have a recovery code").click()
    await phone.get_by_role("textbox", name="Recovery code").fill(recovery)
    await phone.get_by_role("button", name="Confirm").click()
    await expect(phone.get_by_role("region", name="How are you today?")).to_be_visible()

    other = await come_in_by_code(town, 3)
    await other.get_by_role("button", name="I am signed in on another device").click()
    await other.get_by_role("button", name="Show the number").click()
    number = await other.locator(".big-number").inner_text()
    asked = pat.get_by_role("region", name="Is that you?")
    await asked.get_by_role("textbox", name="The number on the other device").fill(number)
    assert await faults(pat) == []
    await asked.get_by_role("button", name="It is me", exact=True).click()
    await expect(other.get_by_role("region", name="How are you today?")).to_be_visible()

    last = await come_in_by_code(town, 4)
    await last.get_by_role("button", name="Two people of the staff know me").click()
    await last.get_by_role("button", name="Show the number").click()
    digits = await last.locator(".big-number").inner_text()
    theo = await town.be(THEO)
    await theo.get_by_role("button", name="Vouch for somebody").click()
    await theo.get_by_role("textbox", name="The number they read to you").fill(digits)
    await theo.get_by_role("button", name="Who is it?").click()
    await expect(theo.get_by_text("It should be Pat Quill.")).to_be_visible()
    assert await faults(theo) == []
    await theo.get_by_role("button", name="It is Pat Quill").click()
    await expect(theo.get_by_text("One more of the staff has to.")).to_be_visible()
    await rosa.get_by_role("button", name="Vouch for somebody").click()
    await rosa.get_by_role("textbox", name="The number they read to you").fill(digits)
    await rosa.get_by_role("button", name="Who is it?").click()
    await rosa.get_by_role("button", name="It is Pat Quill").click()
    await expect(last.get_by_role("region", name="How are you today?")).to_be_visible()


async def test_a_contact_is_added_shown_to_be_ones_own_handled_with_care_and_forgotten(town: Town) -> None:
    maya = await town.be(MAYA, PHONE)
    await maya.locator("a.whoami").click()
    card = maya.get_by_role("region", name="Where you are reached")
    await card.get_by_role("button", name="Add a contact").click()
    form = card.get_by_role("group", name="Add a contact")
    await form.get_by_label("E-mail or telephone").fill("maya at example")
    await form.get_by_role("button", name="Add a contact").click()
    await expect(form.get_by_label("E-mail or telephone")).to_have_attribute("aria-invalid", "true")
    assert (await faults(maya), await too_wide(maya)) == ([], [])
    await form.get_by_label("E-mail or telephone").fill("Maya@Example.org")
    await form.get_by_role("button", name="Add a contact").click()
    row = card.get_by_role("listitem").filter(has_text="maya@example.org")
    await expect(row).to_contain_text("not yet shown to be yours")

    await row.get_by_role("button", name="Show that it is yours, maya@example.org").click()
    await row.get_by_role("button", name="Send the code").click()
    arrivals = await town.inbox.arrived("maya@example.org", 1, within=30)
    [code] = re.findall(r"\d{8}", str(arrivals[-1].message["mail"]["text"]))
    await row.get_by_label("Your code, eight digits").fill(code)
    assert (await faults(maya), await too_wide(maya)) == ([], [])
    await row.get_by_role("group").get_by_role("button", name="Show that it is yours").click()
    await expect(row).to_contain_text("shown to be yours")
    await expect(row).not_to_contain_text("not yet")

    await row.get_by_role("button", name="How careful, maya@example.org").click()
    await row.get_by_role("switch", name="Others look there as well").check()
    await row.get_by_role("button", name="Save").click()
    await expect(row).to_contain_text("others look there as well")
    await row.get_by_role("button", name="Remove this contact, maya@example.org").click()
    await row.get_by_role("group").get_by_role("button", name="Remove this contact").click()
    await expect(row.get_by_role("alert")).to_contain_text("By this one you come in")
    await row.get_by_role("button", name="Remove it all the same").click()
    await expect(card.get_by_text("There is nothing yet.")).to_be_visible()
    town.forgive("status of 4")
