"""A visit through the served page, between two browsers that really send and receive."""

import pytest
from playwright.async_api import Page, expect

from app.demo.cast import DANA, MAYA
from tests.browser.people import People, join, received

pytestmark = pytest.mark.browser

ADVANCING = """
    async ([frames, sound, time]) => {
        const latest = window.connections.at(-1);
        let moves = false, sounds = false;
        for (const one of (await latest.getStats()).values()) {
            if (one.type === "inbound-rtp" && one.kind === "video") moves = one.framesDecoded > frames + 10;
            if (one.type === "inbound-rtp" && one.kind === "audio") sounds = one.packetsReceived > sound + 25;
        }
        const picture = document.querySelector("video.big");
        return moves && sounds && picture.videoWidth > 0 && picture.currentTime > time;
    }
"""


async def test_two_people_see_and_hear_each_other_and_then_leave(people: People) -> None:
    maya, dana = await people.be(MAYA), await people.be(DANA)

    await join(maya)
    await expect(maya.get_by_text("You are here. We are waiting for Dana Kim.")).to_be_visible()
    await join(dana)

    for page in (maya, dana):
        await expect(page.locator(".stage.together")).to_be_visible()
        await advances(page)

    await dana.get_by_role("button", name="Leave").click()
    await expect(dana.get_by_text("You have left the visit.")).to_be_visible()
    await expect(maya.locator(".stage.away, .stage.waiting")).to_be_visible()
    await maya.get_by_role("button", name="Leave").click()
    await expect(maya.get_by_text("You have left the visit.")).to_be_visible()


async def test_who_reloads_the_page_in_a_visit_comes_back_into_it(people: People) -> None:
    maya, dana = await people.be(MAYA), await people.be(DANA)
    await join(dana)
    await join(maya)
    await expect(dana.locator(".stage.together")).to_be_visible()

    await maya.reload()
    await maya.get_by_role("button", name="Join visit").click()

    for page in (maya, dana):
        await expect(page.locator(".stage.together")).to_be_visible()
        await advances(page)


async def test_losing_the_line_to_the_server_does_not_touch_the_picture(people: People) -> None:
    maya, dana = await people.be(MAYA), await people.be(DANA)
    await join(dana)
    await join(maya)
    await expect(dana.locator(".stage.together")).to_be_visible()
    await advances(maya)
    before = [await page.evaluate("connections.length") for page in (maya, dana)]

    await maya.evaluate("sockets.at(-1).close()")
    await maya.wait_for_function("() => sockets.length === 2 && sockets.at(-1).readyState === WebSocket.OPEN")

    for page in (maya, dana):
        await expect(page.locator(".stage.together")).to_be_visible()
        await advances(page)
    assert [await page.evaluate("connections.length") for page in (maya, dana)] == before


@pytest.mark.parametrize("who", ["patient", "staff"])
async def test_a_connection_that_carries_nothing_is_replaced_from_either_side(people: People, who: str) -> None:
    maya, dana = await people.be(MAYA), await people.be(DANA)
    await join(dana)
    await join(maya)
    await expect(dana.locator(".stage.together")).to_be_visible()
    await expect(maya.locator(".stage.together")).to_be_visible()

    await (maya if who == "patient" else dana).evaluate("connections.at(-1).close()")

    for page in (maya, dana):
        await page.wait_for_function("() => connections.length > 1")
        await expect(page.locator(".stage.together")).to_be_visible()
        await advances(page)


async def test_who_leaves_gives_the_camera_back_and_may_come_again(people: People) -> None:
    maya = await people.be(MAYA)
    await join(maya)
    await expect(maya.locator(".self video")).to_be_visible()
    track = await maya.evaluate_handle("document.querySelector('.self video').srcObject.getVideoTracks()[0]")

    await maya.get_by_role("button", name="Leave").click()

    await expect(maya.get_by_role("heading", name="You have left the visit.")).to_be_visible()
    assert await track.evaluate("(one) => one.readyState") == "ended"
    await maya.get_by_role("button", name="Join again").click()
    await maya.get_by_role("button", name="Join visit").click()
    await expect(maya.get_by_text("We are waiting for Dana Kim.")).to_be_visible()


async def test_the_other_person_is_told_when_a_camera_is_off(people: People) -> None:
    maya, dana = await people.be(MAYA), await people.be(DANA)
    await join(dana)
    await join(maya)
    await expect(dana.locator(".stage.together")).to_be_visible()

    await maya.get_by_role("button", name="Camera off").click()
    await maya.get_by_role("button", name="Mute").click()

    await expect(dana.get_by_text("Their camera is off")).to_be_visible()
    await expect(dana.get_by_text("muted", exact=True)).to_be_visible()
    await maya.get_by_role("button", name="Camera on").click()
    await expect(dana.get_by_text("Their camera is off")).to_be_hidden()


async def test_before_a_visit_one_sees_oneself_in_the_mirror(people: People) -> None:
    maya = await people.be(MAYA)

    await maya.get_by_role("link", name="Test camera and microphone").click()
    await maya.get_by_role("button", name="Start the test").click()

    await expect(maya.locator(".stage.together")).to_be_visible()
    await advances(maya)


async def advances(page: Page) -> None:
    """The picture goes on and the sound goes on, from now."""
    before = await received(page)
    await page.wait_for_function(ADVANCING, arg=[before["frames"], before["sound"], before["time"]])
