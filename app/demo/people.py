"""People of the cast as real clients: over HTTP, over Server-Sent Events, with a phone that rings."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import httpx

from app.demo.cast import Person
from app.demo.story import expect, stop
from db import new_id

TRIES = 10


class Played:
    """Somebody of the cast, signed in, with a phone."""

    def __init__(self, person: Person, http: httpx.AsyncClient, token: str) -> None:
        self.person, self.http, self.phone = person, http, token

    @property
    def name(self) -> str:
        """Their first name, or how a doctor is called."""
        return self.person.name.split()[0]

    async def post(self, path: str, body: dict[str, Any] | None = None, *, expected: int = 201) -> Any:
        """The answer's document; another status than the expected one stops the day."""
        answer = await self.http.post(path, json=body)
        expect(answer.status_code == expected, f"POST {path} said {said(answer)}")
        return answer.json() if answer.content else None

    async def get(self, path: str, **params: str) -> Any:
        """What is there."""
        answer = await self.http.get(path, params=params)
        expect(answer.status_code == 200, f"GET {path} said {said(answer)}")
        return answer.json()

    async def delete(self, path: str) -> None:
        """Take it away."""
        answer = await self.http.delete(path)
        expect(answer.status_code == 204, f"DELETE {path} said {said(answer)}")

    async def status_of(self, path: str, body: dict[str, Any] | None = None) -> int:
        """Only how it went; a server that is too busy is asked again when it says, with the same id."""
        for _ in range(TRIES):
            answer = await self.http.post(path, json=body)
            if answer.status_code != 503:
                break
            await asyncio.sleep(float(answer.headers.get("retry-after", "1")))
        return answer.status_code

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[asyncio.Queue[dict[str, Any]]]:
        """Live events, as they arrive; inside the block the stream is open."""
        heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        is_open = asyncio.Event()
        task = asyncio.create_task(self._listen(heard, is_open))
        try:
            async with asyncio.timeout(10):
                await is_open.wait()
            yield heard
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _listen(self, heard: asyncio.Queue[dict[str, Any]], is_open: asyncio.Event) -> None:
        async with self.http.stream("GET", "/v1/events", timeout=None) as answer:
            async for line in answer.aiter_lines():
                is_open.set()
                if line.startswith("data:"):
                    await heard.put(json.loads(line.removeprefix("data:")))


def said(answer: httpx.Response) -> str:
    """The status, and the sentence of a problem, which was written for a person; never the body itself."""
    try:
        return f"{answer.status_code}, {answer.json()['title']}"
    except (ValueError, KeyError, TypeError):
        return str(answer.status_code)


async def sign_in(url: str, person: Person, now: datetime) -> Played:
    """Be this person, with a new phone."""
    http = httpx.AsyncClient(base_url=url, timeout=20)
    answer = await http.post("/v1/demo/sign-ins", json={"person": person.handle})
    expect(answer.status_code == 201, f"{person.name} could not sign in: {said(answer)}")
    http.headers["authorization"] = f"Bearer {answer.json()['accessToken']}"
    played = Played(person, http, f"demo-phone-{person.handle}-{new_id(now).hex}")
    device = {"id": str(new_id(now)), "kind": "fcm-token", "token": played.phone, "platform": "android"}
    await played.post("/v1/devices", device | {"timeZone": person.time_zone})
    return played


async def until(event: str, heard: asyncio.Queue[dict[str, Any]], subject: str, seconds: float) -> None:
    """Wait for a live event about a subject."""
    try:
        async with asyncio.timeout(seconds):
            while (news := await heard.get())["topic"] != event or news["subjectId"] != subject:
                pass
    except TimeoutError:
        stop(f"no live event about {subject} within {seconds:.0f} s")


class Inbox:
    """What the local FCM server has received."""

    def __init__(self, url: str) -> None:
        self._http, self._url = httpx.AsyncClient(timeout=10), url

    async def rang(self, phone: str, before: int, seconds: float) -> dict[str, Any]:
        """The next push to this phone after the `before` first ones."""
        deadline = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < deadline:
            pushes = await self.pushes(phone)
            if len(pushes) > before:
                return pushes[-1]
            await asyncio.sleep(0.1)
        return stop(f"no push arrived within {seconds:.0f} s")

    async def pushes(self, phone: str) -> list[dict[str, Any]]:
        """Everything that arrived for this phone."""
        found: list[dict[str, Any]] = (await self._http.get(self._url)).json().get(phone, [])
        return found
