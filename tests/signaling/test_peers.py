import asyncio
import socket
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Litestar

from signaling import candidates, messages
from signaling.asgi import create_app
from signaling.asgi import socket as route
from signaling.hub import Hub
from signaling.peers import Mirror, NotLetIn, VisitClient
from tests.signaling.conftest import Caller, Server, a_config, serving, until


async def test_two_people_hear_and_see_each_other(server: Server, visit: UUID) -> None:
    async with (
        VisitClient(server.url, server.pass_for(visit, "patient"), shade=60) as patient,
        VisitClient(server.url, server.pass_for(visit, "staff"), shade=190) as staff,
    ):
        await asyncio.gather(
            patient.meets(audio=20, video=5, seconds=30),
            staff.meets(audio=20, video=5, seconds=30),
        )
        assert abs(patient.shade - 190) < 12
        assert abs(staff.shade - 60) < 12

        assert await patient.leave() == messages.BYE
        assert await staff.end("done") == messages.ENDED


async def test_a_person_sees_and_hears_themselves_in_the_mirror(server: Server) -> None:
    async with VisitClient(server.url, server.mirror_pass(), shade=200) as patient:
        await patient.meets(audio=20, video=5, seconds=30)
        assert abs(patient.shade - 200) < 12


async def test_a_new_generation_replaces_the_connection(server: Server, visit: UUID) -> None:
    async with (
        VisitClient(server.url, server.pass_for(visit, "patient")) as patient,
        VisitClient(server.url, server.pass_for(visit, "staff")) as staff,
    ):
        await staff.meets(audio=1, video=1, seconds=30)
        await staff.renew("network changed")
        async with asyncio.timeout(30):
            while not any(isinstance(each, messages.Desc) and each.gen == 2 for each in staff.told):
                await staff.meets(audio=staff.audio + 1, video=0, seconds=30)
        await patient.meets(audio=patient.audio + 10, video=patient.video + 3, seconds=30)
        await staff.meets(audio=staff.audio + 10, video=staff.video + 3, seconds=30)


async def test_who_is_not_let_in_learns_the_code(server: Server) -> None:
    with pytest.raises(NotLetIn) as refused:
        async with VisitClient(server.url, "no ticket"):
            pass
    assert refused.value.code == messages.BAD_TICKET


async def test_the_mirror_has_so_many_places_and_frees_them() -> None:
    async with serving(create_app(a_config(mirrors=1))) as server:
        async with server.enter(server.mirror_pass()) as first:
            await first.hear("peer")
            async with server.open() as connection:
                caller = Caller(connection)
                await caller.say({"t": "hello", "v": 1, "ticket": server.mirror_pass()})
                assert (await caller.hear("error"))["code"] == "mirrorBusy"
                assert await caller.closed() == messages.TRY_LATER
            await first.say({"t": "leave"})
            assert await first.closed() == messages.BYE
        async with server.enter(server.mirror_pass()) as next_one:
            assert (await next_one.hear("peer"))["role"] == "mirror"


async def test_a_person_stands_before_one_mirror_at_a_time(server: Server) -> None:
    maya = uuid4()
    async with server.enter(server.mirror_pass(maya)) as older, server.enter(server.mirror_pass(maya)) as newer:
        assert await older.closed() == messages.REPLACED
        await newer.hear("peer")


async def test_the_mirror_says_when_its_time_is_up() -> None:
    async with (
        serving(create_app(a_config(mirror_seconds=0.05))) as server,
        server.enter(server.mirror_pass()) as looker,
    ):
        await looker.hear("peer")
        await looker.hear("state")
        ended = await looker.hear("state")
        assert (ended["phase"], ended["why"]) == ("ended", "timeIsUp")
        assert await looker.closed() == messages.ENDED


async def test_a_mirror_in_use_does_not_hold_up_the_end_of_the_server() -> None:
    hub = Hub(a_config())
    app = Litestar([route(hub.config, hub=hub)], openapi_config=None)
    async with serving(app) as server, VisitClient(server.url, server.mirror_pass()) as patient:
        await patient.meets(audio=1, video=1, seconds=30)
        server.stop()
        async with asyncio.timeout(3):
            assert await patient.closed() == 1012
    assert (hub.rooms, hub.lines, hub.mirrors, hub.looking) == ({}, {}, 0, {})


