from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling import messages, room
from signaling.messages import (
    Cand,
    ClientMessage,
    Desc,
    End,
    Error,
    Hello,
    Ice,
    Leave,
    Media,
    Peer,
    Ping,
    Pong,
    Renew,
    Role,
    ServerMessage,
    State,
    Welcome,
)
from signaling.room import Close, Room, Seat, Send, Step
from tests.signaling.conftest import NOON

ICE = Ice(servers=(), ttl=600, policy="all")
MAYA, INES, STRANGER = uuid4(), uuid4(), uuid4()
PHONE, TABLET, DESK, OUTSIDE = (uuid4() for _ in range(4))


def a_seat(sid: UUID, person: UUID, role: Role, now: datetime = NOON) -> Seat:
    return Seat(sid=sid, person=person, role=role, credited_at=now)


def two_people() -> Room:
    """Maya on her phone, then Ines at her desk."""
    alone = room.join(Room(), a_seat(PHONE, MAYA, "patient"), ICE).room
    return room.join(alone, a_seat(DESK, INES, "staff"), ICE).room


def told(step: Step, sid: UUID) -> list[ServerMessage]:
    return [effect.message for effect in step.effects if isinstance(effect, Send) and effect.to == sid]


def closed(step: Step) -> dict[UUID, int]:
    return {effect.to: effect.code for effect in step.effects if isinstance(effect, Close)}


def a_desc(gen: int = 1, n: int = 0, kind: Literal["offer", "answer"] = "offer") -> Desc:
    return Desc(gen=gen, n=n, type=kind, sdp="v=0")


def play(start: Room, said: Sequence[tuple[UUID, ClientMessage]]) -> tuple[Room, list[ServerMessage]]:
    """The room after all of this was said, and what Ines' desk was told of it."""
    heard: list[ServerMessage] = []
    for sid, message in said:
        step = room.receive(start, sid, message, NOON)
        start, heard = step.room, heard + told(step, DESK)
    return start, heard


def test_the_first_to_come_waits_and_the_second_begins_the_visit() -> None:
    first = room.join(Room(), a_seat(PHONE, MAYA, "patient"), ICE)
    second = room.join(first.room, a_seat(DESK, INES, "staff"), ICE)

    (welcome,) = told(first, PHONE)
    assert isinstance(welcome, Welcome)
    assert (welcome.state.phase, welcome.peers, welcome.head) == ("waiting", (), 0)
    (welcome,) = told(second, DESK)
    assert isinstance(welcome, Welcome)
    assert [peer.id for peer in welcome.peers] == [MAYA]
    assert told(second, PHONE) == [
        Peer(id=INES, role="staff", presence="here", gen=0, seq=1),
        State(phase="in_visit", seq=2),
    ]


def test_a_third_person_is_turned_away_and_changes_nothing() -> None:
    full = two_people()

    assert room.join(full, a_seat(OUTSIDE, STRANGER, "staff"), ICE) == Step(full, (Close(OUTSIDE, 4403),))


def test_the_newer_socket_of_a_person_takes_the_seat() -> None:
    step = room.join(two_people(), a_seat(TABLET, MAYA, "patient"), ICE)

    assert closed(step) == {PHONE: messages.REPLACED}
    assert {seat.sid for seat in step.room.seats} == {TABLET, DESK}
    assert [type(message) for message in told(step, DESK)] == [Peer]
    assert room.receive(step.room, PHONE, a_desc(), NOON) == Step(step.room)
    assert room.vacate(step.room, PHONE) == Step(step.room)


def test_a_signal_goes_to_the_other_under_the_name_of_its_sender() -> None:
    lie = Desc(gen=1, n=0, type="offer", sdp="v=0", id=7, ack=0, seq=1234, sender=INES)

    step = room.receive(two_people(), PHONE, lie, NOON)

    assert told(step, DESK) == [Desc(gen=1, n=0, type="offer", sdp="v=0", seq=1, sender=MAYA)]
    assert told(step, PHONE) == []


def test_a_signal_to_nobody_is_dropped() -> None:
    alone = room.join(Room(), a_seat(PHONE, MAYA, "patient"), ICE).room

    assert room.receive(alone, PHONE, a_desc(), NOON).effects == ()


def test_descriptions_and_candidates_of_an_older_generation_are_dropped() -> None:
    _, heard = play(
        two_people(),
        [(PHONE, a_desc(gen=2)), (PHONE, a_desc(gen=1, n=9)), (PHONE, Cand(gen=1)), (PHONE, Cand(gen=2))],
    )

    assert [type(message) for message in heard] == [Desc, Cand]


def test_a_description_that_is_not_newer_than_the_last_of_its_type_is_dropped() -> None:
    _, heard = play(
        two_people(),
        [
            (PHONE, a_desc(n=1)),
            (PHONE, a_desc(n=1)),
            (PHONE, a_desc(n=0)),
            (PHONE, a_desc(n=1, kind="answer")),
            (PHONE, a_desc(n=2)),
            (PHONE, a_desc(gen=2, n=0)),
        ],
    )

    assert [(each.gen, each.n, each.type) for each in heard if isinstance(each, Desc)] == [
        (1, 1, "offer"),
        (1, 1, "answer"),
        (1, 2, "offer"),
        (2, 0, "offer"),
    ]


