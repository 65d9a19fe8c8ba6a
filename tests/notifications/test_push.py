import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from db import Pool
from notifications import Accepted, Kind, Lane, Outcome, Permanent, Push, Transient, deliver_due, local_fcm
from notifications import push as firebase
from notifications.local_fcm import LocalFcm
from notifications.push import Firebase
from tests.notifications import http2
from tests.notifications.conftest import Cast
from tests.notifications.phones import has_a_phone, states, tell

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
async def fcm() -> AsyncIterator[LocalFcm]:
    async with local_fcm.serve() as fcm:
        yield fcm


@pytest.fixture
async def channel(fcm: LocalFcm) -> AsyncIterator[Firebase]:
    async with firebase.open_firebase(fcm.service_account, fcm.url) as channel:
        yield channel


def a_push(address: str, **changes: object) -> Push:
    calm = {
        "delivery": uuid4(),
        "tag": uuid4().hex,
        "address_kind": "fcm-token",
        "address": address,
        "platform": "android",
        "line": "You have a reminder",
        "lane": Lane.ORDINARY,
        "expires_at": NOW + timedelta(minutes=30),
        "ttl": timedelta(minutes=30),
    }
    return Push(**calm | changes)  # type: ignore[arg-type]  # each test changes the few that it is about


async def test_a_notification_is_pushed_once_through_firebase_and_settled(
    pool: Pool, cast: Cast, now: datetime, fcm: LocalFcm, channel: Firebase
) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    await tell(pool, cast.maya, now)
    settled = await deliver_due(pool, channel, now)
    assert (settled.sent, settled.errors) == (1, {})
    [arrival] = await fcm.arrived("maya-1")
    assert arrival.message["notification"] == {"title": "Tienes un recordatorio"}
    assert await states(pool, "delivery") == ["sent"]
    assert (await deliver_due(pool, channel, now + timedelta(minutes=5))).sent == 0
    assert len(fcm.inbox()) == 1


async def test_nothing_of_a_person_is_in_what_google_sees(
    pool: Pool, cast: Cast, now: datetime, fcm: LocalFcm, channel: Firebase
) -> None:
    await has_a_phone(pool, cast.maya, "token-1", now)
    subject = await tell(pool, cast.maya, now, kind=Kind.MEDICATION, stage="canary-stage")
    await deliver_due(pool, channel, now)
    [arrival] = await fcm.arrived("token-1")
    seen = json.dumps(arrival.message).lower()
    for canary in ("canary", "maya", "clinic", "medication", str(subject), str(cast.maya), cast.maya.hex):
        assert canary not in seen
    assert set(arrival.message["data"]) == {"category", "delivery"}


async def test_all_platforms_show_one_of_several_repeats_and_drop_it_when_it_is_over(
    fcm: LocalFcm, channel: Firebase
) -> None:
    push = a_push("t")
    assert isinstance(await channel.push(push), Accepted)
    [arrival] = await fcm.arrived("t")
    android, apns, webpush = (arrival.message[name] for name in ("android", "apns", "webpush"))
    assert (
        android["notification"]["tag"]
        == apns["headers"]["apns-collapse-id"]
        == webpush["notification"]["tag"]
        == push.tag
    )
    assert (android["ttl"], webpush["headers"]["TTL"]) == ("1800s", "1800")
    assert apns["headers"]["apns-expiration"] == str(int(push.expires_at.timestamp()))
    assert webpush["headers"]["Topic"] == push.tag
    assert webpush["notification"]["renotify"] is True
    assert android["notification"]["visibility"] == "PRIVATE"
    assert apns["payload"]["aps"]["mutable-content"] == 1
    assert apns["payload"]["aps"]["interruption-level"] == "time-sensitive"


@pytest.mark.parametrize(
    ("lane", "android", "apple", "web"), [(Lane.URGENT, "high", "10", "high"), (Lane.ORDINARY, "normal", "5", "normal")]
)
async def test_the_lane_decides_how_loud_it_is(
    fcm: LocalFcm, channel: Firebase, lane: Lane, android: str, apple: str, web: str
) -> None:
    await channel.push(a_push("t", lane=lane))
    [arrival] = await fcm.arrived("t")
    assert arrival.message["android"]["priority"] == android
    assert arrival.message["apns"]["headers"]["apns-priority"] == apple
    assert arrival.message["webpush"]["headers"]["Urgency"] == web


async def test_an_installation_id_is_reached_like_a_token(fcm: LocalFcm, channel: Firebase) -> None:
    assert isinstance(await channel.push(a_push("an-installation", address_kind="fcm-fid")), Accepted)
    [arrival] = await fcm.arrived("an-installation")
    assert arrival.message["fid"] == "an-installation"
    assert "token" not in arrival.message


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ("UNREGISTERED", Permanent("UNREGISTERED", "unregistered")),
        ("SENDER_ID_MISMATCH", Permanent("SENDER_ID_MISMATCH", "sender-mismatch")),
        ("INVALID_ARGUMENT", Permanent("INVALID_ARGUMENT")),
        ("QUOTA_EXCEEDED", Transient("QUOTA_EXCEEDED", 60)),
        ("UNAVAILABLE", Transient("UNAVAILABLE")),
        ("INTERNAL", Transient("INTERNAL")),
        ("THIRD_PARTY_AUTH_ERROR", Transient("THIRD_PARTY_AUTH_ERROR")),
    ],
)
async def test_each_error_of_google_is_one_request_and_means_what_it_says(
    fcm: LocalFcm, channel: Firebase, error: str, outcome: Outcome
) -> None:
    fcm.answer("t", error, 5)
    assert await channel.push(a_push("t")) == outcome
    assert fcm.requests == 1
    assert await channel.push(a_push(f"removed:{error}")) == outcome


