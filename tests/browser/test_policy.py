"""What the page may do in a browser: what it needs, and nothing that a text of somebody could make it do."""

from typing import Any

from app.demo.cast import MAYA
from tests.browser.people import People, check_in

WATCHED = """
    window.violations = [];
    addEventListener("securitypolicyviolation", (event) => window.violations.push(
        `${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
"""
TRIED = """
    () => {
        const tried = {};
        const attempt = (name, act) => {
            try { act(); tried[name] = "done"; } catch (refused) { tried[name] = refused.name; }
        };
        const text = "<img src=x onerror='window.hurt = true'>";
        attempt("innerHTML", () => { document.createElement("div").innerHTML = text; });
        attempt("write", () => document.write(text));
        attempt("script", () => { document.createElement("script").text = "window.hurt = true"; });
        attempt("src", () => { document.createElement("script").src = "/sw.js"; });
        attempt("srcdoc", () => { document.createElement("iframe").srcdoc = text; });
        attempt("policy", () => trustedTypes.createPolicy("another", {}));
        attempt("twice", () => trustedTypes.createPolicy("cairn", {}));
        return { ...tried, hurt: Boolean(window.hurt) };
    }
"""


async def test_no_text_becomes_a_script_and_the_page_needs_none_to(people: People) -> None:
    page = await people.be(MAYA)
    await page.add_init_script(WATCHED)
    await page.reload()
    await check_in(page, mood=6, craving=2)
    await page.evaluate("() => navigator.serviceWorker.ready")
    assert await page.evaluate("() => window.violations") == []
    assert await page.evaluate("() => window.crossOriginIsolated") is True

    tried: dict[str, Any] = await page.evaluate(TRIED)

    assert tried.pop("hurt") is False
    assert set(tried.values()) == {"TypeError"}, tried
    assert people.complaints  # of each of these
    people.complaints.clear()
