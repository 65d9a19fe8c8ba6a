"""This machine and its settings: the secret, who is served and where, the port, the folder, the page, the zones."""

import asyncio
import errno
import stat
import tempfile
from collections.abc import Callable
from datetime import datetime
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import TZPATH

import httpx
import msgspec

from app import own_secret, server, stack
from app.doctor.findings import Finding, fail, ok, warn
from app.health.models import Ready
from app.settings import BadSettings, Settings

ANSWER_SECONDS = 5.0


def known_secret(settings: Settings) -> str | None:
    """The secret as a start would find it; none is made."""
    try:
        return settings.secret or stack.secret_file(settings).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None


async def setting(mistake: str | None) -> Finding:
    """What is set in the environment, each variable by itself."""
    if mistake is None:
        return ok("Each one that is set can be used.")
    return fail(mistake, "Correct it, or unset it. Below, it counts as not set.")


async def secret(settings: Settings) -> Finding:
    """Configured, or this machine's own."""
    if settings.secret:
        return ok("Set in CAIRN_SECRET.")
    path = stack.secret_file(settings)
    if not path.exists():
        return _own(settings, f"None yet; the first start makes one in {path}.")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        return fail(
            f"Others on this machine can read {path}.", f"chmod 600 {path}, and make a new one if somebody did."
        )
    if len(known_secret(settings) or "") < own_secret.SHORTEST:
        return fail(f"{path} cannot be read, or is too short.", "Remove it: the next start makes a new one.")
    return _own(settings, f"This machine's own, in {path}.")


def _own(settings: Settings, what: str) -> Finding:
    if stack.is_demo(settings):
        return ok(what)
    return warn(what, "Set CAIRN_SECRET, the same for every process, and keep a copy of it somewhere safe.")


async def demo(settings: Settings) -> Finding:
    """Demo people sign in without proof."""
    if not stack.is_demo(settings):
        return ok("Off: people sign in.")
    try:
        stack.check_address(settings)
    except BadSettings as error:
        return fail("On, and it can be reached from elsewhere.", str(error))
    return ok("On: demo people and data, served to this machine alone.")


async def address(settings: Settings) -> Finding:
    """Where people reach this server; a browser gives a camera to https and to its own machine only."""
    url = settings.public_url
    if url is None:
        if stack.is_loopback(settings.host):
            return ok(f"http://{settings.host}:{settings.port}, on this machine alone.")
        return fail(f"It listens on {settings.host}, and nothing says how people reach it.", "Set CAIRN_PUBLIC_URL.")
    parts = urlsplit(url)
    if parts.scheme == "https" or stack.is_loopback(parts.hostname or ""):
        return ok(url)
    return fail(
        f"{url} is not https, so browsers give it no camera and passers-by can read along.",
        "Put a web server with a certificate in front, and set CAIRN_PUBLIC_URL to its https address.",
    )


async def port(settings: Settings) -> Finding:
    """Free to listen on, or answered by a Cairn that runs."""
    try:
        server.bind(settings.host, settings.port).close()
    except server.CannotListen as refused:
        if getattr(refused.__cause__, "errno", None) == errno.EADDRINUSE:
            return await _who_answers(settings)
        return fail(refused.what, refused.advice)
    return ok(f"{settings.host}:{settings.port} is free; nothing runs there.")


async def _who_answers(settings: Settings) -> Finding:
    """Asked as a load balancer asks."""
    where = f"{settings.host}:{settings.port}"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - asked, not served
    url = f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"
    try:
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False) as client:
            answer = await client.get(f"{url}/health/ready")
        told = msgspec.json.decode(answer.content, type=Ready)
    except (httpx.HTTPError, msgspec.DecodeError):
        return fail(f"Another program listens on {where}.", "Stop it, or choose another port with CAIRN_PORT.")
    if told.status == "ok":
        return ok(f"Cairn runs on {where} and is ready.")
    return fail(
        f"Cairn runs on {where} and is not ready: database {told.database}, migrations {told.migrations}, "
        f"oldest due reminder {_age(told.oldest_due_seconds)}.",
        "See to the database and the migrations below; where reminders wait, see that a worker runs.",
    )


def _age(seconds: float | None) -> str:
    return "none" if seconds is None else f"{seconds:.0f} s late"


async def state_folder(settings: Settings) -> Finding:
    """What is kept there has to be written there."""
    if settings.database and settings.secret:
        return ok("Not needed: database and secret are configured.")
    return await asyncio.to_thread(_writable, settings)


def _writable(settings: Settings) -> Finding:
    """Tried out and taken away again: rights alone say nothing where root asks, or on a read-only disk."""
    there = folder = Path(settings.state_dir).absolute()
    try:
        there = next(place for place in (folder, *folder.parents) if place.exists())
        tempfile.TemporaryDirectory(dir=there, prefix=".cairn-").cleanup()
    except OSError as error:
        return fail(f"{there} cannot be written ({error.strerror}).", own_secret.ELSEWHERE)
    return ok(f"{folder} {'can be written' if there == folder else 'can be made'}.")


async def web_page() -> Finding:
    """The page and the few packages that it loads."""
    from app.web import assets  # noqa: PLC0415  # reads and packs every file of the page

    try:
        page = await asyncio.to_thread(assets.site)
    except assets.NotInstalled:
        return warn("Its packages are not installed; the API works without.", "`python3 -m app up` installs them.")
    return ok(f"{len(page.files)} files, version {page.version}.")


async def metrics(settings: Settings) -> Finding:
    """Numbers for whoever watches over the server."""
    if settings.metrics_token:
        return ok("/metrics answers to CAIRN_METRICS_TOKEN.")
    if stack.is_demo(settings):
        return ok("/metrics is not there, since CAIRN_METRICS_TOKEN is not set.")
    return warn(
        "/metrics is not there, so nobody watches this server.", "Set CAIRN_METRICS_TOKEN and let Prometheus in."
    )


async def time_zones(clock: Callable[[], datetime]) -> Finding:
    """Reminders fall by the zone rules of this machine, or of the package where the machine has none."""
    version, source = zone_rules()
    if version is None:
        return warn(f"The zone rules of {source} do not say their version.", "Keep the system's tzdata up to date.")
    if int(version[:4]) < clock().year - 2:
        return warn(f"{version}, from {source}, is old: zones change their rules.", "Update the system's tzdata.")
    return ok(f"{version}, from {source}.")


def zone_rules() -> tuple[str | None, str]:
    """Which release of the zone rules Python uses, such as 2025b, and where it found them."""
    for folder in map(Path, TZPATH):
        if (folder / "UTC").exists():
            return _release(folder), str(folder)
    text = resources.files("tzdata").joinpath("zoneinfo", "tzdata.zi").read_text(encoding="utf-8")
    return _named(text), "the tzdata package"


def _release(folder: Path) -> str | None:
    try:
        with (folder / "tzdata.zi").open(encoding="utf-8") as rules:
            return _named(rules.readline())
    except (OSError, UnicodeDecodeError):
        return None


def _named(rules: str) -> str | None:
    """The first line says `# version 2025b`; some systems write more after it."""
    words = rules.partition("\n")[0].split()
    return words[2] if words[:2] == ["#", "version"] and words[2][:4].isdigit() else None
