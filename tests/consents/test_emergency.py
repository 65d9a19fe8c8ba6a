"""A broken glass: for medical staff, one patient, an hour, read-only, and never in silence."""

from datetime import datetime
from uuid import UUID

import asyncpg
import pytest

import notifications
from app.demo.cast import (
    DANA,
    GRACE,
    HARBOR,
    JUNE,
    KAI,
    LEO,
    LINDQVIST,
    MAYA,
    NED,
    NELL,
    NOAH,
    OKAFOR,
    SAM,
    THEO,
    Person,
)
from app.disclosures import queries as disclosures
from db import Connection, person
from tests.app.scene import Seen
from tests.consents.papers import NATURE, broken, consent, faults
from tests.world import World


async def within(world: World, who: Person, patient: Person, at: datetime | None = None) -> bool:
    """Whether the glass of this patient is broken for them, as the policies see it."""
    async with world.pool.transaction(person(who.id, now=at or world.clock.now)) as db:
        return patient.id in await db.values(UUID, "SELECT broken_glass()")


async def test_the_record_has_its_four_elements_and_ends_after_an_hour(world: World) -> None:
    answer = await broken(world, LINDQVIST)
    assert answer.status_code == 201, answer.text
    record = answer.json()
    assert (await (await world.of(LINDQVIST)).get("/v1/break-glass")).json()["items"] == [record]
    assert (record["recipient"], record["affiliation"]) == (LINDQVIST.name, LINDQVIST.house.name)
    assert record["discloser"] == JUNE.name
    assert record["brokenAt"] == "2026-03-03T15:00:00Z"
    assert record["endsAt"] == "2026-03-03T16:00:00Z"
    assert record["nature"] == NATURE


async def test_within_the_program_whoever_breaks_the_glass_discloses_themselves(world: World) -> None:
    assert (await broken(world, OKAFOR)).json()["discloser"] == OKAFOR.name


async def test_only_medical_staff_break_the_glass_and_nobody_learns_who_is_a_patient(world: World) -> None:
    for somebody in (SAM, DANA, THEO, KAI, JUNE, GRACE, NELL, NED, NOAH, MAYA):
        assert (await broken(world, somebody)).status_code == 403, somebody.handle
    nobody, staff = Person("nobody", "Nobody", HARBOR), SAM
    answers = [await broken(world, LINDQVIST, patient) for patient in (nobody, staff)]
    assert [(a.status_code, a.json()["code"]) for a in answers] == [(404, "NotFound")] * 2


async def test_an_emergency_is_said_in_a_sentence(world: World) -> None:
    for said in ("", "help", " " * 40, "a b c d"):
        assert "/nature" in faults(await broken(world, LINDQVIST, nature=said))


async def test_the_glass_is_broken_until_the_very_minute_and_for_one_patient(world: World) -> None:
    await broken(world, LINDQVIST)
    now = world.clock.now
    assert await within(world, LINDQVIST, LEO)
    assert not await within(world, LINDQVIST, NOAH)
    assert not await within(world, OKAFOR, LEO)
    world.clock.forward(minutes=59, seconds=59.999999)
    assert await within(world, LINDQVIST, LEO)
    world.clock.forward(seconds=0.000001)
    assert (world.clock.now - now).total_seconds() == 3600
    assert not await within(world, LINDQVIST, LEO)
    assert (await (await world.of(LINDQVIST)).get("/v1/break-glass")).json()["items"] == []


async def test_the_same_twice_is_once_and_an_id_is_for_nothing_else(world: World) -> None:
    first = await broken(world, LINDQVIST)
    world.clock.forward(minutes=10)
    again = await broken(world, LINDQVIST, id=first.json()["id"])
    assert (again.status_code, again.json()) == (201, first.json())
    assert (await broken(world, LINDQVIST, id=first.json()["id"], nature="Something else entirely")).json()[
        "code"
    ] == "IdTaken"
    assert (await broken(world, OKAFOR, id=first.json()["id"])).json()["code"] == "IdTaken"


async def test_the_patient_and_whoever_answers_for_privacy_are_told_at_once_and_in_neutral_words(
    world: World, desk: Seen
) -> None:
    number = UUID((await broken(world, LINDQVIST)).json()["id"])
    told = await desk.owner("SELECT person_id, kind, due_at FROM notification WHERE subject_id = $1", number)
    assert {row["person_id"] for row in told} == {LEO.id, JUNE.id, THEO.id}
    assert {(row["kind"], row["due_at"]) for row in told} == {("privacy", world.clock.now)}
    heard = await desk.owner("SELECT person_id FROM event WHERE topic = 'break-glass' AND subject_id = $1", number)
    assert {row["person_id"] for row in heard} == {LEO.id, JUNE.id, THEO.id, LINDQVIST.id}
    line = notifications.wording.line(notifications.Kind.PRIVACY, "es")
    assert line == notifications.wording.line(notifications.Kind.MEDICATION, "es")


async def test_without_anybody_who_answers_for_privacy_no_outsider_breaks_the_glass(world: World, desk: Seen) -> None:
    await desk.owner("DELETE FROM staff_role WHERE role IN ('privacy-officer', 'supervisor', 'program-lead')")
    assert (await broken(world, LINDQVIST)).status_code == 404
    assert (await broken(world, OKAFOR)).status_code == 201


async def test_the_patient_sees_who_when_and_why(world: World) -> None:
    await broken(world, LINDQVIST)
    [shown] = (await (await world.of(LEO)).get("/v1/break-glass")).json()["items"]
    assert (shown["recipient"], shown["nature"], shown["finding"]) == (LINDQVIST.name, NATURE, None)
    assert (await (await world.of(MAYA)).get("/v1/break-glass")).json()["items"] == []


