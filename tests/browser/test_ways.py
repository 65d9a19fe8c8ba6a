"""Signing in without a password, in a real browser with an authenticator of its own, and by a real provider."""

import re
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from app.asgi import create_app
from app.clock import system_clock
from app.demo import seed
from app.demo.cast import DANA, KAI, MAYA, THEO, Person
from app.site import Site
from app.stack import signaling_beside
from db import Bell, embedded, migrate, open_pool
from db.pool import connect
from tests.browser.conftest import serving
from tests.browser.people import PHONE, People, faults, too_wide
from tests.conftest import copied
from tests.keys import some_keys
from tests.provider.openid import running

pytestmark = pytest.mark.browser

# Passkeys on this device, whose user is recognised.
AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip
FIRST = "One thing that is yours alone"
MADE = "Make a passkey on this device"


@pytest.fixture
async def here(chromium: Browser, address: str) -> AsyncIterator[People]:
    """Pages at the name of this machine: a browser gives no passkey to a bare address."""
    made = People(chromium, address.replace("127.0.0.1", "localhost"))
    yield made
    await made.leave()
    assert made.complaints == []
    assert made.elsewhere == set()


async def with_a_device(page: Page) -> None:
    """This page's browser holds passkeys."""
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    await session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})


async def link_for(people: People, whom: Person) -> str:
    """A link that the operator makes."""
    kai = await people.client(KAI)
    made: dict[str, Any] = (await kai.post(f"/v1/people/{whom.id}/sign-in-links")).json()
    return f"{people.address}/#invite={made['url'].partition('#invite=')[2]}"


async def come_in_and_make_a_passkey(people: People, whom: Person, **options: Any) -> Page:
    """Somebody opens their first link, and makes a passkey at once."""
    page = await people.nobody(**options)
    await with_a_device(page)
    await page.goto(await link_for(people, whom))
    await expect(page.get_by_role("heading", name=FIRST)).to_be_visible()
    assert await faults(page) == []
    assert await too_wide(page) == []
    await page.get_by_role("button", name=MADE).click()
    await expect(page.get_by_role("heading", name=FIRST)).to_be_hidden()
    return page


async def grow_stale(server: embedded.Server) -> None:
    """Nobody has shown a factor in the last five minutes."""
    raw = await connect(server.dsn("browser"))
    await raw.execute("UPDATE session SET proved_at = proved_at - interval '6 minutes'")
    await raw.close()


async def test_staff_make_a_passkey_at_once_sign_in_with_it_and_confirm_that_it_is_them(
    here: People, server: embedded.Server
) -> None:
    page = await come_in_and_make_a_passkey(here, DANA, size=PHONE)
    await page.get_by_role("button", name="Sign out").click()
    assert await faults(page) == []
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await page.get_by_role("link", name="Your account").click()

    await expect(page.get_by_role("heading", name="How you sign in")).to_be_visible()
    await expect(page.get_by_text("A passkey was added")).to_be_visible()
    assert await faults(page) == []
    assert await too_wide(page) == []

    await page.get_by_role("button", name=re.compile("^Rename")).click()
    await page.get_by_label("Name", exact=True).fill("Work phone")
    await page.get_by_role("button", name="Save").last.click()
    await expect(page.get_by_text("Work phone")).to_be_visible()

    await grow_stale(server)
    await page.get_by_role("button", name="Remove, Work phone").click()
    removal = page.get_by_role("group", name="Remove")
    await removal.get_by_role("button", name="Remove").click()
    dialog = page.get_by_role("dialog", name="Please confirm that it is you")
    await expect(dialog.get_by_role("button", name="Use a passkey")).to_be_visible()
    assert await faults(page) == []
    await dialog.get_by_role("button", name="Use a passkey").click()
    await removal.get_by_role("button", name="Remove it all the same").click()
    await expect(page.get_by_text("A passkey was removed")).to_be_visible()
    for status in (401, 403, 409):
        here.forgive(f"the server responded with a status of {status}")


async def test_whoever_says_no_to_the_dialog_has_changed_nothing(here: People, server: embedded.Server) -> None:
    page = await come_in_and_make_a_passkey(here, DANA)
    await grow_stale(server)
    await page.goto(f"{here.address}/#/account")

    await page.get_by_role("button", name=MADE).click()
    await page.get_by_role("dialog", name="Please confirm that it is you").get_by_role("button", name="Not now").click()

    await expect(page.get_by_role("alert")).to_contain_text("Please confirm that it is you")
    here.forgive("the server responded with a status of 403")


async def test_a_link_for_somebody_with_a_passkey_waits_until_a_colleague_has_vouched_for_them(here: People) -> None:
    theo = await come_in_and_make_a_passkey(here, THEO)
    dana = await come_in_and_make_a_passkey(here, DANA)
    lost = await here.nobody(PHONE)
    await lost.goto(await link_for(here, DANA))
    digits = lost.locator("p.code")
    await expect(digits).to_have_text(re.compile(r"^\d{4} \d{4}$"))
    assert await faults(lost) == []
    assert await too_wide(lost) == []

    await dana.goto(f"{here.address}/#/account")
    await expect(dana.get_by_role("heading", name="Was this you?")).to_be_visible()
    assert await faults(dana) == []

    await theo.goto(f"{here.address}/#/account")
    await theo.get_by_role("button", name="Vouch", exact=True).click()
    form = theo.get_by_role("group", name="Vouch for a colleague")
    await form.get_by_label("The eight digits on their screen").fill((await digits.inner_text()).replace(" ", ""))
    await form.get_by_role("button", name="Whose are they?").click()
    await form.get_by_role("button", name=f"Yes, let {DANA.name} in").click()
    await expect(theo.get_by_text(f"{DANA.name} can come in now.")).to_be_visible()

    await expect(lost.get_by_role("button", name="Sign out")).to_be_visible()
    # What Dana had open elsewhere has ended.
    await expect(dana.get_by_role("button", name="Sign in with a passkey")).to_be_visible()
    here.forgive("the server responded with a status of 401")


