"""A client of a visit in Python, for whoever wants to see one connect: the demo and the tests."""

import asyncio
from array import array
from collections.abc import Coroutine
from contextlib import suppress
from typing import Final, Literal, Self

from aiortc import MediaStreamError, MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from av import AudioFrame, VideoFrame
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from signaling import candidates, messages
from signaling.messages import (
    Cand,
    ClientMessage,
    Desc,
    End,
    Hello,
    Leave,
    Media,
    Peer,
    Ping,
    Renew,
    ServerMessage,
    Welcome,
)
from signaling.peers.connections import candidate, close, configuration
from signaling.peers.media import Card, Tone

PING_SECONDS: Final = 15.0


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
        self._start(self._ping())
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

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_SECONDS)
            await self._say(Ping(ack=self._seq))

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
            await connection.addIceCandidate(candidate(each))
        if message.end:
            await connection.addIceCandidate(None)

    async def _renewed(self, gen: int) -> RTCPeerConnection:
        await self._hang_up()
        self._gen, self._n = gen, 0
        self._connection = RTCPeerConnection(configuration(self.welcome.ice, obeys=True))
        self._connection.on("track", lambda track: self._start(self._count(track)))
        return self._connection

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            await close(connection)

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
