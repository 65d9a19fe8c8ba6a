"""An authenticator of our own: a key of ES256, and every part of its answers can be made wrong."""

import hashlib
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, MAY_SYNC, SYNCED, NEW_KEY = 0x01, 0x04, 0x08, 0x10, 0x40
USUAL = PRESENT | VERIFIED

Json = dict[str, Any]


def text_of(raw: bytes) -> str:
    """Base64url as a browser writes it."""
    return urlsafe_b64encode(raw).decode().rstrip("=")


def bytes_of(text: str) -> bytes:
    """The same the other way."""
    return urlsafe_b64decode(text + "==")


class Authenticator:
    """One device with one passkey on it. It counts its uses, unless it is one of those that copy their keys."""

    def __init__(self, origin: str = "http://cairn.test", *, syncs: bool = False) -> None:
        self.origin, self.count, self.syncs = origin, 0, syncs
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = os.urandom(32)
        self.handle: bytes | None = None

    @property
    def flags(self) -> int:
        """What it says of itself and of its user."""
        return USUAL | (MAY_SYNC | SYNCED if self.syncs else 0)

    def make(self, options: Json, **wrong: Any) -> Json:
        """What `navigator.credentials.create()` gives, as JSON."""
        self.handle = bytes_of(options["user"]["id"])
        client = self._client(options, {"type": "webauthn.create"} | wrong)
        number = self.credential_id
        attested = bytes(16) + len(number).to_bytes(2, "big") + number + cbor2.dumps(wrong.get("cose", self._cose()))
        said = self._said(options["rp"]["id"], wrong, self.flags | NEW_KEY) + attested
        response = {
            "clientDataJSON": text_of(client),
            "attestationObject": text_of(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": said})),
            "transports": ["internal", "hybrid", "smoke-signal"],
            "publicKeyAlgorithm": -7,
        }
        return self._credential(response, wrong)

    def show(self, options: Json, **wrong: Any) -> Json:
        """What `navigator.credentials.get()` gives, as JSON."""
        self.count += 0 if self.syncs else 1
        client = self._client(options, {"type": "webauthn.get"} | wrong)
        said = self._said(options["rpId"], wrong, self.flags)
        signed = wrong.get("key", self.key).sign(said + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        handle = wrong.get("handle", self.handle)
        response = {
            "clientDataJSON": text_of(client),
            "authenticatorData": text_of(said),
            "signature": text_of(wrong.get("signature", signed)),
            "userHandle": None if handle is None else text_of(handle),
        }
        return self._credential(response, wrong)

    def _client(self, options: Json, said: Json) -> bytes:
        """What the browser says of where it was asked."""
        client = {
            "type": said["type"],
            "challenge": said.get("challenge", options["challenge"]),
            "origin": said.get("origin", self.origin),
            "crossOrigin": said.get("cross_origin", False),
        }
        return json.dumps(client).encode()

    def _said(self, rp_id: str, wrong: Json, flags: int) -> bytes:
        """What the authenticator says: for whom, with which flags, how often."""
        count = wrong.get("count", self.count).to_bytes(4, "big")
        party = hashlib.sha256(wrong.get("rp_id", rp_id).encode()).digest()
        return party + bytes([wrong.get("flags", flags)]) + count  # type: ignore[no-any-return]

    def _cose(self) -> dict[int, Any]:
        numbers = self.key.public_key().public_numbers()
        return {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}

    def _credential(self, response: Json, wrong: Json) -> Json:
        number = text_of(wrong.get("credential_id", self.credential_id))
        return {
            "id": number,
            "rawId": number,
            "type": wrong.get("credential_type", "public-key"),
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }
