"""What both ends of a connection need: where media may pass, a candidate as aiortc wants it, and an end."""

import asyncio
from contextlib import suppress
from typing import Final

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceCandidate,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
)
from aiortc.sdp import candidate_from_sdp

from signaling.messages import Candidate, Ice

CLOSE_SECONDS: Final = 5.0

# The event loop itself holds on to a task only weakly.
_closings: Final[set[asyncio.Task[None]]] = set()


def candidate(told: Candidate) -> RTCIceCandidate:
    """A candidate as aiortc takes it; ValueError where it is none."""
    parsed = candidate_from_sdp(told.candidate.removeprefix("candidate:"))
    parsed.sdpMid, parsed.sdpMLineIndex = told.sdp_mid, told.sdp_mline_index
    return parsed


def configuration(ice: Ice, *, obeys: bool = False) -> RTCConfiguration:
    """Our TURN servers and no others: left to itself, aiortc asks a public STUN server."""
    only_relay = obeys and ice.policy == "relay"
    return RTCConfiguration(
        iceServers=[RTCIceServer(list(server.urls), server.username, server.credential) for server in ice.servers],
        iceTransportPolicy=RTCIceTransportPolicy.RELAY if only_relay else RTCIceTransportPolicy.ALL,
        bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
    )


async def close(connection: RTCPeerConnection) -> None:
    """Close to the end, even when whoever waits for it is cancelled: half closed, aiortc keeps its sockets for ever."""
    closing = asyncio.create_task(_close_in_time(connection))
    _closings.add(closing)
    closing.add_done_callback(_closings.discard)
    await asyncio.shield(closing)


async def _close_in_time(connection: RTCPeerConnection) -> None:
    # Of a connection that never came about, aiortc cannot close what it never had; there is nobody to tell.
    with suppress(Exception):
        await asyncio.wait_for(connection.close(), CLOSE_SECONDS)
