import asyncio
import subprocess
import sys
from datetime import timedelta
from typing import Literal
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from litestar import Litestar
from websockets.exceptions import ConnectionClosed, InvalidStatus

from signaling import messages, tickets
from signaling.asgi import create_app, is_welcome_from, socket
from signaling.hub import Hub, Line
from tests.signaling.conftest import KEY, NOON, Caller, Role, Server, a_config, a_ticket, serving, until

OFFER = {"t": "desc", "gen": 1, "n": 0, "type": "offer", "sdp": "v=0\r\n"}


async def first_frame(server: Server, frame: str | bytes) -> int | None:
    """The code with which the server answers a first frame."""
    async with server.open() as connection:
        await connection.send(frame)
        return await Caller(connection).closed()


def hello(ticket: str, version: int = 1) -> str:
    return msgspec.json.encode({"t": "hello", "v": version, "ticket": ticket}).decode()


async def test_two_people_are_put_through_to_each_other(server: Server, visit: UUID) -> None:
    maya, ines = uuid4(), uuid4()
    async with server.enter(server.pass_for(visit, "patient", maya)) as patient:
        assert patient.welcome["resumed"] is False
        assert patient.welcome["state"] == {"phase": "waiting", "why": ""}
        assert patient.welcome["you"] == {"id": str(maya), "role": "patient", "presence": "here", "gen": 0}
        assert patient.welcome["ice"] == {"servers": [], "ttl": 600, "policy": "all"}
        async with server.enter(server.pass_for(visit, "staff", ines)) as staff:
            assert [peer["id"] for peer in staff.welcome["peers"]] == [str(maya)]
            assert (await patient.hear("peer"))["id"] == str(ines)
            assert (await patient.hear("state"))["phase"] == "in_visit"

            await patient.say({**OFFER, "id": 1, "from": str(ines), "seq": 99})
            candidate = {"candidate": "candidate:1 1 udp 1 192.0.2.9 4000 typ host", "sdpMid": "0", "sdpMLineIndex": 0}
            await patient.say({"t": "cand", "gen": 1, "cands": [candidate], "end": True})
            assert await staff.hear("desc") == {**OFFER, "from": str(maya), "seq": 1}
            heard = await staff.hear("cand")
            assert heard["cands"] == [candidate]
            assert heard["end"] is True

            await staff.say({"t": "desc", "gen": 1, "n": 0, "type": "answer", "sdp": "v=0\r\n"})
            answer = await patient.hear("desc")
            assert (answer["type"], answer["from"], answer["seq"]) == ("answer", str(ines), 3)
            await staff.say({"t": "media", "audio": True, "video": False})
            assert (await patient.hear("media"))["audio"] is True

            await patient.say({"t": "leave"})
            assert await patient.closed() == messages.BYE
            assert (await staff.hear("peer"))["presence"] == "left"


async def test_staff_end_the_visit_for_both(server: Server, visit: UUID) -> None:
    async with (
        server.enter(server.pass_for(visit)) as patient,
        server.enter(server.pass_for(visit, "staff")) as staff,
    ):
        await staff.say({"t": "end", "why": "done"})

        await patient.hear("peer")
        await patient.hear("state")
        assert await patient.hear("state") == {"t": "state", "seq": 3, "phase": "ended", "why": "done"}
        assert await patient.closed() == messages.ENDED
        assert await staff.closed() == messages.ENDED


async def test_a_third_person_is_not_let_in_and_the_two_do_not_notice(server: Server, visit: UUID) -> None:
    async with (
        server.enter(server.pass_for(visit)) as patient,
        server.enter(server.pass_for(visit, "staff")) as staff,
    ):
        assert await first_frame(server, hello(server.pass_for(visit, "staff"))) == messages.NOT_ALLOWED

        await staff.say({"t": "media", "audio": True, "video": True})
        assert (await patient.hear("peer"))["presence"] == "here"
        await patient.hear("state")
        assert (await patient.hear("media"))["video"] is True


