"""A day at the page: what one does is kept, and those whom it concerns see it at once."""

import asyncio
import os
from pathlib import Path

import pytest
from playwright.async_api import Browser, Route, expect

from app.demo.cast import DANA, GRACE, HARBOR, KAI, LEO, LINDQVIST, MAYA, OKAFOR, ROSA, SAM, THEO, Person
from app.demo.seed import MONTH
from db import connect, embedded
from tests.browser.people import PHONE, People, check_in, choose, faults, live_through, prescribe, too_wide
from tests.world import AS_IT_IS

pytestmark = pytest.mark.browser

KEPT_FOR_LATER = """
    async () => {
        const kept = new Set((await (await caches.open("cairn")).keys()).map((one) => new URL(one.url).pathname));
        const loaded = performance.getEntriesByType("resource").map((one) => new URL(one.name).pathname);
        return kept.has("/") && loaded.filter((one) => one.startsWith("/assets/")).every((one) => kept.has(one));
    }
"""
# Mood and craving of a month that grows lighter, the oldest day first.
EVERYONE = (MAYA, SAM, DANA, OKAFOR, LINDQVIST, ROSA, KAI, THEO, GRACE, LEO)


async def test_a_strong_craving_appears_at_the_peers_page_and_the_answer_at_the_patients(people: People) -> None:
    maya, sam = await people.be(MAYA), await people.be(SAM)
    await expect(sam.get_by_text("All quiet.")).to_be_visible()

    await check_in(maya, mood=3, craving=9)

    await expect(maya.get_by_text("Someone who supports you has been told and will reach out.")).to_be_visible()
    alert = sam.locator(".alert", has_text="Maya Torres")
    await expect(alert).to_contain_text("rated their craving 9 of 10")
    await alert.get_by_role("button", name="I will answer").click()
    await expect(alert).to_contain_text("You are answering")
    await expect(maya.get_by_text("Sam Whitfield is answering you.")).to_be_visible()

    await alert.get_by_role("button", name="I tried to reach them").click()
    await alert.get_by_role("button", name="Close with outcome").click()
    await alert.get_by_role("button", name="Reached, and safe").click()
    await expect(sam.get_by_text("All quiet.")).to_be_visible()
    await expect(maya.get_by_text("Sam Whitfield is answering you.")).to_be_hidden()


async def test_what_happened_while_a_page_was_without_a_network_is_there_when_it_is_back(people: People) -> None:
    maya, sam = await people.be(MAYA), await people.be(SAM)
    await expect(sam.get_by_text("All quiet.")).to_be_visible()
    await sam.context.set_offline(offline=True)

    await check_in(maya, mood=3, craving=9)
    await expect(maya.get_by_text("Someone who supports you has been told and will reach out.")).to_be_visible()
    await sam.context.set_offline(offline=False)

    await expect(sam.locator(".alert", has_text="Maya Torres")).to_be_visible()
    people.forgive("ERR_INTERNET_DISCONNECTED")


async def test_the_first_operator_comes_in_by_the_link_and_only_once(chromium: Browser, setup_link: str) -> None:
    address = setup_link.partition("/#")[0]
    people = People(chromium, address)
    page = await people.nobody()
    await expect(page.get_by_role("heading", name="Come in")).to_be_visible()

    await page.goto(setup_link)
    await page.get_by_label("Name of the organisation").fill("Lakeside Recovery")
    await page.get_by_label("Your name").fill("Ada Park")
    await page.get_by_label("Time zone").fill("Nowhere/Nothing")
    assert await faults(page) == []
    await page.get_by_role("button", name="Begin").click()
    await expect(page.get_by_text("Not an IANA time zone.")).to_be_visible()
    await expect(page.get_by_label("Time zone")).to_have_accessible_description("Not an IANA time zone.")
    await page.get_by_label("Time zone").fill("America/Chicago")
    await page.get_by_role("button", name="Begin").click()

    await expect(page.get_by_text("You run this server.")).to_be_visible()
    assert "setup" not in page.url
    people.forgive("status of 422")
    await people.leave()
    assert people.complaints == []


async def test_danger_shows_the_crisis_card_before_anything_is_sent(people: People) -> None:
    maya, dana = await people.be(MAYA), await people.be(DANA)

    await maya.get_by_text("I may overdose or hurt myself").click()
    await expect(maya.locator(".danger-note").get_by_role("link", name="Call 988")).to_have_attribute("href", "tel:988")
    await check_in(maya, mood=2, craving=5)

    await expect(maya.get_by_text("A clinician on duty has been told just now.")).to_be_visible()
    await expect(dana.locator(".alert.p0")).to_contain_text("may overdose or hurt themselves")


