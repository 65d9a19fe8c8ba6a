"""The crisis card: a site's own where it has one, in the language that somebody reads, for whoever asks."""

from typing import Any

import pytest

from app.crisis.rules import preferred
from app.demo.cast import ELM, HARBOR
from tests.app.scene import Scene


async def card(scene: Scene, language: str = "", **query: str) -> tuple[str, list[str]]:
    """The card's language, and the titles on it."""
    answer = await scene.world.nobody().get(
        "/v1/crisis-card", params=query, headers={"accept-language": language} if language else {}
    )
    assert (answer.status_code, answer.headers["vary"]) == (200, "Accept-Language")
    found: dict[str, Any] = answer.json()
    return found["language"], [one["title"] for one in found["resources"]]


async def test_a_sites_own_numbers_are_on_its_card_and_on_nobody_elses(scene: Scene) -> None:
    async with scene.undone():
        await scene.seen.owner(
            "INSERT INTO crisis_resource VALUES ($1, 'en', 1, 'Harbor, night line', 'All night.', '555-0100', NULL)",
            HARBOR.id,
        )
        assert await card(scene, organisation=str(HARBOR.id)) == ("en", ["Harbor, night line"])
        for query in ({}, {"organisation": str(ELM.id)}, {"organisation": str(scene.world.new_id())}):
            assert "988 Suicide & Crisis Lifeline" in (await card(scene, **query))[1]
        # Without rows of its own in a language the default ones are shown rather than none.
        spanish = await card(scene, organisation=str(HARBOR.id), language="es")
        assert spanish == await card(scene, "es")


async def test_the_header_decides_the_language_unless_the_address_says_it(scene: Scene) -> None:
    assert (await card(scene, "es-MX,es;q=0.9,en;q=0.8"))[0] == "es"
    assert (await scene.world.nobody().get("/v1/crisis-card?language=en", headers={"accept-language": "es"})).json()[
        "language"
    ] == "en"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"), ("es", "es"), ("ES-419", "es"), ("en-US,en;q=0.9,es;q=0.8", "en"), ("en;q=0.5, es", "es"),
        ("fr-CA, es;q=0.3", "es"), ("est, ens;q=1", "en"), ("es;q=0", "en"), ("*", "en"), ("es;q=zqmark", "en"),
        ("es ; q=0.2 , en ; q=0.1", "es"), (",;,=;", "en"),
    ],
)  # fmt: skip
def test_the_language_that_is_liked_best_is_spoken(header: str, language: str) -> None:
    assert preferred(header) == language
