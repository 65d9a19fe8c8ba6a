"""Consents as people fill them in: calm defaults, and one part changed at a time."""

from datetime import timedelta
from typing import Any

import httpx

from app.demo.cast import ELM, LEO, LINDQVIST, MAYA, Person
from tests.world import World

NATURE = "Found unconscious in the waiting room; which opioids and when?"


def elements(world: World, **changes: Any) -> dict[str, Any]:
    """Maya lets Dr. Lindqvist read how she is, for a month."""
    calm: dict[str, Any] = {
        "kind": "specific", "categories": ["check-in-levels"], "recipientKind": "person",
        "recipientOrganisationId": str(ELM.id), "recipientId": str(LINDQVIST.id), "purpose": "treatment",
        "expiresOn": (world.clock.now + timedelta(days=30)).date().isoformat(),
    }  # fmt: skip
    return {name: value for name, value in (calm | changes).items() if value is not None}


async def filled(world: World, patient: Person, form: dict[str, Any]) -> httpx.Response:
    """The text that there would be to sign."""
    return await (await world.of(patient)).post("/v1/consent-forms/fill", json=form)


async def signed(world: World, patient: Person = MAYA, **changes: Any) -> httpx.Response:
    """Read and signed; `sent` replaces parts of what is sent at last."""
    sent = changes.pop("sent", {})
    form = elements(world, **changes)
    text = await filled(world, patient, form)
    if text.status_code != 200:
        return text
    paper = form | {"id": str(world.new_id()), "formSha256": text.json()["sha256"], "signature": patient.name} | sent
    return await (await world.of(patient)).post("/v1/consents", json=paper)


async def consent(world: World, patient: Person = MAYA, **changes: Any) -> dict[str, Any]:
    """A consent that holds."""
    answer = await signed(world, patient, **changes)
    assert answer.status_code == 201, answer.text
    kept: dict[str, Any] = answer.json()
    return kept


async def revoked(world: World, number: str, by: Person = MAYA, how: str = "in-app") -> httpx.Response:
    """Taken back."""
    return await (await world.of(by)).post(f"/v1/consents/{number}/revoke", json={"how": how})


def faults(answer: httpx.Response) -> dict[str, str]:
    """What is wrong, by field."""
    assert answer.status_code == 422, answer.text
    return {one["pointer"]: one["code"] for one in answer.json()["errors"]}


async def broken(world: World, by: Person, patient: Person = LEO, **changes: Any) -> httpx.Response:
    """Somebody breaks the glass."""
    sent = {"id": str(world.new_id()), "nature": NATURE} | changes
    return await (await world.of(by)).post(f"/v1/patients/{patient.id}/break-glass", json=sent)
