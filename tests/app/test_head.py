"""Whoever asks only whether something is there hears what a reader would, without the body."""

import httpx
import pytest

from tests.signaling.conftest import serving
from tests.world import World


@pytest.mark.parametrize("path", ["/", "/docs", "/docs/docs.css", "/openapi.json"])
async def test_head_is_answered_as_get_is(real_world: World, path: str) -> None:
    async with (
        serving(real_world.app) as server,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client,
    ):
        read, asked = await client.get(path), await client.head(path)

    assert (asked.status_code, asked.content) == (read.status_code, b"")
    for name in ("content-type", "content-length", "content-security-policy"):
        assert asked.headers[name] == read.headers[name]
