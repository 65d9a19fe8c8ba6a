"""What a person is told when the answer is no: RFC 9457 problems made from exceptions."""

import re
from typing import ClassVar

import msgspec
from litestar import Response
from msgspec import Struct

PROBLEM = "application/problem+json"


class FieldError(Struct, frozen=True, rename="camel"):
    """One thing that is wrong in what was sent; `pointer` is RFC 6901 into the body, or names a parameter."""

    pointer: str
    code: str
    message: str


class Problem(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Why it did not happen. `title` may be shown to a person; nothing here repeats what was sent."""

    type: str
    title: str
    status: int
    code: str
    request_id: str = ""
    errors: tuple[FieldError, ...] = ()


class Refusal(Exception):
    """This cannot be done."""

    status: ClassVar[int] = 409
    retry_after: ClassVar[int | None] = None

    def __init__(self, *errors: FieldError) -> None:
        super().__init__(type(self).__name__)
        self.errors = errors


class NotSignedIn(Refusal):
    """Please sign in first."""

    status = 401


class NotYourRole(Refusal):
    """This is not something your role can do."""

    status = 403


class NotFound(Refusal):
    """There is nothing here for you."""

    status = 404


class WrongMethod(Refusal):
    """This address does not answer to that method."""

    status = 405


class IdTaken(Refusal):
    """This id has been used for something else. Make a new one and send it again."""


class Conflict(Refusal):
    """Something else happened at the same moment. Look again, then try once more; nothing was saved."""


class Malformed(Refusal):
    """This is not readable as JSON."""

    status = 400


class WrongMediaType(Refusal):
    """Please send JSON: Content-Type must be application/json."""

    status = 415


class Invalid(Refusal):
    """Something in it is not right; nothing was saved."""

    status = 422


class TooMuch(Refusal):
    """This is larger than what can be accepted."""

    status = 413


class Overloaded(Refusal):
    """It is busy here just now. Please try again in a moment; nothing was saved."""

    status = 503
    retry_after = 1


class Uncertain(Refusal):
    """It is not certain whether this was saved. Send the same again: it is safe."""

    status = 503
    retry_after = 1


class OurMistake(Refusal):
    """Something went wrong on our side, and nothing was saved."""

    status = 500


_MESSAGE = re.compile(r"^(?P<what>.*?)(?: - at `(?P<where>.*)`)?$", re.DOTALL)
# The messages that would repeat what was sent.
_QUOTED = re.compile(r"^(Invalid (?:enum )?value) .*$", re.DOTALL)
_FIELD = re.compile(r"field `([^`]*)`")
_CODES = (
    ("missing required field", "missing"),
    ("unknown field", "unknown"),
    ("Expected", "invalid"),
    ("Invalid", "invalid"),
)


def invalid(error: msgspec.ValidationError) -> Invalid:
    """The refusal that names the field msgspec refused; its message speaks of types and limits, never of values."""
    found = _MESSAGE.match(str(error))
    what, where = (found["what"], found["where"] or "$") if found else ("Invalid", "$")
    what = _QUOTED.sub(r"\1", what)
    return Invalid(FieldError(_pointer(where, what), _code(what), what))


def _pointer(where: str, what: str) -> str:
    """`$.answers[3].value` and a field that is missing there, as a JSON pointer."""
    path = where.removeprefix("$").replace("[", "/").replace("]", "").replace(".", "/")
    named = _FIELD.search(what) if "required" in what or "unknown" in what else None
    return f"{path}/{named[1][:80]}" if named else path


def _code(what: str) -> str:
    return next((code for start, code in _CODES if start in what), "invalid")


def problem(refusal: Refusal, request_id: str = "") -> Problem:
    """The document for a refusal: its class name is the code, its docstring the title."""
    name = type(refusal).__name__
    slug = re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
    title = " ".join((type(refusal).__doc__ or "").split())
    return Problem(f"urn:cairn:problem:{slug}", title, refusal.status, name, request_id, refusal.errors)


def answer(refusal: Refusal, request_id: str = "") -> Response[Problem]:
    """The problem as a response."""
    headers = {} if refusal.retry_after is None else {"Retry-After": str(refusal.retry_after)}
    if refusal.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(problem(refusal, request_id), status_code=refusal.status, media_type=PROBLEM, headers=headers)
