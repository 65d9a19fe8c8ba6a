"""People come in and are put beside each other through the page alone, and everybody settles their own account."""

import pytest
from playwright.async_api import expect

from app.demo.cast import DANA, KAI, LEO, MAYA, Person
from tests.browser.people import DESKTOP, PHONE, People, faults, too_wide

pytestmark = pytest.mark.browser

CLIPBOARD = ["clipboard-read", "clipboard-write"]
MORE_THAN_A_PAGE = 52


async def test_the_page_speaks_the_language_that_one_chooses_at_once_and_later(people: People) -> None:
    maya = await people.be(MAYA)
    await maya.get_by_role("link", name="Your account").click()
    await maya.get_by_label("Language").select_option("es")
    await maya.get_by_label("Time zone").fill("America/Denver")
    await maya.get_by_text("A peer beside me when it is urgent").click()
    await maya.get_by_role("button", name="Save").click()

    await expect(maya.get_by_role("heading", name="Tu cuenta")).to_be_visible()
    await expect(maya.get_by_text("Guardado.")).to_be_visible()
    await expect(maya.get_by_role("button", name="Salir")).to_be_visible()
    await expect(maya.locator("html")).to_have_attribute("lang", "es")
    await maya.reload()
    await expect(maya.get_by_label("Zona horaria")).to_have_value("America/Denver")
    await expect(maya.get_by_role("switch")).to_be_checked()
    await maya.get_by_role("link", name="Volver").click()
    await expect(maya.get_by_role("heading", name="¿Cómo estás hoy?")).to_be_visible()


async def test_only_a_patient_is_asked_about_a_peer(people: People) -> None:
    dana = await people.be(DANA)

    await dana.get_by_role("link", name="Your account").click()

    await expect(dana.get_by_label("Language")).to_be_visible()
    await expect(dana.get_by_role("switch")).to_have_count(0)


@pytest.mark.parametrize("person", [MAYA, LEO, DANA, KAI], ids=lambda person: person.handle)
async def test_nothing_stands_in_the_way_of_ones_own_account(people: People, person: Person) -> None:
    page = await people.be(person, PHONE)
    await page.locator("a.whoami").click()
    await expect(page.locator("#own-zone")).to_have_value(person.time_zone)

    assert await too_wide(page) == []
    assert await faults(page) == []
    await page.set_viewport_size(DESKTOP)
    assert await faults(page) == []
