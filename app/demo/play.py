"""Plays a day of care against the running stack, as people would; it ends well only when all of it happened."""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from app.clock import system_clock
from app.demo.cast import DANA, INES, LEO, MAYA, SAM, THEO, Person
from app.demo.people import Inbox, Played, sign_in, until
from app.demo.story import Story, Untold, expect
from db import new_id

START_SECONDS, STOP_SECONDS = 180, 30
PR_SET_PDEATHSIG = 1


def run(url: str, *, may_start: bool) -> int:
    """Play the day; where no Cairn answers, one is started for it and stopped afterwards, unless it may not be."""
    story = Story()
    try:
        with _running(url, may_start=may_start):
            asyncio.run(_day(url, story))
        story.end()
    except Untold as problem:
        story.broken(str(problem))
        return 1
    except (httpx.HTTPError, OSError) as problem:
        story.broken(f"the server does not answer any more ({type(problem).__name__}).")
        return 1
    except KeyboardInterrupt:
        story.broken("you stopped it.")
        raise
    return 0


@contextmanager
def _running(url: str, *, may_start: bool) -> Iterator[None]:
    """A Cairn that answers there: the one that does, or one of our own for as long as the block runs."""
    if _answers(url):
        yield
        return
    # What is configured may be a real database, and demo people and pushes have no business there.
    expect(may_start, f"no Cairn answers at {url}, and none is started, because these settings are not a demo's")
    print(f"No Cairn answers at {url}; starting one for the demo.", flush=True)
    process = _started()
    try:
        _wait_for(process, url)
        yield
    finally:
        _stop(process)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def _started() -> subprocess.Popen[bytes]:
    """`app up` beside us. We have one thread here, so that the child may run a little of Python before it begins."""
    before = partial(_end_with, os.getpid()) if sys.platform == "linux" else None
    return subprocess.Popen([sys.executable, "-m", "app", "up"], stdout=subprocess.DEVNULL, preexec_fn=before)  # noqa: PLW1509


def _end_with(parent: int) -> None:
    """In the child: the kernel tells it to stop when its parent is gone, however that came about."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    # The parent may have died before the kernel was asked to tell us.
    if os.getppid() != parent:
        os._exit(1)


def _wait_for(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(url):
        going_on = process.poll() is None and time.monotonic() < deadline
        expect(going_on, "`python3 -m app up` did not become ready; run it by itself to see why")
        time.sleep(0.2)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """It stops PostgreSQL too, so it is waited for."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


async def _day(url: str, story: Story) -> None:
    async with AsyncExitStack() as closing:
        inbox = await _inbox(url)
        cast: dict[str, Played] = {}
        for person in (MAYA, SAM, INES, DANA, THEO, LEO):
            cast[person.handle] = await sign_in(url, person, system_clock())
            closing.push_async_callback(cast[person.handle].http.aclose)
        await _tidy(cast["theo"])
        await _a_worried_check_in(story, cast, inbox)
        await _an_unclaimed_alert(story, cast, inbox)
        await _a_race_for_a_slot(story, cast)
        booked, exception = await _an_appointment_soon(story, cast, inbox)
        await _a_visit(story, cast, booked)
        await cast[booked["played"]].delete(f"/v1/working-exceptions/{exception}")


async def _inbox(url: str) -> Inbox:
    async with httpx.AsyncClient(base_url=url) as http:
        found = (await http.get("/v1/demo/cast")).json()
    expect(found["items"], "this Cairn is not in demo mode, so nobody can be played here")
    expect(
        found["inboxUrl"],
        "this Cairn does not show what it pushes: that goes to Google, or from a worker that runs apart. "
        "`python3 -m app up` without credentials shows it",
    )
    return Inbox(found["inboxUrl"])


async def _tidy(theo: Played) -> None:
    """The supervisor closes what earlier days have left open."""
    for alert in (await theo.get("/v1/alerts"))["items"]:
        if alert["closedAt"] is None:
            await theo.post(f"/v1/alerts/{alert['id']}/close", {"outcome": "handed-over"}, expected=200)


def _check_in(**answers: Any) -> dict[str, Any]:
    now = system_clock()
    today = now.astimezone(ZoneInfo(MAYA.time_zone)).date().isoformat()
    return {"id": str(new_id(now)), "date": today, "mood": 6, "craving": 2, "answeredAt": now.isoformat()} | answers


