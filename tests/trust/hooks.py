"""What schemathesis is told beside the description: which requests that fit it may be refused, and with which words."""

from typing import Any

import schemathesis

# What the decoder says of something that does not fit the description.
UNFIT = {"invalid", "unknown", "missing"}
# Of things that belong together, one: no schema can say that without a choice of schemas.
TOGETHER = {
    "/ends", "/starts", "/patientId", "/recipientOrganisationId", "/recipientId", "/recipient", "/expiresOn",
}  # fmt: skip
# The key was another request's, and the version is one that somebody made up.
FOR_ITSELF = {"KeyReused", "Stale"}


@schemathesis.check
def refuses_for_a_reason_that_no_schema_can_say(ctx: Any, response: Any, case: Any) -> None:
    """A request that fits is refused only for what it means: a day long past, a zone that is none, another's cursor."""
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive or response.status_code not in {412, 422}:
        return
    said = response.json()
    unfit = [one for one in said.get("errors", []) if one["code"] in UNFIT and one["pointer"] not in TOGETHER]
    assert said["code"] in FOR_ITSELF or (said.get("errors") and not unfit), f"refused what fits: {said}"


@schemathesis.check
def refuses_with_a_problem(ctx: Any, response: Any, case: Any) -> None:
    """Every refusal is a problem document, without a word of what was sent."""
    if response.status_code >= 400 and case.method != "HEAD":
        said = response.json()
        kind = response.headers["content-type"]
        assert kind == ["application/problem+json"] or response.status_code == 503, kind
        assert said.get("code") or response.status_code == 503, said
