"""What a device signs with its own key, so that a stolen token is of no use elsewhere.

A proof is a compact JWS (RFC 7515) as in RFC 9449, for one request alone: header `{"typ": "cairn-proof+jwt", "alg":
"ES256"}` and nothing else, payload

    {"htm": "POST", "htu": "/v1/session/refresh", "rth": BASE64URL(SHA-256(refresh token)), "iat": seconds}

`iat` is a NumericDate and may have a fraction. In a session each has to be later than the one before, which refuses a
replay, and a request that was held up on its way, without a list of those that were seen.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from msgspec import Meta, Struct

from app.errors import FieldError, Invalid

HEADER = {"typ": "cairn-proof+jwt", "alg": "ES256"}
# How far a phone's clock may be from ours.
SKEW = timedelta(minutes=5)


class Proof(Struct, frozen=True, forbid_unknown_fields=True):
    """What was signed."""

    htm: str
    htu: str
    rth: str
    iat: Annotated[float, Meta(ge=0, le=32_503_680_000)]


class NotSigned(Exception):
    """It was not signed by this device, for this request."""


def key_of(public_key: str) -> bytes:
    """The key as it is kept; refuses whatever is not the public half of a P-256 pair in its one encoding."""
    try:
        der = _decoded(public_key)
        key = serialization.load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        raise _no_key() from None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1) or _der(key) != der:
        raise _no_key()
    return der


def _no_key() -> Invalid:
    return Invalid(
        FieldError("/device/publicKey", "not-a-key", "Expected a P-256 public key (SPKI in DER, base64url).")
    )


def _der(key: EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def signed_at(key: bytes, proof: str, method: str, path: str, token_sha256: bytes) -> datetime:
    """The time that the device put into its proof; raises `NotSigned` where it is not of this key and request.

    The algorithm is ours to say, never the header's: one other word in there and it is no proof.
    """
    try:
        found = jws.extract_compact(proof.encode("ascii"))
        if found.headers() != HEADER or not jws.validate_compact(found, _ec(key), ["ES256"]):
            raise NotSigned
        said = msgspec.json.decode(found.payload, type=Proof)
    except (JoseError, ValueError):
        raise NotSigned from None
    if (said.htm, said.htu, said.rth) != (method, path, _encoded(token_sha256)):
        raise NotSigned
    return datetime.fromtimestamp(said.iat, UTC)


def is_near(at: datetime, now: datetime) -> bool:
    """Whether the device's clock is close enough to ours."""
    return abs(at - now) <= SKEW


def _ec(der: bytes) -> ECKey:
    return ECKey.import_key(der)


def _decoded(text: str) -> bytes:
    """Strict base64url without padding: one text for each value."""
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except NotBase64:
        raise ValueError from None
    if _encoded(raw) != text:
        raise ValueError
    return raw


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
