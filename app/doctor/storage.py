"""The database: whether it answers, how far away it is, who we are there, what has run, and what time it has."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from app import database, stack, unusable
from app.database import Database
from app.demo import mark, rules
from app.doctor.findings import Finding, fail, ok, warn
from app.doctor.machine import known_secret
from app.settings import Settings
from app.unusable import Trouble
from db import account, binaries, connect, embedded, migrate

NEWEST = 18
SLOW_MILLISECONDS = 20.0
APART_SECONDS, WRONG_SECONDS = 1.0, 10.0

NOT_RUNNING = ok("To be seen once the database runs.")


class Unreachable(Exception):
    """The database does not let us in; `finding` says why, as far as it can be told without quoting it."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.what)
        self.finding, self.refused = fail(trouble.what, trouble.advice), trouble.refused


async def server(settings: Settings) -> Finding:
    """Reachable, of a version that the schema runs on, and near."""
    place = where(settings)
    if place is None:
        return await asyncio.to_thread(_could_start, settings)
    try:
        async with connected(place.owner, place.owner_setting) as raw:
            await _check_mark(raw, demo=stack.is_demo(settings))
            return _judged(place.told, raw.get_server_version().major, await _milliseconds(raw))
    except rules.Misplaced as error:
        return fail("The database was made by a demo, and people cannot be served from it.", str(error))
    except Unreachable as unreachable:
        return unreachable.finding


async def _check_mark(raw: Any, *, demo: bool) -> None:
    """A demo fills its database at its start; that of a schema from before the mark is known after migrating."""
    if not demo and await raw.fetchval("SELECT to_regclass('public.demo_mark')") is not None:
        rules.check_served(demo=False, marked=await mark.found(raw))


def where(settings: Settings) -> Database | None:
    """The configured database, or the one of our own that runs; None where that does not run. Nothing is started."""
    if settings.database:
        return database.configured(settings, known_secret(settings) or "")
    for home in homes(settings):
        sockets = embedded.socket_folder(home)
        if embedded.answers(sockets):
            owner, app = (embedded.address(sockets, database.NAME, user) for user in ("postgres", migrate.APP_ROLE))
            return Database(owner, app, f"PostgreSQL of our own, running, data in {home}")
    return None


def homes(settings: Settings) -> list[Path]:
    """Where a database of our own may lie: in the state folder, or where root moves what others cannot reach."""
    return [*account.places(database.home(settings).absolute())]


def _could_start(settings: Settings) -> Finding:
    """Which programs the next start would take."""
    try:
        account.serving(database.home(settings))
        chosen = binaries.choose(binaries.available(), _made_by(settings))
    except account.CannotServe as error:
        return fail("PostgreSQL cannot be started here.", str(error))
    except binaries.NoPostgres as error:
        if _made_by(settings) is None:
            return warn(
                "No PostgreSQL is installed here.", "`python3 -m app up` downloads one, or set CAIRN_DATABASE_URL."
            )
        return fail("The data here was made by another version of PostgreSQL.", str(error))
    return ok(
        f"Not running; `python3 -m app up` starts PostgreSQL {chosen.version} ({chosen.origin}, {chosen.folder})."
    )


def _made_by(settings: Settings) -> int | None:
    """The major version that made the data, where there is any."""
    for home in homes(settings):
        try:
            return int((home / "data" / "PG_VERSION").read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
    return None


def _judged(told: str, major: int, milliseconds: float) -> Finding:
    what = f"{told}: version {major}, {milliseconds:.1f} ms away."
    if major < binaries.OLDEST:
        return fail(what, f"The schema needs PostgreSQL {binaries.OLDEST} or newer.")
    if major > NEWEST:
        return warn(what, f"Cairn has been tried with {binaries.OLDEST} to {NEWEST}: try it before people rely on it.")
    if milliseconds > SLOW_MILLISECONDS:
        return warn(what, "Every request asks it several times: bring it and Cairn closer together.")
    return ok(what)


async def _milliseconds(raw: Any) -> float:
    """The time of a round trip that nothing else delayed."""
    took = []
    for _ in range(5):
        began = time.perf_counter()
        await raw.fetchval("SELECT 1")
        took.append((time.perf_counter() - began) * 1000)
    return min(took)


async def role(settings: Settings) -> Finding:
    """Row-level security holds only a role that owns nothing."""
    place = where(settings)
    if place is None:
        return NOT_RUNNING
    try:
        async with connected(place.app, place.app_setting):
            await database.check_role(place.app)
    except database.OwnsTooMuch as error:
        return fail("The app's role owns tables or passes by row-level security.", str(error))
    except Unreachable as unreachable:
        return _without_role(unreachable, place)
    return ok("Owns nothing; row-level security holds it.")


def _without_role(unreachable: Unreachable, place: Database) -> Finding:
    """Where the server itself answers, the role or its password is missing, and a migration sets both."""
    if not unreachable.refused:
        return unreachable.finding
    if place.app_password is None:
        return fail(f"{place.told} refuses the app's role.", "Correct the user and password in CAIRN_DATABASE_URL.")
    return fail(
        f"{place.told} refuses the app's role.", "`python3 -m app migrate` makes it, with a password that it derives."
    )


async def migrations(settings: Settings) -> Finding:
    """All run, and none changed since."""
    place = where(settings)
    if place is None:
        return NOT_RUNNING
    try:
        async with connected(place.owner, place.owner_setting):
            pending = await migrate.plan(place.owner)
    except migrate.EditedHistory as error:
        return fail(str(error), "Run the release that this database was last migrated with, or a newer one.")
    except Unreachable as unreachable:
        return unreachable.finding
    if pending:
        return fail(f"{len(pending)} not run yet, from {pending[0].name} on.", "Run `python3 -m app migrate`.")
    return ok(f"All {len(migrate.read())} have run, unchanged.")


async def clock(settings: Settings, ours: Callable[[], datetime]) -> Finding:
    """The database's clock against ours: what is due is decided by both."""
    place = where(settings)
    if place is None:
        return NOT_RUNNING
    try:
        async with connected(place.owner, place.owner_setting) as raw:
            before = ours()
            theirs: datetime = await raw.fetchval("SELECT clock_timestamp()")
            after = ours()
    except Unreachable as unreachable:
        return unreachable.finding
    return _apart((theirs - (before + (after - before) / 2)).total_seconds())


def _apart(seconds: float) -> Finding:
    advice = "Let both machines keep time with NTP: reminders and sign-ins go by the clock."
    told = f"The database's clock is {abs(seconds):.1f} s {'ahead of' if seconds > 0 else 'behind'} ours."
    if abs(seconds) > WRONG_SECONDS:
        return fail(told, advice)
    return warn(told, advice) if abs(seconds) > APART_SECONDS else ok("The database's clock and ours agree.")


@asynccontextmanager
async def connected(dsn: str, setting: str) -> AsyncIterator[Any]:
    """A connection of this check's own; raises `Unreachable`, which never quotes the address."""
    try:
        raw = await connect(dsn, "cairn doctor")
    except Exception as error:
        raise Unreachable(unusable.why(error, setting) or _unknown(error)) from None
    try:
        yield raw
    finally:
        await raw.close(timeout=1)


def _unknown(error: Exception) -> Trouble:
    state = getattr(error, "sqlstate", None) or type(error).__name__
    return Trouble(f"The database does not let us in ({state}).", "Its log says why.")
