"""A consent is whole or it is none; it is kept as it was signed, and taken back whenever the patient says."""

import hashlib
from typing import Any
from uuid import UUID

from app.consents.models import Elements
from app.demo.cast import ELM, HARBOR, JUNE, LEO, LINDQVIST, MAYA, NED, NELL, NOAH, NORTHSIDE, SAM, THEO
from db import person
from tests.consents.papers import consent, elements, faults, filled, revoked, signed
from tests.world import World

ELEMENTS = (
    "kind", "categories", "recipientKind", "purpose", "recipientId", "recipientOrganisationId", "expiresOn",
)  # fmt: skip


async def test_maya_reads_exactly_what_she_would_sign_before_she_signs(world: World) -> None:
    answer = await filled(world, MAYA, elements(world))
    assert answer.status_code == 200, answer.text
    text = answer.json()["text"]
    assert answer.json()["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    for said in (
        MAYA.name, HARBOR.name, "my mood", "drug or alcohol use", "mental health", LINDQVIST.name, ELM.name,
        "For my treatment", "at any time", "On April 2, 2026", "may share them again", "do not have to sign",
    ):  # fmt: skip
        assert said in text, said
    assert "$" not in text


async def test_a_signed_copy_is_the_text_that_was_shown_byte_for_byte(world: World) -> None:
    shown = (await filled(world, MAYA, elements(world))).json()
    kept = await consent(world)
    maya = await world.of(MAYA)
    copy = (await maya.get(f"/v1/consents/{kept['id']}")).json()
    assert (copy["formText"], copy["formSha256"]) == (shown["text"], shown["sha256"])
    assert (copy["signature"], copy["signatureMethod"], copy["signaturePath"]) == (MAYA.name, "typed", None)
    assert copy["signedBy"]
    assert (copy["state"], copy["sensitivities"]) == ("live", ["substance-use", "mental-health"])
    listed = (await maya.get("/v1/consents")).json()["items"]
    assert [one["id"] for one in listed] == [kept["id"]]
    assert "formText" not in listed[0]


async def test_leo_reads_and_signs_in_spanish(world: World) -> None:
    kept = await consent(world, LEO)
    assert kept["language"] == "es"
    assert "Qué se puede compartir" in kept["formText"]
    assert "El 2 de abril de 2026" in kept["formText"]
    english = await consent(world, LEO, language="en")
    assert "What may be shared" in english["formText"]


async def test_a_form_offers_what_belongs_to_its_kind_in_words(world: World) -> None:
    maya = await world.of(MAYA)
    form = (await maya.get("/v1/consent-forms", params={"kind": "specific"})).json()
    assert {one["value"] for one in form["categories"]} >= {"check-ins", "regimens"}
    assert "counselling-notes" not in {one["value"] for one in form["categories"]}
    assert all(one["words"] and "$" not in one["words"] for one in form["categories"] + form["expiries"])
    assert form["expiresOn"] == "2027-03-03"
    assert form["notice"].startswith("This record which has been disclosed to you is protected")
    notes = (await maya.get("/v1/consent-forms", params={"kind": "counselling-notes", "language": "es"})).json()
    assert [one["value"] for one in notes["categories"]] == ["counselling-notes"]
    assert notes["language"] == "es"


async def test_a_form_without_an_element_is_refused_and_the_element_is_named(world: World) -> None:
    for missing in ELEMENTS:
        answer = await filled(world, MAYA, elements(world, **{missing: None}))
        assert f"/{missing}" in faults(answer)