def test_a_new_generation_counts_descriptions_anew_for_both() -> None:
    talking, _ = play(two_people(), [(PHONE, a_desc(n=5)), (DESK, a_desc(n=6, kind="answer"))])
    talking = room.receive(talking, DESK, Renew(gen=2), NOON).room

    offered = room.receive(talking, PHONE, a_desc(gen=2, n=0), NOON)
    answered = room.receive(offered.room, DESK, a_desc(gen=2, n=0, kind="answer"), NOON)

    assert [type(message) for message in (*told(offered, DESK), *told(answered, PHONE))] == [Desc, Desc]


def test_the_higher_generation_wins_and_a_tie_goes_to_staff() -> None:
    begun = room.receive(two_people(), PHONE, Renew(gen=1), NOON).room

    tie = room.receive(begun, DESK, Renew(gen=1), NOON)
    assert [type(message) for message in told(tie, PHONE)] == [Renew]
    assert told(room.receive(tie.room, DESK, Renew(gen=1), NOON), PHONE) == []
    assert told(room.receive(tie.room, PHONE, Renew(gen=1), NOON), DESK) == []
    assert room.receive(tie.room, PHONE, Renew(gen=2), NOON).room.gen == 2


def test_who_comes_back_learns_the_generation() -> None:
    begun = room.receive(two_people(), PHONE, a_desc(gen=3), NOON).room

    (welcome,) = told(room.join(begun, a_seat(TABLET, MAYA, "patient"), ICE), TABLET)

    assert isinstance(welcome, Welcome)
    assert (welcome.you.gen, welcome.peers[0].gen, welcome.state.phase) == (3, 3, "in_visit")


def test_the_same_message_twice_is_heard_once() -> None:
    _, heard = play(two_people(), [(PHONE, Media(id=at, audio=True, video=True)) for at in (1, 2, 2, 1, 3)])

    assert [type(message) for message in heard] == [Media] * 3


def test_a_ping_is_answered_with_how_far_the_client_was_heard() -> None:
    talking, _ = play(two_people(), [(PHONE, Media(id=5, audio=True, video=True))])

    assert told(room.receive(talking, PHONE, Ping(ack=1), NOON), PHONE) == [Pong(last_in=5, now=NOON)]


def test_nobody_acknowledges_more_than_they_were_told_or_takes_it_back() -> None:
    talking = two_people()
    for ack, taken in ((1, 1), (0, 1), (2, 2), (2**53 - 1, 2)):
        talking = room.receive(talking, PHONE, Ping(ack=ack), NOON).room
        assert next(seat.taken for seat in talking.seats if seat.sid == PHONE) == taken


def test_leaving_closes_one_socket_and_tells_the_other() -> None:
    step = room.receive(two_people(), PHONE, Leave(), NOON)

    assert closed(step) == {PHONE: messages.BYE}
    assert told(step, DESK) == [Peer(id=MAYA, role="patient", presence="left", gen=0, seq=1)]


def test_staff_end_the_visit_and_a_patient_is_told_how_to_leave() -> None:
    refused = room.receive(two_people(), PHONE, End(), NOON)
    assert [each.code for each in told(refused, PHONE) if isinstance(each, Error)] == ["notAllowed"]
    assert closed(refused) == {}

    ended = room.receive(refused.room, DESK, End(why="done"), NOON)
    assert closed(ended) == {PHONE: messages.ENDED, DESK: messages.ENDED}
    assert told(ended, PHONE) == [State(phase="ended", why="done", seq=4)]
    assert ended.room.seats == ()


def test_a_patient_may_end_their_look_in_the_mirror() -> None:
    alone = room.join(Room(), a_seat(PHONE, MAYA, "patient"), ICE).room
    mirrored = room.join(alone, a_seat(DESK, uuid4(), "mirror"), ICE).room

    assert set(closed(room.receive(mirrored, PHONE, End(), NOON))) == {PHONE, DESK}


def test_a_second_hello_costs_the_seat() -> None:
    assert closed(room.receive(two_people(), PHONE, Hello(v=1), NOON)) == {PHONE: messages.BAD_MESSAGE}


@pytest.mark.parametrize("message", [Ping(), None, Media(audio=True, video=True)])
def test_too_many_frames_at_once_cost_the_seat_whatever_they_say(message: ClientMessage | None) -> None:
    talking = two_people()
    for _ in range(int(room.BURST)):
        talking = room.receive(talking, PHONE, message, NOON).room
    assert len(talking.seats) == 2

    step = room.receive(talking, PHONE, message, NOON)

    assert closed(step) == {PHONE: messages.TOO_FAST}
    assert [each.presence for each in told(step, DESK) if isinstance(each, Peer)] == ["left"]