async def test_people_of_different_visits_never_hear_each_other(server: Server) -> None:
    async with (
        server.enter(server.pass_for(uuid4())) as maya,
        server.enter(server.pass_for(uuid4(), "staff")) as ines,
    ):
        assert maya.welcome["peers"] == ines.welcome["peers"] == []
        await ines.say({**OFFER})
        await ines.say({"t": "ping"})
        await ines.hear("pong")
        await maya.say({"t": "ping"})
        await maya.hear("pong")


async def test_the_newer_socket_of_a_person_replaces_the_older(server: Server, visit: UUID) -> None:
    maya = uuid4()
    async with server.enter(server.pass_for(visit, "staff")) as staff:
        async with server.enter(server.pass_for(visit, person=maya)) as older:
            await staff.hear("peer")
            await staff.hear("state")
            async with server.enter(server.pass_for(visit, person=maya)) as newer:
                assert await older.closed() == messages.REPLACED
                assert (await staff.hear("peer"))["presence"] == "here"
                await staff.say({"t": "renew", "gen": 1})
                assert (await newer.hear("renew"))["gen"] == 1
        assert (await staff.hear("peer"))["presence"] == "left"


@pytest.mark.parametrize(
    "ticket",
    [
        pytest.param("", id="none"),
        pytest.param("junk.junk", id="junk"),
        pytest.param(tickets.issue(KEY[::-1], a_ticket()), id="of another key"),
        pytest.param(tickets.issue(KEY, a_ticket(until=NOON)), id="expired"),
        pytest.param(tickets.issue(KEY, a_ticket())[:-1], id="cut short"),
    ],
)
async def test_a_bad_ticket_opens_nothing(server: Server, ticket: str) -> None:
    assert await first_frame(server, hello(ticket)) == messages.BAD_TICKET


async def test_a_ticket_opens_one_socket(server: Server, visit: UUID) -> None:
    ticket = server.pass_for(visit)
    async with server.enter(ticket) as patient:
        assert await first_frame(server, hello(ticket)) == messages.BAD_TICKET
        await patient.say({"t": "ping"})
        await patient.hear("pong")
    assert await first_frame(server, hello(ticket)) == messages.BAD_TICKET


async def test_a_ticket_expires_by_the_clock_of_the_server(visit: UUID) -> None:
    ticket = tickets.issue(KEY, a_ticket(visit))
    async with serving(create_app(a_config(clock=lambda: NOON + timedelta(minutes=1)))) as late:
        assert await first_frame(late, hello(ticket)) == messages.BAD_TICKET


async def test_another_version_is_told_so_before_its_ticket_is_spent(server: Server, visit: UUID) -> None:
    ticket = server.pass_for(visit)

    assert await first_frame(server, hello(ticket, version=2)) == messages.BAD_MESSAGE
    async with server.enter(ticket):
        pass


async def test_who_says_nothing_is_not_waited_for() -> None:
    async with serving(create_app(a_config(hello_seconds=0.05))) as server, server.open() as connection:
        assert await Caller(connection).closed() == messages.HELLO_TIMEOUT
        assert connection.close_reason == "no hello"


async def test_who_falls_silent_is_closed_and_the_other_is_told(visit: UUID) -> None:
    moments = iter(range(1_000_000))
    # Ten seconds pass with every frame, so that the pings that keep one awake meet no rate limit.
    config = a_config(silence_seconds=0.3, clock=lambda: NOON + timedelta(seconds=10 * next(moments)))
    lasting = [tickets.issue(KEY, a_ticket(visit, role=role, until=NOON + timedelta(days=99))) for role in ROLES]
    async with (
        serving(create_app(config)) as server,
        server.enter(lasting[0]) as patient,
        server.enter(lasting[1]) as staff,
    ):
        async with asyncio.timeout(10):
            while not await has_left(staff):
                pass
        assert await patient.closed() == messages.SILENT
        assert patient.connection.close_reason == "nothing heard for too long"