WRONG: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "notes beside something else": (
        {"categories": ["check-ins", "counselling-notes"]}, {"/categories": "notes-apart"},
    ),
    "something else in a consent for notes": (
        {"kind": "counselling-notes", "categories": ["check-ins"]}, {"/categories": "notes-apart"},
    ),
    "the same twice": ({"categories": ["check-ins", "check-ins"]}, {"/categories": "twice"}),
    "a proceeding beside treatment": ({"purpose": "legal-proceedings"}, {"/purpose": "not-combined"}),
    "treatment in a consent for a proceeding": (
        {"kind": "legal-proceedings"}, {"/purpose": "not-combined"},
    ),
    "a proceeding before a whole clinic": (
        {"kind": "legal-proceedings", "purpose": "legal-proceedings", "recipientKind": "organisation",
         "recipientId": None},
        {"/recipientKind": "not-for-this"},
    ),
    "a class of recipients outside TPO": (
        {"recipientKind": "treating-providers", "recipientId": None, "recipientOrganisationId": None},
        {"/recipientKind": "not-for-this"},
    ),
    "no end, outside TPO": (
        {"expiresOn": None, "expiresWith": "none"}, {"/expiresWith": "not-for-this"},
    ),
    "a last day and none": (
        {"kind": "tpo", "purpose": "tpo", "expiresWith": "none"}, {"/expiresWith": "not-both"},
    ),
    "a day that is over": ({"expiresOn": "2026-03-02"}, {"/expiresOn": "out-of-range"}),
    "a day in the next century": ({"expiresOn": "2126-03-02"}, {"/expiresOn": "out-of-range"}),
    "a name for somebody whom we know": ({"recipient": "Somebody"}, {"/recipient": "not-for-this"}),
    "nobody's name for somebody elsewhere": (
        {"recipientKind": "elsewhere", "recipientId": None, "recipientOrganisationId": None},
        {"/recipient": "missing"},
    ),
    "somebody of one's own program": (
        {"recipientOrganisationId": str(HARBOR.id), "recipientId": str(SAM.id)}, {"/recipientId": "not-there"},
    ),
    "somebody who works somewhere else": ({"recipientId": str(NELL.id)}, {"/recipientId": "not-there"}),
    "another patient": (
        {"recipientOrganisationId": str(NORTHSIDE.id), "recipientId": str(NOAH.id)}, {"/recipientId": "not-there"},
    ),
    "an organisation that is none": (
        {"recipientKind": "organisation", "recipientId": None, "recipientOrganisationId": str(UUID(int=7))},
        {"/recipientOrganisationId": "not-there"},
    ),
}  # fmt: skip


async def test_what_does_not_go_together_is_refused_with_a_reason_at_its_field(world: World) -> None:
    found = {
        wrong: faults(await filled(world, MAYA, elements(world, **changes))) for wrong, (changes, _) in WRONG.items()
    }
    assert found == {wrong: said for wrong, (_, said) in WRONG.items()}


async def test_each_kind_can_be_signed(world: World) -> None:
    notes = await consent(world, kind="counselling-notes", categories=["counselling-notes"])
    legal = await consent(
        world, kind="legal-proceedings", purpose="legal-proceedings", recipientKind="elsewhere", recipientId=None,
        recipientOrganisationId=None, recipient="County Court", expiresOn=None, expiresWith="end-of-proceedings",
    )  # fmt: skip
    tpo = await consent(
        world, kind="tpo", purpose="tpo", recipientKind="treating-providers", recipientId=None,
        recipientOrganisationId=None, expiresOn=None, expiresWith="none",
    )  # fmt: skip
    assert "counseling notes only" in notes["formText"]
    assert "one legal case only" in legal["formText"]
    assert "County Court" in legal["formText"]
    assert "My treating providers, health plans, third-party payers" in tpo["formText"]
    assert tpo["expiresAt"] is None


async def test_a_name_with_a_sign_of_the_templates_in_it_stays_a_name(world: World) -> None:
    elsewhere: dict[str, Any] = {"recipientKind": "elsewhere", "recipientId": None, "recipientOrganisationId": None}
    kept = await consent(world, **elsewhere, recipient="A. $patient & ${what} $$ Sons")
    assert "A. $patient & ${what} $$ Sons" in kept["formText"]


async def test_whoever_signs_writes_their_own_name(world: World) -> None:
    assert faults(await signed(world, sent={"signature": "Leo Santos"})) == {"/signature": "not-your-name"}
    assert (await signed(world, sent={"signature": "  maya   TORRES "})).status_code == 201


async def test_another_text_than_the_one_that_was_shown_is_not_signed(world: World) -> None:
    answer = await signed(world, sent={"formSha256": "0" * 64})
    assert (answer.status_code, answer.json()["code"]) == (409, "FormChanged")
    answer = await signed(world, sent={"purpose": "at-my-request"})
    assert answer.json()["code"] == "FormChanged"


async def test_a_drawn_signature_is_kept_beside_the_name(world: World) -> None:
    drawn = "M10 10 L20 30 L40 12 Q50 60 70 20"
    kept = await consent(world, sent={"signaturePath": drawn})
    assert (kept["signatureMethod"], kept["signaturePath"]) == ("drawn", drawn)
    refused = await signed(world, sent={"signaturePath": 'M0 0"/><script>alert(1)</script>'})
    assert faults(refused) == {"/signaturePath": "invalid"}