async def test_who_has_used_says_so_with_a_tap_and_hears_how_to_stay_safer(people: People) -> None:
    maya, dana = await people.be(MAYA), await people.be(DANA)

    await maya.get_by_label("How many hours did you sleep?").fill("5")
    await maya.get_by_label("Being alone").check()
    used = maya.get_by_role("group", name="Have you used anything since your last check-in?")
    await used.get_by_label("Nothing", exact=True).check()
    await used.get_by_label("Opioids").check()
    await expect(used.get_by_label("Nothing", exact=True)).not_to_be_checked()
    await maya.get_by_role("group", name="Have you taken your medication?").get_by_label("Yes").check()
    assert await faults(maya) == []
    await check_in(maya, mood=5, craving=4)

    await expect(maya.get_by_text("nothing is held against you")).to_be_visible()
    await expect(maya.get_by_role("region", name="Staying safer")).to_contain_text("naloxone")
    await expect(maya.get_by_text("Days that you were here: 30, of the last seven: 7.")).to_be_visible()
    assert await faults(maya) == []
    await expect(dana.locator(".alert.p1")).to_contain_text("Raised because they said that they have used.")


async def test_what_was_entered_is_not_lost_when_it_cannot_be_sent(people: People) -> None:
    maya = await people.be(MAYA)

    async def lost(route: Route) -> None:
        await route.abort()

    await maya.route("**/v1/check-ins", lost)
    await maya.get_by_label("Anything you want to add").fill("A long walk helped.")
    await check_in(maya, mood=7, craving=2)
    await expect(maya.get_by_text("We cannot reach Cairn right now.")).to_be_visible()
    await maya.reload()
    await expect(maya.get_by_label("Anything you want to add")).to_have_value("A long walk helped.")
    await maya.unroute("**/v1/check-ins")
    await maya.get_by_role("button", name="Check in", exact=True).click()

    await expect(maya.get_by_text("Thank you for checking in.")).to_be_visible()
    people.forgive("ERR_FAILED")


async def test_a_time_is_booked_moved_and_given_back(people: People) -> None:
    maya = await people.be(MAYA)

    await maya.get_by_role("link", name="Book a time").click()
    await maya.get_by_role("button", name="Medication").click()
    free = maya.locator("section", has_text="Dr. Ngozi Okafor").locator("button.time")
    await free.last.click()
    await expect(maya.get_by_text("Medication with Dr. Ngozi Okafor")).to_be_visible()

    await maya.get_by_role("link", name="Move").click()
    await expect(maya.get_by_role("heading", name="Move to which time?")).to_be_visible()
    await maya.locator("button.time").last.click()
    booked = maya.locator(".appointments li", has_text="Dr. Ngozi Okafor")
    await expect(booked).to_have_count(1)

    await booked.get_by_role("button", name="Cancel").click()
    await booked.get_by_role("button", name="Yes, cancel it").click()
    await expect(booked).to_have_count(0)


async def test_doses_are_answered_and_nobody_asks_why(people: People) -> None:
    maya = await people.be(MAYA)
    every_two_hours = [f"{hour:02}:00" for hour in range(0, 24, 2)]

    await prescribe(await people.client(OKAFOR), "Buprenorphine-naloxone 8 mg", every_two_hours)
    dose = maya.locator(".doses li").first
    await dose.get_by_role("button", name="Taken", exact=True).click()

    await expect(maya.locator(".doses .taken")).to_have_count(1)


async def test_the_crisis_card_is_one_tap_away_for_everybody_even_without_a_network(people: People) -> None:
    page = await people.nobody(PHONE)

    await page.get_by_role("button", name="Help now").click()
    await expect(page.get_by_role("link", name="Call 911")).to_be_visible()
    assert await faults(page) == []
    await page.get_by_role("button", name="Close").click()
    await page.wait_for_function(KEPT_FOR_LATER)
    await page.context.set_offline(offline=True)
    await page.reload()
    await page.get_by_role("button", name="Help now").click()

    await expect(page.get_by_role("link", name="Call 988")).to_be_visible()
    people.forgive("ERR_INTERNET_DISCONNECTED")


async def test_the_card_of_ones_own_program_is_kept_in_ones_own_language_until_one_signs_out(
    people: People, server: embedded.Server
) -> None:
    raw = await connect(server.dsn("browser"))
    await raw.execute(
        "INSERT INTO crisis_resource VALUES ($1, 'es', 1, 'Harbor, de noche', 'Toda la noche.', '555-0100')", HARBOR.id
    )
    await raw.close()
    leo = await people.be(LEO)
    await leo.locator("button.help").click()
    await expect(leo.locator("dialog").get_by_text("Harbor, de noche")).to_be_visible()
    await leo.wait_for_function(KEPT_FOR_LATER)

    await leo.context.set_offline(offline=True)
    await leo.reload()
    await leo.locator("button.help").click()
    await expect(leo.locator("dialog").get_by_text("Harbor, de noche")).to_be_visible()
    await leo.context.set_offline(offline=False)
    await leo.reload()
    await leo.get_by_role("button", name="Salir").click()
    await leo.locator("button.help").click()

    await expect(leo.locator("dialog").get_by_role("link", name="988").first).to_be_visible()
    await expect(leo.locator("dialog").get_by_text("Harbor, de noche")).to_have_count(0)
    assert str(HARBOR.id) not in await leo.evaluate("JSON.stringify(localStorage)")
    people.forgive("ERR_INTERNET_DISCONNECTED")


