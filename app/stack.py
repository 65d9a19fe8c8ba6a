"""The duties put together from the settings: together in one process, or each in its own."""

import ipaddress
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import uvloop
from litestar import Litestar
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from app import access, database, keys, own_secret, server, unusable
from app.asgi import create_app
from app.clock import system_clock
from app.crisis import actions as crisis
from app.database import Database
from app.demo import mark
from app.sealing import conversion, opening
from app.settings import BadSettings, Settings
from app.site import OpenId, Site
from app.trail import notary
from app.web import assets
from db import Bell, Pool, migrate, open_bell, open_pool, statements
from db.connection import Raw
from db.keys import Keys

SOURCE = Path(__file__).parents[1]

CLOCK_CONNECTIONS = 4

Said = Callable[[str], None]


class Ready(Struct, frozen=True):
    """What has been started, for the card."""

    site: Site
    database: Database
    pushing: str
    posting: str
    setup_link: str | None = None
    page: bool = True


def is_demo(settings: Settings) -> bool:
    """What was said, or else: demo data when nothing is configured."""
    if settings.demo is not None:
        return settings.demo
    return not (settings.database or settings.google_application_credentials or settings.public_url)


def check_address(settings: Settings) -> None:
    """Demo people sign in without proof, so their server answers this machine alone."""
    if not is_demo(settings):
        return
    if not is_loopback(settings.host):
        raise BadSettings(
            "Demo mode signs anybody in, so it serves loopback only. "
            "Unset CAIRN_HOST, or set CAIRN_DEMO=false and configure a database."
        )
    # A proxy in front of loopback would make the demo public all the same.
    if not is_loopback(urlsplit(public_url(settings)).hostname or ""):
        raise BadSettings(
            "Demo mode signs anybody in, so CAIRN_PUBLIC_URL may name this machine only: "
            "unset it, or set CAIRN_DEMO=false and configure a database."
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine is meant; a name other than localhost is not looked up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def secret_of(settings: Settings) -> str:
    """The configured secret, or this machine's own."""
    return settings.secret or own_secret.kept(secret_file(settings))


def shared_secret(settings: Settings) -> str:
    """The secret of a duty that runs apart from the others: one of its own would open nobody's tickets but its own."""
    if settings.secret or is_demo(settings):
        return secret_of(settings)
    raise BadSettings("CAIRN_SECRET is needed here: the API, the worker and signaling run apart and share it.")


def secret_file(settings: Settings) -> Path:
    """Where a machine that was given no secret keeps its own."""
    return Path(settings.state_dir) / "secret"


def public_url(settings: Settings) -> str:
    """Where people reach this server; by its name where it listens on every address."""
    host = socket.gethostname() if is_everywhere(settings.host) else settings.host
    return (settings.public_url or f"http://{server.authority(host, settings.port)}").rstrip("/")


def is_everywhere(host: str) -> bool:
    """Whether every address of this machine is meant, as by 0.0.0.0."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def listening(settings: Settings, say: Said) -> tuple[socket.socket, Settings]:
    """The socket, and the settings with the port that it has got, for links that lead somewhere."""
    check_address(settings)
    sock = server.bind(settings.host, settings.port)
    settings = msgspec.structs.replace(settings, port=sock.getsockname()[1])
    if is_everywhere(settings.host) and not settings.public_url:
        say(
            f"It listens on every address of this machine, and CAIRN_PUBLIC_URL does not say how people reach it: "
            f"links lead to {public_url(settings)}, a name that others may not know."
        )
    return sock, settings


def site_of(settings: Settings, secret: str) -> Site:
    """What the handlers may know."""
    return Site(
        ticket_key=keys.derive(secret, "visit tickets"),
        code_key=keys.derive(secret, "codes, keys and links"),
        demo=is_demo(settings),
        public_url=public_url(settings),
        signaling_url=settings.signaling_url,
        turn_urls=settings.turn_urls,
        turn_secret=settings.turn_secret.encode() if settings.turn_secret else None,
        metrics_token=settings.metrics_token,
        openid=openid_of(settings),
        trusted_proxies=settings.trusted_proxies,
    )


def openid_of(settings: Settings) -> OpenId | None:
    """The provider that staff may sign in with."""
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    return OpenId(
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.oidc_client_secret,
        settings.oidc_name,
        settings.oidc_acr,
        settings.oidc_link_by_mail,
    )


def signaling_beside(site: Site, rooms: Any = None) -> ControllerRouterHandler:
    """The signaling socket as one more route of this process, with these rooms or with rooms of its own."""
    from signaling.asgi import socket  # noqa: PLC0415  # `app api` alone never loads it

    return socket(signaling_config(site), opt={access.KEY: access.public("connect", "visits")}, hub=rooms)


def rooms_of(site: Site) -> Any:
    """Rooms for visits in this process."""
    from signaling.hub import Hub  # noqa: PLC0415

    return Hub(signaling_config(site))


def signaling_config(site: Site) -> Any:
    """What the signaling duty needs to know, and no more."""
    from signaling.hub import Config  # noqa: PLC0415

    return Config(
        ticket_key=site.ticket_key,
        clock=system_clock,
        turn_urls=site.turn_urls,
        turn_secret=site.turn_secret,
        allowed_origins=(site.origin,),
    )


@asynccontextmanager
async def connected(settings: Settings, place: Database, duty: str) -> AsyncIterator[tuple[Pool, Bell]]:
    """A pool and a bell as the role that owns nothing, to a database that every statement fits.

    A demo's database is refused outside demo mode, and any other in it.
    """
    with unusable.told(place.app_setting):
        await database.check_schema(place.app)
        await database.check_role(place.app)
        await database.check_cells(place.app)
        await mark.check(place.app, demo=is_demo(settings))
        await statements.check_all(place.app, SOURCE, ("app", "notifications", "db"))
        pool = await open_pool(place.app, size=settings.database_pool, application=f"cairn {duty}")
    try:
        async with opening.keys_of(settings, system_clock()) as pool.keys:
            await opening.check(pool)
            await crisis.remember(pool)
            async with open_bell(pool, place.app) as bell:
                yield pool, bell
    finally:
        await pool.close()


@asynccontextmanager
async def clock_pool(place: Database, bell: Bell, keys: Keys | None) -> AsyncIterator[Pool]:
    """Connections for the worker alone: however many requests wait, an alert still escalates."""
    with unusable.told(place.app_setting):
        pool = await open_pool(place.app, size=CLOCK_CONNECTIONS, application="cairn clock", keys=keys)
    pool.ring = bell.ring
    try:
        yield pool
    finally:
        await pool.close()


async def migrated(place: Database, settings: Settings) -> Sequence[str]:
    """The schema brought up to date, and what was plain in it sealed; what was run."""

    async def seal(raw: Raw) -> None:
        if await conversion.is_any_plain(raw):
            async with opening.keys_of(settings, system_clock()) as keys:
                await conversion.seal_what_is_plain(raw, keys)

    with unusable.told(place.owner_setting):
        ran = await migrate.migrate(
            place.owner, app_password=place.app_password, app=place.app, before={conversion.BEFORE: seal}
        )
    return [m.name for m in ran]


async def planned(place: Database) -> Sequence[str]:
    """What migrating would run."""
    with unusable.told(place.owner_setting):
        return [m.name for m in await migrate.plan(place.owner)]


async def serve_all(settings: Settings, say: Said, ready: Callable[[Ready], None]) -> None:
    """API, worker and signaling in one process, until a signal says stop; `ready` is called once it answers.

    A database of our own that ends by itself ends us too: `DatabaseEnded`.
    """
    from app import letters, push, seats, worker, written  # noqa: PLC0415  # not loaded by those who do neither

    sock, settings = listening(settings, say)
    async with AsyncExitStack() as stack:
        stack.callback(sock.close)
        secret = secret_of(settings)
        site = site_of(settings, secret)
        say("PostgreSQL …")
        place = await stack.enter_async_context(database.opened(settings, secret))
        if names := await migrated(place, settings):
            say(f"Schema: {len(names)} migrations run.")
        link = await _people(place, site)
        pool, bell = await stack.enter_async_context(connected(settings, place, "up"))
        pushing = await stack.enter_async_context(push.opened(settings, demo=site.demo))
        site = msgspec.structs.replace(site, inbox_url=pushing.inbox)
        rooms = rooms_of(site)
        app = create_app(pool, bell, site, beside=[signaling_beside(site, rooms)])
        lane = await stack.enter_async_context(clock_pool(place, bell, pool.keys))
        carriers = await stack.enter_async_context(letters.opened(settings, pushing.keep))
        post = worker.Letters(written.composer(site), carriers)
        beside = worker.Beside(seats.Here(rooms), notary.appointed(settings), post)
        await stack.enter_async_context(worker.running(lane, bell, pushing.channel, beside, system_clock))
        told = Ready(site, place, pushing.told, carriers.told, link, page=assets.is_installed())
        await server.serve(app, sock, started=lambda: ready(told), stopping=bell.close, ended=place.ended)
        if place.ended():
            raise database.DatabaseEnded


async def _people(place: Database, site: Site) -> str | None:
    """The demo cast, or outside demo mode the link for the first operator."""
    if not site.demo:
        return await first_operator(place, site.public_url)
    from app.demo import seed  # noqa: PLC0415

    with unusable.told(place.owner_setting):
        await seed.everything(place.owner, system_clock())
    return None


async def first_operator(place: Database, url: str) -> str | None:
    """The link that makes one, None where there is one; a demo's operator is nobody's, so it is refused."""
    from app import setup  # noqa: PLC0415

    with unusable.told(place.owner_setting):
        await mark.check(place.owner, demo=False)
        return await setup.link(place.owner, url, system_clock())


async def serve_api(settings: Settings, say: Said) -> None:
    """The API alone; the database is configured and migrated elsewhere."""
    sock, settings = listening(settings, say)
    secret = shared_secret(settings)
    place = _configured(settings, secret)
    async with connected(settings, place, "api") as (pool, bell):
        app = create_app(pool, bell, site_of(settings, secret))
        await server.serve(
            app, sock, started=lambda: say(f"The API answers at {public_url(settings)}."), stopping=bell.close
        )


async def serve_worker(settings: Settings, say: Said) -> None:
    """The clock alone, until a signal says stop."""
    from app import letters, push, seats, worker, written  # noqa: PLC0415

    secret = shared_secret(settings)
    place, site = _configured(settings, secret), site_of(settings, secret)
    async with (
        connected(settings, place, "worker") as (pool, bell),
        push.opened(settings, demo=is_demo(settings)) as pushing,
        letters.opened(settings, pushing.keep) as carriers,
        worker.running(
            pool,
            bell,
            pushing.channel,
            worker.Beside(
                seats.Apart(site, system_clock),
                notary.appointed(settings),
                worker.Letters(written.composer(site), carriers),
            ),
            system_clock,
        ),
    ):
        say(f"The worker runs. Push: {pushing.told}. Letters: {carriers.told}.")
        await server.until_told()


async def serve_signaling(settings: Settings, say: Said) -> None:
    """The sockets alone; no database."""
    from signaling.asgi import create_app as create_signaling  # noqa: PLC0415

    sock, settings = listening(settings, say)
    app = create_signaling(signaling_config(site_of(settings, shared_secret(settings))))
    await server.serve(
        app, sock, started=lambda: say(f"Signaling answers at {public_url(settings)}."), stopping=lambda: None
    )


def app_without_database() -> Litestar:
    """The app as it would be served, to look at and not to call."""
    site = Site(ticket_key=bytes(32))
    return create_app(Pool.none(), Bell(), site, beside=[signaling_beside(site)])


def _configured(settings: Settings, secret: str) -> Database:
    if not settings.database:
        raise BadSettings("CAIRN_DATABASE_URL is needed here; `python3 -m app up` starts a database of its own.")
    return database.configured(settings, secret)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a duty on uvloop, until it ends or a signal says stop."""
    uvloop.run(server.stoppable(main))
