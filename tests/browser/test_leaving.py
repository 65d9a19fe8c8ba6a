"""A patient takes their record along, and leaves, and stays after all: at the page, in both languages, on a phone."""

import json
import zipfile
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from app.clock import system_clock
from app.demo.cast import LEO, MAYA
from app.exports import actions as exports
from db import Pool, embedded, migrate, open_pool
from tests.browser.people import DESKTOP, PHONE, People, check_in, faults, too_wide
from tests.keys import some_keys

pytestmark = pytest.mark.browser


@pytest.fixture
async def worker(server: embedded.Server, people: People) -> AsyncIterator[Pool]:
    """Connections as the worker has them, to the database behind the page."""
    pool = await open_pool(server.dsn("browser", migrate.APP_ROLE), size=2, keys=some_keys())
    yield pool
    await pool.close()


async def test_maya_takes_her_record_with_her(people: People, worker: Pool) -> None:
    maya = await people.be(MAYA)
    await check_in(maya, mood=7, craving=2)
    await expect(maya.get_by_text("Thank you for checking in.")).to_be_visible()
    await maya.goto(f"{people.address}/#/account")
    await maya.get_by_role("link", name="Take your record with you").click()
    mine = maya.get_by_role("region", name="Take your record with you")
    await mine.get_by_role("button", name="Put my record together").click()
    await expect(mine.get_by_role("progressbar")).to_be_visible()
    assert await faults(maya) == []

    assert await exports.make_due(worker, system_clock()) == 1
    await expect(mine.get_by_text("It is here.")).to_be_visible()
    async with maya.expect_download() as downloading:
        await mine.get_by_role("button", name="Download").click()
    path = await (await downloading.value).path()
    with zipfile.ZipFile(path) as packed:
        found = json.loads(packed.read("record.fhir.json"))
        page = packed.read("my-record.html").decode()
    assert "Observation" in {entry["resource"]["resourceType"] for entry in found["entry"]}
    await expect(mine.get_by_text("4 more times")).to_be_visible()

    await opens_anywhere(people, page)


async def opens_anywhere(people: People, page: str) -> None:
    """The page of an export by itself, on a phone: readable, and in its own style although nothing may run in it."""
    context = await people.browser.new_context(viewport=PHONE)
    shown = await context.new_page()
    await shown.set_content(page)
    await expect(shown.get_by_role("heading", name="My record", exact=True)).to_be_visible()
    assert await shown.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") == "832px"
    assert await too_wide(shown) == []
    assert await faults(shown) == []
    await context.close()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_leo_reads_what_becomes_of_it_leaves_and_stays_after_all(people: People, size: object) -> None:
    leo = await people.be(LEO, size)  # type: ignore[arg-type]  # one of ours
    await leo.goto(f"{people.address}/#/leaving")
    account = leo.get_by_role("region", name="Cerrar tu cuenta")
    await expect(account.get_by_text("La ley pide conservar un expediente de atención 7 años")).to_be_visible()
    assert await faults(leo) == []
    assert await too_wide(leo) == []

    await account.get_by_role("button", name="Cerrar mi cuenta …").click()
    await account.get_by_role("button", name="Sí, cerrarla").click()
    await expect(account.get_by_role("status")).to_contain_text("Hasta entonces todo sigue igual")
    assert await faults(leo) == []
    await account.get_by_role("button", name="Conservar mi cuenta").click()
    await expect(account.get_by_role("button", name="Cerrar mi cuenta …")).to_be_visible()
