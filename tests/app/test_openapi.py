"""The description says what is served, all of it and nothing else, in words that generators of clients know."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, get_args

import httpx
import msgspec
import pytest
from litestar import Litestar, get
from litestar.di import NamedDependency, Provide
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.params import HeaderParameter
from litestar.routes import HTTPRoute
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from app import access, openapi, operations, schemas, stack
from app.access import Rule
from app.demo.cast import MAYA, SAM
from app.dependencies import PROVIDERS
from app.errors import Refusal
from app.events.models import Event
from app.health.models import Ready
from app.slices import SLICES
from tests.world import World, a_check_in

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "app" / "web"
Json = dict[str, Any]

A_CLIENT = """
import type { components, operations } from "./cairn";
const calm: components["schemas"]["NewCheckIn"] = {
  id: "01970000-0000-7000-8000-000000000001", date: "2031-05-14", mood: 7, craving: 1,
  answeredAt: "2031-05-14T09:30:00+02:00",
};
type Kept = operations["recordCheckIn"]["responses"][201]["content"]["application/json"];
export function help(kept: Kept): string { return kept.crisis?.resources[0]?.title ?? kept.support ?? calm.id; }
// @ts-expect-error what goes out always has its support
export const silent: Pick<Kept, "support"> = {};
"""


@pytest.fixture(scope="module")
def app() -> Litestar:
    """The app as it would be served."""
    return stack.app_without_database()


@pytest.fixture(scope="module")
def described(app: Litestar) -> Json:
    """The document, as a program reads it."""
    found: Json = msgspec.json.decode(openapi.document(app))
    return found


def each(described: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in described["paths"].items():
        for method, one in item.items():
            yield method.upper(), path, one


def nodes(node: Any) -> Iterator[Json]:
    if isinstance(node, dict):
        yield node
        for one in node.values():
            yield from nodes(one)
    elif isinstance(node, list):
        for one in node:
            yield from nodes(one)


def pointed(described: Json, reference: str) -> Any:
    found: Any = described
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def hidden(app: Litestar) -> set[tuple[str, str]]:
    """What is served to a browser and is no part of the API."""
    return {
        (method, route.path_format)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if not handler.resolve_include_in_schema()
        for method in handler.http_methods - {"OPTIONS"}
    }


def test_the_document_is_valid_openapi(described: Json) -> None:
    validate(described)


def test_the_document_is_the_same_in_another_process(app: Litestar) -> None:
    command = "import sys; from app import openapi, stack; "
    command += "sys.stdout.buffer.write(openapi.document(stack.app_without_database()))"
    environment = {**os.environ, "PYTHONHASHSEED": "4711"}
    elsewhere = subprocess.run(
        [sys.executable, "-c", command], cwd=ROOT, env=environment, capture_output=True, check=True, timeout=60
    )
    assert elsewhere.stdout == openapi.document(app)


def test_a_refusal_that_is_defined_elsewhere_does_not_change_the_document(app: Litestar) -> None:
    before = openapi.document(app)

    class Elsewhere(Refusal):
        """Not one of the app's."""

    assert openapi.document(app) == before


def test_every_route_of_the_access_table_is_described_and_nothing_else(app: Litestar, described: Json) -> None:
    table = {(method, path) for method, path, _ in access.ruled(app) if method != "WS"}
    found = {(method, path) for method, path, _ in each(described)}
    assert found == table - hidden(app)


def test_no_part_of_the_api_is_hidden(app: Litestar) -> None:
    assert {path for _, path in hidden(app) if path.startswith(("/v1", "/health", "/fhir"))} == set()


def test_each_operation_says_whom_its_route_admits(app: Litestar, described: Json) -> None:
    rules = {(method, path): rule for method, path, rule in access.ruled(app)}
    for method, path, one in each(described):
        rule = rules[method, path]
        told = one["x-access"]
        assert (told["action"], told["category"], told["public"]) == (rule.action, rule.category, rule.public)
        assert {role: tuple(relations) for role, relations in told["roles"].items()} == rule.who
        public: list[Json] = [{"scraper": []}] if path == "/metrics" else []
        assert one["security"] == (public if rule.public else [{"bearer": []}])
        assert openapi.who(rule) in one["description"]


