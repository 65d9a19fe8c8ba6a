"""What a provider has signed, and nothing that it has not. The only file that knows joserfc's tokens.

The algorithm is ours to say: of those in the list below, the ones that the provider's document names as well. None of
them is `none`, and none takes a key that everybody knows for a secret.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection
from typing import Any, TypeVar

import msgspec
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

C = TypeVar("C")
Keys = KeySet
"""Public keys as they came."""

# Each with the hash that `at_hash` is made with.
ALGORITHMS = {"RS256": "sha256", "PS256": "sha256", "ES256": "sha256", "ES384": "sha384"}
ID_TYPES = frozenset({"JWT", None})
LOGOUT_TYPES = frozenset({"logout+jwt", "JWT", None})


class NotTrue(Exception):
    """It is not signed by the provider, or does not say what such a token says."""


class UnknownKey(NotTrue):
    """It names a key that is not among those at hand: the provider may have a new one."""


def keys_of(document: bytes) -> Keys:
    """The provider's public keys; raises `NotTrue`. One of a kind that is not known here is passed over."""
    try:
        return KeySet.import_key_set(msgspec.json.decode(document))
    except (JoseError, ValueError, KeyError, TypeError, AttributeError):
        raise NotTrue from None


def signed(token: str, keys: Keys, offered: Collection[str], kind: type[C], types: Collection[Any]) -> C:
    """What a token says that one of these keys has signed; raises `UnknownKey` or `NotTrue`."""
    allowed = [one for one in ALGORITHMS if one in offered]
    if not allowed:
        raise NotTrue
    try:
        found = jwt.decode(token, keys, registry=JWSRegistry(algorithms=allowed, strict_check_header=False))
        if found.header.get("typ") not in types:
            raise NotTrue
        return msgspec.convert(found.claims, kind)
    except InvalidKeyIdError:
        raise UnknownKey from None
    except (JoseError, ValueError, KeyError, TypeError, msgspec.ValidationError):
        raise NotTrue from None


def half_hash(token: str, access_token: str) -> str:
    """`at_hash` of an access token that came with this ID token: half of its hash, by the signature's algorithm."""
    digest = hashlib.new(ALGORITHMS[_algorithm(token)], access_token.encode("ascii", "replace")).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).decode().rstrip("=")


def _algorithm(token: str) -> str:
    """Of a token that has been checked."""
    header = token.partition(".")[0]
    return str(msgspec.json.decode(urlsafe_b64decode(header + "=" * (-len(header) % 4)))["alg"])
