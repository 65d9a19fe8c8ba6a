"""A key manager that speaks as the transit engine of OpenBao and Vault does, on a socket of its own."""

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from db import envelope
from db.envelope import Tampered

TOKEN = "a token with a grant"


class KeyManager:
    """Keys in versions, and how it misbehaves: `busy` answers before it works, `slow` seconds before each."""

    def __init__(self) -> None:
        self.keys: dict[str, list[bytes]] = {"cairn": [b"1" * 32], "cairn-index": [b"i" * 32]}
        self.oldest, self.grants, self.url = 1, {TOKEN}, ""
        self.busy: list[tuple[int, dict[str, str]]] = []
        self.slow, self.asked = 0.0, list[str]()

    def answer(self, path: str, token: str, sent: dict[str, Any]) -> tuple[int, dict[str, Any], Any]:
        """Status, headers and body."""
        self.asked.append(path)
        if self.busy:
            status, headers = self.busy.pop(0)
            return status, headers, {"errors": ["busy"]}
        if token not in self.grants:
            return 403, {}, {"errors": ["permission denied"]}
        verb, _, rest = path.removeprefix("/v1/transit/").partition("/")
        name, _, more = rest.partition("/")
        if name not in self.keys:
            return 404, {}, {"errors": []}
        try:
            return 200, {}, {"data": getattr(self, f"_{verb}")(name, more, sent)}
        except (Tampered, ValueError, IndexError):
            return 400, {}, {"errors": ["cipher: message authentication failed"]}

    def _encrypt(self, name: str, _more: str, sent: dict[str, Any]) -> Any:
        number = len(self.keys[name])
        closed = envelope.wrap(self.keys[name][-1], b64decode(sent["plaintext"]), {"": sent["associated_data"]})
        return {"ciphertext": f"vault:v{number}:{b64encode(closed).decode()}", "key_version": number}

    def _decrypt(self, name: str, _more: str, sent: dict[str, Any]) -> Any:
        _, version, closed = sent["ciphertext"].split(":")
        number = int(version.removeprefix("v"))
        if number < self.oldest:
            raise ValueError
        key = self.keys[name][number - 1]
        return {"plaintext": b64encode(envelope.unwrap(key, b64decode(closed), {"": sent["associated_data"]})).decode()}

    def _hmac(self, name: str, _more: str, sent: dict[str, Any]) -> Any:
        return {"hmac": f"vault:v{sent['key_version']}:{b64encode(self.keys[name][0]).decode()}"}

    def _keys(self, name: str, more: str, sent: dict[str, Any]) -> Any:
        if more == "rotate":
            self.keys[name].append(envelope.new_key())
        if more == "config":
            self.oldest = sent["min_decryption_version"]
        versions = range(self.oldest, len(self.keys[name]) + 1)
        return {"latest_version": len(self.keys[name]), "keys": {str(one): 1700000000 for one in versions}}


@asynccontextmanager
async def key_manager() -> AsyncIterator[KeyManager]:
    """It answers on a port of this machine for as long as the block runs."""
    manager = KeyManager()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.split("\r\n")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        await asyncio.sleep(manager.slow)
        path = first.split(" ")[1]
        status, more, said = manager.answer(path, headers.get("x-vault-token", ""), json.loads(body) if body else {})
        content = json.dumps(said).encode()
        told = {"Content-Type": "application/json", "Content-Length": str(len(content)), "Connection": "close"} | more
        lines_out = "".join(f"{k}: {v}\r\n" for k, v in told.items())
        writer.write(f"HTTP/1.1 {status} X\r\n{lines_out}\r\n".encode() + content)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        manager.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield manager