async def test_a_retry_after_of_google_reaches_the_delivery(fcm: LocalFcm, channel: Firebase) -> None:
    fcm.answer("t", "QUOTA_EXCEEDED", retry_after=17)
    assert await channel.push(a_push("t")) == Transient("QUOTA_EXCEEDED", 17)


async def test_an_unavailable_google_is_asked_again_later_and_then_rings(
    pool: Pool, cast: Cast, now: datetime, fcm: LocalFcm, channel: Firebase
) -> None:
    await has_a_phone(pool, cast.maya, "maya-1", now)
    await tell(pool, cast.maya, now)
    fcm.answer("maya-1", "UNAVAILABLE", retry_after=20)
    first = await deliver_due(pool, channel, now)
    too_soon = await deliver_due(pool, channel, now + timedelta(seconds=19))
    second = await deliver_due(pool, channel, now + timedelta(seconds=22))
    assert (first.retried, too_soon.sent, second.sent) == (1, 0, 1)
    assert len(fcm.inbox("maya-1")) == 1


async def test_an_access_token_that_google_withdrew_is_renewed_for_the_next_push(
    fcm: LocalFcm, channel: Firebase
) -> None:
    await channel.push(a_push("t"))
    fcm.revoke()
    assert await channel.push(a_push("t")) == Transient("UNAUTHENTICATED")
    assert isinstance(await channel.push(a_push("t")), Accepted)


async def test_a_key_that_google_does_not_know_sends_nothing(fcm: LocalFcm) -> None:
    async with local_fcm.serve() as another:
        strange = {**another.service_account, "token_uri": fcm.service_account["token_uri"]}
    async with firebase.open_firebase(strange, fcm.url) as channel:
        assert await channel.push(a_push("t")) == Transient("NO_ACCESS_TOKEN")
    assert fcm.requests == 0


async def test_a_server_that_is_gone_is_a_failure_for_now(fcm: LocalFcm) -> None:
    async with firebase.open_firebase(fcm.service_account, "http://127.0.0.1:9") as channel:
        assert await channel.push(a_push("t")) == Transient("UNAVAILABLE")


async def test_what_the_sdk_cannot_write_down_is_dead(channel: Firebase) -> None:
    assert await channel.push(a_push("")) == Permanent("INVALID_ARGUMENT")


async def test_a_storm_of_503_over_http2_leaves_no_call_hanging(
    fcm: LocalFcm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with http2.serve(tmp_path, http2.always(503, b"{}")) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
        async with firebase.open_firebase(fcm.service_account, server.url) as channel, asyncio.timeout(20):
            storm = await asyncio.gather(*(channel.push(a_push("t")) for _ in range(60)))
            after = [await channel.push(a_push("t")) for _ in range(60)]
    assert storm + after == [Transient("UNAVAILABLE")] * 120
    assert (server.requests, server.connections) == (120, 1)


async def test_a_client_that_hangs_is_replaced_and_the_next_push_arrives(
    fcm: LocalFcm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(firebase, "HANG_SECONDS", 0.3)
    async with http2.serve(tmp_path, http2.silent_on_first_connection(b'{"name": "n"}')) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
        async with firebase.open_firebase(fcm.service_account, server.url) as channel:
            stuck = await asyncio.gather(*(channel.push(a_push("t")) for _ in range(3)))
            assert stuck == [Transient("TIMEOUT")] * 3
            assert await channel.push(a_push("t")) == Accepted("n")
    assert server.connections == 2


async def test_an_answer_that_is_no_json_is_asked_again(
    fcm: LocalFcm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with http2.serve(tmp_path, http2.always(200, b"<html>")) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
        async with firebase.open_firebase(fcm.service_account, server.url) as channel:
            assert await channel.push(a_push("t")) == Transient("UNKNOWN")


async def test_many_pushes_at_the_start_need_one_access_token(fcm: LocalFcm, channel: Firebase) -> None:
    outcomes = await asyncio.gather(*(channel.push(a_push(f"t{n}")) for n in range(40)))
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert fcm.grants == 1


async def test_the_inbox_can_be_looked_at_from_outside(fcm: LocalFcm, channel: Firebase) -> None:
    push = a_push("t")
    await channel.push(push)

    async with httpx.AsyncClient() as outside:
        shown = (await outside.get(f"{fcm.url}/inbox")).json()
    assert [sorted(each) for each in shown["t"]] == [["at", "message", "name"]]