AUDIO = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
FINGERPRINT = "a=fingerprint:sha-256 " + ":".join(["AB"] * 32) + "\r\n"
SECURE = "a=ice-ufrag:abcd\r\na=ice-pwd:" + "p" * 24 + "\r\n" + FINGERPRINT + "a=setup:actpass\r\n"
OPUS = "c=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n"
HEAD = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
GOOD = HEAD + AUDIO + OPUS + SECURE


def offering(sdp: str, n: int = 0, gen: int = 1) -> dict[str, object]:
    return {"t": "desc", "gen": gen, "n": n, "type": "offer", "sdp": sdp}


JUNK = {
    "a video without its media line": GOOD.replace("BUNDLE 0", "BUNDLE 0 1") + OPUS.replace("mid:0", "mid:1") + SECURE,
    "no description": "junk",
    "no media": HEAD,
    "no keys": HEAD + AUDIO + OPUS,
    "a data channel": HEAD + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n" + SECURE,
    "ten videos": HEAD + AUDIO.replace("audio", "video") * 10,
    "two audios": GOOD + AUDIO + OPUS + SECURE,
    "no codec of ours": GOOD.replace("opus/48000/2", "siren/16000/1"),
    "a candidate that is no number": GOOD + "a=candidate:1 1 udp x 192.0.2.9 4000 typ host\r\n",
    "control characters": GOOD.replace("sendrecv", "\x00\x1f"),
}


@pytest.mark.parametrize("sdp", JUNK.values(), ids=JUNK.keys())
async def test_junk_is_not_reflected_and_costs_nothing_for_long(server: Server, sdp: str) -> None:
    async with server.enter(server.mirror_pass()) as looker:
        await looker.hear("peer")
        await looker.say(offering(sdp))
        assert await looker.closed() == messages.BAD_MESSAGE


async def test_abandoned_offers_leave_no_descriptor_and_no_task(server: Server) -> None:
    tasks = len(asyncio.all_tasks())
    async with server.enter(server.mirror_pass()) as looker:
        await looker.hear("peer")
        await looker.say({"t": "leave"})
        await looker.closed()
    # What the first look left behind for good, such as libraries and threads, is the measure of the others.
    assert await until(lambda: len(asyncio.all_tasks()) <= tasks)
    before = descriptors()
    for sdp in (*[GOOD] * 6, *JUNK.values()):
        async with server.enter(server.mirror_pass()) as looker:
            await looker.hear("peer")
            await looker.hear("state")
            await looker.say(offering(sdp))
            if sdp == GOOD:
                assert (await looker.hear("desc"))["type"] == "answer"
            looker.connection.transport.abort()
    assert await until(lambda: descriptors() <= before and len(asyncio.all_tasks()) <= tasks)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_a_mirror_is_closed_to_the_end_even_when_nobody_waits_any_more() -> None:
    before = descriptors()
    mirror = Mirror(messages.Ice(servers=(), ttl=600, policy="all"))
    await mirror.answer(messages.Desc(gen=1, n=0, type="offer", sdp=GOOD))
    assert descriptors() > before
    # Held, so that it is the closing and not the garbage collector that gives the sockets back.
    held = mirror._connection

    closing = asyncio.create_task(mirror.close())
    await asyncio.sleep(0)
    closing.cancel()

    assert await until(lambda: descriptors() <= before)
    assert held is not None


async def test_the_mirror_answers_a_few_offers_and_then_no_more(server: Server) -> None:
    async with server.enter(server.mirror_pass()) as looker:
        await looker.hear("peer")
        await looker.hear("state")
        for gen in range(1, 9):
            await looker.say(offering(GOOD, gen=gen))
            assert (await looker.hear("desc"))["gen"] == gen
        await looker.say(offering(GOOD, gen=9))
        assert await looker.closed() == messages.BAD_MESSAGE


class Listener(asyncio.DatagramProtocol):
    """Counts what is sent to an address that nobody was asked to send to."""

    def __init__(self) -> None:
        self.heard = 0
        self.often = asyncio.Event()

    def datagram_received(self, *_: object) -> None:
        self.heard += 1
        if self.heard == 3:
            self.often.set()


