"""What is said on the socket of a visit: protocol `visit.v1`, JSON text frames, told apart by `t`.

A client's messages carry `id`, growing by one, and `ack`, the last `seq` it has taken; the server's carry `seq` and,
when they are passed on, `from`. `welcome`, `ping` and `pong` stand outside both counts. Unknown types and fields are
ignored, so that resuming, a waiting room and chat can come later without breaking anyone.

`gen` numbers the RTCPeerConnections of a visit; 0 means that there has been none. Whoever makes a new connection uses
the room's `gen` + 1, with `renew` first when the other side should make the offer; a `gen` far ahead of it is dropped.
`n` counts the descriptions of a generation. The patient makes the first offer, and so does a person in front of the
mirror. Whoever says nothing for 45 seconds is taken to be gone: a client pings every 15.
"""

from datetime import datetime
from typing import Annotated, Final, Literal, NoReturn, get_args
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

VERSION: Final = 1
SUBPROTOCOL: Final = "visit.v1"
LARGEST_FRAME: Final = 64 * 1024

BYE: Final = 1000
OUR_MISTAKE: Final = 1011
TRY_LATER: Final = 1013
BAD_MESSAGE: Final = 4400
BAD_TICKET: Final = 4401
NOT_ALLOWED: Final = 4403
HELLO_TIMEOUT: Final = 4408
REPLACED: Final = 4409
ENDED: Final = 4410
SILENT: Final = 4411
SIGNED_OUT: Final = 4412
TOO_FAST: Final = 4429

REASONS: Final = {
    BYE: "bye",
    OUR_MISTAKE: "our mistake",
    TRY_LATER: "try again later",
    BAD_MESSAGE: "bad message",
    BAD_TICKET: "ticket not valid",
    NOT_ALLOWED: "not allowed",
    HELLO_TIMEOUT: "no hello",
    REPLACED: "replaced by a newer socket",
    ENDED: "visit ended",
    SILENT: "nothing heard for too long",
    SIGNED_OUT: "not signed in any more",
    TOO_FAST: "too many messages",
}

Role = Literal["patient", "staff", "mirror"]
Phase = Literal["waiting", "admitted", "in_visit", "ended"]
Presence = Literal["here", "left"]
Policy = Literal["all", "relay"]

Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Generation = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Sdp = Annotated[str, Meta(min_length=1, max_length=60_000)]
Why = Annotated[str, Meta(max_length=120)]
Word = Annotated[str, Meta(max_length=64)]


class BadMessage(Exception):
    """A frame is not a message of this protocol."""


class IceServer(Struct, frozen=True):
    """A TURN server and the credentials that it takes from this session alone."""

    urls: tuple[str, ...]
    username: str
    credential: str


class Ice(Struct, frozen=True):
    """How to reach the other side: servers, their credentials' life in seconds, and whether only they may be used."""

    servers: tuple[IceServer, ...]
    ttl: int
    policy: Policy


class Limits(Struct, frozen=True):
    """How large a frame may be (bytes), how many a second, and how many at once."""

    frame: int
    rate: int
    burst: int


class VisitState(Struct, frozen=True):
    """Where the visit stands; the server's word is final."""

    phase: Phase
    why: str = ""


class Person(Struct, frozen=True):
    """Who sits in the room, and which generation of the connection the room has reached."""

    id: UUID
    role: Role
    presence: Presence
    gen: Generation


class Candidate(Struct, frozen=True, omit_defaults=True):
    """RTCIceCandidateInit as a browser makes it."""

    candidate: Annotated[str, Meta(max_length=1024)]
    sdp_mid: Word | None = msgspec.field(name="sdpMid", default=None)
    sdp_mline_index: Annotated[int, Meta(ge=0, le=64)] | None = msgspec.field(name="sdpMLineIndex", default=None)
    username_fragment: Annotated[str, Meta(max_length=256)] | None = msgspec.field(
        name="usernameFragment", default=None
    )


class Message(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="t"):
    """Anything said on the socket."""


class Said(Message, frozen=True, kw_only=True):
    """Said by a client: `id` is its place in what this client says, `ack` the last `seq` taken."""

    id: Count = 0
    ack: Count = 0


class Told(Message, frozen=True, kw_only=True):
    """Told by the server: `seq` is its place in what this session is told."""

    seq: Count = 0


class Relayed(Message, frozen=True, kw_only=True):
    """Said by one and told to the other; `seq` and `from` are the server's, whatever a client puts there."""

    id: Count = 0
    ack: Count = 0
    seq: Count = 0
    sender: UUID | None = msgspec.field(name="from", default=None)


