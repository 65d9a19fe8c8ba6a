"""What a provider's word has to say before somebody is taken to be who they are."""

from datetime import datetime, timedelta

from app.errors import Refusal
from app.provider.models import Attempt, Claims, LogoutClaims
from app.site import OpenId

BACK_WITHIN = timedelta(minutes=10)
# How old a sign-in at the provider may be to count as one here; and how far its clock may be from ours.
MAX_AGE = timedelta(minutes=5)
SKEW = timedelta(seconds=60)
# A token of hours ago is somebody's copy.
ISSUED_WITHIN = timedelta(minutes=10)
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


class NoProvider(Refusal):
    """This server does not work with another sign-in."""

    status = 404


class ProviderRefused(Refusal):
    """Your organisation's sign-in did not confirm that it is you. Please begin again."""

    status = 403


class AttemptGone(Refusal):
    """This took too long, was begun in another browser, or is over already. Please begin again."""

    status = 403


class NotLinked(Refusal):
    """This account is nobody's here yet. Come in with the link that your operator made for you, and connect it then."""

    status = 403


class LinkedElsewhere(Refusal):
    """This account is connected to somebody here already, or you have connected another one."""


class NotThatAccount(Refusal):
    """This is another account than the one that you have connected."""

    status = 403


class NoLink(Refusal):
    """You have not connected an account of your organisation's. Show in another way that it is you."""


def holds(claims: Claims, at_hash: str, attempt: Attempt, config: OpenId, now: datetime) -> bool:
    """Whether an ID token is for us, for this attempt, of now, and of somebody who has signed in just now.

    OpenID Connect Core 1.0 § 3.1.3.7; `auth_time` because `max_age` is always asked for.
    """
    audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    return (
        claims.iss == config.issuer
        and 0 < len(claims.sub) <= 255
        and config.client_id in audience
        and (claims.azp == config.client_id if claims.azp is not None else len(audience) == 1)
        and _is_now(claims.iat, claims.exp, now)
        and claims.nonce == attempt.nonce
        and (claims.at_hash is None or claims.at_hash == at_hash)
        and (config.acr is None or claims.acr == config.acr)
        and _is_within(claims.auth_time, now - MAX_AGE - SKEW, now + SKEW)
    )


def was_just_asked(claims: Claims, attempt: Attempt) -> bool:
    """Whether the person was asked anew, as a step-up wants it, and not known to the provider from before."""
    return claims.auth_time is not None and claims.auth_time >= (attempt.begun_at - SKEW).timestamp()


def ends(claims: LogoutClaims, config: OpenId, now: datetime) -> bool:
    """Whether a logout token is for us, of now, and says that somebody has left."""
    audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    return (
        claims.iss == config.issuer
        and config.client_id in audience
        and _is_now(claims.iat, claims.exp, now)
        and LOGOUT in claims.events
        and claims.nonce is None
        and bool(claims.sub or claims.sid)
    )


def is_from(iss: str | None, config: OpenId, *, promised: bool) -> bool:
    """RFC 9207: who answered. A provider that promises to say so is held to it."""
    return iss == config.issuer if iss is not None else not promised


def _is_now(issued: float, expires: float, now: datetime) -> bool:
    return expires > (now - SKEW).timestamp() and _is_within(issued, now - ISSUED_WITHIN, now + SKEW)


def _is_within(seconds: float | None, first: datetime, last: datetime) -> bool:
    return seconds is not None and first.timestamp() <= seconds <= last.timestamp()
