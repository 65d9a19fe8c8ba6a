"""The doctor's visit: every check, side by side, each with ten seconds, and all of them whatever one of them finds."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import MappingProxyType

import msgspec
from msgspec import Struct

from app.clock import system_clock
from app.doctor import calls, findings, law, machine, pushing, sealing, signing, storage
from app.doctor.findings import Finding, fail
from app.settings import Settings

SECONDS = 10.0
NO_MISTAKES: Mapping[str, str] = MappingProxyType({})

Clock = Callable[[], datetime]


class Check(Struct, frozen=True):
    """One part of the whole, and how to look at it."""

    name: str
    look: Callable[[], Awaitable[Finding]]


def run(settings: Settings, mistakes: Mapping[str, str], *, as_json: bool) -> int:
    """Look at everything and print what was found; 1 when something failed.

    `mistakes` are the sentences of `settings.examined`; what they name counts as not set.
    """
    return asyncio.run(_run(settings, mistakes, as_json=as_json))


async def _run(settings: Settings, mistakes: Mapping[str, str], *, as_json: bool) -> int:
    """Printed before the loop ends, which may have to wait for a name server that does not answer."""
    found = await examine(settings, system_clock, mistakes)
    sys.stdout.write((findings.as_json if as_json else findings.printed)(found) + "\n")
    sys.stdout.flush()
    return findings.status(found)


async def examine(settings: Settings, clock: Clock, mistakes: Mapping[str, str] = NO_MISTAKES) -> list[Finding]:
    """What there is to say of each part, in the order of the checks; changes nothing anywhere."""
    looked = [Check("settings", partial(machine.setting, one)) for one in mistakes.values() or (None,)]
    return list(await asyncio.gather(*(_bounded(check) for check in (*looked, *checks(settings, clock)))))


def checks(settings: Settings, clock: Clock) -> Sequence[Check]:
    """All that there is to look at with these settings."""
    return [
        Check("secret", partial(machine.secret, settings)),
        Check("demo", partial(machine.demo, settings)),
        Check("address", partial(machine.address, settings)),
        Check("port", partial(machine.port, settings)),
        Check("state folder", partial(machine.state_folder, settings)),
        Check("database", partial(storage.server, settings)),
        Check("app's role", partial(storage.role, settings)),
        Check("migrations", partial(storage.migrations, settings)),
        Check("keys", partial(sealing.keys, settings)),
        Check("clock", partial(storage.clock, settings, clock)),
        Check("law", partial(law.parameters, settings, clock)),
        Check("time zones", partial(machine.time_zones, clock)),
        Check("passkeys", partial(signing.passkeys, settings)),
        Check("OpenID", partial(signing.provider, settings)),
        Check("push", partial(pushing.credentials, settings)),
        *(Check("TURN", partial(calls.turn, settings, url, clock)) for url in settings.turn_urls or (None,)),
        Check("signaling", partial(calls.signaling, settings, clock)),
        Check("web page", machine.web_page),
        Check("metrics", partial(machine.metrics, settings)),
    ]


async def _bounded(check: Check) -> Finding:
    """A check that ends in time and never raises; the text of an error may quote what it was given, so it stays out."""
    try:
        async with asyncio.timeout(SECONDS):
            found = await check.look()
    except TimeoutError:
        found = fail(
            f"No answer within {SECONDS:.0f} seconds.", "See whether it runs, and whether this machine can reach it."
        )
    except Exception as error:
        kind = type(error).__name__
        found = fail(f"It could not be looked at ({kind}).", "This is a mistake in the check itself: please report it.")
    return msgspec.structs.replace(found, name=check.name)
