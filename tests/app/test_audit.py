"""Whoever reads or changes a patient's record leaves a row that says so, or does neither."""

from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest

from app import audit
from app.access import Rule
from app.demo.cast import CAST, DANA, KAI, MAYA, Person
from app.errors import NotFound
from db import Pool, person
from tests.app.recipes import Recipe, ask, expected
from tests.app.scene import PATIENTS, Scene
from tests.app.test_access import ROUTES, book, recipe_of
from tests.app.test_bad_input import asker
from tests.world import World, a_check_in

# Every category of the access table is in one of these two, or the test fails.
RECORD = {
    "alerts", "appointments", "audit-events", "calendar-feed", "care-team", "check-in-levels", "check-ins", "closures",
    "consents", "contact-preferences", "disclosures", "dose-log", "doses", "emergency", "identity", "invitations",
    "legal-holds", "newcomers", "record", "regimens", "slots", "threads", "visits",
}  # fmt: skip
NO_RECORD = {
    "api-description": "the same for everybody",
    "closure": "one's own plan; that it was asked for and taken back is on record: tests/closure",
    "consent-forms": "words that could be signed",
    "exports": "one's own, and how far they are; that one was asked for, made and fetched is on record: tests/exports",
    "legal-parameters": "the law, by day",
    "own-authenticator": "one's own ways in",
    "own-passkeys": "one's own ways in",
    "own-provider": "one's own ways in",
    "check-in-questions": "what is asked each day, of everybody",
    "rotations": "of a program: who works when, and no patient",
    "thresholds": "of a program; they name nobody",
    "provider": "the door of another house",
    "recipients": "organisations and who works there",
    "recoveries": "of colleagues; it stands in the history of their account",
    "coverage": "of colleagues; who stands in is told in the audit of each patient, as of their care team",
    "crisis-card": "the same for everybody",
    "demo-people": "made up, and only in demo mode",
    "health": "of the server",
    "metrics": "of the server, by route",
    "marks": "how far one has come in a thread of one's own; reading it is audited",
    "own-approvals": "between one's own devices",
    "own-contacts": "where one is written to oneself",
    "own-recovery-codes": "a number of codes",
    "own-session": "how sure we are of oneself",
    "own-vouches": "a number that one reads out; who vouches is audited",
    "own-account": "one's own name and session",
    "own-devices": "one's own phones, and what they were rung for: ids",
    "own-duty": "a worker's own shifts",
    "own-events": "ids; what they name is read, and audited, elsewhere",
    "own-feed": "the address of one's calendar; reading it is audited",
    "own-hours": "a worker's own week",
    "page": "the same for everybody",
    "security-events": "sign-ins and roles; that somebody looked is on record in the same chains",
    "sign-in-links": "of colleagues alone",
    "staff": "who works here and as what; of no patient",
}
# What happened to an alert is said in the past tense, as its history says it.
SAID = {"claim": "claimed", "contact": "contacted", "release": "released", "raise": "raised", "close": "closed"}

ON_RECORD = [row for row in ROUTES if row[2].category in RECORD]
each_on_record = pytest.mark.parametrize(
    ("method", "path", "rule"), ON_RECORD, ids=[f"{method} {path}" for method, path, _ in ON_RECORD]
)


class Kept(msgspec.Struct, frozen=True):
    """An audit row, as the owner reads it."""

    actor_id: UUID | None
    duty: str
    patient_id: UUID
    action: str
    category: str


async def kept(scene: Scene, answer: httpx.Response) -> list[Kept]:
    """The rows that the request behind this answer left."""
    rows = await scene.seen.owner(
        "SELECT actor_id, duty, patient_id, action, category FROM audit_event WHERE request_id = $1 ORDER BY id",
        UUID(answer.headers["x-request-id"]),
    )
    return [Kept(**dict(row)) for row in rows]


def concerned(scene: Scene, recipe: Recipe, actor: Person | None, answer: httpx.Response) -> set[UUID]:
    """Whose record an answer speaks of."""
    if recipe.of in ("one", "nobody"):
        return {MAYA.id}
    if recipe.of == "new":
        said = answer.json()
        return {UUID(said.get("patientId", said["id"]))}
    if actor in PATIENTS and actor is not None:
        return {actor.id}  # of themselves alone, whatever there is
    text = answer.text
    return {r.patient.id for r in scene.records.values() if str(r.patient.id) in text or str(r.alert) in text}


def test_every_category_is_a_record_or_says_why_not() -> None:
    assert {rule.category for _, _, rule in ROUTES} == RECORD | set(NO_RECORD)


@each_on_record
async def test_each_look_and_each_change_leaves_a_row_and_no_refusal_does(
    scene: Scene, method: str, path: str, rule: Rule
) -> None:
    recipe, wrong, served = recipe_of(method, path), list[str](), 0
    for actor in (None,) if rule.public else CAST:
        async with scene.undone():
            await recipe.first(scene)
            answer = await ask(scene, method, path, recipe, actor)
            found = await kept(scene, answer)
        due = (
            concerned(scene, recipe, actor, answer)
            if expected(book(method, path, rule), recipe, actor).status < 400
            else set()
        )
        served += bool(due)
        wrong += [f"{actor.handle if actor else 'nobody'}: {fault}" for fault in faults(found, due, rule, actor)]
    assert wrong == []
    assert served, "nobody was served, so nothing was seen"