async def _a_worried_check_in(story: Story, cast: dict[str, Played], inbox: Inbox) -> None:
    maya, sam, theo = cast["maya"], cast["sam"], cast["theo"]
    story.chapter("A worried check-in reaches a peer supporter's phone")
    async with sam.listening() as heard:
        kept = await maya.post("/v1/check-ins", _check_in(mood=3, craving=9, note="Rough night."))
        alert = kept["alertId"]
        expect(alert, "a craving of 9 opened no alert")
        story.line(system_clock(), "Maya checks in: mood 3, craving 9.", kept["id"])
        story.line(system_clock(), f"She reads: “{kept['support']}”")
        await until("alert", heard, alert, 10)
        story.line(system_clock(), "Sam's list shows it, live.", alert)
    push = await inbox.rang(sam.phone, 0, 15)
    line = push["message"]["notification"]
    expect("Maya" not in str(push) and "craving" not in str(push), "the push says more than it may")
    story.line(
        system_clock(), f"Sam's phone rings and says only: “{line['title']}”", push["message"]["data"]["delivery"]
    )
    who = await _fifty_claims(alert, sam, theo)
    state = await maya.get("/v1/support")
    story.line(system_clock(), f"50 claims at once: {who} has it; the others hear that somebody answers.", alert)
    expect(state["state"] == "answering", f"Maya should see that somebody answers; she sees {state}")
    story.line(system_clock(), f"Maya sees: {state['answeredBy']} is answering.")
    await _finish(cast, alert)
    story.line(system_clock(), "They have talked. The alert is closed: reached, safe.", alert)


async def _fifty_claims(alert: str, one: Played, other: Played) -> str:
    """Two people claim it 25 times each at once: all goes well for one, whose name it is, and nothing for the other."""
    codes = await asyncio.gather(*(p.status_of(f"/v1/alerts/{alert}/claim") for p in [one, other] * 25))
    heard = [set(codes[0::2]), set(codes[1::2])]
    expect(heard in ([{200}, {409}], [{409}, {200}]), f"of two who claim at once one should win; they heard {heard}")
    return one.name if heard[0] == {200} else other.name


async def _finish(cast: dict[str, Played], alert: str) -> None:
    """Whoever claimed it says how it ended."""
    views = (await cast["theo"].get("/v1/alerts"))["items"]
    claimed_by = next(v["claimedBy"] for v in views if v["id"] == alert)
    who = next(p for p in cast.values() if str(p.person.id) == claimed_by)
    await who.post(f"/v1/alerts/{alert}/contact", expected=200)
    await who.post(f"/v1/alerts/{alert}/close", {"outcome": "reached-safe"}, expected=200)


async def _an_unclaimed_alert(story: Story, cast: dict[str, Played], inbox: Inbox) -> None:
    maya, ines = cast["maya"], cast["ines"]
    story.chapter("An alert that nobody claims does not end in silence")
    before = len(await inbox.pushes(ines.phone))
    kept = await maya.post("/v1/check-ins", _check_in(mood=4, wantsToTalk=True))
    alert = kept["alertId"]
    expect(kept["version"] > 1, "the day should have been amended")
    story.line(system_clock(), f"Maya amends her day (version {kept['version']}): “I want to talk.”", kept["id"], alert)
    story.waiting("Sam does not answer; this program's timers are seconds")
    await inbox.rang(ines.phone, before, 45)
    story.line(system_clock(), "Ines, a peer on duty, is told as well; her phone rings.", alert)
    seen = next(a for a in (await ines.get("/v1/alerts"))["items"] if a["id"] == alert)
    expect(seen["kind"] == "signal", "a peer on duty should not know whom it is about before the claim")
    await ines.post(f"/v1/alerts/{alert}/claim", expected=200)
    await _finish(cast, alert)
    story.line(system_clock(), "Ines claims it, learns who it is, calls, and closes it.", alert)


