"""What the schema refuses by itself: no row of a consent lacks an element of § 2.31, whoever writes it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from app.demo.cast import HARBOR, LINDQVIST, MAYA, NELL, SAM
from tests.app.scene import Seen
from tests.consents.papers import consent
from tests.world import World

COPY = """
    INSERT INTO consent
    SELECT (jsonb_populate_record(NULL::consent, to_jsonb(c) || jsonb_build_object('id', gen_random_uuid())
                                                             || $2::jsonb)).*
    FROM consent c WHERE c.id = $1
"""

# Each column of § 2.31 without which there is no consent at all.
NEVER_NULL = {
    "patient": "(a)(1) the patient",
    "patient_id": "(a)(1) the patient",
    "discloser": "(a)(2) who may disclose",
    "organisation_id": "(a)(2) who may disclose",
    "categories": "(a)(3) what",
    "sensitivities": "(a)(3) that it is about substance use",
    "recipient_kind": "(a)(4) to whom",
    "recipient": "(a)(4) to whom",
    "purpose": "(a)(5) what for",
    "right_to_revoke": "(a)(6) that and how it can be revoked",
    "signature": "(a)(8) the signature",
    "signature_method": "(a)(8) the signature",
    "signed_in": "(a)(8) the signature: in which session",
    "signed_by": "(a)(8) the signature: by which factor",
    "form_text": "(a)(8) the signature: under which text",
    "form_sha256": "(a)(8) the signature: under which text",
    "signed_at": "(a)(9) the day",
    "form": "the version of the form",
    "language": "the language of the form",
    "kind": "the kind of consent",
}
# What is refused by a rule over one or several columns: what is changed, and the name of the rule.
REFUSED: Mapping[str, tuple[dict[str, Any], str]] = {
    "(a)(1) a blank name": ({"patient": "  "}, "consent_patient_check"),
    "(a)(2) a blank discloser": ({"discloser": ""}, "consent_discloser_check"),
    "(a)(3) nothing at all": ({"categories": []}, "consent_says_what"),
    "(a)(3) something nobody knows": ({"categories": ["everything"]}, "consent_says_what"),
    "(a)(3) a hole in the list": ({"categories": ["regimens", None]}, "consent_says_what"),
    "(a)(3) no word of substance use": ({"sensitivities": ["mental-health"]}, "consent_says_how_sensitive"),
    "(a)(3) no word of the mind": ({"sensitivities": ["substance-use"]}, "consent_says_how_sensitive"),
    "(a)(4) a person without a name": ({"recipient_id": None}, "consent_says_to_whom"),
    "(a)(4) a clinic that is none": ({"recipient_organisation_id": None}, "consent_says_to_whom"),
    "(a)(4) a class with a person in it": ({"recipient_kind": "organisation"}, "consent_says_to_whom"),
    "(a)(4) a blank recipient": ({"recipient": " "}, "consent_recipient_check"),
    "(a)(4) the program itself": (
        {"recipient_id": str(SAM.id), "recipient_organisation_id": str(HARBOR.id)}, "consent_goes_elsewhere",
    ),
    "(a)(4) somebody who does not work there": ({"recipient_id": str(NELL.id)}, "consent_recipient"),
    "(a)(4) a class outside TPO": (
        {"recipient_kind": "treating-providers", "recipient_id": None, "recipient_organisation_id": None},
        "consent_tpo",
    ),
    "(a)(5) a purpose nobody knows": ({"purpose": "marketing"}, "consent_purpose_check"),
    "(a)(5) TPO in another kind": ({"purpose": "tpo"}, "consent_tpo"),
    "(a)(7) no end": ({"expires_at": None}, "consent_ends"),
    "(a)(7) none, outside TPO": ({"expires_at": None, "expires_with": "none"}, "consent_ends"),
    "(a)(7) an end before its beginning": ({"expires_at": "2026-01-01T00:00Z"}, "consent_ends_later"),
    "(a)(7) an end that never comes": ({"expires_at": "infinity"}, "consent_expires_at_check"),
    "(a)(7) the end of a proceeding that it is not for": (
        {"expires_with": "end-of-proceedings"}, "consent_ends",
    ),
    "(a)(8) a blank signature": ({"signature": ""}, "consent_signature_check"),
    "(a)(8) drawn without a drawing": ({"signature_method": "drawn"}, "consent_signature"),
    "(a)(8) another text than the one signed": ({"form_text": "Something else."}, "consent_is_what_was_shown"),
    "(a)(10)(i) no word of redisclosure": ({"redisclosure": None}, "consent_says_what_may_follow"),
    "(a)(10)(ii) no word of refusing": ({"refusing": None}, "consent_says_what_may_follow"),
    "(b) notes beside something else": (
        {"categories": ["check-ins", "counselling-notes"]}, "consent_notes_apart",
    ),
    "(b) something else as notes": ({"kind": "counselling-notes"}, "consent_notes_apart"),
    "(d) a proceeding beside treatment": ({"purpose": "legal-proceedings"}, "consent_proceedings_apart"),
    "(d) treatment as a proceeding": ({"kind": "legal-proceedings"}, "consent_proceedings_apart"),
    "a patient of another program": ({"organisation_id": str(LINDQVIST.house.id)}, "consent_goes_elsewhere"),
    "a text that is for something else": ({"right_to_revoke": 1}, "consent_texts"),
    "a statement in another language": ({"language": "es"}, "consent_texts"),
}  # fmt: skip


async def test_every_element_that_may_not_be_missing_is_not_null(world: World, desk: Seen) -> None:
    number = UUID((await consent(world))["id"])
    for column, element in NEVER_NULL.items():
        with pytest.raises(asyncpg.NotNullViolationError) as refused:
            await desk.owner(COPY, number, msgspec.json.encode({column: None}).decode())
        assert refused.value.column_name == column, element


async def test_a_row_that_fails_an_element_is_refused_by_the_rule_of_that_element(world: World, desk: Seen) -> None:
    number = UUID((await consent(world))["id"])
    found = {}
    for wrong, (changes, _) in REFUSED.items():
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await desk.owner(COPY, number, msgspec.json.encode(changes).decode())
        found[wrong] = refused.value.constraint_name
    assert found == {wrong: rule for wrong, (_, rule) in REFUSED.items()}


async def test_a_whole_copy_is_accepted(world: World, desk: Seen) -> None:
    """Otherwise the tests above would be refused for some other reason."""
    number = UUID((await consent(world))["id"])
    await desk.owner(COPY, number, "{}")
    assert len(await desk.owner("SELECT FROM consent WHERE patient_id = $1", MAYA.id)) == 2


async def test_every_column_of_a_consent_is_spoken_of(desk: Seen) -> None:
    columns = await desk.owner(
        "SELECT attname::text FROM pg_attribute WHERE attrelid = 'consent'::regclass AND attnum > 0"
    )
    may_be_null = {
        "recipient_id", "recipient_organisation_id", "expires_at", "expires_with", "redisclosure", "refusing",
        "signature_path",
    }  # fmt: skip
    assert {row[0] for row in columns} == set(NEVER_NULL) | may_be_null | {"id"}


async def test_not_even_the_owner_changes_what_was_signed_or_what_was_read(world: World, desk: Seen) -> None:
    await consent(world)
    for change in (
        "UPDATE consent SET expires_at = expires_at + interval '1 year'",
        "UPDATE legal_text SET body = 'something else'",
        "DELETE FROM legal_text WHERE name = 'notice/short'",
    ):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await desk.owner(change)


async def test_a_form_that_leaves_an_element_out_is_not_kept(desk: Seen) -> None:
    body = (await desk.owner("SELECT body FROM legal_text WHERE name = 'form/tpo' AND language = 'en'"))[0][0]
    add = (
        "INSERT INTO legal_text (organisation_id, name, language, version, valid_from, body)"
        " VALUES ($1, 'form/tpo', 'en', 1, '2026-03-01', $2)"
    )
    for part in ("patient", "discloser", "what", "recipient", "purpose", "right_to_revoke", "expires", "statements"):
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await desk.owner(add, HARBOR.id, body.replace(f"${part}", "-"))
        assert refused.value.constraint_name == "legal_text_form_is_whole"
    await desk.owner(add, HARBOR.id, body)


async def test_a_site_replaces_a_text_and_an_older_consent_keeps_its_own(world: World, desk: Seen) -> None:
    before = await consent(world)
    await desk.owner(
        "INSERT INTO legal_text (organisation_id, name, language, version, valid_from, body)"
        " VALUES ($1, 'statement/refusing', 'en', 1, '2026-03-03', 'Harbor says: you need not sign.')",
        HARBOR.id,
    )
    after = await consent(world)
    assert "Harbor says: you need not sign." in after["formText"]
    assert "Harbor says" not in before["formText"]
    copy = await (await world.of(MAYA)).get(f"/v1/consents/{before['id']}")
    assert copy.json()["formText"] == before["formText"]
