"""The watch over the whole suite: a word of a record is found on whichever way it leaves."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from litestar.connection import WebSocket

from app.demo.cast import MAYA
from app.logs import log
from app.observe import Metrics
from notifications.local_fcm import LocalFcm, Refused
from tests.canaries import TOKEN, WATCH
from tests.world import World


@pytest.fixture(autouse=True)
def _found() -> Iterator[None]:
    """What is planted here is taken up here, so that it fails nothing."""
    yield
    WATCH.found.clear()


def test_in_a_log() -> None:
    log().info("tick", reason="canary-note", tick=str(MAYA.id), note="Maya Torres")
    assert WATCH.taken() == ["log: canary-", f"log: {MAYA.id}"]


async def test_in_a_push_but_not_in_the_phone_it_goes_to() -> None:
    for message in ({"token": "canary-phone"}, {"token": "x", "data": {"title": "Buprenorphine"}}):
        with pytest.raises(Refused):
            await LocalFcm("cairn", "http://127.0.0.1").accept("cairn", "", json.dumps({"message": message}).encode())
    assert WATCH.taken() == ["push: buprenorphine"]


async def test_in_a_reason_to_close() -> None:
    async def receive() -> Any:
        raise AssertionError("nobody listens")

    sent = list[Any]()

    async def send(message: Any) -> None:
        sent.append(message)

    socket = WebSocket[Any, Any, Any]({"type": "websocket", "headers": []}, receive, send)  # type: ignore[arg-type]  # all that it reads
    await socket.close(4000, f"{MAYA.name} has hung up")
    assert sent[0]["reason"] == "Maya Torres has hung up"
    assert WATCH.taken() == ["reason: maya torres"]


async def test_in_a_metric() -> None:
    metrics = Metrics()
    metrics.count("GET", f"/v1/patients/{MAYA.id}", 200, 0.1)
    WATCH.measured(metrics)
    assert set(WATCH.taken()) == {f"metrics: {MAYA.id}"}


async def test_in_an_address_and_in_a_refusal(world: World) -> None:
    answer = await world.nobody().get("/v1/check-ins", params={"note": "canary-note"})
    assert answer.status_code == 401
    assert WATCH.taken() == ["address: canary-"]
    refusal = httpx.Response(404, text=f"No {MAYA.id.hex}", request=httpx.Request("GET", "http://cairn.test/"))
    await WATCH.answered(refusal)
    assert WATCH.taken() == [f"refusal: {MAYA.id.hex}"]


def test_a_token_is_one_wherever_it_stands() -> None:
    assert TOKEN.search(f"Bearer cairn_{'x' * 43}")
    assert not TOKEN.search("cairn_app cairn_requests_total cairn_request_seconds_bucket")
