"""WebAuthn itself: what a browser is asked, and whether its answer holds. The only file that knows the library.

The user is verified, by a finger, a face or a PIN, in every ceremony: a passkey stands for two factors here. The origin
and the relying party's id are those of the server's public address and no others.
"""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from msgspec import Struct
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import options_to_json, parse_client_data_json
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from app.passkeys.models import Created, CreationOptions, Kept, Known, Made, RequestOptions, Shown

MILLISECONDS = 300_000
# What is sent is a stranger's, down to the CBOR in it, and the library lets KeyError and the like through.
_WHATEVER = Exception
# What authenticators make today; Windows Hello still has keys of RSA only.
ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]


class Here(Struct, frozen=True):
    """Where passkeys are good: the relying party's id, and the one origin from which it is asked."""

    id: str
    origin: str


class DoesNotHold(Exception):
    """What was sent is not what was asked for, or was not signed by that passkey. Says no more: it may be an attack."""


def here(origin: str) -> Here:
    """From the origin of the public address.

    A browser gives no passkey to a bare address, so on this machine they are good by its name.
    """
    address = urlsplit(origin)
    if address.hostname in ("127.0.0.1", "::1"):
        port = "" if address.port is None else f":{address.port}"
        return Here("localhost", f"{address.scheme}://localhost{port}")
    return Here(address.hostname or "", origin)


def creation(where: Here, handle: bytes, name: str, challenge: bytes, there: Sequence[Known]) -> CreationOptions:
    """What a browser is asked for a new passkey.

    One that is found by itself at the next sign-in, and not a second one on the same device.
    """
    options = generate_registration_options(
        rp_id=where.id,
        rp_name="Cairn",
        user_id=handle,
        user_name=name,
        challenge=challenge,
        timeout=MILLISECONDS,
        attestation=AttestationConveyancePreference.NONE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=_descriptors(there),
        supported_pub_key_algs=ALGORITHMS,
    )
    return msgspec.json.decode(options_to_json(options), type=CreationOptions)


def request(where: Here, challenge: bytes, allowed: Sequence[Known] = ()) -> RequestOptions:
    """What a browser is asked for a passkey that is there: one of these, or, where none are named, any of ours."""
    options = generate_authentication_options(
        rp_id=where.id,
        challenge=challenge,
        timeout=MILLISECONDS,
        allow_credentials=_descriptors(allowed),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return msgspec.json.decode(options_to_json(options), type=RequestOptions)


def made(where: Here, challenge: bytes, credential: Created) -> Made:
    """The public key of a passkey that was just made; raises `DoesNotHold`."""
    try:
        found = verify_registration_response(
            credential=msgspec.to_builtins(credential),
            expected_challenge=challenge,
            expected_rp_id=where.id,
            expected_origin=where.origin,
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
    except _WHATEVER:
        raise DoesNotHold from None
    _see_that_it_was_our_page(credential.response.client_data)
    synced = found.credential_device_type is CredentialDeviceType.MULTI_DEVICE
    return Made(found.credential_id, found.credential_public_key, found.sign_count, synced, UUID(found.aaguid))


def shown(where: Here, challenge: bytes, credential: Shown, kept: Kept, *, found_by_itself: bool) -> int:
    """How often this passkey says that it was used, once its signature holds; raises `DoesNotHold`.

    One that was found by itself has to say whose it is, since nobody was named.
    The library looks at the count before the signature, so that whoever knows a passkey's id could have it taken for a
    copy; here it is told of no earlier count, and `rules` judge the one that was signed.
    """
    try:
        found = verify_authentication_response(
            credential=msgspec.to_builtins(credential),
            expected_challenge=challenge,
            expected_rp_id=where.id,
            expected_origin=where.origin,
            credential_public_key=kept.public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except _WHATEVER:
        raise DoesNotHold from None
    _see_that_it_was_our_page(credential.response.client_data)
    owner, synced = credential.response.user_handle, found.credential_device_type is CredentialDeviceType.MULTI_DEVICE
    named = not found_by_itself if owner is None else bytes_of(owner) == kept.handle
    if not named or synced != kept.synced:
        raise DoesNotHold
    return found.new_sign_count


def _see_that_it_was_our_page(client_data: str) -> None:
    """Nobody may frame us, so nobody asks from within another page; the library does not look at this."""
    said = parse_client_data_json(base64url_to_bytes(client_data))
    if said.cross_origin:
        raise DoesNotHold


def bytes_of(text: str) -> bytes:
    """Base64url as a browser writes it; raises `DoesNotHold` where it is none."""
    try:
        return base64url_to_bytes(text)
    except ValueError:
        raise DoesNotHold from None


def text_of(raw: bytes) -> str:
    """The same the other way."""
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _descriptors(known: Sequence[Known]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=one.credential_id, transports=_transports(one)) for one in known]


def _transports(one: Known) -> list[AuthenticatorTransport]:
    """Those that the library has words for: a browser passes over one that it does not know, the library does not."""
    return [
        AuthenticatorTransport(word) for word in one.transports if word in {w.value for w in AuthenticatorTransport}
    ]