async def test_the_same_consent_twice_is_once_and_its_id_is_for_nothing_else(world: World) -> None:
    form = elements(world)
    text = (await filled(world, MAYA, form)).json()
    paper = form | {"id": str(world.new_id()), "formSha256": text["sha256"], "signature": MAYA.name}
    maya = await world.of(MAYA)
    first, again = [await maya.post("/v1/consents", json=paper) for _ in range(2)]
    assert (first.status_code, again.json()) == (201, first.json())
    other = await maya.post("/v1/consents", json=paper | {"signature": "MAYA TORRES"})
    assert other.json()["code"] == "IdTaken"
    leos = await signed(world, LEO, sent={"id": paper["id"]})
    assert leos.json()["code"] == "IdTaken"


async def test_a_consent_taken_back_has_ended_at_once_and_stays_so(world: World) -> None:
    kept = await consent(world)
    world.clock.forward(minutes=5)
    first = await revoked(world, kept["id"])
    assert (first.status_code, first.json()["state"], first.json()["how"]) == (200, "revoked", "in-app")
    world.clock.forward(minutes=5)
    again = await revoked(world, kept["id"])
    assert again.json() == first.json()
    assert (await (await world.of(MAYA)).get("/v1/consents")).json()["items"] == [first.json()]


async def test_an_officer_keeps_what_they_were_told_and_a_patient_says_it_here(world: World) -> None:
    kept = await consent(world)
    assert (await revoked(world, kept["id"], JUNE)).json()["code"] == "NotYours"
    assert (await revoked(world, kept["id"], MAYA, how="event")).json()["code"] == "NotYours"
    written = await revoked(world, kept["id"], JUNE, how="in-writing")
    assert (written.status_code, written.json()["how"]) == (200, "in-writing")
    late = await revoked(world, kept["id"], MAYA)
    assert (late.status_code, late.json()["code"]) == (409, "AlreadyEnded")


async def test_strangers_know_of_no_consent(world: World) -> None:
    kept = await consent(world)
    for stranger in (LEO, NOAH, JUNE, THEO):
        seen = await (await world.of(stranger)).get(f"/v1/consents/{kept['id']}")
        assert seen.status_code == (200 if stranger in (JUNE, THEO) else 404)
    assert (await revoked(world, kept["id"], LEO)).status_code == 404
    assert (await revoked(world, kept["id"], THEO, how="by-word")).status_code == 403
    listed = (await (await world.of(JUNE)).get("/v1/consents", params={"patientId": str(MAYA.id)})).json()
    assert [one["id"] for one in listed["items"]] == [kept["id"]]


async def test_whoever_is_named_hears_of_it(world: World) -> None:
    kept = await consent(world)
    async with world.pool.transaction(person(LINDQVIST.id)) as db:
        heard = await db.values(UUID, "SELECT subject_id FROM event WHERE person_id = $1", LINDQVIST.id)
    assert heard == [UUID(kept["id"])]


async def test_the_directory_names_other_organisations_and_whoever_can_receive_there(world: World) -> None:
    maya = await world.of(MAYA)
    items = (await maya.get("/v1/recipients")).json()["items"]
    assert {one["name"] for one in items} == {ELM.name, NORTHSIDE.name}
    people = {one["name"]: [p["name"] for p in one["people"]] for one in items}
    assert people == {ELM.name: [LINDQVIST.name], NORTHSIDE.name: [NED.name, NELL.name]}
    page = (await maya.get("/v1/recipients", params={"limit": 1})).json()
    rest = (await maya.get("/v1/recipients", params={"cursor": page["nextCursor"]})).json()
    assert [one["name"] for one in page["items"] + rest["items"]] == [ELM.name, NORTHSIDE.name]


async def test_consents_come_in_pages(world: World) -> None:
    numbers = []
    for _ in range(3):
        world.clock.forward(minutes=1)
        numbers.append((await consent(world))["id"])
    maya = await world.of(MAYA)
    page = (await maya.get("/v1/consents", params={"limit": 2})).json()
    rest = (await maya.get("/v1/consents", params={"cursor": page["nextCursor"]})).json()
    assert [one["id"] for one in page["items"] + rest["items"]] == numbers[::-1]


async def test_an_elements_document_names_every_part_of_the_rule() -> None:
    """Whoever adds a part to the form says here whether it may be missing."""
    assert set(Elements.__struct_fields__) == {
        "kind", "categories", "recipient_kind", "purpose", "recipient_organisation_id", "recipient_id", "recipient",
        "expires_on", "expires_with", "language",
    }  # fmt: skip
