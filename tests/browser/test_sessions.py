"""Where one is signed in, how that goes on by itself, and the question whether it is still you."""

import asyncio
import re

from playwright.async_api import Page, expect

from app.demo.cast import KAI, LEO, MAYA, Person
from db import connect, embedded
from tests.browser.people import PHONE, People, faults, too_wide

FACTOR_AGES = "UPDATE session SET proved_at = proved_at - interval '6 minutes' WHERE person_id = $1"
KEY_IS_THERE = """
    async () => {
        const asked = indexedDB.open("cairn", 1);
        await new Promise((done) => { asked.onsuccess = done; });
        const all = asked.result.transaction("sessions").objectStore("sessions").getAll();
        await new Promise((done) => { all.onsuccess = done; });
        return all.result.map((one) => [one.key.algorithm.namedCurve, one.key.extractable]);
    }
"""


async def account(page: Page) -> None:
    """Go to one's own account."""
    await page.locator("a.whoami").click()
    await expect(page.locator(".devices .device").first).to_be_visible()


async def test_one_sees_where_one_is_signed_in_and_ends_it_there(people: People) -> None:
    here, there = await people.be(MAYA), await people.be(MAYA, PHONE)
    await people.client(MAYA)
    await account(here)
    devices = here.locator(".devices .device")
    await expect(devices).to_have_count(3)
    await expect(devices.filter(has_text="this device")).to_have_count(1)
    await expect(devices.filter(has_text="Chrome")).to_have_count(2)
    await expect(devices.filter(has_text="A device without a name")).to_have_count(1)
    assert await faults(here) == []

    await here.get_by_role("button", name="Sign out there: Chrome").click()

    # The other page was open all the time and is told by its stream.
    await expect(there.get_by_role("heading", name="Who would you like to be?")).to_be_visible(timeout=5000)
    await expect(devices).to_have_count(2)
    await here.get_by_role("button", name="Sign out everywhere else").click()
    await expect(devices).to_have_count(1)
    await expect(here.get_by_role("button", name="Sign out everywhere else")).to_have_count(0)
    people.forgive("401")


async def test_the_list_reads_spanish_on_a_phone(people: People) -> None:
    leo = await people.be(LEO, PHONE)
    await account(leo)

    await expect(leo.get_by_role("heading", name="Dónde tienes la sesión abierta")).to_be_visible()
    await expect(leo.locator(".devices").get_by_text("este dispositivo", exact=True)).to_be_visible()
    assert await faults(leo) == []
    assert await too_wide(leo) == []


async def test_a_session_goes_on_by_itself_without_losing_what_was_typed(people: People) -> None:
    """Nine minutes later by the page's clock, which the server calls astray: it is corrected, and nobody notices."""
    maya = await people.nobody()
    await maya.clock.install()
    await maya.goto(f"{people.address}/#demo=maya")
    await maya.get_by_label("Anything you want to add").fill("Still writing.")
    assert await maya.evaluate(KEY_IS_THERE) == [["P-256", False]]

    async with maya.expect_response(lambda r: r.url.endswith("/session/refresh") and r.status == 200):
        await maya.clock.fast_forward(9 * 60 * 1000)

    await expect(maya.get_by_label("Anything you want to add")).to_have_value("Still writing.")
    await account(maya)
    people.forgive("409")


async def test_nobody_at_the_page_keeps_no_session_open(people: People) -> None:
    maya = await people.nobody()
    await maya.clock.install()
    await maya.goto(f"{people.address}/#demo=maya")
    await expect(maya.get_by_label("Anything you want to add")).to_be_visible()
    asked = list[str]()
    maya.on("request", lambda request: asked.append(request.url) if request.url.endswith("/session/refresh") else None)

    await maya.clock.run_for(1000)
    await maya.clock.fast_forward(11 * 60 * 1000)
    await maya.clock.run_for(60_000)
    assert asked == []
    async with maya.expect_response(lambda r: r.url.endswith("/session/refresh") and r.status == 200):
        await maya.keyboard.press("Shift")
        await maya.clock.run_for(16_000)
    people.forgive("409")


async def test_who_stays_on_a_device_is_there_in_each_of_its_tabs_and_goes_out_of_all(people: People) -> None:
    first = await people.be(MAYA)
    await account(first)
    await first.get_by_text("Stay signed in on this device").click()
    second = await first.context.new_page()
    await second.goto(people.address)
    await expect(second.get_by_role("button", name="Sign out", exact=True)).to_be_visible()

    await asyncio.gather(*(page.evaluate("dispatchEvent(new Event('keydown'))") for page in (first, second)))
    await account(second)
    await expect(second.locator(".devices .device")).to_have_count(1)
    await second.get_by_role("button", name="Sign out", exact=True).click()

    for page in (first, second):
        await expect(page.get_by_role("heading", name="Who would you like to be?")).to_be_visible()
    third = await first.context.new_page()
    await third.goto(people.address)
    await expect(third.get_by_role("heading", name="Who would you like to be?")).to_be_visible()


async def test_without_that_a_session_is_gone_with_its_last_tab(people: People) -> None:
    maya = await people.be(MAYA)
    second = await maya.context.new_page()
    await second.goto(people.address)
    await expect(second.get_by_role("heading", name="Who would you like to be?")).to_be_visible()
    assert len(await second.evaluate(KEY_IS_THERE)) == 1
    await maya.reload()
    await expect(maya.get_by_role("button", name="Sign out", exact=True)).to_be_visible()

    await maya.close()
    await second.reload()
    await expect(second.get_by_role("heading", name="Who would you like to be?")).to_be_visible()
    async with asyncio.timeout(10):
        while await second.evaluate(KEY_IS_THERE):
            await asyncio.sleep(0.1)


async def grow_old(server: embedded.Server, who: Person) -> None:
    """Six minutes pass since their sign-in."""
    raw = await connect(server.dsn("browser"))
    await raw.execute(FACTOR_AGES, who.id)
    await raw.close()


async def test_what_is_sensitive_asks_who_one_is_and_then_goes_on(people: People, server: embedded.Server) -> None:
    kai = await people.be(KAI)
    await grow_old(server, KAI)
    await kai.get_by_role("button", name="Sign-in link, Sam Whitfield").click()
    row = kai.get_by_role("group", name="Sign-in link for Sam Whitfield")
    await row.get_by_role("button", name="Make a sign-in link").click()
    question = kai.get_by_role("dialog", name="Please confirm that it is you")
    await expect(question).to_be_visible()
    assert await faults(kai) == []

    await question.get_by_role("button", name="Not now").click()
    await expect(kai.get_by_text("Please confirm that it is you, then send this again")).to_be_visible()
    await row.get_by_role("button", name="Make a sign-in link").click()
    await question.get_by_role("button", name="Sign in again as the same demo person").click()

    await expect(question).not_to_be_visible()
    await expect(row.get_by_label("Sign-in link for Sam Whitfield")).to_have_value(re.compile("#invite="))
    people.forgive("403")
    people.forgive("401")