async def _a_race_for_a_slot(story: Story, cast: dict[str, Played]) -> None:
    maya, leo = cast["maya"], cast["leo"]
    story.chapter("One appointment, two hundred attempts")
    begin = system_clock() + timedelta(days=1)
    slots = await maya.get("/v1/slots", kind="counseling", **{"from": begin.isoformat()})
    expect(slots["items"], "Dana has no free time in the next two weeks")
    slot = slots["items"][-1]

    def wish() -> dict[str, Any]:
        return {"id": str(new_id(system_clock())), "kind": "counseling"} | {k: slot[k] for k in ("staffId", "startsAt")}

    answers = Counter(await asyncio.gather(*(p.status_of("/v1/appointments", wish()) for p in [maya, leo] * 100)))
    expect(answers == {201: 1, 409: 199}, f"of 200 bookings at once one should win; the answers were {dict(answers)}")
    story.line(
        system_clock(), f"Maya and Leo ask 200 times for {slot['startsAt']} with Dana: one booking, 199 refusals."
    )
    for patient in (maya, leo):
        for booked in (await patient.get("/v1/appointments"))["items"]:
            if booked["startsAt"] == slot["startsAt"]:
                await patient.post(f"/v1/appointments/{booked['id']}/cancel", expected=200)
                story.line(system_clock(), f"{patient.name}, who got it, gives it back.", booked["id"])


async def _an_appointment_soon(story: Story, cast: dict[str, Played], inbox: Inbox) -> tuple[dict[str, Any], str]:
    """Leo books a talk that starts ten minutes after the next full minute: its last reminder is due at that minute."""
    leo = cast["leo"]
    peer, starts = _room_today(system_clock())
    played, local = cast[peer.handle], starts.astimezone(ZoneInfo(peer.time_zone))
    story.chapter("A booking, and the reminder that comes by itself")
    exception = str(new_id(system_clock()))
    ends = (local + timedelta(minutes=30)).strftime("%H:%M")
    hours = {"id": exception, "day": local.date().isoformat(), "starts": local.strftime("%H:%M"), "ends": ends}
    await played.post("/v1/working-exceptions", hours)
    wish = {"id": str(new_id(system_clock())), "staffId": str(peer.id), "kind": "peer", "startsAt": starts.isoformat()}
    booked = await leo.post("/v1/appointments", wish)
    story.line(system_clock(), f"Leo books a talk with {played.name} at {starts.astimezone():%H:%M}.", booked["id"])
    story.waiting("the reminder for ten minutes before is due at the next full minute")
    push = await inbox.rang(leo.phone, 0, 90)
    line = push["message"]["notification"]
    story.line(system_clock(), f"Leo's phone rings: “{line['title']}”", push["message"]["data"]["delivery"])
    return booked | {"played": peer.handle}, exception


def _room_today(now: datetime) -> tuple[Person, datetime]:
    """Ten minutes after the next full minute, with a peer whose day is not over by then."""
    starts = (now + timedelta(seconds=65)).replace(second=0, microsecond=0) + timedelta(minutes=10)
    for peer in (INES, SAM):
        local = starts.astimezone(ZoneInfo(peer.time_zone))
        if (local + timedelta(minutes=30)).date() == local.date():
            return peer, starts
    raise Untold("it is midnight everywhere")


async def _a_visit(story: Story, cast: dict[str, Played], booked: dict[str, Any]) -> None:
    from signaling.peers import VisitClient  # noqa: PLC0415  # aiortc is loaded by those who meet

    leo, peer = cast["leo"], cast[booked["played"]]
    story.chapter("A video visit, phone to phone")
    one, other = [await p.post(f"/v1/appointments/{booked['id']}/visit", expected=200) for p in (leo, peer)]
    story.line(
        system_clock(), f"Leo and {peer.name} get tickets that open one socket each, for a minute.", booked["id"]
    )
    async with (
        VisitClient(one["socket"], one["ticket"], shade=60) as patient,
        VisitClient(other["socket"], other["ticket"], shade=190) as supporter,
    ):
        try:
            for client in (patient, supporter):
                await client.meets(audio=25, video=10, seconds=30)
        except TimeoutError:
            raise Untold("picture and sound did not arrive on both sides within 30 s") from None
        story.line(system_clock(), "They see and hear each other.")
        for client, name in ((patient, "Leo"), (supporter, peer.name)):
            story.line(system_clock(), f"{name} received {client.video} pictures and {client.audio} frames of sound.")
        await patient.leave()
    story.line(system_clock(), "Bye.", booked["id"])
    done = await peer.http.post(f"/v1/appointments/{booked['id']}/complete")
    if done.status_code != 200:
        await leo.post(f"/v1/appointments/{booked['id']}/cancel", expected=200)
