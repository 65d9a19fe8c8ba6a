"""People come in and are put beside each other through the page alone, and everybody settles their own account."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from app.clock import system_clock
from app.demo.cast import DANA, INES, KAI, LEO, MAYA, OKAFOR, ROSA, SAM, THEO, Person
from db import new_id
from tests.browser.people import DESKTOP, PHONE, People, check_in, faults, too_wide

pytestmark = pytest.mark.browser

CLIPBOARD = ["clipboard-read", "clipboard-write"]
MORE_THAN_A_PAGE = 52
PEER_IN_SPANISH = "Una persona de apoyo a mi lado cuando sea urgente"


@pytest.fixture
async def newcomers(chromium: Browser, setup_link: str) -> AsyncIterator[People]:
    """Pages at a Cairn in which there is nobody yet."""
    made = People(chromium, setup_link.partition("/#")[0])
    yield made
    await made.leave()
    assert made.complaints == []
    assert made.elsewhere == set()


def opened(page: Page, name: str) -> Locator:
    """What a button of that name has opened."""
    return page.get_by_role("group", name=name)


async def link_for(page: Page, name: str) -> str:
    """The link as it is shown, once it was made for somebody whose row is there."""
    shown = opened(page, f"Sign-in link for {name}")
    if not await shown.is_visible():
        await page.get_by_role("button", name=f"Sign-in link, {name}").click()
    await shown.get_by_role("button", name="Make a sign-in link").click()
    field = shown.get_by_label(f"Sign-in link for {name}")
    await expect(field).to_have_value(re.compile("#invite="))
    return await field.input_value()


async def invitation_for(page: Page, name: str) -> tuple[str, str]:
    """The link and the key of an invitation that is open already, both as they are shown."""
    shown = opened(page, f"Invitation for {name}")
    await shown.get_by_role("button", name="Make an invitation").click()
    key = await shown.get_by_label(f"Key for {name}").inner_text()
    return await shown.get_by_label(f"Link for {name}", exact=True).input_value(), key


async def come_in(people: People, link: str) -> Page:
    """Somebody opens the link that they were given, on a device of their own."""
    page = await people.nobody(PHONE)
    await page.goto(link)
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    later = page.get_by_role("button", name="Not now")
    await expect(later.or_(page.get_by_role("heading", level=1)).first).to_be_visible()
    if "/first" in page.url:
        await later.click()
    return page


async def add_staff(page: Page, name: str, role: str) -> None:
    await page.get_by_role("button", name="Add somebody").click()
    form = opened(page, "Add somebody")
    await form.get_by_label("Name").fill(name)
    await form.get_by_role("checkbox", name=role, exact=True).check()
    await form.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_text(f"{name} works here now.")).to_be_visible()


async def bring_in(page: Page, name: str) -> None:
    await page.get_by_role("button", name="Bring somebody in").click()
    form = opened(page, "Bring somebody in")
    await form.get_by_label("Name").fill(name)
    await form.get_by_role("button", name="Bring somebody in").click()
    await expect(page.get_by_text(f"{name} is in the program")).to_be_visible()


async def test_from_an_empty_server_to_a_trend_that_a_counselor_sees_through_the_page_alone(
    newcomers: People, setup_link: str
) -> None:
    ada = await newcomers.nobody()
    await ada.goto(setup_link)
    await ada.get_by_label("Name of the organisation").fill("Lakeside Recovery")
    await ada.get_by_label("Your name").fill("Ada Park")
    await ada.get_by_label("Time zone").fill("America/Chicago")
    await ada.get_by_role("button", name="Begin").click()
    await expect(ada.get_by_role("region", name="Who works here")).to_contain_text("Ada Park")

    await add_staff(ada, "Bea Lind", "Counselor")
    bea = await come_in(newcomers, await link_for(ada, "Bea Lind"))
    await expect(bea.get_by_text("Nobody is on your list yet.")).to_be_visible()
    await bring_in(bea, "Cal Moreno")
    link, key = await invitation_for(bea, "Cal Moreno")
    cal = await newcomers.nobody(PHONE)
    await cal.goto(link)
    await cal.get_by_label("Your key").fill(key)
    await cal.get_by_role("button", name="Come in").click()
    await cal.get_by_role("link", name="Back").click()
    await expect(cal.get_by_role("region", name="Your care team")).to_contain_text("Bea Lind")
    await check_in(cal, mood=8, craving=2)
    await expect(cal.get_by_text("Thank you for checking in.")).to_be_visible()

    await bea.get_by_role("link", name="Cal Moreno").click()
    await expect(bea.get_by_text("This week mood was 8 and craving 2 on average.")).to_be_visible()


async def test_a_link_is_copied_and_a_newer_one_ends_it(people: People) -> None:
    kai = await people.be(KAI, permissions=CLIPBOARD)

    first = await link_for(kai, DANA.name)
    shown = opened(kai, f"Sign-in link for {DANA.name}")
    await expect(shown).to_contain_text("It works once, until")
    await shown.get_by_role("button", name="Copy").click()
    await expect(shown.get_by_text("Copied.")).to_be_visible()
    assert await kai.evaluate("navigator.clipboard.readText()") == first
    await shown.get_by_role("button", name="Close").click()
    second = await link_for(kai, DANA.name)

    other = await people.nobody()
    await other.goto(first)
    await expect(other.get_by_text("This link has been used, or is too old.")).to_be_visible()
    await come_in(people, second)
    people.forgive("status of 403")


async def test_where_nothing_may_be_copied_the_link_is_marked_to_be_copied_by_hand(people: People) -> None:
    kai = await people.be(KAI)
    await kai.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }")

    link = await link_for(kai, SAM.name)
    await kai.get_by_role("button", name="Copy").click()

    await expect(kai.get_by_text("It is marked.")).to_be_visible()
    assert await kai.evaluate("document.activeElement.value.slice(0, document.activeElement.selectionEnd)") == link


async def test_a_change_of_roles_holds_and_the_day_is_another(people: People) -> None:
    kai, sam = await people.be(KAI), await people.be(SAM)
    await expect(sam.get_by_text("All quiet.")).to_be_visible()

    await kai.get_by_role("button", name=f"Change roles, {SAM.name}").click()
    form = opened(kai, f"Change roles, {SAM.name}")
    await form.get_by_role("checkbox", name="Peer supporter").uncheck()
    await expect(form.get_by_text("Nobody comes in without a role.")).to_be_visible()
    await form.get_by_role("checkbox", name="Care coordinator").check()
    await form.get_by_role("button", name="Save").click()

    await expect(kai.get_by_role("listitem").filter(has_text=SAM.name)).to_contain_text("Care coordinator")
    await expect(form).to_have_count(0)
    await sam.reload()
    await expect(sam.get_by_role("button", name="Bring somebody in")).to_be_visible()
    await expect(sam.get_by_text("All quiet.")).to_have_count(0)


async def test_a_refusal_is_said_in_the_servers_own_words_where_it_belongs(people: People) -> None:
    kai = await people.be(KAI)
    await kai.get_by_role("button", name=f"Change roles, {KAI.name}").click()
    roles = opened(kai, f"Change roles, {KAI.name}")
    await roles.get_by_role("checkbox", name="Supervisor").check()
    await roles.get_by_role("button", name="Save").click()
    await expect(roles.get_by_text("You cannot give yourself a role.")).to_be_visible()
    await roles.get_by_role("checkbox", name="Supervisor").uncheck()
    await roles.get_by_role("checkbox", name="Operator").uncheck()
    await roles.get_by_role("button", name="Save").click()
    await expect(roles.get_by_text("An organisation keeps at least one operator.")).to_be_visible()

    await kai.get_by_role("button", name="Add somebody").click()
    form = opened(kai, "Add somebody")
    zone = form.get_by_label("Time zone")
    await expect(zone).to_have_value(KAI.house.time_zone)
    await form.get_by_label("Name").fill("Ada Wells")
    await zone.fill("Mars/Olympus")
    await form.get_by_role("button", name="Add", exact=True).click()

    await expect(zone).to_have_attribute("aria-invalid", "true")
    await expect(zone).to_have_accessible_description("Not an IANA time zone.")
    assert await faults(kai) == []
    people.forgive("status of 4")


async def test_a_care_team_is_arranged_as_a_whole_and_shows_at_once(people: People) -> None:
    rosa, maya = await people.be(ROSA), await people.be(MAYA)
    team = maya.get_by_role("region", name="Your care team")
    await expect(team).to_contain_text(SAM.name)

    await rosa.get_by_role("button", name=f"Care team, {MAYA.name}").click()
    editor = opened(rosa, f"Care team of {MAYA.name}")
    await editor.get_by_role("button", name=f"Remove, {SAM.name}").click()
    await editor.get_by_label("Add somebody").select_option(label=f"{INES.name}, Peer supporter")
    await editor.get_by_role("button", name="Add", exact=True).click()
    await editor.get_by_role("radio", name=f"Leads, {OKAFOR.name}").check()
    await expect(editor.get_by_label("Add somebody").locator("option", has_text=INES.name)).to_have_count(0)
    await expect(editor.get_by_label("Add somebody").locator("option", has_text=KAI.name)).to_have_count(0)
    await expect(team).to_contain_text(SAM.name)
    await editor.get_by_role("button", name="Save the team").click()

    await expect(team).to_contain_text(INES.name)
    await expect(team).not_to_contain_text(SAM.name)
    await expect(team.get_by_role("listitem").first).to_contain_text(OKAFOR.name)


async def test_a_supervisor_adds_somebody_and_a_team_without_a_lead_is_refused(people: People) -> None:
    theo = await people.be(THEO)
    await theo.get_by_role("link", name=MAYA.name).click()
    await theo.get_by_role("button", name="Arrange").click()
    editor = opened(theo, "Arrange")

    await editor.get_by_role("button", name=f"Remove, {DANA.name}").click()
    await editor.get_by_role("button", name="Save the team").click()
    await expect(editor.get_by_text("Expected exactly one who leads.")).to_be_visible()
    await editor.get_by_label("Add somebody").select_option(label=f"{THEO.name}, Supervisor")
    await editor.get_by_role("button", name="Add", exact=True).click()
    await expect(editor.get_by_role("radio", name=f"Leads, {THEO.name}")).to_be_checked()
    await editor.get_by_role("button", name="Save the team").click()

    team = theo.get_by_role("region", name="Care team")
    await expect(team.get_by_role("listitem").first).to_contain_text(THEO.name)
    await expect(team).not_to_contain_text(DANA.name)
    people.forgive("status of 422")


async def test_whoever_leads_hands_a_team_over_and_then_sees_it_no_more(people: People) -> None:
    dana, okafor = await people.be(DANA), await people.be(OKAFOR)
    mine, theirs = (page.get_by_role("region", name="People you support") for page in (dana, okafor))
    await expect(theirs).to_contain_text(MAYA.name)
    await expect(theirs).not_to_contain_text(LEO.name)

    await dana.get_by_role("link", name=LEO.name).click()
    await dana.get_by_role("button", name="Arrange").click()
    await hand_over(dana, "Add somebody")
    await opened(dana, "Arrange").get_by_role("button", name=f"Remove, {DANA.name}").click()
    await opened(dana, "Arrange").get_by_role("button", name="Save the team").click()

    await expect(mine).to_contain_text(MAYA.name)
    await expect(mine).not_to_contain_text(LEO.name)
    await theirs.get_by_role("link", name=LEO.name).click()
    await expect(okafor.get_by_role("button", name="Arrange")).to_be_visible()
    await expect(okafor.get_by_role("button", name="Make an invitation")).to_be_visible()
    # She may hear of it before her view has closed, which then asks for what she sees no more.
    people.forgive("status of 404")


async def test_whoever_leads_no_more_neither_arranges_nor_invites(people: People) -> None:
    dana, okafor = await people.be(DANA), await people.be(OKAFOR)
    for page in (dana, okafor):
        await page.get_by_role("link", name=MAYA.name).click()
    await expect(okafor.get_by_role("region", name="Care team")).to_contain_text(DANA.name)
    await expect(okafor.get_by_role("button", name="Make an invitation")).to_have_count(0)
    await expect(dana.get_by_role("button", name="Make an invitation")).to_be_visible()

    await dana.get_by_role("button", name="Arrange").click()
    await hand_over(dana, None)
    await opened(dana, "Arrange").get_by_role("button", name="Save the team").click()

    await expect(okafor.get_by_role("button", name="Arrange")).to_be_visible()
    await expect(okafor.get_by_role("button", name="Make an invitation")).to_be_visible()
    for name in ("Make an invitation", "Arrange"):
        await expect(dana.get_by_role("button", name=name)).to_have_count(0)
    await expect(dana.get_by_role("region", name="Care team")).to_contain_text(DANA.name)


async def hand_over(page: Page, by: str | None) -> None:
    """Let Okafor lead, who comes to the team by this field if she is not in it."""
    editor = opened(page, "Arrange")
    if by is not None:
        await editor.get_by_label(by).select_option(label=f"{OKAFOR.name}, Prescriber")
        await editor.get_by_role("button", name="Add", exact=True).click()
    await editor.get_by_role("radio", name=f"Leads, {OKAFOR.name}").check()


async def test_the_page_speaks_the_language_that_one_chooses_at_once_and_later(people: People) -> None:
    maya = await people.be(MAYA)
    await maya.get_by_role("link", name="Your account").click()
    await maya.get_by_label("Language").select_option("es")
    await maya.get_by_label("Time zone").fill("America/Denver")
    await maya.get_by_text("A peer beside me when it is urgent").click()
    await maya.get_by_role("button", name="Save").click()

    await expect(maya.get_by_role("heading", name="Tu cuenta", exact=True)).to_be_visible()
    await expect(maya.get_by_text("Guardado.")).to_be_visible()
    await expect(maya.get_by_role("button", name="Salir")).to_be_visible()
    await expect(maya.locator("html")).to_have_attribute("lang", "es")
    await maya.reload()
    await expect(maya.get_by_label("Zona horaria")).to_have_value("America/Denver")
    await expect(maya.get_by_role("switch", name=PEER_IN_SPANISH)).to_be_checked()
    await maya.get_by_role("link", name="Volver").click()
    await expect(maya.get_by_role("heading", name="¿Cómo estás hoy?")).to_be_visible()


async def test_only_a_patient_is_asked_about_a_peer(people: People) -> None:
    dana = await people.be(DANA)

    await dana.get_by_role("link", name="Your account").click()

    await expect(dana.get_by_label("Language")).to_be_visible()
    await expect(dana.get_by_role("switch", name="A peer beside me")).to_have_count(0)


async def test_a_long_list_is_shown_a_page_at_a_time(people: People) -> None:
    client = await people.client(KAI)
    for n in range(MORE_THAN_A_PAGE):
        somebody = {"id": str(new_id(system_clock())), "name": f"Zoe {n:02}", "roles": ["peer"]}
        (await client.post("/v1/staff", json={**somebody, "timeZone": "UTC", "language": "en"})).raise_for_status()
    kai = await people.be(KAI)
    rows = kai.get_by_role("region", name="Who works here").get_by_role("listitem")
    await expect(rows).to_have_count(50)
    await expect(kai.get_by_text("Zoe 51")).to_have_count(0)

    await kai.get_by_role("button", name="Show more").click()

    await expect(kai.get_by_text("Zoe 51")).to_be_visible()
    await expect(kai.get_by_role("button", name="Show more")).to_have_count(0)


async def test_the_keyboard_goes_into_what_a_button_opens_and_back_to_it(people: People) -> None:
    kai = await people.be(KAI)
    button = kai.get_by_role("button", name="Add somebody")

    await button.press("Enter")
    await expect(opened(kai, "Add somebody")).to_be_focused()
    await kai.keyboard.press("Tab")
    await expect(kai.get_by_label("Name")).to_be_focused()
    await opened(kai, "Add somebody").get_by_role("button", name="Not now").press("Enter")

    await expect(opened(kai, "Add somebody")).to_have_count(0)
    await expect(button).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_stands_in_the_way_of_whoever_arranges_things(people: People, scheme: str) -> None:
    kai = await people.be(KAI, PHONE, color_scheme=scheme)
    await link_for(kai, DANA.name)
    await kai.get_by_role("button", name=f"Change roles, {SAM.name}").click()
    await kai.get_by_role("button", name="Add somebody").click()
    rosa = await people.be(ROSA, PHONE, color_scheme=scheme)
    await rosa.get_by_role("button", name=f"Care team, {MAYA.name}").click()
    await rosa.get_by_role("button", name=f"Invitation, {LEO.name}").click()
    await rosa.get_by_role("button", name="Bring somebody in").click()
    await expect(rosa.get_by_label("Add somebody").locator("option", has_text=INES.name)).to_have_count(1)
    theo = await people.be(THEO, PHONE, color_scheme=scheme)
    await theo.goto(f"{people.address}/#/patient/{MAYA.id}")
    await theo.get_by_role("button", name="Arrange").click()
    await expect(theo.get_by_label("Add somebody").locator("option", has_text=INES.name)).to_have_count(1)

    for page in (kai, rosa, theo):
        assert await too_wide(page) == []
        assert await faults(page) == []


@pytest.mark.parametrize("person", [MAYA, LEO, DANA, KAI], ids=lambda person: person.handle)
async def test_nothing_stands_in_the_way_of_ones_own_account(people: People, person: Person) -> None:
    page = await people.be(person, PHONE)
    await page.locator("a.whoami").click()
    await expect(page.locator("#own-zone")).to_have_value(person.time_zone)

    assert await too_wide(page) == []
    assert await faults(page) == []
    await page.set_viewport_size(DESKTOP)
    assert await faults(page) == []


@pytest.mark.parametrize(("person", "scheme"), [(MAYA, "light"), (LEO, "dark")], ids=["maya", "leo"])
async def test_a_patient_reads_who_has_looked_in_their_own_language(
    people: People, person: Person, scheme: str
) -> None:
    dana = await people.client(DANA)
    (await dana.get(f"/v1/patients/{person.id}/check-ins")).raise_for_status()
    page = await people.be(person, PHONE, color_scheme=scheme)
    await page.locator("a.whoami").click()
    await page.get_by_role("link", name=re.compile("Who has looked|Quién ha mirado")).click()

    looks = page.get_by_role("region", name=re.compile("Who has looked|Quién ha mirado"))
    first = looks.get_by_role("listitem").filter(has_text=DANA.name).first
    await expect(first).to_contain_text("Looked at your check-ins" if person == MAYA else "Ha mirado tus registros")
    await expect(first).to_contain_text("Counselor" if person == MAYA else "Consejer")
    await expect(looks.get_by_text(re.compile("^(You|Tú)$"))).to_have_count(0)
    await looks.get_by_role("switch").check()
    await expect(looks.get_by_text(re.compile("^(You|Tú)$")).first).to_be_visible()
    assert await too_wide(page) == []
    assert await faults(page) == []