def test_the_sentence_about_access_groups_roles_that_are_admitted_alike() -> None:
    rule = Rule("read", "alerts", {"peer": ("told",), "counselor": ("told",), "supervisor": ("told", "program")})
    assert openapi.who(rule) == (
        "**Who may**: peer, counselor for alerts of which they were told; "
        "supervisor for alerts of which they were told or for their own program."
    )


def test_every_relation_has_words() -> None:
    assert set(openapi.UNDER) == set(get_args(access.Relation))


def test_every_operation_has_a_name_a_group_a_summary_and_a_sentence(app: Litestar, described: Json) -> None:
    for one in operations.served(app):
        assert one.handler.operation_id, f"{one.method} {one.path} has no operation_id"
        assert one.handler.summary, f"{one.id} has no summary"
        assert one.handler.fn.__doc__, f"{one.id} has no docstring"
    ids = [one["operationId"] for _, _, one in each(described)]
    assert len(ids) == len(set(ids))
    groups = {tag["name"] for tag in described["tags"] if tag["description"]}
    assert all(one["tags"] and set(one["tags"]) <= groups for _, _, one in each(described))


def test_every_operation_has_an_answer_and_the_problems_that_follow_from_what_it_takes(described: Json) -> None:
    for method, path, one in each(described):
        statuses = set(one["responses"])
        assert any(status.startswith(("2", "3")) for status in statuses), path
        assert {"bearer": []} not in one["security"] or statuses >= {"401", "403"}
        assert "requestBody" not in one or statuses >= {"400", "413", "415", "422"}
        assert "{" not in path or "404" in statuses
        assert method == "GET" or "409" in statuses
        assert "503" in statuses


def test_every_refusal_is_a_problem_document(described: Json) -> None:
    problems = [
        answer for _, _, one in each(described) for s, answer in one["responses"].items() if s in {"401", "409"}
    ]
    assert problems
    for problem in problems:
        told = pointed(described, problem["$ref"]) if "$ref" in problem else problem
        schema = told["content"]["application/problem+json"]["schema"]
        assert pointed(described, schema["$ref"])["title"] == "Problem"


def refused(described: Json) -> dict[str, set[str]]:
    """The codes that each operation says it may refuse with."""
    responses = {one["operationId"]: one["responses"] for _, _, one in each(described)}
    return {
        called: {
            code
            for answer in answers.values()
            for code in (
                [answer["$ref"].rpartition("/")[2]]
                if "$ref" in answer
                else re.findall(r"`(\w+)`:", answer["description"])
            )
        }
        for called, answers in responses.items()
    }


@pytest.mark.parametrize(
    ("code", "called"),
    [
        ("LinkUsed", {"setUp"}),
        ("TooEarly", {"enterVisit"}),
        ("ShiftOverlaps", {"addDutyShift"}),
        ("SlotTaken", {"bookAppointment", "rescheduleAppointment"}),
        ("IdTaken", {"setUp", "recordCheckIn", "registerDevice", "bookAppointment", "rescheduleAppointment",
                     "addWorkingException", "addDutyShift", "addStaff", "addPatient", "startRegimen", "addCoverage",
                     "signConsent", "breakGlass", "askForExport", "askForClosure", "setLegalHold", "addContact",
                     "invitePatient", "addThresholds", "addRotation", "openThread", "writeMessage"}),
    ],
)  # fmt: skip
def test_a_refusal_is_named_where_it_may_happen_and_nowhere_else(described: Json, code: str, called: set[str]) -> None:
    assert {one for one, codes in refused(described).items() if code in codes} == called


@pytest.mark.parametrize("called", ["listSlots", "bookAppointment", "signInToDemo", "getMe", "replaceWorkingHours"])
def test_what_is_not_there_is_said_also_where_no_path_names_it(described: Json, called: str) -> None:
    assert "NotFound" in refused(described)[called]


@pytest.mark.parametrize("called", ["listAlerts", "getSupport", "openMirror", "signOut"])
def test_what_is_always_there_is_never_said_not_to_be(described: Json, called: str) -> None:
    assert "NotFound" not in refused(described)[called]


def test_a_stream_says_how_it_is_resumed_and_the_metrics_whose_token_they_want(described: Json) -> None:
    [resumed] = described["paths"]["/v1/events"]["get"]["parameters"]
    assert (resumed["name"], resumed["in"], resumed["required"]) == ("Last-Event-ID", "header", False)
    assert described["paths"]["/metrics"]["get"]["security"] == [{"scraper": []}]
    assert "CAIRN_METRICS_TOKEN" in described["components"]["securitySchemes"]["scraper"]["description"]


