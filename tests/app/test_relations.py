"""Every role in every relation, at both ends of each time: what the database reaches, and what each route answers."""

import itertools
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from app.access import Rule
from app.demo.cast import MAYA
from app.grants import GRANTS
from db import person
from tests.app.knowing import leaks
from tests.app.may import MAY, RELATIONS, STAFF, Route, granted
from tests.app.recipes import CARD, Recipe, answered, ask
from tests.app.scene import PATIENTS, Fact, Scene
from tests.app.standing import WAYS, WHO, Standing, standings, stood
from tests.app.test_access import NOT_ADMITTED, ROUTES, recipe_of

# The groups of cells by which statements and policies find patients, and a route of each in our own book.
RECORD, DAYS = ("GET", "/v1/patients/{patient_id}"), ("GET", "/v1/patients/{patient_id}/check-ins")
REGIMENS = ("GET", "/v1/patients/{patient_id}/regimens")
TALK = ("GET", "/v1/threads/{thread_id}/messages")
FOUND_BY: Mapping[tuple[str, str], Route] = {
    ("list", "identity"): ("GET", "/v1/patients"),
    ("read", "identity"): CARD,
    ("read", "record"): RECORD,
    ("read", "care-team"): ("GET", "/v1/patients/{patient_id}/care-team"),
    ("arrange", "care-team"): ("PUT", "/v1/patients/{patient_id}/care-team"),
    ("read", "check-ins"): DAYS,
    ("read", "check-in-levels"): ("GET", "/v1/patients/{patient_id}/trend"),
    ("read", "alerts"): ("GET", "/v1/alerts"),
    ("claim", "alerts"): ("POST", "/v1/alerts/{alert_id}/claim"),
    ("raise", "alerts"): ("POST", "/v1/alerts/{alert_id}/raise"),
    ("close", "alerts"): ("POST", "/v1/alerts/{alert_id}/close"),
    ("book", "appointments"): ("POST", "/v1/appointments"),
    ("read", "appointments"): ("GET", "/v1/appointments/{appointment_id}"),
    ("cancel", "appointments"): ("POST", "/v1/appointments/{appointment_id}/cancel"),
    ("open", "threads"): ("POST", "/v1/threads"),
    ("start", "regimens"): ("POST", "/v1/patients/{patient_id}/regimens"),
    ("stop", "regimens"): ("POST", "/v1/regimens/{regimen_id}/stop"),
    ("read", "regimens"): REGIMENS,
    ("read", "dose-log"): ("GET", "/v1/patients/{patient_id}/dose-log"),
}  # fmt: skip
# These lead to one row or to what one wrote, and to no patient: an alert, an appointment, a thread, a regimen of one's
# own hand.
NARROW = {"told", "held", "thread", "former"}
REACHED = """
    SELECT did || ' ' || about FROM unnest($1::text[], $2::text[]) AS asked (did, about)
    WHERE EXISTS (SELECT FROM patients_for(did, about) AS who WHERE who = $3)
"""
NARROWLY = """
    SELECT 'told ' || did FROM unnest(ARRAY['read', 'claim', 'raise', 'close']) AS did
    WHERE EXISTS (SELECT FROM alerts_for(did) AS one WHERE one = $1)
    UNION ALL
    SELECT 'former read' WHERE EXISTS (SELECT FROM patients_once_for('read', 'regimens') AS who WHERE who = $2)
    UNION ALL
    SELECT word FROM unnest(ARRAY['supervised', 'coordinated']) AS word
    WHERE EXISTS (SELECT FROM reach(word) AS who WHERE who = $2)
    UNION ALL
    SELECT 'staff' WHERE EXISTS (
        SELECT FROM person WHERE kind = 'staff' AND id IN (
            SELECT patients_for('read', 'identity') UNION ALL SELECT reach('supervised', 'coordinated')))
"""


async def reached(scene: Scene) -> set[str]:
    """By which groups the database finds Maya for Grace, and by which narrow ones her alert or what was written."""
    async with scene.seen.transaction(person(WHO.id, now=scene.now)) as db:
        did, about = zip(*FOUND_BY, strict=True)
        wide = await db.values(str, REACHED, list(did), list(about), MAYA.id)
        return {*wide, *await db.values(str, NARROWLY, scene.maya.alert, MAYA.id)}


def due(standing: Standing) -> set[str]:
    """The same from our own book."""
    mine = {group: granted(MAY[route], (standing.role,)) & standing.relations for group, route in FOUND_BY.items()}
    told = {f"told {action}" for (action, category), held in mine.items() if category == "alerts" and "told" in held}
    former = {"former read"} if "former" in mine["read", "regimens"] else set()
    by_role = {"supervisor": {"supervised"}, "coordinator": {"coordinated"}}.get(standing.role, set())
    overseen = by_role if "program" in standing.relations else set()
    return {f"{did} {about}" for (did, about), held in mine.items() if held - NARROW} | told | former | overseen


@pytest.mark.parametrize("role", STAFF)
async def test_the_database_reaches_whom_a_role_in_a_relation_may_reach_and_nobody_else(
    scene: Scene, role: str
) -> None:
    wrong = []
    for name in WAYS:
        standing = Standing(role, name)
        async with stood(scene, standing):
            found = await reached(scene)
        wrong += [f"{standing}: {found ^ due(standing)}"] if found != due(standing) else []
    assert wrong == []


FLIPPED = """
    WITH flipped AS (
        SELECT did, about FROM unnest($1::text[], $2::text[]) AS asked (did, about)
    ), gone AS (
        DELETE FROM access_cell c USING flipped f
        WHERE (c.action, c.category, c.role, c.relation) = (f.did, f.about, $3, $4)
        RETURNING c.action, c.category
    )
    INSERT INTO access_cell (action, category, role, relation, purpose)
    SELECT did, about, $3, $4, 'treatment' FROM flipped WHERE (did, about) NOT IN (SELECT action, category FROM gone)
"""


@pytest.mark.parametrize("role", STAFF)
async def test_each_cell_that_is_flipped_in_the_database_reaches_somebody_else(scene: Scene, role: str) -> None:
    """Each in the one relation that it speaks of: what was reached is not, and what was not is."""
    unseen = []
    did, about = map(list, zip(*FOUND_BY, strict=True))
    for relation in sorted(set(RELATIONS) - {"self", *NARROW}):
        standing = Standing(role, relation if relation != "program" else "nothing")
        async with stood(scene, standing):
            before = await reached(scene)
            await scene.seen.owner(FLIPPED, did, about, role, relation)
            after = await reached(scene)
        for group, route in FOUND_BY.items():
            others = (granted(MAY[route], (role,)) & standing.relations) - {relation} - NARROW
            name = f"{group[0]} {group[1]}"
            if not others and (name in before) == (name in after):
                unseen.append(f"{name}: {role}, {relation}")
    assert unseen == []


@pytest.mark.parametrize("role", STAFF)
async def test_a_narrow_cell_that_is_flipped_reaches_something_else(scene: Scene, role: str) -> None:
    for relation, groups in (
        ("told", [("read", "alerts"), ("claim", "alerts"), ("raise", "alerts"), ("close", "alerts")]),
        ("former", [("read", "regimens")]),
    ):
        did, about = map(list, zip(*groups, strict=True))
        async with stood(scene, Standing(role, relation)):
            before = await reached(scene)
            await scene.seen.owner(FLIPPED, did, about, role, relation)
            after = await reached(scene)
        assert before ^ after == {f"{relation} {action}" for action in did}, relation


ABOUT_MAYA = [
    (method, path, rule)
    for method, path, rule in ROUTES
    if not rule.public and recipe_of(method, path).of == "one" and recipe_of(method, path).owner == MAYA
]
# Somebody has to have answered first, time has to pass, or it is another's to take back for a reason of its own: these
# are asked where nothing else depends on that.
LATER = {"/v1/alerts/{alert_id}/contact", "/v1/alerts/{alert_id}/release", "/v1/alerts/{alert_id}/close",
         "/v1/appointments/{appointment_id}/complete", "/v1/appointments/{appointment_id}/no-show",
         "/v1/consents/{consent_id}/revoke"}  # fmt: skip
# An open alert is needed to answer it, and somebody's own hours to move what is with them.
CANNOT = {
    "an alert that they closed": {"/v1/alerts/{alert_id}/claim", "/v1/alerts/{alert_id}/raise"},
    "held": {"/v1/appointments/{appointment_id}/reschedule"},
}
EVERY, SAMPLE = 7, 15


def asked(standing: Standing, path: str) -> bool:
    """Whether the route can be asked as it is, by somebody who stands like that."""
    return path not in LATER and path not in CANNOT.get(standing.way, ())


