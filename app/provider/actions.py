"""Send somebody to the provider, and take them in when they come back.

The code that comes back is worth something once, to us alone, and only together with what we kept (PKCE) and with what
the browser kept: whoever has read it in an address or a log has nothing. Nobody is ever made here because a provider
knows them; whom a subject is, the person says in a session of their own, or, where the operator allows it, an address
that both have verified.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from app import auth
from app.account import actions as account
from app.auth import Signed
from app.contacts import actions as contacts
from app.errors import Invalid, NotFound
from app.provider import openid, queries, rules, tokens
from app.provider.models import (
    Arrival,
    ArrivalAtTheDoor,
    Attempt,
    Claims,
    Departure,
    LogoutClaims,
    ProviderLink,
    ProviderLinks,
    ProviderName,
    Purpose,
)
from app.provider.openid import Provider
from app.signin.models import SignedIn, signed_in
from app.site import Site
from db import CLOCK, DOOR, Connection, Pool, Principal, new_id

CALLBACK = "/signed-in"


def name(site: Site) -> ProviderName:
    """What a button may be called."""
    return ProviderName(site.openid.name if site.openid else None)


async def begin_sign_in(pool: Pool, provider: Provider | None, site: Site, now: datetime) -> Departure:
    """Send whoever it is to the provider."""
    attempt, browser, departure = await _departure(provider, site, "sign-in", now)
    async with pool.transaction(DOOR) as db:
        await queries.begin(db, attempt, "sign-in", browser, now + rules.BACK_WITHIN)
    return departure


async def sign_in(pool: Pool, provider: Provider | None, back: ArrivalAtTheDoor, site: Site, now: datetime) -> SignedIn:
    """Sign in whose subject the provider names; a subject that is nobody's here comes in otherwise first."""
    async with pool.transaction(DOOR) as db:
        attempt = await queries.take_at_the_door(db, auth.sha256(back.browser), now)
    claims = await _claims(provider, attempt, back, site, now)
    async with pool.transaction(DOOR) as db:
        linked = await queries.use_at_the_door(db, claims.iss, claims.sub, now)
        if linked is None and await _linked_by_mail(db, site, claims, now):
            linked = await queries.use_at_the_door(db, claims.iss, claims.sub, now)
        if linked is None:
            raise rules.NotLinked
        opened = await auth.open_session(db, linked.person_id, now, "oidc", device=back.device)
        await queries.begun_there(db, linked.id, claims.sid, auth.sha256(opened.access_token))
    return signed_in(opened, linked.person_id)


async def begin(
    pool: Pool, who: Principal, provider: Provider | None, me: Signed, purpose: Purpose, site: Site, now: datetime
) -> Departure:
    """Send the caller to the provider, to connect their account there or to show that it is still them."""
    if provider is None:
        raise rules.NoProvider
    async with pool.transaction(who) as db:
        linked = await queries.mine(db, me.id, provider.config.issuer)
        if purpose == "prove" and not linked:
            raise rules.NoLink
        if purpose == "link":
            await account.check_may_add(db, me, now)
    attempt, browser, departure = await _departure(provider, site, purpose, now)
    async with pool.transaction(who) as db:
        until = now + rules.BACK_WITHIN
        await queries.begin(db, attempt, purpose, browser, until, person_id=me.id, session_id=me.session_id)
    return departure


async def link(
    pool: Pool, who: Principal, provider: Provider | None, me: Signed, back: Arrival, site: Site, now: datetime
) -> ProviderLink:
    """Connect the subject that the provider names with the caller."""
    claims = await _returned(pool, who, provider, me, "link", back, site, now)
    async with pool.transaction(who) as db:
        number = new_id(now)
        if not await queries.add(db, number, me.id, claims.iss, claims.sub, now):
            raise rules.LinkedElsewhere
        await account.happened(db, me, "provider-linked", number, now)
    return ProviderLink(number, name(site).name or "", now, None)


async def prove(
    pool: Pool, who: Principal, provider: Provider | None, me: Signed, back: Arrival, site: Site, now: datetime
) -> None:
    """Let this session be as fresh as one that has just begun: the provider has asked the same person anew."""
    claims = await _returned(pool, who, provider, me, "prove", back, site, now)
    async with pool.transaction(who) as db:
        if not await queries.use(db, me.id, claims.iss, claims.sub, now):
            raise rules.NotThatAccount
        await auth.prove(db, me.session_id, now, "oidc")


async def mine(db: Connection, me: Signed, site: Site) -> ProviderLinks:
    """The caller's account at the provider."""
    if site.openid is None:
        return ProviderLinks([])
    rows = await queries.mine(db, me.id, site.openid.issuer)
    return ProviderLinks([ProviderLink(row.id, site.openid.name, row.linked_at, row.last_used_at) for row in rows])