def faults(found: list[Kept], due: set[UUID], rule: Rule, actor: Person | None) -> list[str]:
    """What is wrong with the rows: for whom, by whom, and that they did what the rule is about.

    Whoever has the address of a feed is nobody whom we know, and not the one whose feed it is.
    """
    wrong = []
    if {row.patient_id for row in found} != due:
        wrong.append(f"{len(found)} rows for {len({row.patient_id for row in found})} patients instead of {len(due)}")
    if any((row.actor_id, row.duty) != ((actor.id, "") if actor else (None, "feed")) for row in found):
        wrong.append("a row names another actor")
    if due and (SAID.get(rule.action, rule.action), rule.category) not in {(row.action, row.category) for row in found}:
        wrong.append(f"no row says {rule.action} {rule.category} but {[(row.action, row.category) for row in found]}")
    return wrong


async def test_a_look_at_a_record_with_nothing_in_it_leaves_a_row_too(scene: Scene) -> None:
    maya = await scene.world.of(MAYA)
    async with scene.undone():
        await scene.seen.owner("DELETE FROM appointment")
        listed = await maya.get("/v1/appointments")
        shown = await scene.world.nobody().get(f"/v1/calendar/{scene.maya.feed}.ics")
        assert (listed.json()["items"], b"VEVENT" in shown.content) == ([], False)
        assert await kept(scene, listed) == [Kept(MAYA.id, "", MAYA.id, "list", "appointments")]
        assert await kept(scene, shown) == [Kept(None, "feed", MAYA.id, "read", "calendar-feed")]


CHANGES = [row for row in ON_RECORD if row[0] != "GET"]


@pytest.mark.parametrize(("method", "path", "rule"), CHANGES, ids=[f"{method} {path}" for method, path, _ in CHANGES])
async def test_the_same_again_is_a_look_that_leaves_a_row_too(scene: Scene, method: str, path: str, rule: Rule) -> None:
    recipe = recipe_of(method, path)
    body: dict[str, Any] = {"content": msgspec.json.encode(recipe.body(scene))} if recipe.body else {}
    async with scene.undone():
        await recipe.first(scene)
        first = await ask(scene, method, path, recipe, asker(method, path, rule), **body)
        again = await ask(scene, method, path, recipe, asker(method, path, rule), **body)
        found = await kept(scene, again)
    assert first.status_code == recipe.served, first.text
    assert bool(found) == (again.status_code < 400), again.text


@each_on_record
async def test_without_its_row_nothing_is_read_and_nothing_changes(
    scene: Scene, method: str, path: str, rule: Rule
) -> None:
    recipe = recipe_of(method, path)
    async with scene.undone():
        await recipe.first(scene)
        await scene.seen.owner("REVOKE EXECUTE ON FUNCTION audit FROM cairn_app")
        before = await scene.seen.digest()
        answer = await ask(scene, method, path, recipe, asker(method, path, rule))
        assert await scene.seen.digest() == before
    assert answer.status_code == 500, answer.text
    assert not any(word in answer.text for word in (MAYA.name, str(MAYA.id), "canary"))


async def test_a_row_names_whoever_the_transaction_is_and_its_request(scene: Scene) -> None:
    request = scene.world.new_id()
    async with scene.undone():
        async with scene.seen.transaction(person(DANA.id, request)) as db:
            await audit.record(db, "read", "check-ins", [MAYA.id])
        [row] = await scene.seen.owner("SELECT * FROM audit_event WHERE request_id = $1", request)
    assert (row["actor_id"], row["patient_id"], row["duty"]) == (DANA.id, MAYA.id, "")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_event (actor_id, patient_id, action, category) VALUES ($1, $2, 'read', 'check-ins')",
        "UPDATE audit_event SET actor_id = $1 WHERE patient_id = $2",
        "DELETE FROM audit_event WHERE actor_id = $1 OR patient_id = $2",
    ],
)
async def test_no_row_is_written_changed_or_removed_by_hand(scene: Scene, statement: str) -> None:
    async with scene.undone():
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with scene.seen.transaction(person(DANA.id)) as db:
                await db.run(statement, KAI.id, MAYA.id)


async def test_a_row_is_written_in_the_transaction_that_did_it(real_world: World, real_pool: Pool) -> None:
    maya = await real_world.of(MAYA)
    answer = await maya.post("/v1/check-ins", json=a_check_in(real_world))
    assert answer.status_code == 201

    async with real_pool.transaction(person(MAYA.id)) as db:
        together = await db.values(
            bool,
            "SELECT c.xmin = e.xmin FROM check_in c JOIN audit_event e ON e.subject_id = c.id WHERE e.request_id = $1",
            UUID(answer.headers["x-request-id"]),
        )
    assert together == [True]


async def _reads_and_is_refused(scene: Scene) -> None:
    async with scene.seen.transaction(person(DANA.id)) as db:
        await audit.record(db, "read", "check-ins", [MAYA.id])
        raise NotFound


async def test_what_is_rolled_back_leaves_no_row(scene: Scene) -> None:
    before = await scene.seen.digest()
    with pytest.raises(NotFound):
        await _reads_and_is_refused(scene)
    assert await scene.seen.digest() == before
