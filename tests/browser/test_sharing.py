"""Who may see what: a patient signs and takes back, a doctor elsewhere reads, and an emergency is seen by everybody."""

import pytest
from playwright.async_api import Page, expect

from app.demo.cast import ELM, JUNE, LEO, LINDQVIST, MAYA, OKAFOR, Person
from tests.browser.people import PHONE, People, check_in, faults, too_wide

pytestmark = pytest.mark.browser

SHORT = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."


async def sharing(page: Page) -> None:
    await page.get_by_role("link", name="Who may see what").click()
    await expect(page.get_by_role("heading", name="Who may see what", level=1)).to_be_visible()


async def well_made(page: Page) -> None:
    """Nothing is wrong with the page as it stands, and it fits the screen."""
    assert await faults(page) == []
    assert await too_wide(page) == []


async def sign(page: Page, to: Person, *what: str) -> None:
    """Step by step, as far as the signature."""
    await page.get_by_role("button", name="Let somebody see something").click()
    await well_made(page)
    await page.get_by_role("button", name="Share some things with one person or clinic").click()
    for one in what:
        await page.get_by_role("checkbox", name=one).check()
    await well_made(page)
    await page.get_by_role("button", name="Next").click()
    await page.get_by_label("Organisation").select_option(label=to.house.name)
    await page.get_by_role("combobox", name="One person").select_option(label=f"{to.name}, Primary care")
    await well_made(page)
    await page.get_by_role("button", name="Next").click()
    await well_made(page)
    await page.get_by_role("button", name="Next").click()
    await expect(page.locator(".paper")).to_contain_text("Permission to share some of my health records")
    await well_made(page)


async def test_maya_lets_her_doctor_see_how_she_is_sees_that_he_looked_and_takes_it_back(people: People) -> None:
    maya, doctor = await people.be(MAYA, PHONE), await people.be(LINDQVIST)
    await expect(doctor.get_by_text("Nobody has shared anything with you yet.")).to_be_visible()
    await check_in(maya, mood=7, craving=2)
    await expect(maya.get_by_text("Thank you for checking in.")).to_be_visible()
    await sharing(maya)
    await expect(maya.get_by_text("Nobody outside your program can see your records.")).to_be_visible()

    await sign(maya, LINDQVIST, "How I feel each day, as numbers")
    await maya.get_by_label("Your name").fill("Somebody Else")
    await maya.get_by_role("button", name="Sign", exact=True).click()
    await expect(maya.get_by_text("Please write your name as it stands in the form.")).to_be_visible()
    people.forgive("status of 422")
    await maya.get_by_label("Your name").fill(MAYA.name)
    await maya.get_by_role("button", name="Sign", exact=True).click()
    await expect(maya.get_by_text("Signed. Your copy is below.")).to_be_visible()

    await maya.get_by_role("button", name=f"My copy, {LINDQVIST.name}, {ELM.name}").click()
    await expect(maya.locator(".paper")).to_contain_text("Who may get it")
    await well_made(maya)

    await expect(doctor.get_by_role("link", name=MAYA.name)).to_be_visible()
    await expect(doctor.get_by_text(SHORT)).to_be_visible()
    await well_made(doctor)
    await doctor.get_by_role("link", name=MAYA.name).click()
    await expect(doctor.get_by_text("This week mood was")).to_be_visible()
    await expect(doctor.get_by_text(SHORT)).to_be_visible()
    await expect(doctor.get_by_text("Agreed to: mood and craving, for treatment,")).to_be_visible()
    await well_made(doctor)

    await maya.reload()
    shown = maya.get_by_role("region", name="Who was shown what")
    await expect(shown.get_by_text("mood and craving").first).to_be_visible()

    await maya.get_by_role("button", name=f"Take it back, {LINDQVIST.name}, {ELM.name}").click()
    await well_made(maya)
    await maya.get_by_role("button", name="Yes, take it back").click()
    await expect(maya.get_by_text("taken back on")).to_be_visible()
    await doctor.goto(f"{people.address}/#/")
    await expect(doctor.get_by_text("Nobody has shared anything with you yet.")).to_be_visible()
    people.forgive("status of 404")


async def test_an_emergency_is_counted_down_seen_by_the_patient_and_reviewed(people: People) -> None:
    okafor, leo, june = await people.be(OKAFOR), await people.be(LEO, PHONE), await people.be(JUNE)
    await leo.get_by_role("link", name="Quién puede ver qué").click()
    number = await leo.locator(".number").inner_text()
    await well_made(leo)

    await okafor.get_by_role("button", name="Read in an emergency").click()
    await okafor.get_by_label("Number of the patient").fill(number)
    await okafor.get_by_label("What is the emergency?").fill("Unconscious in the waiting room.")
    await well_made(okafor)
    await okafor.get_by_role("button", name="Break the glass").click()
    await expect(okafor.get_by_role("timer")).to_contain_text("59:")
    await okafor.get_by_role("link", name=LEO.name).first.click()
    await expect(okafor.get_by_role("heading", name=LEO.name)).to_be_visible()

    people.forgive("status of 404")  # who stands beside him is not shown to her

    await expect(leo.get_by_text("Unconscious in the waiting room.")).to_be_visible()
    await well_made(leo)
    await june.get_by_role("button", name=f"Review, {OKAFOR.name}").click()
    await june.get_by_role("radio", name="It was right").check()
    await well_made(june)
    await june.get_by_role("button", name="Save").click()
    await expect(june.get_by_text("It was right")).to_be_visible()
    await expect(leo.get_by_text("Estuvo bien")).to_be_visible()
    people.forgive("status of 404")