async def test_a_link_that_was_handed_over_opens_the_day_and_only_once(people: People) -> None:
    made = (await (await people.client(KAI)).post(f"/v1/people/{DANA.id}/sign-in-links")).json()
    dana, other = await people.nobody(), await people.nobody()

    await dana.goto(made["url"])
    await expect(dana.get_by_role("button", name="Sign out")).to_be_visible()
    assert "invite" not in dana.url
    await other.goto(made["url"])
    await expect(other.get_by_text("This link has been used, or is too old.")).to_be_visible()

    assert await faults(other) == []
    people.forgive("status of 403")


async def test_who_comes_to_a_team_shows_at_the_patients_page_at_once(people: People) -> None:
    maya, rosa = await people.be(MAYA), await people.client(ROSA)
    team = maya.get_by_role("region", name="Your care team")
    await expect(team.get_by_text(SAM.name)).to_be_visible()

    members = [{"staffId": str(DANA.id), "lead": True}, {"staffId": str(OKAFOR.id)}]
    (
        await rosa.put(f"/v1/patients/{MAYA.id}/care-team", json={"members": members}, headers=AS_IT_IS)
    ).raise_for_status()

    await expect(team.get_by_text(SAM.name)).to_have_count(0)


@pytest.mark.parametrize("person", EVERYONE, ids=lambda person: person.handle)
async def test_nothing_stands_in_anybodys_way_on_a_phone(people: People, person: Person) -> None:
    page = await people.be(person, PHONE)
    await expect(page.locator("h1")).to_be_visible()
    await expect(page.get_by_text("One moment …")).to_have_count(0)

    assert await too_wide(page) == []
    assert await faults(page) == []


async def test_nothing_stands_in_anybodys_way_in_the_dark(people: People) -> None:
    maya, dana = await people.be(MAYA, color_scheme="dark"), await people.be(DANA, color_scheme="dark")

    await choose(maya, "mood", 4)
    await maya.get_by_text("I may overdose or hurt myself").click()
    assert await faults(maya) == []
    await check_in(maya, mood=4, craving=8)
    await expect(dana.locator(".alert")).to_be_visible()

    assert await faults(maya) == []
    assert await faults(dana) == []


async def test_a_person_who_speaks_spanish_is_spoken_to_in_spanish(people: People) -> None:
    leo = await people.be(LEO)

    await expect(leo.get_by_role("heading", name="¿Cómo estás hoy?")).to_be_visible()
    await expect(leo.locator("html")).to_have_attribute("lang", "es")


async def test_a_doctor_elsewhere_is_told_honestly_that_nothing_is_shared(people: People) -> None:
    lindqvist = await people.be(LINDQVIST)

    await expect(lindqvist.get_by_text("Nobody has shared anything with you yet.")).to_be_visible()
    await expect(lindqvist.get_by_text("Maya")).to_have_count(0)


async def test_signing_out_leaves_nothing_of_the_person_behind(people: People) -> None:
    maya = await people.be(MAYA)
    await maya.get_by_label("Anything you want to add").fill("Only for my team.")

    await maya.get_by_role("button", name="Sign out").click()

    await expect(maya.get_by_role("heading", name="Who would you like to be?")).to_be_visible()
    assert await maya.evaluate("sessionStorage.length") == 0


async def test_a_pleasant_day_makes_the_picture_of_the_readme(people: People, tmp_path: Path) -> None:
    await prescribe(await people.client(OKAFOR), "Buprenorphine-naloxone", ["08:00", "20:00"])
    await live_through(await people.client(MAYA), MONTH)
    maya = await people.be(MAYA)
    await check_in(maya, mood=8, craving=2)
    await expect(maya.get_by_text("Thank you for checking in.")).to_be_visible()
    await expect(maya.locator(".doses li")).to_have_count(2)
    await expect(maya.get_by_text("This week mood was 7.1")).to_be_visible()

    picture = Path(os.environ.get("CAIRN_SCREENSHOT") or tmp_path / "screenshot.png")
    await maya.screenshot(path=picture)

    assert picture.stat().st_size < 300_000


@pytest.mark.parametrize("seconds", [0, 2], ids=["at once", "after a while"])
async def test_what_happens_just_as_a_page_opens_is_not_missed(people: People, seconds: float) -> None:
    maya, okafor = await people.nobody(), await people.client(OKAFOR)
    every_two_hours = [f"{hour:02}:00" for hour in range(0, 24, 2)]

    async def prescribed_before_anybody_listens(route: Route) -> None:
        await asyncio.sleep(seconds)
        await prescribe(okafor, "Buprenorphine-naloxone 8 mg", every_two_hours)
        await route.continue_()

    await maya.route("**/v1/events", prescribed_before_anybody_listens, times=1)
    await maya.goto(f"{people.address}/#demo={MAYA.handle}")

    await expect(maya.locator(".doses li").first.get_by_role("button", name="Taken", exact=True)).to_be_visible()
