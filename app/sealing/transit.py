"""A key ring kept by a key manager: the transit engine of OpenBao or HashiCorp Vault, over HTTP.

The ring's keys never leave it. It shows in its own audit log whose key was unwrapped, by id, and a grant that is taken
from us there holds as soon as what we remember has grown old.
"""

import asyncio
import hmac
import random
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

import msgspec
from msgspec import Struct

from app.egress import Answer, Egress, NoAnswer, NotAllowed
from db.envelope import joined
from db.keys import KeyLost, KeysUnavailable, StillNeeded, Wrapped

TRIES = 4
WITHIN_SECONDS = 4.0
Method = Literal["GET", "POST"]
_LATER = (412, 429, 500, 502, 503, 504)


class _Data(Struct, frozen=True):
    ciphertext: str = ""
    plaintext: str = ""
    hmac: str = ""
    latest_version: int = 0
    keys: dict[str, Any] = {}


class _Body(Struct, frozen=True):
    data: _Data | None = None


class TransitRing:
    """One named key there, in several versions; `…-index` beside it is what blind indexes are derived from."""

    def __init__(
        self,
        egress: Egress,
        url: str,
        key: str,
        token: str,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._egress, self._url, self._key, self._pause = egress, url.rstrip("/"), key, pause
        self._headers = {"x-vault-token": token, "content-type": "application/json"}

    async def current(self) -> str:
        """The id of the version that wraps from now on."""
        return self._id((await self._asked("GET", f"keys/{self._key}")).latest_version)

    async def wrap(self, plain: bytes, context: Mapping[str, str]) -> Wrapped:
        """Close a key with the newest version."""
        sent = {"plaintext": b64encode(plain).decode(), "associated_data": _said(context)}
        sealed = (await self._asked("POST", f"encrypt/{self._key}", sent)).ciphertext
        return Wrapped(self._id(sealed.split(":")[1].removeprefix("v")), sealed.encode())

    async def unwrap(self, wrapped: Wrapped, context: Mapping[str, str]) -> bytes:
        """Open it with the version that closed it."""
        sent = {"ciphertext": wrapped.sealed.decode(), "associated_data": _said(context)}
        return b64decode((await self._asked("POST", f"decrypt/{self._key}", sent)).plaintext)

    async def ids(self) -> list[str]:
        """Every version that still opens, the oldest first."""
        versions = (await self._asked("GET", f"keys/{self._key}")).keys
        return [self._id(version) for version in sorted(versions, key=int)]

    async def rotate(self, now: datetime) -> str:  # noqa: ARG002 - a version has no time in its name
        """A new version that wraps from now on; the others go on to open."""
        await self._asked("POST", f"keys/{self._key}/rotate", {})
        return await self.current()

    async def retire(self, ring_key: str) -> None:
        """Let no version up to this one open anything any more."""
        held, version = await self.ids(), int(ring_key.rpartition(":v")[2] or 0)
        if ring_key not in held[:-1]:
            raise StillNeeded(f"{ring_key} wraps from now on, or is not in the ring.")
        await self._asked("POST", f"keys/{self._key}/config", {"min_decryption_version": version + 1})

    async def index_key(self) -> bytes:
        """What blind indexes are made with: the same at every start, and kept nowhere but there."""
        sent = {"input": b64encode(b"cairn blind index").decode(), "key_version": 1}
        found = (await self._asked("POST", f"hmac/{self._key}-index/sha2-256", sent)).hmac
        return hmac.digest(found.encode(), b"cairn blind index", sha256)

    async def _asked(self, method: Method, path: str, sent: Mapping[str, object] | None = None) -> _Data:
        """What it answers, asked again while it is busy; raises `KeysUnavailable` and `KeyLost`, never quoting it."""
        try:
            async with asyncio.timeout(WITHIN_SECONDS):
                return await self._answered(method, path, sent)
        except TimeoutError:
            raise KeysUnavailable from None

    async def _answered(self, method: Method, path: str, sent: Mapping[str, object] | None) -> _Data:
        for number in range(TRIES):
            answer = await self._once(method, path, sent)
            if answer is not None and answer.status not in _LATER:
                return _data(answer)
            await self._pause(_wait(number, answer))
        raise KeysUnavailable

    async def _once(self, method: Method, path: str, sent: Mapping[str, object] | None) -> Answer | None:
        content = None if sent is None else msgspec.json.encode(sent)
        try:
            return await self._egress.send(
                method, f"{self._url}/v1/transit/{path}", headers=self._headers, content=content
            )
        except NoAnswer:
            return None
        except NotAllowed:
            raise KeysUnavailable from None

    def _id(self, version: int | str) -> str:
        return f"{self._key}:v{version}"


def _data(answer: Answer) -> _Data:
    """A refusal is not for ever where the token or the grant is wrong; a ciphertext that is none is."""
    if answer.status in (400, 404):
        raise KeyLost
    if answer.status == 204:
        return _Data()
    if answer.status == 200:
        with suppress(msgspec.MsgspecError):
            return msgspec.json.decode(answer.body, type=_Body).data or _Data()
    raise KeysUnavailable


def _wait(number: int, answer: Answer | None) -> float:
    """What it asks for, or a tenth of a second doubled each time, with jitter."""
    asked = "" if answer is None else answer.headers.get("retry-after", "")
    return float(asked) if asked.isdecimal() else random.uniform(0.5, 1) * 0.1 * 2**number  # noqa: S311 - not a secret


def _said(context: Mapping[str, str]) -> str:
    return b64encode(joined(*(part.encode() for pair in sorted(context.items()) for part in pair))).decode()
