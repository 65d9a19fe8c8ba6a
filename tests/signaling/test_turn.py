"""Visits through a real coturn: who may use it, where it never sends, and that media really passes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from aioice.candidate import Candidate

from app.clock import system_clock
from app.doctor import turn
from app.doctor.turn import Refused
from signaling import ice, messages, tickets
from signaling.asgi import create_app
from signaling.messages import Cand, IceServer
from signaling.peers import VisitClient
from tests.coturn import SECRET, TO_LOOPBACK, coturn
from tests.signaling.conftest import KEY, Role, a_config, a_ticket, serving

TRANSPORTS = ("udp", "tcp")


@pytest.fixture(scope="module")
async def port() -> AsyncIterator[int]:
    """coturn exactly as shipped."""
    async with coturn() as port:
        yield port


def of_a_visit(port: int, transport: str = "udp", *, secret: str = SECRET, at: datetime | None = None) -> IceServer:
    """What the page of a visit that is entered at that time is told."""
    url = f"turn:127.0.0.1:{port}?transport={transport}"
    (server,) = ice.servers([url], secret.encode(), uuid4(), at or system_clock()).servers
    return server


async def allocate(server: IceServer) -> str:
    """The relayed address that a phone gets with this."""
    async with turn.allocated(server.urls[0], server.username or "", server.credential or "") as allocation:
        return allocation.relayed


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_coturn_takes_the_credential_of_a_visit(port: int, transport: str) -> None:
    assert await allocate(of_a_visit(port, transport)) == "127.0.0.1"


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_credential_made_with_another_secret_gets_401(port: int, transport: str) -> None:
    with pytest.raises(Refused) as refused:
        await allocate(of_a_visit(port, transport, secret="not what coturn was told"))
    assert refused.value.code == 401


async def test_a_credential_that_has_expired_gets_401(port: int) -> None:
    long_ago = system_clock() - timedelta(seconds=ice.TTL + 5)
    with pytest.raises(Refused) as refused:
        await allocate(of_a_visit(port, at=long_ago))
    assert refused.value.code == 401


async def test_a_credential_whose_end_somebody_put_off_gets_401(port: int) -> None:
    server = of_a_visit(port, at=system_clock() - timedelta(days=1))
    session = (server.username or "").partition(":")[2]
    later = int((system_clock() + timedelta(days=1)).timestamp())
    with pytest.raises(Refused) as refused:
        await allocate(IceServer(server.urls, f"{later}:{session}", server.credential))
    assert refused.value.code == 401


INSIDE = (
    "0.0.0.1", "10.0.0.1", "10.255.255.254", "100.64.0.1", "127.0.0.1", "127.1.2.3", "169.254.169.254", "169.254.0.1",
    "172.16.0.1", "172.31.255.254", "192.0.0.8", "192.168.0.1", "192.168.255.254", "198.18.0.1", "224.0.0.1",
    "240.0.0.1", "255.255.255.255",
)  # fmt: skip
OUTSIDE = ("9.9.9.9", "172.15.255.254", "172.32.0.1", "192.169.0.1", "100.128.0.1", "11.0.0.1")


async def test_nothing_is_relayed_into_the_servers_own_network(port: int) -> None:
    server = of_a_visit(port)
    async with turn.allocated(server.urls[0], server.username or "", server.credential or "") as allocation:
        refused = {}
        for peer in INSIDE:
            with pytest.raises(Refused) as answer:
                await allocation.permit(peer)
            refused[peer] = answer.value.code
        assert refused == dict.fromkeys(INSIDE, 403)


async def test_everybody_outside_is_somebody_to_relay_to(port: int) -> None:
    server = of_a_visit(port)
    async with turn.allocated(server.urls[0], server.username or "", server.credential or "") as allocation:
        for peer in OUTSIDE:
            await allocation.permit(peer)


async def test_a_session_has_room_for_changes_of_network_and_no_more(port: int) -> None:
    """coturn counts by the whole user name, which is the session's."""
    server = of_a_visit(port)
    async with asyncio.timeout(20), AsyncExitStack() as kept:
        codes = await asyncio.gather(*(held(server, kept) for _ in range(12)))
    assert codes.count(0) == 8
    assert codes.count(486) == 4


async def held(server: IceServer, kept: AsyncExitStack) -> int:
    """0 where an allocation was made, which is kept; else the code of the refusal."""
    asked = turn.allocated(server.urls[0], server.username or "", server.credential or "")
    try:
        await kept.enter_async_context(asked)
    except Refused as refused:
        return refused.code
    return 0


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_two_people_hear_and_see_each_other_through_the_relay_alone(transport: str) -> None:
    async with coturn(more=TO_LOOPBACK) as port:
        config = a_config(
            clock=system_clock,
            turn_urls=(f"turn:127.0.0.1:{port}?transport={transport}",),
            turn_secret=SECRET.encode(),
        )
        async with serving(create_app(config)) as server:
            visit = uuid4()
            async with (
                VisitClient(server.url, entrance(visit, "patient"), shade=60) as patient,
                VisitClient(server.url, entrance(visit, "staff"), shade=190) as staff,
            ):
                assert patient.welcome.ice.policy == staff.welcome.ice.policy == "relay"
                await asyncio.gather(
                    patient.meets(audio=25, video=5, seconds=30), staff.meets(audio=25, video=5, seconds=30)
                )
                assert abs(patient.shade - 190) < 12
                assert abs(staff.shade - 60) < 12
                assert kinds_told(patient) == kinds_told(staff) == {"relay"}
                assert await staff.end("done") == messages.ENDED


async def test_relay_alone_means_that_nobody_meets_where_coturn_refuses_the_credential() -> None:
    async with coturn("another secret than the one of the visit", TO_LOOPBACK) as port:
        config = a_config(clock=system_clock, turn_urls=(f"turn:127.0.0.1:{port}",), turn_secret=SECRET.encode())
        async with serving(create_app(config)) as server:
            visit = uuid4()
            async with (
                VisitClient(server.url, entrance(visit, "patient")) as patient,
                VisitClient(server.url, entrance(visit, "staff")) as staff,
            ):
                with pytest.raises(TimeoutError):
                    await staff.meets(audio=1, video=0, seconds=4)
                assert kinds_told(patient) == kinds_told(staff) == set()


def entrance(visit: UUID, role: Role) -> str:
    return tickets.issue(KEY, a_ticket(visit, role=role, until=system_clock() + timedelta(minutes=1)))


def kinds_told(person: VisitClient) -> set[str]:
    """Which kinds of candidates the other side told this person: a host's own address must not be among them."""
    told = [each for message in person.told if isinstance(message, Cand) for each in message.cands]
    return {Candidate.from_sdp(each.candidate.removeprefix("candidate:")).type for each in told}