class Mistaken(Hub):
    """A hub with a mistake in it."""

    def hear(self, *_: object) -> None:
        raise ZeroDivisionError("Maya")


@pytest.mark.parametrize("kind", ["visit", "mirror"])
async def test_a_mistake_of_ours_closes_the_socket_with_a_constant_reason_and_is_logged_by_its_type(
    visit: UUID, kind: Literal["visit", "mirror"], caplog: pytest.LogCaptureFixture
) -> None:
    hub = Mistaken(a_config())
    async with (
        serving(Litestar([socket(hub.config, hub=hub)], openapi_config=None, logging_config=None)) as server,
        server.enter(tickets.issue(KEY, a_ticket(visit, kind=kind))) as caller,
    ):
        await caller.say({"t": "ping"})
        assert await caller.closed() == messages.OUR_MISTAKE
        assert caller.connection.close_reason == "our mistake"

    [record] = [each for each in caplog.records if each.name == "signaling.asgi"]
    assert (record.getMessage(), record.exc_info and record.exc_info[0]) == (
        f"A socket of {visit} failed.",
        ZeroDivisionError,
    )
    assert (hub.rooms, hub.lines, hub.mirrors) == ({}, {}, 0)


def test_a_line_holds_a_mebibyte_and_then_gives_its_listener_up() -> None:
    line, given_up = Line(), []
    line.cut_off = lambda: given_up.append(True)
    large = messages.Desc(gen=1, n=0, type="offer", sdp="a" * 60_000)

    for _ in range(17):
        line.put(large)
    assert given_up == []
    line.put(large)
    assert given_up == [True]


async def test_a_line_that_is_read_never_fills() -> None:
    line, given_up = Line(), []
    line.cut_off = lambda: given_up.append(True)

    for _ in range(100):
        line.put(messages.Cand(gen=1, cands=(messages.Candidate("a" * 60_000),)))
        await line.next()
    assert given_up == []


JUNK: list[str | bytes] = [
    "",
    "null",
    "[]",
    "{",
    '{"t":1}',
    '{"t":"desc"}',
    '{"t":"desc","gen":-1,"n":0,"type":"offer","sdp":"v=0"}',
    '{"t":"desc","gen":1,"n":0,"type":"offer","sdp":""}',
    '{"t":"cand","gen":1e400}',
    '{"t":"media","audio":"yes","video":true}',
    '{"t":"ping","ack":' + "9" * 5000 + "}",
    '{"t":"ping","x":' + "[" * 30_000 + "}",
    '{"t":"media","audio":true,"video":true,"x":"' + "a" * messages.LARGEST_FRAME + '"}',
    b'{"t":"ping"}',
    b"\x00\xff",
]


@pytest.mark.parametrize("junk", JUNK, ids=[str(at) for at in range(len(JUNK))])
async def test_junk_closes_its_own_socket_and_the_neighbour_talks_on(
    server: Server, visit: UUID, junk: str | bytes
) -> None:
    assert await first_frame(server, junk) == messages.BAD_MESSAGE
    async with (
        server.enter(server.pass_for(visit)) as patient,
        server.enter(server.pass_for(visit, "staff")) as staff,
    ):
        await staff.connection.send(junk)
        assert await staff.closed() == messages.BAD_MESSAGE
        assert staff.connection.close_reason == "bad message"

        assert [(await patient.hear(kind))["t"] for kind in ("peer", "state")] == ["peer", "state"]
        assert (await patient.hear("peer"))["presence"] == "left"
        async with server.enter(server.pass_for(visit, "staff")) as again:
            await again.say({"t": "media", "audio": True, "video": True})
            assert (await patient.hear("peer"))["presence"] == "here"
            await patient.hear("media")


