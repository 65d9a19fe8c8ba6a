"""What should never be sent, made from what each route takes: wrong in one place, valid everywhere else."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw, Struct, inspect

from app.operations import Operation
from app.wire import BODY_LIMIT

MARK = "zqmark"
"""In every text that is sent, so that it would be seen if it came back."""


class Case(Struct, frozen=True):
    """Something broken. `pointer`: where the answer must say that it is; None where the whole cannot be read."""

    name: str
    content: bytes = b""
    pointer: str | None = None
    certain: bool = True
    too_large: bool = False


RAW: tuple[Case, ...] = (
    Case("nothing", b"", ""),
    Case("half an object", b'{"id": "' + MARK.encode()),
    Case("a list", b"[]", ""),
    Case("a text", json.dumps(MARK).encode(), ""),
    Case("null", b"null", ""),
    Case("an unknown field whose name is like a path", b'{"zq/a~b": 1}', "/zq~1a~0b"),
    Case("a number", b"5", ""),
    Case("NaN", b"NaN"),
    Case("Infinity", b"-Infinity"),
    Case("ten thousand lists in each other", b"[" * 10_000 + b"]" * 10_000),
    Case("ten thousand objects in each other", b'{"a":' * 10_000 + b"1" + b"}" * 10_000),
    Case(
        "ten thousand lists in an unknown field",
        b'{"zqUnknown":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        "/zqUnknown",
        False,
    ),
    Case("bytes that are no UTF-8", b'{"id": "\xff\xfe"}'),
    Case("bytes that are no UTF-8 as a name", b'{"\xff\xfe": 1}'),
    Case("a byte of zero", b"\x00"),
    Case("UTF-16", '{"id": 1}'.encode("utf-16")),
    Case("two documents", b"{}{}"),
    Case("a byte over the limit", b'"' + b"a" * (BODY_LIMIT - 1) + b'"', too_large=True),
    Case("ten times the limit", b'"' + b"a" * (BODY_LIMIT * 10) + b'"', too_large=True),
)

MEDIA_TYPES = (
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml",
    "application/jsonx", "application/msgpack", "text/json", "", ";", "application/json/json", "zqmark",
)  # fmt: skip

HEADERS: tuple[dict[str, str | bytes], ...] = (
    {"accept": "application/xml"},
    {"accept": b"\xff\xfe"},
    {"accept": "*/*;q=zqmark, ;;;,,,"},
    {"accept": "text/html;q=0.1" * 500},
    {"accept-language": "zqmark-\x7f"},
    {"accept-encoding": "gzip;q=-1, zqmark"},
    {"idempotency-key": "zqmark" * 2000},
    {"idempotency-key": b"\x00\xff"},
    {"if-match": '"zqmark'},
    {"if-none-match": "W/" * 1000},
    {"last-event-id": "99999999999999999999-0"},
    {"last-event-id": "9999999999999999999-999999999999999999"},
    {"last-event-id": "9999999999999999999-999999999999999999-9999999999"},
    {"last-event-id": b"\xd9\xa3-\xd9\xa3"},
    {"content-length": "-5"},
    {"content-length": "zqmark"},
    {"content-encoding": "gzip"},
    {"transfer-encoding": "zqmark"},
    {"x-forwarded-for": "zqmark"},
    {"x-http-method-override": "DELETE"},
    {"range": "bytes=0-0"},
    {"cookie": "session=zqmark; =;;"},
    {"x-request-id": "zqmark"},
    {"host": "zqmark"},
)

CREDENTIALS = (
    "",
    "Bearer",
    "Bearer ",
    "Bearer zqmark",
    "Basic enFtYXJrOng=",
    "bearer cairn_" + "z" * 43,
    "Bearer cairn_" + "\x00" * 43,
    b"Bearer cairn_" + b"\xff" * 43,
    "Bearer cairn_" + "z" * 5000,
    "Token zqmark",
)

PLACES = (
    "zqmark",
    "0",
    "-",
    "%00",
    "%FF%FE",
    "..%2f..%2fetc%2fpasswd",
    "1" * 5000,
    "%ED%A0%80",
    "'%20OR%201=1--",
    "%0d%0aX-Bad:%20zqmark",
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "%7B0193a6f0-7c1a-7000-8000-6361697265e6%7D",
    "0193a6f07c1a700080006361697265e6",
)

QUERIES = (
    "",
    "zqmark",
    "%00",
    "zq%00mark",
    "9" * 5000,
    "-1",
    "0",
    "1e2",
    "1_0",
    "%20",
    "nan",
    "Infinity",
    "[]",
    "null",
    "true",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00%2B14:00",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-14:00",
    "2026-03-03T10:00:00",
    "2026-03-03",
    "%FF%FE",
    "%ED%A0%80",
    "%D9%A3",
    "a" * 5000,
    "'%20OR%201=1--",
    "zqmark=&&;",
)

OUT_OF_RANGE = {
    "limit": ("0", "101", "-1", "abc", "1.5", ""),
    "days": ("0", "91", "abc"),
    "kind": (MARK, ""),
    "language": (MARK,),
    **dict.fromkeys(("staffId", "patientId", "from", "to", "until"), (MARK, "2026-03-03T10:00:00")),
}


def cursors() -> Iterator[str]:
    """Cursors that nobody was given."""
    yield from ("zqmark", "%%%", "=", "A" * 200, "é", "AAAA")
    for place in (
        b"",
        b"[]",
        b"{}",
        b"[null]",
        b"[1]",
        b"[" * 100,
        b'["zqmark"]',
        b'["0001-01-01"]',
        b'["9999-12-31"]',
        b"[true,1,2]",
        b'["\\u0000","0193a6f0-7c1a-7000-8000-6361697265e6"]',
        b'["\\ud800","0193a6f0-7c1a-7000-8000-6361697265e6"]',
        b'["0001-01-01T00:00:00Z","0193a6f0-7c1a-7000-8000-6361697265e6"]',
        b'["0001-01-01T00:00:00","0193a6f0-7c1a-7000-8000-6361697265e6"]',
        b'["9999-12-31T23:59:59.999999-14:00","0193a6f0-7c1a-7000-8000-6361697265e6"]',
        b'[true,"0001-01-01T00:00:00+14:00","0193a6f0-7c1a-7000-8000-6361697265e6"]',
        b"\xff\xfe",
        b"NaN",
        b"9" * 140,
    ):
        yield urlsafe_b64encode(place).decode().rstrip("=")


def bodies(operation: Operation, valid: dict[str, Any]) -> Iterator[Case]:
    """Every way in which one field of a valid body can be wrong."""
    yield from _objects(inspect.type_info(operation.body), valid, lambda whole: whole, "")


def _objects(kind: Any, valid: dict[str, Any], whole: Any, at: str) -> Iterator[Case]:
    """Wrong in a field of this object; `whole` puts the object into the document around it."""

    def made(name: str, changed: dict[str, Any], pointer: str, *, certain: bool = True) -> Case:
        return Case(name, msgspec.json.encode(whole(changed)), pointer, certain)

    # What a browser makes says more than we read, and may say still more in time; what we ask for ourselves does not.
    if not at or kind.forbid_unknown_fields:
        yield made(f"{at}: an unknown field", {**valid, "zqUnknown": MARK}, f"{at}/zqUnknown")
    for one in kind.fields:
        name, pointer = one.encode_name, f"{at}/{one.encode_name}"
        if one.required:
            yield made(f"{pointer} is missing", {k: v for k, v in valid.items() if k != name}, pointer)
        for what, value, certain in _values(one.type):
            yield made(f"{pointer}: {what}", {**valid, name: value}, pointer, certain=certain)
        within = _struct(one.type)
        if within is not None and isinstance(valid.get(name), dict):

            def outside(item: Any, name: str = name) -> Any:
                return whole({**valid, name: item})

            yield from _objects(within, valid[name], outside, pointer)
        inner = _inner(one.type)
        if inner is not None and valid.get(name):
            first, *rest = valid[name]

            def around(item: Any, name: str = name, rest: list[Any] = rest) -> Any:
                return whole({**valid, name: [item, *rest]})

            yield from _objects(inner, first, around, f"{pointer}/0")


def _struct(kind: Any) -> Any:
    """The object that a field holds, if it holds one."""
    return next((one for one in _options(kind) if isinstance(one, inspect.StructType)), None)


def _options(kind: Any) -> list[Any]:
    """What a field may be."""
    kind = _bare(kind)
    return [_bare(one) for one in kind.types] if isinstance(kind, inspect.UnionType) else [kind]


def _inner(kind: Any) -> Any:
    inner = getattr(_bare(kind), "item_type", None)
    return inner if isinstance(inner, inspect.StructType) else None


def _values(kind: Any) -> Iterator[tuple[str, Any, bool]]:
    """Values that do not fit: what is wrong, the value, and whether it is sure to be refused there by name."""
    options = _options(kind)
    if not any(isinstance(option, inspect.NoneType) for option in options):
        yield "null", None, True
    yield "an object", {"zq": MARK}, True
    for option in options:
        yield from _of(option)
    yield "ten thousand lists in each other", Raw(b"[" * 10_000 + b"]" * 10_000), False
    yield "a lone surrogate", Raw(b'"zqmark\\ud800"'), False
    yield "half of a surrogate pair", Raw(b'"zqmark\\udc00\\ud800"'), False
    yield "bytes that are no UTF-8", Raw(b'"zqmark\xff\xfe"'), False
    yield "not a number", Raw(b"NaN"), False
    yield "ten thousand digits", Raw(b"9" * 10_000), False
    yield "a large exponent", Raw(b"1e999"), False


def _bare(kind: Any) -> Any:
    """The type without its description."""
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    return kind


def _of(kind: Any) -> Iterator[tuple[str, Any, bool]]:  # noqa: C901 - a case for each kind of type
    match kind:
        case inspect.UUIDType():
            yield from (("no id", MARK, True), ("an empty id", "", True), ("a number", 5, True), ("a list", [], True))
        case inspect.IntType(ge=low, le=high):
            yield from (("a text", "5", True), ("a fraction", 1.5, True), ("a truth", True, True), ("a list", [], True))
            yield from [("one too little", low - 1, True)] if low is not None else []
            yield from [("one too much", high + 1, True)] if high is not None else []
        case inspect.BoolType():
            yield from (("a text", "true", True), ("a number", 1, True))
        case inspect.StrType(min_length=shortest, max_length=longest, pattern=pattern):
            yield from (("a number", 5, True), ("a list", [MARK], True))
            yield "a character of zero", f"{MARK}\x00{MARK}", True
            yield from [("a character too many", MARK + "a" * (longest - len(MARK) + 1), True)] if longest else []
            yield from [("a character too few", "a" * (shortest - 1), True)] if shortest else []
            yield from [("another alphabet", f"{MARK}\x01é", True)] if pattern else []
            yield from [("blanks", " " * shortest, True)] if shortest and pattern else []
        case inspect.DateTimeType():
            yield from (
                ("no time zone", "2026-03-03T10:00:00", True),
                ("a word", MARK, True),
                ("a day", "2026-03-03", True),
            )
            yield from (
                ("the year 1", "0001-01-01T00:00:00+14:00", False),
                ("the year 1 exactly", "0001-01-01T00:00:00Z", False),
            )
            yield from (
                ("the year 9999", "9999-12-31T23:59:59-14:00", False),
                ("the end", "9999-12-31T23:59:59.999999Z", False),
            )
            yield "a leap second", "2026-06-30T23:59:60Z", False
        case inspect.DateType():
            yield from (("the 30th of February", "2026-02-30", True), ("a word", MARK, True), ("a number", 5, True))
            yield from (("the year 1", "0001-01-01", False), ("the year 9999", "9999-12-31", False))
        case inspect.LiteralType():
            yield from (("another word", MARK, True), ("a list", [MARK], True))
        case (
            inspect.ListType(min_length=shortest, max_length=longest)
            | inspect.VarTupleType(min_length=shortest, max_length=longest)
        ):
            yield from (("a text", MARK, True), ("one of nothing", [None], True))
            yield from [("none", [], True)] if shortest else []
            yield from [("too many", [None] * (longest + 1), True)] if longest else []
        case inspect.StructType():
            yield from (("a text", MARK, True), ("a list", [], True), ("a number", 5, True))
        case inspect.NoneType():
            return
        case _:
            raise NotImplementedError(f"nobody has said what does not fit {kind}")