async def test_the_mirror_sends_only_where_it_should(server: Server) -> None:
    """A listener on this machine's own address hears the checks; one on loopback, named the same way, never does."""
    loop = asyncio.get_running_loop()
    plain, looped = Listener(), Listener()
    address = a_plain_address()
    there, _ = await loop.create_datagram_endpoint(lambda: plain, local_addr=(address, 0))
    here, _ = await loop.create_datagram_endpoint(lambda: looped, local_addr=("127.0.0.1", 0))
    ports = {"127.0.0.1": here.get_extra_info("sockname")[1], address: there.get_extra_info("sockname")[1]}
    lines = [f"candidate:{at} 1 udp 2130706431 {host} {port} typ host" for at, (host, port) in enumerate(ports.items())]
    try:
        async with server.enter(server.mirror_pass()) as looker:
            await looker.hear("peer")
            await looker.hear("state")
            await looker.say(offering(GOOD + "".join(f"a={line}\r\n" for line in lines)))
            await looker.hear("desc")
            cands = [{"candidate": line, "sdpMid": "0", "sdpMLineIndex": 0} for line in lines]
            await looker.say({"t": "cand", "gen": 1, "cands": cands, "end": True})
            async with asyncio.timeout(10):
                await plain.often.wait()
        assert looped.heard == 0
    finally:
        there.close()
        here.close()


def a_plain_address() -> str:
    """An address of this machine that is not loopback: the one from which it would reach the documentation network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("198.51.100.1", 9))
        address: str = probe.getsockname()[0]
    return address


REACHABLE = "candidate:1 1 udp 2130706431 192.0.2.9 40000 typ host generation 0"


@pytest.mark.parametrize(
    ("candidate", "reachable"),
    [
        ("1 1 udp 1 203.0.113.9 40000 typ host", True),
        ("1 1 UDP 1 10.1.2.3 40000 typ relay raddr 0.0.0.0 rport 9", True),
        ("1 1 udp 1 2001:db8::1 40000 typ host", True),
        ("1 1 tcp 1 203.0.113.9 40000 typ host tcptype passive", False),
        ("1 1 udp 1 203.0.113.9 40000 typ srflx raddr 10.0.0.1 rport 9", False),
        ("1 1 udp 1 203.0.113.9 53 typ host", False),
        ("1 1 udp 1 203.0.113.9 70000 typ host", False),
        ("1 2 udp 1 203.0.113.9 40000 typ host", False),
        ("1 1 udp 1 127.0.0.1 40000 typ host", False),
        ("1 1 udp 1 ::1 40000 typ host", False),
        ("1 1 udp 1 ::ffff:127.0.0.1 40000 typ host", False),
        ("1 1 udp 1 169.254.169.254 40000 typ host", False),
        ("1 1 udp 1 fe80::1%eth0 40000 typ host", False),
        ("1 1 udp 1 224.0.0.1 40000 typ host", False),
        ("1 1 udp 1 255.255.255.255 40000 typ host", False),
        ("1 1 udp 1 0.0.0.0 40000 typ host", False),
        ("1 1 udp 1 4f9c2a1e-0000.local 40000 typ host", False),
        ("1 1 udp 1 internal.example 40000 typ host", False),
        ("1 1 udp 1 203.0.113.9 40000 typ", False),
        ("", False),
    ],
)
def test_the_mirror_sends_to_plain_udp_addresses_only(candidate: str, reachable: bool) -> None:
    assert candidates.is_reachable(candidate) is reachable


@given(st.text(alphabet=st.sampled_from(list("\x0b\x0c\x1c\x85\u2028\r\n am=candidate:1"))))
def test_no_candidate_hides_behind_an_odd_line_break(noise: str) -> None:
    hidden = f"{noise}\x0ba={REACHABLE}\u2028a={REACHABLE}\r\n{noise}"

    left = candidates.kept(hidden, lambda _: False)

    assert not [line for line in left.splitlines() if line.startswith("a=candidate:")]


def test_a_description_is_taken_apart_into_candidates_and_the_rest() -> None:
    sdp = (
        GOOD + f"a={REACHABLE}\r\na=end-of-candidates\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na={REACHABLE}\r\n"
    )

    rest, found = candidates.apart(sdp)

    assert rest == GOOD + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n"
    assert found == (messages.Candidate(REACHABLE, "0", 0),)
