"""Signing in: whether browsers give passkeys at the public address, and whether the OpenID provider can be used."""

import ipaddress
from urllib.parse import urlsplit

from app import stack
from app.doctor.findings import Finding, fail, ok, warn
from app.passkeys import ceremony
from app.provider.openid import Provider, Unusable
from app.settings import Settings

OTHERWISE = "Set CAIRN_PUBLIC_URL to an https address with a name, such as https://care.example.org."


async def passkeys(settings: Settings) -> Finding:
    """Browsers give none at a bare address, and none without TLS but to this machine."""
    url = stack.public_url(settings)
    where = ceremony.here(url)
    if _is_bare(where.id):
        return warn("A browser gives no passkeys at a bare address, so staff cannot make any.", OTHERWISE)
    if urlsplit(url).scheme != "https" and where.id != "localhost":
        return warn("A browser gives no passkeys without TLS, so staff cannot make any.", OTHERWISE)
    return ok(f"They are good at {where.origin} and nowhere else: another name would lose them all.")


def _is_bare(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def provider(settings: Settings) -> Finding:
    """What it says of itself, and its keys, asked for as at the first sign-in."""
    config = stack.openid_of(settings)
    if config is None:
        return ok("None: staff sign in with passkeys.")
    asking = Provider(config)
    try:
        await asking.ask_keys(await asking.ask_document())
    except Unusable as problem:
        return fail(f"Staff cannot sign in with {config.name}. {problem}", "Correct it there, or CAIRN_OIDC_ISSUER.")
    if config.secret is None:
        return warn(f"{config.name} can be used, without a secret.", "Set CAIRN_OIDC_CLIENT_SECRET if it gave you one.")
    return ok(f"{config.name} can be used.")
