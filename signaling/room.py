"""The room of a visit: two people, what each may say, and what the other is told.

Pure: a room and an event make the next room and its effects. No socket, no clock; the caller carries the effects out.
"""

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from signaling import messages
from signaling.messages import (
    Cand,
    ClientMessage,
    Desc,
    End,
    Error,
    Hello,
    Ice,
    Leave,
    Limits,
    Media,
    Peer,
    Person,
    Phase,
    Ping,
    Pong,
    Presence,
    Renew,
    Role,
    ServerMessage,
    State,
    VisitState,
    Welcome,
)

SEATS: Final = 2
RATE: Final = 50.0
BURST: Final = 200.0
# Clients who come back to a room that was forgotten go on from the generation that they had, so one may be ahead of the
# room; but not so far that somebody could use the numbers up, after which no connection could ever be renewed.
LEAP: Final = 1000
LIMITS: Final = Limits(frame=messages.LARGEST_FRAME, rate=int(RATE), burst=int(BURST))

Signal = Desc | Cand | Renew | Media


class Seat(Struct, frozen=True):
    """One socket in the room and how far the talk with it has come.

    `told` and `taken` count what the server said and the client acknowledged, `heard` what the client said. `offer` and
    `answer` are the latest `n` of each in this generation, `credit` how many frames it may send at `credited_at`.
    """

    sid: UUID
    person: UUID
    role: Role
    credited_at: datetime
    credit: float = BURST
    told: int = 0
    taken: int = 0
    heard: int = 0
    offer: int = -1
    answer: int = -1


class Room(Struct, frozen=True):
    """Who is here and which generation of the connection they have reached; an empty room can be forgotten."""

    seats: tuple[Seat, ...] = ()
    gen: int = 0
    renewed_by: Role | None = None
    phase: Phase = "waiting"


class Send(Struct, frozen=True):
    """Tell one session something."""

    to: UUID
    message: ServerMessage


class Close(Struct, frozen=True):
    """Close the socket of a session that no longer has a seat, after what it was told before."""

    to: UUID
    code: int


Effect = Send | Close


class Step(NamedTuple):
    """The room as it is now, and what must happen outside of it, in order."""

    room: Room
    effects: tuple[Effect, ...] = ()


def join(room: Room, seat: Seat, ice: Ice) -> Step:
    """Take a seat. The newer socket of a person replaces the older; a third person is not let in."""
    others = tuple(other for other in room.seats if other.person != seat.person)
    if len(others) >= SEATS:
        return Step(room, (Close(seat.sid, messages.NOT_ALLOWED),))
    replaced = tuple(Close(old.sid, messages.REPLACED) for old in room.seats if old.person == seat.person)
    phase: Phase = "in_visit" if others else room.phase
    seated = replace(room, seats=(*others, seat), phase=phase)
    step = Step(seated, (*replaced, Send(seat.sid, _welcome(seated, seat, ice))))
    for other in others:
        step = _tell(step, other.sid, _peer(seated, seat, "here"))
        step = step if phase == room.phase else _tell(step, other.sid, State(phase=phase))
    return step


def receive(room: Room, sid: UUID, message: ClientMessage | None, now: datetime) -> Step:
    """Hear what a session says; None is a message of a type that we do not know.

    A session without a seat is not heard. Too many frames, or a second hello, cost the seat.
    """
    seat = _seat(room, sid)
    if seat is None:
        return Step(room)
    waited = max(0.0, (now - seat.credited_at).total_seconds())
    credit = min(BURST, seat.credit + RATE * waited) - 1
    if credit < 0:
        return refuse(room, sid, messages.TOO_FAST)
    seat = replace(seat, credit=credit, credited_at=now)
    return _heard(_put(room, seat), seat, message, now)


def refuse(room: Room, sid: UUID, code: int) -> Step:
    """Take a seat away and close its socket with a code; the other person is told that this one left."""
    if _seat(room, sid) is None:
        return Step(room)
    step = vacate(room, sid)
    return Step(step.room, (*step.effects, Close(sid, code)))


def vacate(room: Room, sid: UUID) -> Step:
    """A socket is gone; the other person is told. Doing it twice is harmless."""
    seat = _seat(room, sid)
    if seat is None:
        return Step(room)
    step = Step(replace(room, seats=_others(room, sid)))
    for other in step.room.seats:
        step = _tell(step, other.sid, _peer(step.room, seat, "left"))
    return step


def end(room: Room, why: str) -> Step:
    """Close the visit for everyone: each is told why, then every socket is closed and every seat is empty."""
    step = Step(room)
    for seat in room.seats:
        step = _tell(step, seat.sid, State(phase="ended", why=why))
    closed = tuple(Close(seat.sid, messages.ENDED) for seat in room.seats)
    return Step(replace(step.room, seats=(), phase="ended"), (*step.effects, *closed))