def test_who_keeps_to_the_rate_may_talk_for_ever_even_when_the_clock_is_set_back() -> None:
    talking, now = two_people(), NOON
    for at in range(1000):
        now += timedelta(seconds=1 / room.RATE) if at != 500 else timedelta(hours=-1)
        talking = room.receive(talking, PHONE, Ping(), now).room
    assert len(talking.seats) == 2


people = st.sampled_from([(MAYA, "patient"), (INES, "staff"), (STRANGER, "staff")])
numbers = st.integers(0, 3)
signals = st.one_of(
    st.builds(Desc, gen=numbers, n=numbers, type=st.sampled_from(["offer", "answer"]), sdp=st.just("v=0"), id=numbers),
    st.builds(Cand, gen=numbers, id=numbers, end=st.booleans()),
    st.builds(Renew, gen=numbers, id=numbers),
    st.builds(Media, audio=st.booleans(), video=st.booleans(), id=numbers, ack=numbers),
    st.builds(Ping, ack=numbers),
    st.just(None),
)
events = st.one_of(
    st.tuples(st.just("join"), people),
    st.tuples(st.just("say"), st.tuples(st.integers(0, 5), signals)),
    st.tuples(st.just("drop"), st.integers(0, 5)),
    st.tuples(st.just("leave"), st.integers(0, 5)),
    st.tuples(st.just("end"), st.integers(0, 5)),
)


@given(st.lists(events, max_size=40))
def test_whatever_happens_the_room_keeps_its_promises(story: list[tuple[str, object]]) -> None:
    """Two people at most, of whom each has one socket; everyone is told 1, 2, 3 …, and nobody after goodbye.

    What is passed on comes from the other person, and generations never go back.
    """
    here, owners, gone = Room(), dict[UUID, UUID](), set[UUID]()
    counts: dict[UUID, int] = {}
    for kind, what in story:
        gen = here.gen
        step, speaker = happen(here, kind, what, owners)
        for effect in step.effects:
            assert effect.to not in gone
            if isinstance(effect, Close):
                gone.add(effect.to)
                continue
            seq = getattr(effect.message, "seq", None)
            if seq is not None:
                assert seq == counts.get(effect.to, 0) + 1
                counts[effect.to] = seq
            if isinstance(effect.message, Desc | Cand | Renew | Media):
                assert effect.to != speaker
                assert effect.message.sender == owners[speaker]
        assert step.room.gen >= gen
        assert len(step.room.seats) <= 2
        assert len({seat.person for seat in step.room.seats}) == len(step.room.seats)
        assert not gone & {seat.sid for seat in step.room.seats}
        here = step.room if step.room.seats else Room()


def happen(here: Room, kind: str, what: object, owners: dict[UUID, UUID]) -> tuple[Step, UUID]:
    """One event of a story; sessions are named by the order in which they came."""
    if kind == "join" and isinstance(what, tuple):
        sid = uuid4()
        owners[sid] = what[0]
        return room.join(here, a_seat(sid, *what), ICE), sid
    at, message = what if isinstance(what, tuple) else (what, None)
    sid = list(owners)[at] if isinstance(at, int) and at < len(owners) else OUTSIDE
    match kind:
        case "say":
            return room.receive(here, sid, message, NOON), sid
        case "drop":
            return room.vacate(here, sid), sid
        case "leave":
            return room.receive(here, sid, Leave(), NOON), sid
        case _:
            return room.receive(here, sid, End(), NOON), sid


@given(st.lists(st.tuples(st.sampled_from([PHONE, DESK]), signals), max_size=60))
def test_no_stale_description_ever_gets_through(said: list[tuple[UUID, ClientMessage | None]]) -> None:
    here, latest = two_people(), dict[tuple[UUID, str], tuple[int, int]]()
    for sid, message in said:
        step = room.receive(here, sid, message, NOON)
        for effect in step.effects:
            if isinstance(effect, Send) and isinstance(effect.message, Desc):
                place = (effect.message.gen, effect.message.n)
                assert place > latest.get((effect.to, effect.message.type), (-1, -1))
                latest[effect.to, effect.message.type] = place
        here = step.room


@pytest.mark.parametrize(
    "greedy",
    [
        Renew(gen=2**31 - 1),
        Cand(gen=2**31 - 1),
        Desc(gen=2**31 - 1, n=0, type="offer", sdp="v=0"),
        Renew(gen=room.LEAP + 1),
    ],
)
def test_nobody_can_use_up_the_generations(greedy: ClientMessage) -> None:
    here, heard = play(two_people(), [(PHONE, greedy), (PHONE, Renew(gen=1))])

    assert (here.gen, [type(message) for message in heard]) == (1, [Renew])


def test_who_comes_back_to_a_forgotten_room_goes_on_from_the_generation_that_they_had() -> None:
    here, heard = play(two_people(), [(PHONE, a_desc(gen=7))])

    assert (here.gen, len(heard)) == (7, 1)