def test_a_change_names_the_refusals_of_its_slice(described: Json) -> None:
    refused = described["paths"]["/v1/alerts/{alert_id}/claim"]["post"]["responses"]["409"]["description"]
    assert "`AlreadyClaimed`: Someone else is already answering this alert." in refused


def test_limits_are_kept_also_when_they_are_zero(described: Json) -> None:
    fields = described["components"]["schemas"]["NewCheckIn"]["properties"]
    for rating in (fields["mood"], fields["craving"]):
        assert (rating["type"], rating["minimum"], rating["maximum"]) == ("integer", 0, 10)
        assert rating["description"]
    assert fields["note"]["maxLength"] == 2000
    assert described["components"]["schemas"]["NewCheckIn"]["additionalProperties"] is False


def test_parameters_have_their_limits_and_defaults(described: Json) -> None:
    asked = {one["name"]: one for one in described["paths"]["/v1/patients/{patient_id}/trend"]["get"]["parameters"]}
    assert asked["days"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 90, "default": 30}
    assert (asked["days"]["in"], asked["days"]["required"]) == ("query", False)
    assert (asked["patient_id"]["in"], asked["patient_id"]["required"]) == ("path", True)
    listed = {one["name"]: one["schema"] for one in described["paths"]["/v1/check-ins"]["get"]["parameters"]}
    assert listed["cursor"] == {"type": "string", "maxLength": 200}
    assert (listed["limit"]["minimum"], listed["limit"]["maximum"]) == (1, 100)


# Read where the transaction is opened, and by no handler.
KEY = {("Idempotency-Key", "header", False)}


def test_litestar_finds_the_same_parameters_and_bodies(described: Json) -> None:
    configured = OpenAPIConfig(title="Cairn", version="0", create_examples=False)
    own = Litestar(SLICES, dependencies=PROVIDERS, openapi_config=configured).openapi_schema.to_schema()

    def taken(document: Json) -> dict[str, Any]:
        return {
            one["operationId"]: (
                {(p["name"], p["in"], p["required"]) for p in one.get("parameters", ())} - KEY,
                "requestBody" in one,
                min(one["responses"]),
            )
            for _, _, one in each(document)
        }

    assert taken(described) == taken(own)


def test_every_reference_leads_somewhere(described: Json) -> None:
    references = [node["$ref"] for node in nodes(described) if isinstance(node.get("$ref"), str)]
    assert references
    assert all(pointed(described, reference) for reference in references)


def test_nothing_is_a_choice_except_of_one_schema_or_null(described: Json) -> None:
    for node in nodes(described):
        assert "oneOf" not in node
        if isinstance(node.get("anyOf"), list):
            first, second = node["anyOf"]
            assert set(first) == {"$ref"}, node
            assert second == {"type": "null"}


def test_every_enum_has_a_type_and_every_schema_a_plain_name(described: Json) -> None:
    assert all(
        "type" in node for node in nodes(described["components"]["schemas"]) if isinstance(node.get("enum"), list)
    )
    assert all(re.fullmatch(r"[A-Z]\w*", name) for name in described["components"]["schemas"])


def test_an_instant_that_goes_out_has_its_format(described: Json) -> None:
    kept = described["components"]["schemas"]["CheckIn"]["properties"]["receivedAt"]
    shift = described["components"]["schemas"]["AlertView"]["properties"]["claimedAt"]
    assert kept["format"] == shift["format"] == "date-time"
    assert shift["type"] == ["string", "null"]


def test_an_instant_in_an_annotation_of_its_own_has_its_format_too() -> None:
    made, shared = schemas.of({"since": datetime | None, "days": list[datetime]}, {})
    assert made["since"] == {"type": ["string", "null"], "format": "date-time"}
    assert made["days"] == {"type": "array", "items": {"type": "string", "format": "date-time"}}
    assert shared == {}


