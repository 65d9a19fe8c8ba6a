"""The mirror: whoever looks into it gets back what they send.

It never calls just anyone: it sends to the few plain UDP addresses that `candidates` lets through, answers few offers,
and always closes what it opened.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay

from signaling import candidates
from signaling.messages import Cand, ClientMessage, Desc, Ice, ServerMessage
from signaling.peers.connections import candidate, close, configuration
from signaling.room import Close

OFFERS: Final = 8
CANDIDATES: Final = 16
ANSWER_SECONDS: Final = 10.0


class BadOffer(Exception):
    """The mirror cannot answer this: it wants one audio and one video line at most, a few times at most."""


async def reflect(
    heard: Callable[[], Awaitable[ServerMessage | Close]], say: Callable[[ClientMessage], None], ice: Ice
) -> None:
    """Answer each offer and send back what is heard and seen, until the room closes; raises BadOffer."""
    mirror = Mirror(ice)
    try:
        while not isinstance(message := await heard(), Close):
            match message:
                case Desc(type="offer"):
                    say(await mirror.answer(message))
                case Cand():
                    await mirror.add(message)
                case _:
                    pass
    finally:
        await mirror.close()


class Mirror:
    """One person's echo: a connection of the newest generation, and what it may still cost."""

    def __init__(self, ice: Ice) -> None:
        self._ice = ice
        self._gen = -1
        self._offers = OFFERS
        self._candidates = CANDIDATES
        self._connection: RTCPeerConnection | None = None

    async def answer(self, offer: Desc) -> Desc:
        """The answer to an offer, with every candidate in it."""
        self._offers -= 1
        if self._offers < 0:
            raise BadOffer
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                if candidates.kinds(offer.sdp) not in (["audio"], ["video"], ["audio", "video"]):
                    raise BadOffer
                connection = await self._of_generation(offer.gen)
                theirs = candidates.kept(offer.sdp, self._takes)
                await connection.setRemoteDescription(RTCSessionDescription(theirs, "offer"))
                await connection.setLocalDescription()
        # aiortc fails on junk in as many ways as there is junk; none of them is worth telling.
        except Exception:
            raise BadOffer from None
        return Desc(gen=offer.gen, n=offer.n, type="answer", sdp=connection.localDescription.sdp)

    async def add(self, message: Cand) -> None:
        """Candidates that come later; those that the mirror does not send to are passed over."""
        if self._connection is None or message.gen != self._gen:
            return
        for each in message.cands:
            line = each.candidate.removeprefix("candidate:")
            if self._takes(line):
                with suppress(ValueError):
                    await self._connection.addIceCandidate(candidate(each))

    async def close(self) -> None:
        """Give back sockets and threads, soon, whatever state the connection is in."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await close(connection)

    async def _of_generation(self, gen: int) -> RTCPeerConnection:
        if self._connection is None or gen != self._gen:
            await self.close()
            self._gen, self._candidates = gen, CANDIDATES
            self._connection = _echo(self._ice)
        return self._connection

    def _takes(self, line: str) -> bool:
        if self._candidates <= 0 or not candidates.is_reachable(line):
            return False
        self._candidates -= 1
        return True


def _echo(ice: Ice) -> RTCPeerConnection:
    """A connection that sends back each track that it receives; frames that come too fast are dropped, not kept."""
    connection = RTCPeerConnection(configuration(ice))
    relay = MediaRelay()

    @connection.on("track")
    def send_back(track: MediaStreamTrack) -> None:
        connection.addTrack(relay.subscribe(track, buffered=track.kind == "audio"))

    return connection