async def test_invalid_utf_8_closes_the_socket_and_nothing_else(server: Server, visit: UUID) -> None:
    async with server.enter(server.pass_for(visit)) as patient:
        async with server.enter(server.pass_for(visit, "staff")) as staff:
            await staff.connection.send(b"\xff\xfe", text=True)
            assert await staff.closed() == 1007
        await patient.say({"t": "ping"})
        assert [(await patient.hear(kind))["t"] for kind in ("peer", "state")]


async def test_unknown_types_and_fields_are_ignored(server: Server, visit: UUID) -> None:
    async with (
        server.enter(server.pass_for(visit)) as patient,
        server.enter(server.pass_for(visit, "staff")) as staff,
    ):
        await staff.say({"t": "quality", "rtt": 30})
        await staff.say({"t": "welcome", "sid": 1})
        await staff.say({"t": "media", "audio": True, "video": True, "hand": "raised"})

        await patient.hear("peer")
        await patient.hear("state")
        assert "hand" not in await patient.hear("media")


async def test_a_flood_costs_the_flooder_the_seat(server: Server, visit: UUID) -> None:
    async with (
        server.enter(server.pass_for(visit)) as patient,
        server.enter(server.pass_for(visit, "staff")) as staff,
    ):
        for _ in range(300):
            try:
                await staff.say({"t": "ping"})
            except ConnectionClosed:
                break
        assert await staff.closed() == messages.TOO_FAST
        await patient.say({"t": "ping"})
        for kind in ("peer", "state", "peer", "pong"):
            await patient.hear(kind)


async def test_who_never_reads_is_cut_off_and_the_other_is_told() -> None:
    visit = uuid4()
    moments = iter(range(10_000))
    # Ten seconds pass with every frame, so that no rate limit comes first.
    clock = a_config(clock=lambda: NOON + timedelta(seconds=10 * next(moments)))
    app = create_app(clock)
    async with serving(app) as server:
        lasting = [tickets.issue(KEY, a_ticket(visit, role=role, until=NOON + timedelta(days=9))) for role in ROLES]
        async with server.enter(lasting[0]) as patient, server.enter(lasting[1]) as staff:
            await patient.hear("peer")
            await patient.hear("state")
            staff.connection.transport.pause_reading()
            sent = 0
            while sent < 2000:
                sent += 1
                await patient.say({**OFFER, "n": sent, "sdp": "a" * 50_000})
                if sent % 100 == 0 and await has_left(patient):
                    break
            assert sent < 2000
            staff.connection.transport.abort()


ROLES: tuple[Role, Role] = ("patient", "staff")


async def has_left(caller: Caller) -> bool:
    """Whether the other one has been said to leave; a ping marks the end of what was said so far."""
    await caller.say({"t": "ping"})
    async with asyncio.timeout(5):
        while (message := msgspec.json.decode(await caller.connection.recv()))["t"] != "pong":
            if message.get("presence") == "left":
                return True
    return False


