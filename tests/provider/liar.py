"""A provider that lies: it says and signs whatever a test wants, over real HTTP on this machine."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives import serialization
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from app.provider.rules import LOGOUT
from app.site import OpenId
from tests.passkeys.authenticator import text_of

Json = dict[str, Any]


class Liar:
    """`document`, `keys` and `answer` are what it gives; `asked` is what came in, by path."""

    def __init__(self, issuer: str) -> None:
        self.issuer, self.config = issuer, OpenId(issuer, "cairn", "a secret", "Harbor")
        self.key = ECKey.generate_key("P-256", {"kid": "first", "use": "sig"})
        self.document: Json = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/auth",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/jwks",
            "end_session_endpoint": f"{issuer}/end",
            "id_token_signing_alg_values_supported": ["ES256", "RS256"],
        }
        self.keys: list[Json] = [self.key.as_dict(private=False)]
        self.answer: tuple[int, Json] = (400, {"error": "invalid_grant"})
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self.silent: set[str] = set()

    def claims(self, now: datetime, given: str, **changes: Any) -> Json:
        """What a good provider says of Dana now; what is None is left out."""
        said = {
            "iss": self.issuer, "sub": "dana", "aud": "cairn", "nonce": given, "sid": "a session",
            "iat": int(now.timestamp()), "exp": int((now + timedelta(minutes=5)).timestamp()),
            "auth_time": int(now.timestamp()),
        }  # fmt: skip
        return {name: value for name, value in (said | changes).items() if value is not None}

    def leaving(self, now: datetime, **changes: Any) -> Json:
        """What a good provider says when Dana leaves."""
        said = {
            "iss": self.issuer, "sub": "dana", "aud": "cairn", "sid": "a session", "jti": "once",
            "iat": int(now.timestamp()), "exp": int((now + timedelta(minutes=2)).timestamp()), "events": {LOGOUT: {}},
        }  # fmt: skip
        return {name: value for name, value in (said | changes).items() if value is not None}

    def signed(self, claims: Json, header: Json | None = None, key: Any = None) -> str:
        """As a token."""
        head = {"alg": "ES256", "kid": "first"} | (header or {})
        return jwt.encode(head, claims, key or self.key, [head["alg"]])

    def unsigned(self, claims: Json) -> str:
        """As a token that nobody has signed."""
        parts = ({"alg": "none", "typ": "JWT"}, claims)
        return ".".join([*(text_of(json.dumps(one).encode()) for one in parts), ""])

    def signed_with_the_public_key(self, claims: Json) -> str:
        """By HS256, with what everybody knows as the secret."""
        pem = self.key.raw_value.public_key().public_bytes(  # type: ignore[union-attr]
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        parts = ({"alg": "HS256", "kid": "first"}, claims)
        signed = ".".join(text_of(json.dumps(one).encode()) for one in parts)
        return f"{signed}.{text_of(hmac.digest(pem, signed.encode(), 'sha256'))}"

    def renew(self) -> None:
        """A new key, of another kind; the old one is known no more."""
        self.key = RSAKey.generate_key(2048, {"kid": "second", "use": "sig"})  # type: ignore[assignment]
        self.keys = [self.key.as_dict(private=False)]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        path = first.split()[1]
        self.asked.append((path, headers, dict(parse_qsl(body.decode()))))
        given = {
            "/.well-known/openid-configuration": (200, self.document),
            "/jwks": (200, {"keys": self.keys}),
            "/token": self.answer,
        }
        status, said = given.get(path, (404, {}))
        if path not in self.silent:
            content = json.dumps(said).encode()
            writer.write(b"HTTP/1.1 %d x\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % (status, len(content)))
            writer.write(content)
        writer.close()


@asynccontextmanager
async def lying() -> AsyncIterator[Liar]:
    """The liar, on a port of its own."""
    made: list[Liar] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await made[0].serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    made.append(Liar(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
    async with server:
        yield made[0]