async def test_a_review_is_made_once_by_somebody_else_who_answers_for_it(world: World, desk: Seen) -> None:
    number = (await broken(world, OKAFOR)).json()["id"]
    path, found = f"/v1/break-glass/{number}/review", {"finding": "follow-up", "note": "Call Dr. Okafor."}
    assert (await (await world.of(SAM)).post(path, json=found)).status_code == 403
    await desk.owner("INSERT INTO staff_role VALUES ($1, 'supervisor')", OKAFOR.id)
    own = await (await world.of(OKAFOR)).post(path, json=found)
    assert (own.status_code, own.json()["code"]) == (403, "OwnGlass")
    reviewed = await (await world.of(JUNE)).post(path, json=found)
    assert (reviewed.status_code, reviewed.json()["finding"], reviewed.json()["reviewedBy"]) == (
        200, "follow-up", str(JUNE.id),
    )  # fmt: skip
    late = await (await world.of(THEO)).post(path, json={"finding": "justified"})
    assert (late.status_code, late.json()["code"]) == (409, "AlreadyReviewed")
    [shown] = (await (await world.of(LEO)).get("/v1/break-glass")).json()["items"]
    assert shown["finding"] == "follow-up"


async def test_nobody_writes_a_broken_glass_or_an_accounting_by_hand(world: World, desk: Seen) -> None:
    await broken(world, LINDQVIST)
    for statement in (
        "INSERT INTO break_glass SELECT * FROM break_glass",
        "UPDATE break_glass SET ends_at = 'infinity'",
        "DELETE FROM break_glass",
        "DELETE FROM disclosure",
        "INSERT INTO disclosure SELECT * FROM disclosure",
        "UPDATE consent SET purpose = 'payment'",
        "DELETE FROM consent_revocation",
        "UPDATE break_glass_review SET finding = 'justified'",
        "INSERT INTO legal_parameter SELECT * FROM legal_parameter",
    ):
        for who in (LINDQVIST, JUNE, LEO):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with desk.transaction(person(who.id)) as db:
                    await db.run(statement)


# The accounting: written by the function that the reads call.


async def disclosed(db: Connection, about: str, *patients: Person) -> list[tuple[UUID, bool]]:
    """What a read of these leaves behind: of whom, and whether anything covered it."""
    rows = await disclosures.write(db, about, [p.id for p in patients])
    return [(row.patient_id, row.consent_id is not None or row.break_glass_id is not None) for row in rows]


async def test_a_read_that_nothing_covers_is_not_written_and_says_so(world: World, desk: Seen) -> None:
    await consent(world, categories=["check-in-levels"])
    await broken(world, LINDQVIST, LEO)
    at = world.clock.now
    async with desk.transaction(person(LINDQVIST.id, now=at)) as db:
        assert sorted(await disclosed(db, "check-in-levels", MAYA, LEO)) == sorted([(MAYA.id, True), (LEO.id, True)])
    for about, whom in (("check-ins", MAYA), ("regimens", MAYA), ("check-in-levels", NOAH)):
        async with desk.transaction(person(LINDQVIST.id, now=at)) as db:
            assert await disclosed(db, about, whom) == [(whom.id, False)]
    written = await desk.owner("SELECT patient_id, consent_id, break_glass_id FROM disclosure")
    assert {(row["patient_id"], row["consent_id"] is None, row["break_glass_id"] is None) for row in written} == {
        (MAYA.id, False, True), (LEO.id, True, False),
    }  # fmt: skip


async def test_within_a_program_nothing_is_disclosed_but_through_a_broken_glass(world: World, desk: Seen) -> None:
    async with desk.transaction(person(DANA.id, now=world.clock.now)) as db:
        assert await disclosed(db, "check-ins", MAYA, LEO) == []
    await broken(world, OKAFOR, LEO)
    await broken(world, OKAFOR, MAYA)
    async with desk.transaction(person(OKAFOR.id, now=world.clock.now)) as db:
        rows = await db.values(bool, "SELECT across FROM disclose('check-ins', $1)", [MAYA.id, LEO.id])
    assert rows == [False]  # Okafor is on Maya's team and needs no glass; Leo's is his program's own


async def test_the_accounting_goes_back_three_years_and_is_the_patients_own(world: World, desk: Seen) -> None:
    await broken(world, LINDQVIST, LEO)
    async with desk.transaction(person(LINDQVIST.id, now=world.clock.now)) as db:
        await disclosed(db, "regimens", LEO)
    leo = await world.of(LEO)
    answer = (await leo.get("/v1/disclosures")).json()
    [row] = answer["items"]
    assert answer["since"] == "2023-03-03T15:00:00Z"
    assert (row["recipient"], row["recipientOrganisation"], row["category"], row["purpose"], row["discloser"]) == (
        LINDQVIST.name, LINDQVIST.house.name, "regimens", "emergency", JUNE.name,
    )  # fmt: skip
    assert (await (await world.of(MAYA)).get("/v1/disclosures")).json()["items"] == []
    for overseer in (JUNE, THEO):
        seen = await (await world.of(overseer)).get("/v1/disclosures", params={"patientId": str(LEO.id)})
        assert [one["id"] for one in seen.json()["items"]] == [row["id"]]
    table = await leo.get("/v1/disclosures/export")
    assert table.headers["content-type"].startswith("text/csv")
    assert table.text.splitlines()[0].startswith("disclosedAt,recipient")
    assert LINDQVIST.name in table.text.splitlines()[1]
    world.clock.forward(days=3 * 365 + 2)
    assert (await leo.get("/v1/disclosures")).json()["items"] == []