async def unlink(db: Connection, me: Signed, link_id: UUID, now: datetime, *, even_the_last: bool) -> None:
    """The caller comes in by that account no more; the last factor of staff only where they insist."""
    if not await queries.remove(db, me.id, link_id, now):
        raise NotFound
    await account.check_leaves_a_way(db, me, even_the_last=even_the_last)
    await account.happened(db, me, "provider-unlinked", link_id, now)


async def log_out(pool: Pool, provider: Provider | None, token: str, now: datetime) -> None:
    """The provider says that somebody has left: what they began with it ends here. The same twice is once."""
    if provider is None:
        raise rules.NoProvider
    try:
        claims = await provider.claims(token, LogoutClaims, tokens.LOGOUT_TYPES, now)
    except tokens.NotTrue:
        raise rules.ProviderRefused from None
    if not rules.ends(claims, provider.config, now):
        raise rules.ProviderRefused
    async with pool.transaction(DOOR) as db:
        for person_id in set(await queries.end_sessions(db, claims.iss, claims.sub, claims.sid, now)):
            auth.wake_streams(db, person_id)


async def forget(pool: Pool, now: datetime) -> int:
    """Drop those who left and have not come back in time."""
    async with pool.transaction(CLOCK) as db:
        return await queries.forget(db, now)


async def _linked_by_mail(db: Connection, site: Site, claims: Claims, now: datetime) -> bool:
    """Whether the operator lets an address stand for somebody, and it stands for somebody who has no factor yet."""
    if site.openid is None or not site.openid.by_mail or claims.email_verified is not True:
        return False
    try:
        owner = await contacts.find_owner(db, "email", claims.email or "")
    except Invalid:
        return False
    if owner is None or not await queries.link_by_mail(db, new_id(now), owner.person_id, claims.iss, claims.sub, now):
        return False
    await account.tell(db, owner.person_id, now)
    return True


async def _departure(
    provider: Provider | None, site: Site, purpose: Purpose, now: datetime
) -> tuple[Attempt, bytes, Departure]:
    """An attempt to keep, the hash of what the browser keeps, and what it is told."""
    if provider is None:
        raise rules.NoProvider
    document = await provider.document(now)
    state, browser = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    attempt = Attempt(new_id(now), auth.sha256(state), secrets.token_urlsafe(32), secrets.token_urlsafe(48), now)
    asked = {
        "response_type": "code",
        "scope": "openid email" if provider.config.by_mail else "openid",
        "client_id": provider.config.client_id,
        "redirect_uri": site.public_url + CALLBACK,
        "state": state,
        "nonce": attempt.nonce,
        "code_challenge": _challenge(attempt.verifier),
        "code_challenge_method": "S256",
        "max_age": str(round(rules.MAX_AGE.total_seconds())),
    }
    # What stands behind the # stays in the browser: no server and no proxy on the way has it in a log.
    asked |= {"response_mode": "fragment"} if "fragment" in document.response_modes_supported else {}
    asked |= {"acr_values": provider.config.acr} if provider.config.acr else {}
    asked |= {"prompt": "login"} if purpose == "prove" else {}
    mark = "&" if "?" in document.authorization_endpoint else "?"
    url = f"{document.authorization_endpoint}{mark}{urlencode(asked)}"
    return attempt, auth.sha256(browser), Departure(url, browser)


async def _returned(
    pool: Pool,
    who: Principal,
    provider: Provider | None,
    me: Signed,
    purpose: Purpose,
    back: Arrival,
    site: Site,
    now: datetime,
) -> Claims:
    """What the provider says of the caller, who left in this session for this."""
    async with pool.transaction(who) as db:
        attempt = await queries.take(db, auth.sha256(back.browser), purpose, me.session_id, now)
    claims = await _claims(provider, attempt, back, site, now)
    if purpose == "prove" and attempt is not None and not rules.was_just_asked(claims, attempt):
        raise rules.ProviderRefused
    return claims


async def _claims(
    provider: Provider | None, attempt: Attempt | None, back: Arrival, site: Site, now: datetime
) -> Claims:
    """What the provider says for this code, checked in every way."""
    if provider is None:
        raise rules.NoProvider
    if attempt is None or not hmac.compare_digest(attempt.state_sha256, auth.sha256(back.state)):
        raise rules.AttemptGone
    document = await provider.document(now)
    if not rules.is_from(back.iss, provider.config, promised=document.authorization_response_iss_parameter_supported):
        raise rules.ProviderRefused
    try:
        answer = await provider.exchange(document, back.code, attempt.verifier, site.public_url + CALLBACK)
        claims = await provider.claims(answer.id_token, Claims, tokens.ID_TYPES, now)
    except (openid.Refused, tokens.NotTrue):
        raise rules.ProviderRefused from None
    at_hash = tokens.half_hash(answer.id_token, answer.access_token)
    if not rules.holds(claims, at_hash, attempt, provider.config, now):
        raise rules.ProviderRefused
    return claims


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
