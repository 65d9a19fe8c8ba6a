"""Sound and picture out of nothing, for a client without microphone and camera."""

import asyncio
import math
from array import array
from fractions import Fraction

from aiortc import MediaStreamError, MediaStreamTrack, VideoStreamTrack
from av import AudioFrame, VideoFrame


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
