"""A device with a key of its own, as a phone or a browser has it."""

import hashlib
import json
from base64 import urlsafe_b64encode
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.jwk import ECKey

from app.auth import DeviceKey

REFRESH = "/v1/session/refresh"


def encoded(raw: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


class Device:
    """It signs; its key never leaves it."""

    def __init__(self, name: str | None = None) -> None:
        self.name, self._key = name, ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> str:
        """As it is sent."""
        der = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return encoded(der)

    @property
    def key(self) -> DeviceKey:
        """As the door takes it."""
        return DeviceKey(self.public_key, self.name)

    def proof(self, refresh_token: str, at: datetime, header: dict[str, Any] | None = None, **changes: Any) -> str:
        """What it signs to refresh; `changes` are made before it signs."""
        payload = {"htm": "POST", "htu": REFRESH, "rth": encoded(hashlib.sha256(refresh_token.encode()).digest()),
                   "iat": at.timestamp()}  # fmt: skip
        told = header or {"typ": "cairn-proof+jwt", "alg": "ES256"}
        return jws.serialize_compact(told, json.dumps(payload | changes), ECKey.import_key(self._key))
