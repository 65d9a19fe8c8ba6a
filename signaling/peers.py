"""The only file that knows aiortc: the mirror, and a client that really sends and receives.

Importing it loads libav, so nothing imports it before it is needed. The mirror never calls just anyone: it sends to the
few plain UDP addresses that `candidates` lets through, answers few offers, and always closes what it opened.
"""

import asyncio
import logging
import math
from array import array
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from fractions import Fraction
from typing import Final, Literal, Self

from aiortc import (
    MediaStreamError,
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceCandidate,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.contrib.media import MediaRelay
from aiortc.sdp import candidate_from_sdp
from av import AudioFrame, VideoFrame
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from signaling import candidates, messages
from signaling.messages import (
    Cand,
    Candidate,
    ClientMessage,
    Desc,
    End,
    Hello,
    Ice,
    Leave,
    Media,
    Peer,
    Renew,
    ServerMessage,
    Welcome,
)
from signaling.room import Close

OFFERS: Final = 8
CANDIDATES: Final = 16
ANSWER_SECONDS: Final = 10.0
CLOSE_SECONDS: Final = 5.0

# Both write the addresses of people to their logs.
logging.getLogger("aioice").setLevel(logging.CRITICAL)
logging.getLogger("aiortc").setLevel(logging.CRITICAL)


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
                    await self._connection.addIceCandidate(_candidate(each))

    async def close(self) -> None:
        """Give back sockets and threads, soon, whatever state the connection is in."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await _closed(connection)

    async def _of_generation(self, gen: int) -> RTCPeerConnection:
        if self._connection is None or gen != self._gen:
            await self.close()
            self._gen, self._candidates = gen, CANDIDATES
            self._connection = _echo(self._ice)
        return self._connection

    def _takes(self, candidate: str) -> bool:
        if self._candidates <= 0 or not candidates.is_reachable(candidate):
            return False
        self._candidates -= 1
        return True


def _candidate(candidate: Candidate) -> RTCIceCandidate:
    parsed = candidate_from_sdp(candidate.candidate.removeprefix("candidate:"))
    parsed.sdpMid, parsed.sdpMLineIndex = candidate.sdp_mid, candidate.sdp_mline_index
    return parsed


def _echo(ice: Ice) -> RTCPeerConnection:
    """A connection that sends back each track that it receives; frames that come too fast are dropped, not kept."""
    connection = RTCPeerConnection(_configuration(ice))
    relay = MediaRelay()

    @connection.on("track")
    def send_back(track: MediaStreamTrack) -> None:
        connection.addTrack(relay.subscribe(track, buffered=track.kind == "audio"))

    return connection


def _configuration(ice: Ice, *, obeys: bool = False) -> RTCConfiguration:
    """Our TURN servers and no others: left to itself, aiortc asks a public STUN server."""
    only_relay = obeys and ice.policy == "relay"
    return RTCConfiguration(
        iceServers=[RTCIceServer(list(server.urls), server.username, server.credential) for server in ice.servers],
        iceTransportPolicy=RTCIceTransportPolicy.RELAY if only_relay else RTCIceTransportPolicy.ALL,
        bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
    )


async def _closed(connection: RTCPeerConnection) -> None:
    """Close to the end, even when whoever waits for it is cancelled: half closed, aiortc keeps its sockets for ever."""
    closing = asyncio.create_task(_close(connection))
    _closings.add(closing)
    closing.add_done_callback(_closings.discard)
    await asyncio.shield(closing)


async def _close(connection: RTCPeerConnection) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(connection.close(), CLOSE_SECONDS)


# The event loop itself holds on to a task only weakly.
_closings: Final[set[asyncio.Task[None]]] = set()


class NotLetIn(Exception):
    """The socket was closed before a welcome; `code` says why."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"The signaling socket was closed with {code}.")
        self.code = code


class VisitClient:
    """One person's side of a visit, doing what the page does: a tone and a grey picture go out, frames are counted.

    `audio` counts frames that are not silent, `video` those that arrived, `shade` is the grey of the latest. Used as
    `async with`: inside, the person is in the room; afterwards everything is closed.
    """

    def __init__(self, url: str, ticket: str, *, shade: int = 128) -> None:
        self._url, self._ticket, self._own_shade = url, ticket, shade
        self.told: list[ServerMessage] = []
        self.audio = self.video = self.shade = 0
        self._gen = self._n = self._id = self._seq = 0
        self._more = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._connection: RTCPeerConnection | None = None

    async def __aenter__(self) -> Self:
        self._socket: ClientConnection = await connect(self._url, compression=None, proxy=None)
        try:
            await self._socket.send(messages.write(Hello(v=messages.VERSION, ticket=self._ticket)))
            self.welcome = await self._welcomed()
        except BaseException:
            await self._socket.close()
            raise
        self._start(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._socket.close()
        for task in self._tasks:
            task.cancel()
        outcomes = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._hang_up()
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    async def meets(self, *, audio: int, video: int, seconds: float) -> None:
        """Wait until at least so many frames came from the other side; TimeoutError when they do not."""
        async with asyncio.timeout(seconds):
            while self.audio < audio or self.video < video:
                self._more.clear()
                await self._more.wait()

    async def leave(self) -> int | None:
        """Say bye and wait for the server to close; its code."""
        await self._say(Leave(id=self._next_id(), ack=self._seq))
        return await self.closed()

    async def end(self, why: str = "") -> int | None:
        """End the visit for everyone and wait for the server to close; its code."""
        await self._say(End(id=self._next_id(), ack=self._seq, why=why))
        return await self.closed()

    async def renew(self, why: str = "") -> None:
        """Ask for a new connection, as after a change of network."""
        await self._say(Renew(id=self._next_id(), ack=self._seq, gen=self._gen + 1, why=why))
        if self._makes_offers():
            await self._offer(self._gen + 1)

    async def closed(self) -> int | None:
        """Wait until the socket is closed; its code."""
        await self._socket.wait_closed()
        return self._socket.close_code

    async def _welcomed(self) -> Welcome:
        try:
            message = messages.read_told(await self._socket.recv())
        except ConnectionClosed:
            raise NotLetIn(self._socket.close_code) from None
        if not isinstance(message, Welcome):
            raise NotLetIn(None)
        return message

    async def _run(self) -> None:
        """Everything that comes in is taken in turn: side by side, candidates would overtake descriptions."""
        self._gen = self.welcome.you.gen
        await self._say(Media(id=self._next_id(), audio=True, video=True))
        if self.welcome.peers and self._makes_offers():
            await self._offer(self._gen + 1)
        with suppress(ConnectionClosed):
            async for frame in self._socket:
                if message := messages.read_told(frame):
                    self.told.append(message)
                    self._seq = max(self._seq, getattr(message, "seq", 0))
                    await self._take(message)

    async def _take(self, message: ServerMessage) -> None:
        match message:
            case Peer(presence="here") if self._makes_offers():
                await self._offer(max(message.gen, self._gen) + 1)
            case Peer(presence="left"):
                await self._hang_up()
            case Renew() if self._makes_offers() and message.gen > self._gen:
                await self._offer(message.gen)
            case Desc():
                await self._negotiate(message)
            case Cand() if self._connection and message.gen == self._gen:
                await self._add(self._connection, message)

    def _makes_offers(self) -> bool:
        met = [each.role for each in self.welcome.peers] + [each.role for each in self.told if isinstance(each, Peer)]
        return self.welcome.you.role == "patient" or "mirror" in met

    async def _offer(self, gen: int) -> None:
        connection = await self._renewed(gen)
        connection.addTrack(Tone())
        connection.addTrack(Card(self._own_shade))
        await self._describe(connection)

    async def _negotiate(self, message: Desc) -> None:
        theirs = RTCSessionDescription(message.sdp, message.type)
        if message.type == "answer":
            if self._connection and message.gen == self._gen:
                await self._connection.setRemoteDescription(theirs)
            return
        connection = await self._renewed(message.gen)
        await connection.setRemoteDescription(theirs)
        connection.addTrack(Tone())
        connection.addTrack(Card(self._own_shade))
        await self._describe(connection)

    async def _describe(self, connection: RTCPeerConnection) -> None:
        """Send our description, and the candidates after it, as a browser does."""
        await connection.setLocalDescription()
        sdp, cands = candidates.apart(connection.localDescription.sdp)
        kind: Literal["offer", "answer"] = "offer" if connection.localDescription.type == "offer" else "answer"
        self._n += 1
        await self._say(Desc(id=self._next_id(), ack=self._seq, gen=self._gen, n=self._n, type=kind, sdp=sdp))
        await self._say(Cand(id=self._next_id(), ack=self._seq, gen=self._gen, cands=cands, end=True))

    async def _add(self, connection: RTCPeerConnection, message: Cand) -> None:
        for each in message.cands:
            await connection.addIceCandidate(_candidate(each))
        if message.end:
            await connection.addIceCandidate(None)

    async def _renewed(self, gen: int) -> RTCPeerConnection:
        await self._hang_up()
        self._gen, self._n = gen, 0
        self._connection = RTCPeerConnection(_configuration(self.welcome.ice, obeys=True))
        self._connection.on("track", lambda track: self._start(self._count(track)))
        return self._connection

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            await _closed(connection)

    async def _count(self, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if isinstance(frame, AudioFrame):
                    self.audio += any(abs(sample) > 1000 for sample in array("h", bytes(frame.planes[0])))
                elif isinstance(frame, VideoFrame):
                    luma = bytes(frame.planes[0])
                    self.video, self.shade = self.video + 1, luma[len(luma) // 2]
                self._more.set()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)

    async def _say(self, message: ClientMessage) -> None:
        with suppress(ConnectionClosed):
            await self._socket.send(messages.write(message))

    def _next_id(self) -> int:
        self._id += 1
        return self._id


class Tone(MediaStreamTrack):
    """A tone of 400 Hz in frames of 20 ms; a frame holds whole waves, so one is like the next."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._wave = array("h", (int(8000 * math.sin(math.tau * at / 120)) for at in range(960))).tobytes()
        self._sent = 0
        self._began = 0.0

    async def recv(self) -> AudioFrame:
        """The next frame, when its time has come."""
        if self.readyState != "live":
            raise MediaStreamError
        now = asyncio.get_running_loop().time()
        self._began = self._began or now
        await asyncio.sleep(max(0.0, self._began + self._sent * 0.02 - now))
        frame = AudioFrame(format="s16", layout="mono", samples=960)
        frame.planes[0].update(self._wave)
        frame.sample_rate, frame.pts, frame.time_base = 48000, self._sent * 960, Fraction(1, 48000)
        self._sent += 1
        return frame


class Card(VideoStreamTrack):
    """A small grey card before the camera, ten times a second; its shade tells whose picture it is."""

    def __init__(self, shade: int) -> None:
        super().__init__()
        self._shade = shade

    async def recv(self) -> VideoFrame:
        """The next frame; aiortc counts time in thirtieths of a second, and every third is sent."""
        for _ in range(3):
            pts, time_base = await self.next_timestamp()
        frame = VideoFrame(width=160, height=120, format="yuv420p")
        for plane, value in zip(frame.planes, (self._shade, 128, 128), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.pts, frame.time_base = pts, time_base
        return frame
