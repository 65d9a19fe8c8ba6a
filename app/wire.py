"""How values travel: the types that several slices share, and the one decoder of all that comes in."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import HttpMethod, Request
from litestar.datastructures import State
from litestar.exceptions import InternalServerException
from litestar.params import FromQuery, QueryParameter
from litestar.typing import FieldDefinition
from msgspec import Meta, Struct

from app import errors

V = TypeVar("V")

BODY_LIMIT = 64 * 1024

# How a page and what it loads is asked for; the server leaves the body of an answer to HEAD out.
READ = (HttpMethod.GET, HttpMethod.HEAD)

# No NUL (PostgreSQL cannot hold it) and no other control character but tab, line feed and carriage return.
_TEXT = "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f]*$"

# What nobody sees: spaces of all kinds, marks of direction, fillers. A name of these alone would be no name.
_BLANK = (
    "\\s\\u0085\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u202a-\\u202e"
    "\\u2060-\\u206f\\u2800\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0"
)
# Python's $ stands before a last line feed as well, which ECMA-262's does not.
VISIBLE = f"^(?![{_BLANK}]*$)[^\\u0000-\\u001f]*$(?!\\n)"

Line = Annotated[str, Meta(min_length=1, max_length=200, pattern=VISIBLE)]
Prose = Annotated[str, Meta(max_length=2000, pattern=_TEXT)]
# The same where there have to be some.
Words = Annotated[str, Meta(min_length=1, max_length=2000, pattern=f"^(?![{_BLANK}]*$){_TEXT.removeprefix('^')}")]
Instant = Annotated[datetime, Meta(tz=True, description="An instant with its offset from UTC.")]
ClientId = Annotated[UUID, Meta(description="Made by the client, best as UUIDv7: sending it again is safe.")]
ZoneName = Annotated[str, Meta(min_length=1, max_length=64, pattern="^[A-Za-z0-9_+/-]*$", description="An IANA zone.")]
Language = Literal["en", "es"]


class Model(Struct, frozen=True, rename="camel"):
    """What goes out: camelCase on the wire."""


class Incoming(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What comes in: a field that nobody knows is refused."""


class Versioned(Model, frozen=True, kw_only=True):
    """What somebody may change only as they saw it. Whoever makes one sets its version in `__post_init__`."""

    version: Annotated[str, Meta(description="Goes back in `If-Match`, in quotes.")] = ""


class Page(Model, frozen=True):
    """The part of a list that every list shares."""

    next_cursor: str | None = None


# How far into a list to go on, and how much of it to give. The limits of a number are said twice: Litestar holds a
# parameter to those of its own marker only, and the description is made from msgspec's.
Cursor = FromQuery[Annotated[str, Meta(max_length=200, description="`nextCursor` of the page before.")] | None]
Limit = Annotated[int, Meta(ge=1, le=100, description="How many at most."), QueryParameter(ge=1, le=100)]
Days = Annotated[int, Meta(ge=1, le=90), QueryParameter(ge=1, le=90)]


def cursor_for(*place: Any) -> str:
    """An opaque cursor for a place in an ordered list."""
    return urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def place_of(cursor: str, kind: type[V]) -> V:
    """The place a cursor stands for; a cursor that we did not make is refused."""
    try:
        return msgspec.json.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=kind)
    except (ValueError, msgspec.MsgspecError):
        raise errors.Invalid(errors.FieldError("/cursor", "not-ours", "Not a cursor of this list.")) from None


def zone(name: str, pointer: str = "/timeZone") -> ZoneInfo:
    """The zone by that name, or a refusal that says where the wrong one stood."""
    if name not in _zone_names():
        raise errors.Invalid(errors.FieldError(pointer, "unknown-zone", "Not an IANA time zone."))
    return ZoneInfo(name)


@cache
def _zone_names() -> frozenset[str]:
    """IANA's own names, the same on every machine: a system's own list holds `localtime`, wherever that is."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="ascii").split()) - {"Factory"}


def instants(fields: Mapping[str, FieldDefinition]) -> frozenset[str]:
    """Which parameters of the query are instants, by their names on the wire."""
    return frozenset(
        field.kwarg_definition.name or name
        for name, field in fields.items()
        if isinstance(field.kwarg_definition, QueryParameter) and datetime in (field.annotation, *_within(field))
    )


def _within(field: FieldDefinition) -> tuple[Any, ...]:
    return tuple(one.annotation for one in field.inner_types or ())


# FHIR's searches name both ends of a span by the same word.
SEVERAL = frozenset({"date"})


def check_query(query: bytes, are_instants: frozenset[str]) -> None:
    """Refuse a part of the query that is there twice, since readers differ in which one holds, or that says `null`.

    What is not there is left out; the framework would take that word for nothing, and a number for an instant.
    """
    said = parse_qsl(query.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    seen = set[str]()
    for name, value in said:
        if (name in seen and name not in SEVERAL) or value.lower() == "null":
            raise errors.Invalid(
                errors.FieldError(errors.pointer_to(name), "invalid", "Expected one value, or nothing.")
            )
        if name in are_instants and "T" not in value.upper():
            raise errors.Invalid(errors.misfit(errors.pointer_to(name), "Invalid RFC3339 encoded datetime"))
        seen.add(name)


class CairnRequest(Request[Any, Any, State]):
    """A request whose body is decoded once, strictly, straight into what its handler takes."""

    async def json(self) -> Any:
        """The body as the handler's own type.

        Refuses another media type, unreadable JSON, unknown fields and values out of bounds, naming the field.
        """
        if not self._says_json():
            raise errors.WrongMediaType
        body = await self.body()
        try:
            return _decoder(self.route_handler.parsed_fn_signature.parameters["data"].annotation).decode(body)
        except msgspec.ValidationError as error:
            raise errors.invalid(error) from None
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise errors.Malformed from None

    async def body(self) -> bytes:
        """The bytes of the body. Whoever hangs up in the middle of it has made a mistake, and we have made none."""
        try:
            return await super().body()
        except InternalServerException:
            raise errors.Malformed from None

    def _says_json(self) -> bool:
        """Most clients say just that; the header is taken apart only where one says more."""
        return (b"content-type", b"application/json") in self.scope["headers"] or self.content_type[
            0
        ] == "application/json"


@cache
def _decoder(kind: Any) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(kind)