CASES = [
    (standing, route) for standing, route in itertools.product(standings(), ABOUT_MAYA) if asked(standing, route[1])
]


def facts(standing: Standing, path: str) -> dict[str, set[Fact]]:
    """What an answer may say to Grace: of Maya what she may read anywhere, of nobody else anything."""
    may: dict[Fact, Route] = {"identity": CARD, "note": DAYS, "medicine": REGIMENS, "talk": TALK}
    told: set[Fact] = {
        fact for fact, route in may.items() if granted(MAY[route], (standing.role,)) & standing.relations
    }
    # An alert that was claimed, and an appointment that is hers, say of whom they are.
    told |= {"identity"} if standing.relations & {"claimed", "held"} or path.endswith("/claim") or told else set()
    return {p.handle: told if p == MAYA else _program(standing, p.handle) for p in PATIENTS}


def _program(standing: Standing, handle: str) -> set[Fact]:
    """What belongs to a role in the whole program."""
    oversees = handle == "leo" and "program" in standing.relations
    return {"identity", "note", "medicine"} if oversees and standing.role == "supervisor" else set()


async def _ask(scene: Scene, standing: Standing, route: tuple[str, str, Rule], recipe: Recipe) -> Any:
    async with stood(scene, standing):
        return await ask(scene, route[0], route[1], recipe, WHO)


@pytest.mark.parametrize("part", range(EVERY))
async def test_each_route_answers_every_role_in_every_relation(scene: Scene, part: int, whole: bool) -> None:
    """One in fifteen; with `--whole` all."""
    wrong = []
    for standing, route in CASES[part :: EVERY if whole else EVERY * SAMPLE]:
        recipe = recipe_of(*route[:2])
        expected = answered(MAY[route[:2]], recipe, (standing.role,), standing.relations)
        answer = await _ask(scene, standing, route, recipe)
        code = msgspec.json.decode(answer.content)["code"] if answer.status_code >= 400 else None
        if (answer.status_code, code) != (expected.status, expected.code):
            wrong.append(f"{standing}: {route[0]} {route[1]}: {answer.status_code} {code} instead of {expected}")
        wrong += [
            f"{standing}: {route[0]} {route[1]} shows {fact}"
            for fact in leaks(answer.content, scene.records, facts(standing, route[1]))
        ]
    assert wrong == []


@pytest.mark.parametrize("part", range(EVERY))
async def test_with_the_guard_off_no_role_in_no_relation_is_told_more(
    open_scene: Scene, part: int, whole: bool
) -> None:
    wrong = []
    for standing, route in CASES[part :: EVERY if whole else EVERY * SAMPLE]:
        recipe = recipe_of(*route[:2])
        expected = answered(MAY[route[:2]], recipe, (standing.role,), standing.relations)
        answer = await _ask(open_scene, standing, route, recipe)
        if expected.status in NOT_ADMITTED and answer.status_code not in NOT_ADMITTED:
            wrong.append(f"{standing}: {route[0]} {route[1]}: {answer.status_code} instead of {expected}")
        wrong += [
            f"{standing}: {route[0]} {route[1]} shows {fact}"
            for fact in leaks(answer.content, open_scene.records, facts(standing, route[1]))
        ]
    assert wrong == []


def test_each_flipped_cell_of_a_route_is_answered_otherwise_in_some_relation() -> None:
    """Pure, over all of them: where a flip changes nothing, the relation implies another one that is granted."""
    unseen = []
    everybody = list(standings())
    for method, path, _ in ABOUT_MAYA:
        book, recipe = MAY[method, path], recipe_of(method, path)
        for role, relation in itertools.product(STAFF, sorted(set(RELATIONS) - {"self"})):
            held = book.get(role, frozenset())
            flipped = {**book, role: held ^ {relation}}
            there = [one for one in everybody if one.role == role and relation in one.relations]
            assert there, f"nobody is ever {role}, {relation}"
            by_that_alone = [one for one in there if not held & one.relations - {relation}]
            seen = [
                one for one in by_that_alone
                if answered(book, recipe, (role,), one.relations) != answered(flipped, recipe, (role,), one.relations)
            ]  # fmt: skip
            if by_that_alone and not seen:
                unseen.append(f"{method} {path}: {role}, {relation}")
    assert unseen == []


def test_the_declaration_has_no_group_that_our_book_does_not_know() -> None:
    """Those that SQL asks for are all of them here."""
    assert set(FOUND_BY) <= set(GRANTS)