async def test_whoever_did_not_ask_for_a_way_in_closes_it(here: People) -> None:
    dana = await come_in_and_make_a_passkey(here, DANA)
    link = await link_for(here, DANA)
    await dana.goto(f"{here.address}/#/account")

    await dana.get_by_role("button", name="It was not me: close it").click()

    await expect(dana.get_by_text("The new way in was closed")).to_be_visible()
    other = await here.nobody()
    await other.goto(link)
    await expect(other.get_by_role("alert")).to_contain_text("This link has been used, or is too old.")
    here.forgive("the server responded with a status of 403")


async def test_an_authenticator_app_is_set_up_where_a_device_has_no_passkeys(people: People) -> None:
    """At a bare address this browser makes none."""
    import pyotp

    page = await people.nobody(PHONE)
    await page.goto(await link_for(people, DANA))
    await page.get_by_role("button", name="Use an authenticator app instead").click()
    await expect(page.get_by_role("img", name=re.compile("QR code"))).to_be_visible()
    assert await faults(page) == []
    assert await too_wide(page) == []
    secret = (await page.locator("code.letters").inner_text()).replace(" ", "")
    await page.get_by_label("Code of your authenticator app").fill(pyotp.TOTP(secret).at(system_clock()))
    await page.get_by_role("button", name="Confirm", exact=True).click()
    await expect(page.get_by_role("heading", name=FIRST)).to_be_hidden()

    await page.goto(f"{people.address}/#/account")
    await expect(page.get_by_text("An app is set up.")).to_be_visible()


async def test_a_patient_makes_a_passkey_and_everything_is_said_in_spanish(here: People) -> None:
    page = await here.nobody()
    await with_a_device(page)
    await page.goto(f"{here.address}/#demo={MAYA.handle}")
    await page.get_by_role("link", name=MAYA.name).click()
    await page.get_by_label("Language").select_option("es")
    await page.get_by_role("button", name="Save").click()

    await page.get_by_role("button", name="Crear una llave en este dispositivo").click()

    await expect(page.get_by_text("Se añadió una llave de acceso")).to_be_visible()
    assert await faults(page) == []


@pytest.fixture
async def beside_a_provider(
    chromium: Browser, server: embedded.Server, template: str, packages: None
) -> AsyncIterator[People]:
    """Pages at a Cairn whose staff have accounts at a real OpenID provider."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with (
            running(f"{url}/signed-in", f"{url}/provider/logout") as provider,
            copied(server, template, "browser"),
        ):
            await seed.everything(server.dsn("browser"), system_clock())
            pool, bell = await open_pool(server.dsn("browser", migrate.APP_ROLE), size=8, keys=some_keys()), Bell()
            pool.ring = bell.ring
            site = Site(ticket_key=b"k" * 32, demo=True, public_url=url, openid=provider.config)
            async with serving(create_app(pool, bell, site, beside=[signaling_beside(site)]), listener, bell):
                made = People(chromium, url)
                yield made
                await made.leave()
            await pool.close()
    assert made.complaints == []
    theirs = (provider.config.issuer, "https://fonts.googleapis.com/")
    assert {one for one in made.elsewhere if not one.startswith(theirs)} == set()


async def log_in(page: Page, account: str) -> None:
    """At the provider, whose test page wants its letters from elsewhere."""
    await page.get_by_placeholder("Enter any login").fill(account)
    await page.get_by_placeholder("and password").fill("x")
    await page.get_by_role("button", name="Sign-in").click()


async def test_staff_connect_their_account_at_a_provider_and_sign_in_with_it(
    beside_a_provider: People, server: embedded.Server
) -> None:
    people = beside_a_provider
    page = await people.nobody()
    await page.context.route(re.compile("fonts"), lambda one: one.fulfill(body="", content_type="text/css"))
    await page.goto(await link_for(people, DANA))
    await page.get_by_role("button", name="Connect your account of Harbor").click()
    await log_in(page, "dana")
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert "code=" not in page.url
    await page.goto(f"{people.address}/#/account")
    await expect(page.get_by_text("A provider's account was connected")).to_be_visible()

    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("button", name="Sign in with Harbor").click()
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert "code=" not in page.url

    await grow_stale(server)
    await page.goto(f"{people.address}/#/account")
    await page.get_by_role("button", name="Set up an app").click()
    await page.get_by_role("button", name="Sign in again with Harbor").click()
    await log_in(page, "dana")
    await expect(page.get_by_role("heading", name="How you sign in")).to_be_visible()
    await page.get_by_role("button", name="Set up an app").click()
    await expect(page.get_by_role("img", name=re.compile("QR code"))).to_be_visible()
    for status in (401, 403, 404):  # what was open when one left; a step-up; the provider has no icon
        people.forgive(f"the server responded with a status of {status}")
