"""What is asked of the provider: what it says of itself, its keys, and a code's worth.

The issuer is pinned: whatever else answers under its address is refused. Keys come from the address that its own
document names and from nowhere else, and every address in that is one of TLS, unless the provider runs on this machine.
"""

import asyncio
from base64 import b64encode
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote_plus, urlsplit

import msgspec

from app import egress
from app.egress import Egress
from app.errors import Refusal
from app.provider import tokens
from app.provider.models import Answer, Document
from app.site import OpenId, is_local

T = TypeVar("T")

PATH = "/.well-known/openid-configuration"
# How long what was heard holds; and how long the document still does where the provider does not answer.
FRESH, STALE = timedelta(hours=1), timedelta(hours=12)
# Whoever sends tokens with made-up keys does not make us ask each time.
KEYS_AGAIN = timedelta(minutes=1)
BASIC, IN_BODY = "client_secret_basic", "client_secret_post"


class ProviderAway(Refusal):
    """Your organisation's sign-in does not answer as it should just now. Please try again, or come in another way."""

    status = 503
    retry_after = 5


class Unusable(Exception):
    """The provider cannot be used; the message says why, in a sentence for an operator, and nothing secret."""


class Refused(Exception):
    """The provider gives nothing for this code."""


class Provider:
    """The provider as it was heard last: for the life of a process, each process by itself."""

    def __init__(self, config: OpenId) -> None:
        self.config = config
        self._document: tuple[Document, datetime] | None = None
        self._keys: tuple[tokens.Keys, datetime] | None = None
        self._turn = asyncio.Lock()

    async def document(self, now: datetime) -> Document:
        """What it says of itself; raises `ProviderAway`."""
        async with self._turn:
            kept = self._document
            if kept is None or now - kept[1] > FRESH:
                kept = self._document = await self._document_after(kept, now)
        return kept[0]

    async def _document_after(self, kept: tuple[Document, datetime] | None, now: datetime) -> tuple[Document, datetime]:
        try:
            return await self.ask_document(), now
        except Unusable:
            if kept is None or now - kept[1] > STALE:
                raise ProviderAway from None
        return kept

    async def ask_document(self) -> Document:
        """Its document, asked for now and examined; raises `Unusable`."""
        found = await self._got(self.config.issuer.rstrip("/") + PATH, "its discovery document")
        try:
            document = msgspec.json.decode(found, type=Document)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            raise Unusable("Its discovery document is not one of OpenID Connect.") from None
        examine(document, self.config)
        return document

    async def ask_keys(self, document: Document) -> tokens.Keys:
        """Its public keys, asked for now; raises `Unusable`."""
        try:
            return tokens.keys_of(await self._got(document.jwks_uri, "its keys"))
        except tokens.NotTrue:
            raise Unusable("What it gives for its keys are none.") from None

    async def claims(self, token: str, kind: type[T], types: Collection[Any], now: datetime) -> T:
        """What a token says that the provider has signed; keys that are new to us are asked for.

        Raises `tokens.NotTrue` or `ProviderAway`.
        """
        document = await self.document(now)
        offered = document.id_token_signing_alg_values_supported
        try:
            return tokens.signed(token, await self._keys_of(document, now, FRESH), offered, kind, types)
        except tokens.UnknownKey:
            return tokens.signed(token, await self._keys_of(document, now, KEYS_AGAIN), offered, kind, types)

    async def _keys_of(self, document: Document, now: datetime, at_most: timedelta) -> tokens.Keys:
        """Keys that were heard no longer ago than that."""
        async with self._turn:
            if self._keys is None or now - self._keys[1] > at_most:
                try:
                    self._keys = await self.ask_keys(document), now
                except Unusable:
                    raise ProviderAway from None
            return self._keys[0]

    async def exchange(self, document: Document, code: str, verifier: str, back: str) -> Answer:
        """What the code is worth, once; raises `Refused` or `ProviderAway`."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
        headers = {"accept": "application/json"}
        if self.config.secret is None:
            form["client_id"] = self.config.client_id
        elif BASIC in document.token_endpoint_auth_methods_supported:
            headers["authorization"] = f"Basic {_basic(self.config.client_id, self.config.secret)}"
        else:
            form |= {"client_id": self.config.client_id, "client_secret": self.config.secret}
        try:
            found = await self._client(document.token_endpoint).send(
                "POST", document.token_endpoint, headers=headers, form=form
            )
        except (egress.NotAllowed, egress.NoAnswer):
            raise ProviderAway from None
        if found.status >= 500:
            raise ProviderAway
        try:
            return msgspec.json.decode(found.body if found.status == 200 else b"", type=Answer)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            raise Refused from None

    async def _got(self, url: str, what: str) -> bytes:
        try:
            found = await self._client(url).send("GET", url, headers={"accept": "application/json"})
        except egress.NotAllowed:
            raise Unusable(f"The address of {what} is not one that may be asked.") from None
        except egress.NoAnswer:
            raise Unusable(f"The server with {what} does not answer.") from None
        if found.status != 200:
            raise Unusable(f"The server answers {found.status} where {what} should be.")
        return found.body

    def _client(self, url: str) -> Egress:
        """To that host alone, which the document or the operator has named."""
        return Egress(frozenset({urlsplit(url).hostname or ""}), loopback=self.config.is_local)


def examine(document: Document, config: OpenId) -> None:
    """Refuse a document of somebody else's, or of a provider that we would have to trust without a check."""
    if document.issuer != config.issuer:
        raise Unusable("Its discovery document names another issuer than CAIRN_OIDC_ISSUER does, letter by letter.")
    addresses = [document.authorization_endpoint, document.token_endpoint, document.jwks_uri]
    addresses += [document.end_session_endpoint] if document.end_session_endpoint else []
    if not all(_is_good(one, config) for one in addresses):
        raise Unusable("Its discovery document has an address that is not of https.")
    if not set(tokens.ALGORITHMS) & set(document.id_token_signing_alg_values_supported):
        raise Unusable(f"It signs in none of these ways: {', '.join(tokens.ALGORITHMS)}.")
    methods = document.code_challenge_methods_supported
    if methods is not None and "S256" not in methods:
        raise Unusable("It does not take PKCE with S256.")
    taken = document.token_endpoint_auth_methods_supported
    if config.secret is not None and not {BASIC, IN_BODY} & set(taken):
        raise Unusable(f"It takes a secret neither by {BASIC} nor by {IN_BODY}.")


def _is_good(url: str, config: OpenId) -> bool:
    found = urlsplit(url)
    near = config.is_local and is_local(url)
    return bool(found.hostname) and (found.scheme == "https" or (near and found.scheme == "http"))


def _basic(client_id: str, secret: str) -> str:
    """RFC 6749 § 2.3.1: each as in a form, then both in base64."""
    return b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()