def test_what_only_goes_out_has_all_its_fields_and_what_comes_in_may_leave_some_out(described: Json) -> None:
    shared = described["components"]["schemas"]
    assert set(shared["RecordedCheckIn"]["required"]) == set(shared["RecordedCheckIn"]["properties"])
    assert shared["NewCheckIn"]["properties"]["wantsToTalk"]["default"] is False
    assert "wantsToTalk" not in shared["NewCheckIn"]["required"]
    assert "errors" not in shared["Problem"]["required"], "a problem leaves away what it does not have"


def test_the_version_is_that_of_the_project(described: Json) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert described["info"]["version"] == project["version"]


async def provide_key(sent: Annotated[str, HeaderParameter(name="Idempotency-Key")]) -> str:
    """A dependency that reads a header."""
    return sent


def test_what_a_route_declares_counts_more_than_what_is_guessed() -> None:
    """A second form of an answer, a stream's events, and what a dependency reads."""

    @get(
        "/well/{part:str}",
        operation_id="isWell",
        tags=["health"],
        dependencies={"key": Provide(provide_key)},
        responses={
            503: ResponseSpec(Ready, description="Not yet.", generate_examples=False),
            202: ResponseSpec(Event, media_type="text/event-stream"),
            204: ResponseSpec(None, description="Nothing new."),
        },
        access=access.public("read", "health"),
    )
    async def well(key: NamedDependency[str]) -> Ready:
        """Whether it is well."""
        raise AssertionError("only described, never called")

    one = openapi.description(Litestar([well], openapi_config=None))["paths"]["/well/{part}"]["get"]

    ready = {"application/json": {"schema": {"$ref": "#/components/schemas/Ready"}}}
    assert one["responses"]["503"] == {"description": "Not yet.", "content": ready}
    assert one["responses"]["200"]["content"] == ready
    assert one["responses"]["202"]["content"] == {
        "text/event-stream": {"schema": {"$ref": "#/components/schemas/Event"}}
    }
    assert one["responses"]["204"] == {"description": "Nothing new."}
    assert {(p["name"], p["in"], p["required"]) for p in one["parameters"]} == {
        ("part", "path", True),
        ("Idempotency-Key", "header", True),
    }


async def test_what_is_really_answered_fits_the_description(world: World, described: Json) -> None:
    maya, sam = await world.of(MAYA), await world.of(SAM)
    await fits(described, maya, "post", "/v1/check-ins", 201, json=a_check_in(world, craving=9, note="Not easy."))
    await fits(described, maya, "post", "/v1/check-ins", 422, json={"mood": 11})
    await fits(described, sam, "post", "/v1/check-ins", 403, json=a_check_in(world))
    await fits(described, world.nobody(), "get", "/v1/check-ins", 401)
    for path in ("/v1/me", "/v1/check-ins", "/v1/care-team", "/v1/support", "/v1/crisis-card"):
        await fits(described, maya, "get", path, 200)
    for path in ("/v1/me", "/v1/alerts", "/v1/patients"):
        await fits(described, sam, "get", path, 200)


async def fits(described: Json, who: httpx.AsyncClient, method: str, path: str, status: int, **sent: Any) -> None:
    answer = await who.request(method, path, **sent)
    assert answer.status_code == status, answer.text
    told = described["paths"][path][method]["responses"][str(status)]
    told = pointed(described, told["$ref"]) if "$ref" in told else told
    media = answer.headers["content-type"].partition(";")[0]
    schema = {**told["content"][media]["schema"], "components": described["components"]}
    OAS31Validator(schema, format_checker=OAS31Validator.FORMAT_CHECKER).validate(answer.json())


def test_a_typescript_client_of_it_compiles(app: Litestar, tmp_path: Path) -> None:
    tools = WEB / "node_modules" / ".bin"
    if not (tools / "openapi-typescript").exists() or not (tools / "tsc").exists() or not shutil.which("node"):
        pytest.skip("the web page's development packages are not installed")
    (tmp_path / "openapi.json").write_bytes(openapi.document(app))
    (tmp_path / "client.ts").write_text(A_CLIENT, encoding="utf-8")
    generate: list[str | Path] = [
        tools / "openapi-typescript",
        "openapi.json",
        "-o",
        "cairn.d.ts",
        "--default-non-nullable=false",
    ]
    compiled: list[str | Path] = [tools / "tsc", "--noEmit", "--strict", "--noUncheckedIndexedAccess", "client.ts"]
    for command in (generate, compiled):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