def _heard(room: Room, seat: Seat, message: ClientMessage | None, now: datetime) -> Step:
    match message:
        case None:
            return Step(room)
        case Hello():
            return refuse(room, seat.sid, messages.BAD_MESSAGE)
        case Ping():
            room = _put(room, _acknowledge(seat, message.ack))
            return Step(room, (Send(seat.sid, Pong(last_in=seat.heard, now=now)),))
        case Pong():
            return Step(room)
        case _:
            return _counted(room, seat, message)


def _counted(room: Room, seat: Seat, message: Signal | Leave | End) -> Step:
    """A message with an `id` is heard once; without one (0) each time."""
    seat = _acknowledge(seat, message.ack)
    if 0 < message.id <= seat.heard:
        return Step(_put(room, seat))
    seat = replace(seat, heard=max(seat.heard, message.id))
    room = _put(room, seat)
    match message:
        case Leave():
            return refuse(room, seat.sid, messages.BYE)
        case End():
            return _asked_to_end(room, seat, message)
        case _:
            return _relay(room, seat, message)


def _asked_to_end(room: Room, seat: Seat, message: End) -> Step:
    """Staff end a visit; a patient leaves it, and so it cannot be taken from someone who lost the connection."""
    if seat.role == "staff" or any(other.role == "mirror" for other in room.seats):
        return end(room, message.why)
    refusal = Error(re="end", code="notAllowed", msg="Only staff can end the visit for everyone. You can leave it.")
    return _tell(Step(room), seat.sid, refusal)


def _relay(room: Room, seat: Seat, message: Signal) -> Step:
    """Pass a signal on, under the name that the ticket gave its sender; a stale one is dropped."""
    if not _is_fresh(room, seat, message):
        return Step(room)
    step = Step(_move_on(room, seat, message))
    for other in _others(room, seat.sid):
        step = _tell(step, other.sid, replace(message, id=0, ack=0, sender=seat.person))
    return step


def _is_fresh(room: Room, seat: Seat, message: Signal) -> bool:
    if isinstance(message, Media):
        return True
    if message.gen > room.gen + LEAP:
        return False
    match message:
        case Renew():
            wins_tie = seat.role == "staff" and room.renewed_by == "patient"
            return message.gen > room.gen or (message.gen == room.gen and wins_tie)
        case Cand():
            return message.gen >= room.gen
        case Desc():
            latest = seat.offer if message.type == "offer" else seat.answer
            return message.gen > room.gen or (message.gen == room.gen and message.n > latest)


def _move_on(room: Room, seat: Seat, message: Signal) -> Room:
    """A higher generation starts the count of descriptions anew for both."""
    if isinstance(message, Media):
        return room
    if message.gen > room.gen:
        fresh = tuple(replace(each, offer=-1, answer=-1) for each in room.seats)
        room = replace(room, seats=fresh, gen=message.gen, renewed_by=None)
    if isinstance(message, Renew):
        return replace(room, renewed_by=seat.role)
    if isinstance(message, Desc):
        return _put(room, _described(_seat(room, seat.sid) or seat, message))
    return room


def _described(seat: Seat, message: Desc) -> Seat:
    return replace(seat, offer=message.n) if message.type == "offer" else replace(seat, answer=message.n)


def _acknowledge(seat: Seat, ack: int) -> Seat:
    """Nobody can take back what they took, nor take what they were not told."""
    return replace(seat, taken=max(seat.taken, min(ack, seat.told)))


def _tell(step: Step, sid: UUID, message: Peer | State | Error | Signal) -> Step:
    """Say something to a session as the next in its count."""
    seat = _seat(step.room, sid)
    if seat is None:
        return step
    told = Send(sid, replace(message, seq=seat.told + 1))
    return Step(_put(step.room, replace(seat, told=seat.told + 1)), (*step.effects, told))


def _welcome(room: Room, seat: Seat, ice: Ice) -> Welcome:
    return Welcome(
        sid=seat.sid,
        resumed=False,
        head=seat.told,
        last_in=seat.heard,
        state=VisitState(room.phase),
        you=_person(room, seat),
        peers=tuple(_person(room, other) for other in _others(room, seat.sid)),
        ice=ice,
        limits=LIMITS,
    )


def _person(room: Room, seat: Seat) -> Person:
    return Person(id=seat.person, role=seat.role, presence="here", gen=room.gen)


def _peer(room: Room, seat: Seat, presence: Presence) -> Peer:
    return Peer(id=seat.person, role=seat.role, presence=presence, gen=room.gen)


def _seat(room: Room, sid: UUID) -> Seat | None:
    return next((seat for seat in room.seats if seat.sid == sid), None)


def _others(room: Room, sid: UUID) -> tuple[Seat, ...]:
    return tuple(seat for seat in room.seats if seat.sid != sid)


def _put(room: Room, seat: Seat) -> Room:
    return replace(room, seats=tuple(seat if each.sid == seat.sid else each for each in room.seats))
