"""A passkey as it is kept, and what travels between us and a browser: the JSON of WebAuthn, Level 3."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, field

from app.auth import DeviceKey
from app.wire import Incoming, Line, Model

Purpose = Literal["sign-in", "register", "prove"]

# Base64url without padding, as a browser writes bytes.
_BYTES = "^[A-Za-z0-9_-]+$(?!\\n)"
CredentialId = Annotated[str, Meta(min_length=22, max_length=1364, pattern=_BYTES)]
Bytes = Annotated[str, Meta(min_length=1, max_length=16384, pattern=_BYTES)]
Word = Annotated[str, Meta(min_length=1, max_length=40, pattern="^[a-z0-9-]+$(?!\\n)")]


class RelyingParty(Model, frozen=True):
    """Who asks: us, by the name of our host."""

    id: str
    name: str


class Owner(Model, frozen=True):
    """Whose passkey it will be; `id` is a random number and not the person's id."""

    id: str
    name: str
    display_name: str


class Algorithm(Model, frozen=True):
    """A kind of signature that we can check, by its COSE number."""

    type: Literal["public-key"]
    alg: int


class Descriptor(Model, frozen=True):
    """A passkey that is there already."""

    type: Literal["public-key"]
    id: str
    transports: list[str]


class Selection(Model, frozen=True):
    """What is asked of an authenticator."""

    resident_key: Literal["required"]
    require_resident_key: bool
    user_verification: Literal["required"]


class CreationOptions(Model, frozen=True):
    """For `PublicKeyCredential.parseCreationOptionsFromJSON`."""

    rp: RelyingParty
    user: Owner
    challenge: str
    pub_key_cred_params: list[Algorithm]
    timeout: Annotated[int, Meta(ge=0)]
    exclude_credentials: list[Descriptor]
    authenticator_selection: Selection
    attestation: Literal["none"]


class RequestOptions(Model, frozen=True):
    """For `PublicKeyCredential.parseRequestOptionsFromJSON`."""

    challenge: str
    timeout: Annotated[int, Meta(ge=0)]
    rp_id: str
    allow_credentials: list[Descriptor]
    user_verification: Literal["required"]


class Registration(Model, frozen=True):
    """What to hand to the browser, and the number to send back with its answer within five minutes."""

    challenge_id: UUID
    options: CreationOptions


class Question(Model, frozen=True):
    """The same for a passkey that is there already."""

    challenge_id: UUID
    options: RequestOptions


class Attestation(Struct, frozen=True, rename="camel"):
    """What an authenticator made. A browser says more than this, and still more in time: that is passed over."""

    attestation_object: Bytes
    client_data: Bytes = field(name="clientDataJSON")
    transports: Annotated[list[Word], Meta(max_length=10)] = []


class Assertion(Struct, frozen=True, rename="camel"):
    """What an authenticator signed."""

    authenticator_data: Bytes
    signature: Bytes
    client_data: Bytes = field(name="clientDataJSON")
    user_handle: Bytes | None = None


class Created(Struct, frozen=True, rename="camel"):
    """`toJSON()` of what `navigator.credentials.create()` gave."""

    id: CredentialId
    raw_id: CredentialId
    type: Word
    response: Attestation


class Shown(Struct, frozen=True, rename="camel"):
    """`toJSON()` of what `navigator.credentials.get()` gave."""

    id: CredentialId
    raw_id: CredentialId
    type: Word
    response: Assertion


class NewPasskey(Incoming, frozen=True):
    """A passkey that was just made, and what its owner calls it."""

    challenge_id: UUID
    name: Line
    credential: Created


class Proof(Incoming, frozen=True):
    """A passkey that was just shown."""

    challenge_id: UUID
    credential: Shown


class PasskeySignIn(Incoming, frozen=True):
    """A passkey that was just shown by whoever wants to come in."""

    challenge_id: UUID
    credential: Shown
    device: DeviceKey | None = None


class PasskeyName(Incoming, frozen=True):
    """What its owner calls it from now on."""

    name: Line


class Passkey(Model, frozen=True):
    """A passkey as its owner sees it."""

    id: UUID
    name: str
    added_at: datetime
    last_used_at: datetime | None
    synced: Annotated[bool, Meta(description="It may be on several devices of yours, by your password manager.")]
    suspended_at: Annotated[datetime | None, Meta(description="Since when it opens nothing: it may have been copied.")]


class Passkeys(Model, frozen=True):
    """One's own passkeys, the oldest first."""

    items: list[Passkey]


class Known(Struct, frozen=True):
    """A passkey of the caller, for an authenticator that is asked to show or not to repeat it."""

    credential_id: bytes
    transports: list[str]


class Kept(Struct, frozen=True):
    """What an answer is held against. `handle` is its owner's number."""

    id: UUID
    person_id: UUID
    handle: bytes
    public_key: bytes
    sign_count: int
    synced: bool
    suspended_at: datetime | None


class Made(Struct, frozen=True):
    """A key pair's public half, checked."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    synced: bool
    aaguid: UUID