async def test_a_page_of_a_foreign_origin_is_refused_before_it_can_say_anything(server: Server) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with server.open(origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403


async def test_the_page_of_this_host_may_open_the_socket(server: Server, visit: UUID) -> None:
    async with server.open(origin=f"http://127.0.0.1:{server.port}") as connection:
        await connection.send(hello(server.pass_for(visit)))
        await Caller(connection).hear("welcome")


@pytest.mark.parametrize(
    ("origins", "allowed"),
    [
        ([], True),
        (["https://clinic.example"], True),
        (["https://CLINIC.example"], True),
        (["https://api.clinic.example"], True),
        (["null"], False),
        ([""], False),
        (["https://clinic.example.evil.example"], False),
        (["https://clinic.example:8443"], False),
        (["ftp://api.clinic.example"], False),
        (["https://clinic.example", "https://evil.example"], False),
    ],
)
def test_an_origin_is_welcome_when_it_is_the_host_or_is_named(origins: list[str], allowed: bool) -> None:
    config = a_config(allowed_origins=("https://clinic.example",))

    assert is_welcome_from(origins, "api.clinic.example", config) is allowed


async def test_the_subprotocol_is_agreed_on_when_it_is_offered(server: Server) -> None:
    async with server.open(subprotocols=["visit.v9", "visit.v1"]) as connection:
        assert connection.subprotocol == "visit.v1"
    async with server.open() as connection:
        assert connection.subprotocol is None


async def test_every_socket_is_closed_promptly_when_the_server_stops(visit: UUID) -> None:
    async with (
        serving(create_app(a_config())) as server,
        server.enter(server.pass_for(visit)) as patient,
        server.enter(server.pass_for(visit, "staff")) as staff,
        server.open() as silent,
    ):
        server.stop()

        async with asyncio.timeout(3):
            codes = [await patient.closed(), await staff.closed(), await Caller(silent).closed()]
        assert codes == [1012, 1012, 1012]


async def test_nothing_is_left_of_people_who_are_gone() -> None:
    hub = Hub(a_config(hello_seconds=0.2))
    async with serving(Litestar([socket(hub.config, hub=hub)], openapi_config=None)) as server:
        before = len(asyncio.all_tasks())
        for at in range(30):
            visit = uuid4()
            async with server.open() as stranger, server.enter(server.pass_for(visit)) as caller:
                if at % 3 == 0:
                    caller.connection.transport.abort()
                    stranger.transport.abort()
                elif at % 3 == 1:
                    await caller.say({"t": "leave"})
                else:
                    await caller.connection.send("junk")
        assert await until(lambda: len(asyncio.all_tasks()) <= before)
        assert (hub.rooms, hub.lines, hub.mirrors) == ({}, {}, 0)


async def test_the_socket_lives_in_another_app_under_its_path_and_options(visit: UUID) -> None:
    route = socket(a_config(), path="/somewhere/else", opt={"access": "ticket"})
    assert route.opt["access"] == "ticket"
    async with serving(Litestar([route], openapi_config=None)) as server:
        server.url = server.url.replace("/v1/signaling", "/somewhere/else")
        async with server.enter(server.pass_for(visit)) as patient:
            assert patient.welcome["t"] == "welcome"


async def test_the_process_shows_that_it_lives_and_anything_else_is_a_problem(server: Server) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client:
        live, head = await client.get("/health/live"), await client.head("/health/live")
        nowhere, wrong = await client.get("/canary"), await client.post("/health/live")

    assert (live.status_code, live.json(), head.status_code, head.content) == (200, {"status": "ok"}, 200, b"")
    assert nowhere.json() == {"type": "about:blank", "title": "Not Found", "status": 404}
    assert (wrong.status_code, "GET" in wrong.headers["allow"]) == (405, True)
    assert {one.headers["content-type"] for one in (nowhere, wrong)} == {"application/problem+json"}


async def test_a_mirror_ticket_has_no_way_into_the_visit_of_the_same_number(server: Server, visit: UUID) -> None:
    ticket = tickets.issue(KEY, a_ticket(visit, kind="mirror", role="staff"))
    async with server.enter(server.pass_for(visit)) as patient, server.enter(ticket) as looker:
        assert looker.welcome["peers"] == []
        await patient.say({"t": "ping"})
        await patient.hear("pong")


def test_a_process_that_mirrors_nothing_never_loads_aiortc() -> None:
    code = (
        "import sys; from datetime import UTC, datetime;"
        "from signaling.asgi import create_app; from signaling.hub import Config;"
        "create_app(Config(ticket_key=b'k' * 32, clock=lambda: datetime.fromtimestamp(0, UTC)));"
        "sys.exit('aiortc' in sys.modules or 'av' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_a_short_key_or_turn_without_its_secret_stops_the_start() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        a_config(ticket_key=b"short").__post_init__()
    with pytest.raises(ValueError, match="secret"):
        a_config(turn_urls=("turn:turn.example.org",)).__post_init__()
