"""The story of an alert, the states it walks through, and what a supervisor says of how it went."""

import itertools
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from app.alerts import states
from app.demo.cast import DANA, INES, MAYA, OKAFOR, ROSA, SAM, THEO, Person
from db import CLOCK
from db.pool import connect
from tests.app.test_alerts import act, off_duty, worried
from tests.world import World


async def story(world: World, person: Person, alert_id: str) -> list[dict[str, Any]]:
    """What happened to an alert, as somebody reads it."""
    answer = await (await world.of(person)).get(f"/v1/alerts/{alert_id}/story")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def reviews(world: World, person: Person, alert_id: str, **said: Any) -> httpx.Response:
    """Somebody says how it went."""
    body = {"finding": "as-it-should-be"} | said
    return await (await world.of(person)).post(f"/v1/alerts/{alert_id}/review", json=body)


async def over(world: World, by: Person = DANA) -> str:
    """A crisis that somebody answered and closed."""
    alert_id: str = (await worried(world, inDanger=True))["alertId"]
    for verb, body in (("claim", {}), ("contact", {}), ("close", {"outcome": "reached-safe"})):
        assert (await act(world, by, alert_id, verb, **body)).status_code == 200
    return alert_id


async def test_each_hop_says_who_did_it_and_whose_phones_rang(world: World) -> None:
    alert_id = await over(world)

    told = [(hop["kind"], hop["by"] and hop["by"]["name"], [one["name"] for one in hop["told"]], hop["cause"])
            for hop in await story(world, DANA, alert_id)]  # fmt: skip
    assert told == [
        ("opened", None, [], "check-in"),
        ("told", None, [DANA.name, THEO.name], None),
        ("claimed", DANA.name, [], None),
        ("contacted", DANA.name, [], None),
        ("closed", DANA.name, [], None),
    ]


async def test_that_nobody_was_told_is_a_hop_as_well(world: World) -> None:
    await off_duty(world, SAM, INES, DANA, THEO)
    alert_id = (await worried(world, wantsToTalk=True))["alertId"]

    assert [(hop["kind"], hop["told"]) for hop in await story(world, THEO, alert_id)] == [
        ("opened", []), ("nobody", [])
    ]  # fmt: skip


async def test_a_story_names_no_patient_and_is_for_those_who_were_told(world: World) -> None:
    alert_id = await over(world)

    for person in (SAM, INES, OKAFOR, ROSA):
        answer = await (await world.of(person)).get(f"/v1/alerts/{alert_id}/story")
        assert answer.status_code in {403, 404}, person.handle
    assert MAYA.name not in str(await story(world, THEO, alert_id))


async def test_what_happened_is_never_changed_even_by_its_owner(real_world: World, own_database: str) -> None:
    await over(real_world)
    raw = await connect(own_database.replace("cairn_app", "postgres"))
    try:
        for statement in ("UPDATE alert_event SET kind = 'told'", "DELETE FROM alert_event"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await raw.execute(statement)
    finally:
        await raw.close()


async def test_a_crisis_waits_for_its_review_and_is_reviewed_once(world: World) -> None:
    alert_id = await over(world)
    theo = await world.of(THEO)
    [waiting] = (await theo.get("/v1/alert-reviews")).json()["items"]
    assert (waiting["id"], waiting["patient"]["name"], waiting["closedBy"]["name"]) == (alert_id, MAYA.name, DANA.name)

    answer = await reviews(world, THEO, alert_id, finding="too-late", note="Ten minutes are too many.")
    assert (answer.status_code, answer.json()["items"][-1]["kind"]) == (201, "reviewed")
    assert (await theo.get("/v1/alert-reviews")).json()["items"] == []
    assert (await reviews(world, THEO, alert_id)).json()["code"] == "ReviewedAlready"


async def test_what_is_found_is_sealed(world: World) -> None:
    await reviews(world, THEO, await over(world), note="Ten minutes are too many.")

    async with world.pool.transaction(CLOCK) as db:
        [row] = await db._raw.fetch("SELECT count(*) FROM alert_review")
    assert row[0] == 0  # not even for the clock


async def test_an_open_one_and_one_that_was_for_a_peer_are_not_reviewed(world: World) -> None:
    crisis = (await worried(world, inDanger=True))["alertId"]
    assert (await reviews(world, THEO, crisis)).json()["code"] == "NotClosedYet"
    peers = (await worried(world, craving=9))["alertId"]
    assert (await reviews(world, THEO, peers)).json()["code"] == "NothingToReview"


async def test_nobody_reviews_what_they_answered_while_another_could(real_world: World, own_database: str) -> None:
    mine = await over(real_world, THEO)
    assert (await reviews(real_world, THEO, mine)).status_code == 201
    another = await over(real_world, THEO)
    raw = await connect(own_database.replace("cairn_app", "postgres"))
    await raw.execute("INSERT INTO staff_role VALUES ($1, 'supervisor')", OKAFOR.id)
    await raw.close()

    refused = await reviews(real_world, THEO, another)
    assert (refused.status_code, refused.json()["code"]) == (403, "OwnAnswer")
    assert (await reviews(real_world, OKAFOR, another)).status_code == 201


async def test_only_supervisors_review(world: World) -> None:
    alert_id = await over(world)
    for person in (DANA, SAM, MAYA, ROSA):
        assert (await reviews(world, person, alert_id)).status_code == 403


def test_from_each_state_what_can_happen_is_declared_and_every_state_is_reached() -> None:
    reached, new = {states.START}, {states.START}
    while new:
        new = {after for at in new for afters in states.TRANSITIONS[at].values() for after in afters} - reached
        reached |= new
    assert reached == set(states.STATES) == set(states.TRANSITIONS)


@pytest.mark.parametrize(
    ("kinds", "there"),
    [
        (["opened", "told", "claimed", "contacted", "closed", "reviewed"], {"reviewed"}),
        (["opened", "nobody", "escalated", "told", "claimed", "lapsed"], {"waiting"}),
        (["opened", "claimed", "claimed"], set()),
        (["opened", "closed", "raised"], set()),
        (["opened", "told", "claimed", "raised"], {"waiting", "answered"}),
    ],
)
def test_a_history_leads_somewhere_or_cannot_have_happened(kinds: list[Any], there: set[str]) -> None:
    assert states.walked(kinds) == there


async def test_every_history_of_a_hard_day_is_one_that_the_declaration_allows(world: World) -> None:
    """All orders of what two people do; refused or not, what was written down is a walk through the states."""
    verbs = [(SAM, "claim", {}), (SAM, "raise", {"to": "p1"}), (DANA, "claim", {}), (DANA, "contact", {}),
             (DANA, "release", {}), (DANA, "close", {"outcome": "reached-safe"})]  # fmt: skip
    for order in itertools.islice(itertools.permutations(verbs), 0, None, 31):
        alert_id = (await worried(world, wantsToTalk=True))["alertId"]
        for person, verb, body in order:
            await act(world, person, alert_id, verb, **body)
        kinds = [hop["kind"] for hop in await story(world, THEO, alert_id)]
        assert states.walked(kinds), kinds
        await act(world, THEO, alert_id, "claim")
        await act(world, THEO, alert_id, "close", outcome="handed-over")


def test_the_readme_shows_the_states_as_they_are() -> None:
    readme = Path("README.md").read_text(encoding="utf-8")
    assert f"```mermaid\n{states.drawn()}\n```" in readme