class Hello(Message, frozen=True, kw_only=True, tag="hello"):
    """The first frame: the version spoken and the ticket that lets a person in."""

    v: int
    ticket: Annotated[str, Meta(max_length=1024)] = ""


class Welcome(Message, frozen=True, kw_only=True, tag="welcome"):
    """Everything a client needs to know on arrival; what follows patches it, from `head` + 1 on."""

    sid: UUID
    resumed: bool
    head: int
    last_in: int
    state: VisitState
    you: Person
    peers: tuple[Person, ...]
    ice: Ice
    limits: Limits


class Ping(Message, frozen=True, kw_only=True, tag="ping"):
    """Are you there? The pong says how far we have heard you."""

    ack: Count = 0


class Pong(Message, frozen=True, kw_only=True, tag="pong"):
    """Here. `last_in` is the last `id` that arrived, `now` the server's time."""

    last_in: Count = 0
    now: datetime | None = None


class Peer(Told, frozen=True, kw_only=True, tag="peer"):
    """The other person has come or gone."""

    id: UUID
    role: Role
    presence: Presence
    gen: Generation


class State(Told, frozen=True, kw_only=True, tag="state"):
    """The visit has moved on."""

    phase: Phase
    why: str = ""


class Desc(Relayed, frozen=True, kw_only=True, tag="desc"):
    """A session description; one of an older generation, or with an `n` that its sender already used, is dropped."""

    gen: Generation
    n: Count
    type: Literal["offer", "answer"]
    sdp: Sdp


class Cand(Relayed, frozen=True, kw_only=True, tag="cand"):
    """ICE candidates as they are found; `end` when there are no more."""

    gen: Generation
    cands: Annotated[tuple[Candidate, ...], Meta(max_length=64)] = ()
    end: bool = False


class Renew(Relayed, frozen=True, kw_only=True, tag="renew"):
    """Begin again with a new RTCPeerConnection; the higher generation wins, on a tie the staff's."""

    gen: Generation
    why: Why = ""


class Media(Relayed, frozen=True, kw_only=True, tag="media"):
    """What a person is sending at the moment."""

    audio: bool
    video: bool
    screen: bool = False


class Leave(Said, frozen=True, kw_only=True, tag="leave"):
    """Bye: this person goes, the visit may go on."""

    why: Why = ""


class End(Said, frozen=True, kw_only=True, tag="end"):
    """Bye for everyone: staff close the visit."""

    why: Why = ""


class Error(Told, frozen=True, kw_only=True, tag="error"):
    """What could not be done: the type it answers, a stable code, and a constant sentence."""

    re: str
    code: str
    msg: str


ClientMessage = Hello | Ping | Pong | Desc | Cand | Renew | Media | Leave | End
ServerMessage = Welcome | Ping | Pong | Peer | State | Desc | Cand | Renew | Media | Error


class _Tag(Struct, frozen=True):
    t: str


_client = msgspec.json.Decoder(ClientMessage)
_server = msgspec.json.Decoder(ServerMessage)
_tag = msgspec.json.Decoder(_Tag)
_spoken = frozenset(kind.__struct_config__.tag for kind in get_args(ClientMessage))


def read(frame: str) -> ClientMessage | None:
    """What a client says; None when it is of a type that this version does not know."""
    raw = _bounded(frame)
    try:
        message: ClientMessage = _client.decode(raw)
    except msgspec.ValidationError:
        return None if _is_of_another_type(raw) else _refuse()
    except (msgspec.DecodeError, RecursionError):
        return _refuse()
    return message


def read_told(frame: str | bytes) -> ServerMessage | None:
    """What the server says, for a client written in Python; None when the client does not know its type."""
    try:
        message: ServerMessage = _server.decode(frame)
    except msgspec.ValidationError:
        return None
    return message


def write(message: Message) -> str:
    """A message as the text of one frame."""
    return msgspec.json.encode(message).decode()


def weight(message: Message) -> int:
    """About how many bytes a message takes; only descriptions and candidates are ever large."""
    match message:
        case Desc():
            return len(message.sdp)
        case Cand():
            return sum(len(each.candidate) for each in message.cands)
        case _:
            return 0


def _bounded(frame: str) -> bytes:
    try:
        raw = frame.encode()
    except UnicodeEncodeError:
        return _refuse()
    return raw if len(raw) <= LARGEST_FRAME else _refuse()


def _is_of_another_type(raw: bytes) -> bool:
    try:
        return _tag.decode(raw).t not in _spoken
    except (msgspec.DecodeError, RecursionError):
        return False


def _refuse() -> NoReturn:
    raise BadMessage from None
