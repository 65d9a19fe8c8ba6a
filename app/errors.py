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
    """Why it did not happen. `title` may be shown to a person; no value that was sent is repeated here."""

    type: str
    title: str
    status: int
    code: str
    request_id: str = ""
    errors: tuple[FieldError, ...] = ()


class Refusal(Exception):
    """This cannot be done."""

    status: ClassVar[int] = 409
    retry_after: int | None = None

    def __init__(self, *errors: FieldError) -> None:
        super().__init__(type(self).__name__)
        self.errors = errors


class NotSignedIn(Refusal):
    """Please sign in first."""

    status = 401


class NotYourRole(Refusal):
    """This is not something your role can do."""

    status = 403


class FullAssuranceNeeded(Refusal):
    """For this we have to be surer that it is you. Confirm it in a second way, or ask your program's front desk."""

    status = 403


class StepUpNeeded(Refusal):
    """Please confirm that it is you, then send this again: sign in once more, it counts for five minutes."""

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


class KeyReused(Refusal):
    """This Idempotency-Key has been used for something else. Make a new one; nothing was saved."""

    status = 422


class StillRunning(Refusal):
    """The same request is being worked on. Ask again in a moment: it is safe."""

    retry_after = 1


class BadKey(Refusal):
    """An Idempotency-Key is one line of 1 to 200 characters, best a new UUID in quotes."""

    status = 400


class Malformed(Refusal):
    """This is not readable as JSON."""

    status = 400


class Stale(Refusal):
    """Somebody has changed this meanwhile. Look again, then make your change; nothing was saved."""

    status = 412


class NoVersion(Refusal):
    """Please say which version you are changing: If-Match is missing."""

    status = 428


class WrongMediaType(Refusal):
    """Please send JSON: Content-Type must be application/json."""

    status = 415


class Invalid(Refusal):
    """Something in it is not right; nothing was saved."""

    status = 422


class TooMuch(Refusal):
    """This is larger than what can be accepted."""

    status = 413


class TooMany(Refusal):
    """That was a lot at once. Please wait a little, then try again; nothing was saved."""

    status = 429
    retry_after: int = 1

    def __init__(self, seconds: int = 1) -> None:
        super().__init__()
        self.retry_after = seconds


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


_MESSAGE = re.compile(r"^(?P<what>.*?)(?: - at `(?P<where>\$[^`]*)`)?$", re.DOTALL)
_FIELD = re.compile(r"field `(.*)`$", re.DOTALL)
_LONGEST_NAME = 80
# What msgspec says, where that would repeat what was sent or is no sentence for a person: (beginning, code, sentence).
_SAID = (
    ("Object missing required field", "missing", "This field is missing."),
    ("Object contains unknown field", "unknown", "There is no field of this name here."),
    ("Invalid enum value", "invalid", "This is none of the words that are expected here."),
    ("Invalid UUID", "invalid", "Expected a UUID."),
    ("Invalid RFC3339 encoded datetime", "invalid", "Expected an instant such as 2026-03-03T15:00:00Z."),
    ("Expected `datetime` with a timezone", "invalid", "Expected an instant with its offset from UTC."),
    ("Invalid RFC3339 encoded date", "invalid", "Expected a day such as 2026-03-03."),
    ("Invalid value", "invalid", "This is none of the values that are expected here."),
    (
        "Expected `str` matching regex",
        "invalid",
        "Some of its characters cannot stand here, or none of them can be seen.",
    ),
)


def invalid(error: msgspec.ValidationError) -> Invalid:
    """The refusal that names the field msgspec refused; it speaks of types and limits, never of values."""
    found = _MESSAGE.match(str(error))
    what, where = (found["what"], found["where"] or "$") if found else ("Invalid", "$")
    return Invalid(misfit(_pointer(where, what), what))


def misfit(pointer: str, what: str) -> FieldError:
    """What msgspec says of one value, in words that may be shown."""
    for beginning, code, sentence in _SAID:
        if what.startswith(beginning):
            return FieldError(pointer, code, sentence)
    return FieldError(pointer, "invalid", what)


def _pointer(where: str, what: str) -> str:
    """`$.answers[3].value` and a field that is missing there, as a JSON pointer.

    An unknown field can be told by its own name only: that much of what was sent comes back, cut short.
    """
    path = where.removeprefix("$").replace("[", "/").replace("]", "").replace(".", "/")
    named = _FIELD.search(what) if "required" in what or "unknown" in what else None
    return f"{path}{pointer_to(named[1])}" if named else path


def pointer_to(name: str) -> str:
    """A field or parameter by a name that somebody sent: cut short, since that much of it comes back."""
    return f"/{_escaped(name[:_LONGEST_NAME])}"


def _escaped(name: str) -> str:
    """As RFC 6901 writes a name that has its own two signs in it."""
    return name.replace("~", "~0").replace("/", "~1")


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
