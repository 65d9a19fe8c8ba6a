import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials

from notifications import local_fcm
from notifications.local_fcm import LocalFcm


@pytest.fixture
async def fcm() -> AsyncIterator[LocalFcm]:
    async with local_fcm.serve() as fcm:
        yield fcm


@pytest.fixture
async def http(fcm: LocalFcm) -> AsyncIterator[httpx.AsyncClient]:
    """A client with an access token that Google's own library fetched."""
    scopes = ["https://www.googleapis.com/auth/firebase.messaging"]
    credential: Any = Credentials.from_service_account_info(fcm.service_account, scopes=scopes)  # type: ignore[no-untyped-call]
    await asyncio.to_thread(credential.refresh, Request())
    headers = {"Authorization": f"Bearer {credential.token}"}
    async with httpx.AsyncClient(base_url=fcm.url, headers=headers) as client:
        yield client


def address(project: str = "cairn-local") -> str:
    return f"/v1/projects/{project}/messages:send"


async def test_a_good_message_is_accepted_and_kept(fcm: LocalFcm, http: httpx.AsyncClient) -> None:
    answer = await http.post(address(), json={"message": {"token": "t", "data": {"a": "b"}}})
    assert answer.status_code == 200
    [arrival] = fcm.inbox("t")
    assert answer.json() == {"name": arrival.name}
    assert fcm.inbox("other") == []


async def test_a_trial_is_answered_and_not_kept(fcm: LocalFcm, http: httpx.AsyncClient) -> None:
    answer = await http.post(address(), json={"message": {"token": "t"}, "validate_only": True})
    assert (answer.status_code, fcm.inbox()) == (200, [])


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"token": "t", "fid": "f"},
        {"token": ""},
        {"token": 7},
        {"token": "t", "data": {"n": 1}},
        {"token": "t", "data": {"from": "me"}},
        {"token": "t", "data": {"google.x": "y"}},
        {"token": "t", "data": {"a": "x" * 5000}},
        {"token": "t", "data": []},
        {"token": "t", "apns": {"headers": {"apns-collapse-id": "x" * 65}}},
        {"token": "t", "android": {"ttl": "30"}},
        "not a message",
    ],
)
async def test_what_google_would_refuse_is_refused(fcm: LocalFcm, http: httpx.AsyncClient, message: object) -> None:
    answer = await http.post(address(), json={"message": message})
    assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert fcm.inbox() == []


@pytest.mark.parametrize("body", [b"", b"[", b"[]", b"\xff", b"{}"])
async def test_a_body_that_is_no_envelope_is_refused(http: httpx.AsyncClient, body: bytes) -> None:
    assert (await http.post(address(), content=body)).status_code == 400


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong"])
async def test_nobody_sends_without_an_access_token(fcm: LocalFcm, header: str) -> None:
    async with httpx.AsyncClient(base_url=fcm.url, headers={"Authorization": header}) as stranger:
        answer = await stranger.post(address(), json={"message": {"token": "t"}})
    assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    assert "details" not in answer.json()["error"]


@pytest.mark.parametrize("assertion", ["", "a.b.c", "a.b", "ñ"])
async def test_no_access_token_without_a_signature(fcm: LocalFcm, assertion: str) -> None:
    async with httpx.AsyncClient(base_url=fcm.url) as stranger:
        answer = await stranger.post("/token", data={"assertion": assertion})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_another_project_is_another_sender(http: httpx.AsyncClient) -> None:
    answer = await http.post(address("elsewhere"), json={"message": {"token": "t"}})
    assert answer.status_code == 403
    assert answer.json()["error"]["details"][0]["errorCode"] == "SENDER_ID_MISMATCH"


async def test_it_answers_as_it_was_told_for_as_often_as_it_was_told(fcm: LocalFcm, http: httpx.AsyncClient) -> None:
    fcm.answer("t", "UNAVAILABLE", 2, retry_after=3)
    answers = [await http.post(address(), json={"message": {"token": "t"}}) for _ in range(3)]
    assert [a.status_code for a in answers] == [503, 503, 200]
    assert answers[0].headers["Retry-After"] == "3"


async def test_an_unknown_error_cannot_be_told(fcm: LocalFcm) -> None:
    with pytest.raises(KeyError):
        fcm.answer("t", "UNHEARD_OF")


async def test_other_addresses_are_not_there(http: httpx.AsyncClient) -> None:
    assert (await http.get("/nothing")).status_code == 404
    assert (await http.get(address())).status_code == 404


async def test_the_oldest_arrivals_are_forgotten(http: httpx.AsyncClient, fcm: LocalFcm) -> None:
    for n in range(local_fcm.KEPT + 1):
        await fcm.accept("cairn-local", http.headers["Authorization"], b'{"message": {"token": "t%d"}}' % n)
    assert [len(fcm.inbox()), len(fcm.inbox("t0")), len(fcm.inbox("t1"))] == [local_fcm.KEPT, 0, 1]
